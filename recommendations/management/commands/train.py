from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recommendations import training
from recommendations.management.progress import ProgressBar
from recommendations.models import Catalogue, TrainedModel
from recommendations.models.measurements import compared, measured
from recommendations.pipeline import trainings
from recommendations.stopping import Stopped, stoppable

Activation = TrainedModel.Activation


def parameter(given: str) -> tuple[str, str]:
    name, separator, value = given.partition("=")
    if not (name and separator and value):
        raise ArgumentTypeError(f"{given!r} is not of the form name=value")
    return name, value


class Command(BaseCommand):
    help = (
        "Trains a model on the ratings in the database, and puts it to work unless it is worse "
        "than the one at work."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        default = settings.DEFAULT_ALGORITHM
        parser.add_argument(
            "--algorithm", default=default, help=f"{default}, or another of ALGORITHMS"
        )
        parser.add_argument(
            "--param",
            type=parameter,
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="A parameter of the algorithm, such as factors=50 of svd; may be repeated",
        )
        parser.add_argument(
            "--queue", action="store_true", help="Let the training cluster do it, and return"
        )
        choice = parser.add_mutually_exclusive_group()
        choice.add_argument(
            "--no-activate", action="store_true", help="Leave the present model at work"
        )
        choice.add_argument(
            "--force", action="store_true", help="Put the new model to work even if it is worse"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        do = self.queue if options["queue"] else self.train
        try:
            do(options, activation(options))
        except training.TrainingFailed as error:
            raise CommandError(str(error)) from error

    def queue(self, options: dict[str, Any], activation: Activation) -> None:
        training.unfitted(options["algorithm"], dict(options["param"]))
        model = trainings.ask(options["algorithm"], dict(options["param"]), activation)
        self.stdout.write(
            f"Queued {model}. It is trained by manage.py runworkers; "
            f"manage.py models show {model.pk} says how far it is."
        )

    def train(self, options: dict[str, Any], activation: Activation) -> None:
        try:
            with stoppable(), ProgressBar(self.stderr, hidden=options["verbosity"] == 0) as bar:
                model = training.train(
                    options["algorithm"], dict(options["param"]), bar.show, activation
                )
        except Stopped:
            raise CommandError("Stopped: no model came of it.", returncode=130) from None
        except training.TrainingLost as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(told(model)))


def activation(options: dict[str, Any]) -> Activation:
    if options["no_activate"]:
        return Activation.NEVER
    return Activation.ALWAYS if options["force"] else Activation.UNLESS_WORSE


def told(model: TrainedModel) -> str:
    seconds, metrics = model.fit_seconds or 0, model.metrics
    fitted = f"Trained {model} on {model.ratings_used:,} ratings in {seconds:.1f} s"
    lines = [f"{fitted}: {measured(metrics)}. It is {model.state} now.", *compared(metrics)]
    if Catalogue.objects.filter(simulated=True).exists():
        lines.append("The ratings are simulated: its figures say nothing about real viewers.")
    if model.state == model.State.READY and model.activation == Activation.UNLESS_WORSE:
        lines.append(
            f"The active model stays. manage.py models activate {model.pk} puts this one to work "
            "nevertheless, as train --force would have."
        )
    return "\n".join(lines)
