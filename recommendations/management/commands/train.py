from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommendations import training
from recommendations.management.progress import ProgressBar
from recommendations.models import TrainedModel


def parameter(given: str) -> tuple[str, str]:
    name, separator, value = given.partition("=")
    if not (name and separator and value):
        raise ArgumentTypeError(f"{given!r} is not of the form name=value")
    return name, value


class Command(BaseCommand):
    help = "Trains a model on the ratings in the database and puts it to work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--algorithm", default="svd", help="svd, or another of ALGORITHMS")
        parser.add_argument(
            "--param",
            type=parameter,
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="A parameter of the algorithm, such as factors=50; may be repeated",
        )
        parser.add_argument(
            "--no-activate", action="store_true", help="Leave the present model at work"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        parameters = dict(options["param"])
        try:
            with ProgressBar(self.stderr, hidden=options["verbosity"] == 0) as bar:
                model = training.train(options["algorithm"], parameters, bar.show)
        except training.TrainingFailed as error:
            raise CommandError(str(error)) from error
        if not options["no_activate"]:
            training.activate(model)
        self.stdout.write(self.style.SUCCESS(told(model)))


def told(model: TrainedModel) -> str:
    fitted = f"Trained {model} on {model.ratings_used:,} ratings in {model.fit_seconds or 0:.1f} s"
    state = "active" if model.state == TrainedModel.State.ACTIVE else "ready"
    return f"{fitted}: {measured(model.metrics)}. It is {state} now."


def measured(metrics: dict[str, float]) -> str:
    if "rmse" not in metrics:
        return "no rating was held out to measure it by"
    return f"RMSE {metrics['rmse']:.2f} on {metrics['held_out']:,} held-out ratings"
