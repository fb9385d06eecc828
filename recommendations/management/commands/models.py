from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from recommendations.management.tables import aligned
from recommendations.models import TrainedModel
from recommendations.models.measurements import compared, measured
from recommendations.training import keeping, storing

HEADINGS = ["id", "algorithm", "state", "trained", "checksum", "ratings", "RMSE", "nDCG@10"]
WORDS = 5


class Command(BaseCommand):
    help = "Lists, shows, activates, rolls back, deletes and prunes trained models."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        actions.add_parser("list", help="All models in a table; also without an action")
        for name, about in (
            ("show", "All that is known of one model"),
            ("activate", "Put a model to work"),
            ("delete", "Delete a model with its neighbours and its artifact"),
        ):
            actions.add_parser(name, help=about).add_argument("id", type=int)
        actions.add_parser("rollback", help="Put the model to work that was at work before")
        prune = actions.add_parser("prune", help="Delete old models, and files of none")
        prune.add_argument("--keep", type=int, default=settings.MODELS_KEEP, help="How many stay")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(self.act(options))
        except keeping.Refused as error:
            raise CommandError(str(error)) from error

    def act(self, options: dict[str, Any]) -> str:
        match options["action"]:
            case "show":
                return "\n".join(shown(found(options["id"])))
            case "activate":
                model = found(options["id"])
                keeping.activate_if_whole(model)
                return f"{model} is at work now."
            case "rollback":
                return f"{keeping.roll_back()} is at work again."
            case "delete":
                model = found(options["id"])
                name = str(model)
                keeping.delete(model)
                return f"{name} is deleted."
            case "prune" if options["keep"] < 0:
                raise CommandError("--keep: give a whole number of at least 0.")
            case "prune":
                return f"Deleted {keeping.prune(options['keep'])} models and stray artifacts."
        return listed()


def found(pk: int) -> TrainedModel:
    model = TrainedModel.objects.defer("film_ids").filter(pk=pk).first()
    if model is None:
        raise CommandError(f"There is no model {pk}; manage.py models lists them.")
    return model


def listed() -> str:
    models = TrainedModel.objects.defer("film_ids")
    if not models:
        return "There are no models; manage.py train makes one."
    return aligned([HEADINGS, *map(row, models)], WORDS)


def row(model: TrainedModel) -> list[str]:
    ndcg = (model.metrics.get("comparison") or {}).get("ndcg")
    return [
        str(model.pk),
        model.algorithm,
        model.standing,
        f"{timezone.localtime(model.created_at):%Y-%m-%d %H:%M}",
        model.checksum[:8] or "-",
        f"{model.ratings_used:,}" if model.ratings_used else "-",
        f"{model.metrics['rmse']:.4f}" if "rmse" in model.metrics else "-",
        f"{ndcg['challenger']:.4f}" if ndcg else "-",
    ]


def shown(model: TrainedModel) -> Iterator[str]:
    yield f"{model}: {model.standing}"
    if model.state == TrainedModel.State.TRAINING:
        yield f"  {model.progress:.0%} of the step is done"
    yield f"  created     {when(model.created_at)}"
    yield f"  activated   {when(model.activated_at)}"
    yield f"  parameters  {pairs(model.parameters)}"
    if model.ratings_used:
        yield f"  fitted      to {model.ratings_used:,} ratings in {model.fit_seconds:.1f} s"
        yield f"  measured    {measured(model.metrics)}"
    for name, line in zip(
        ("  compared    ", *["              "] * 3), compared(model.metrics), strict=False
    ):
        yield name + line
    if model.checksum:
        yield from artifact(model)
    if model.error:
        yield f"  error       {model.reason}"


def artifact(model: TrainedModel) -> Iterator[str]:
    inspected = storing.inspect(model.checksum)
    yield f"  checksum    {model.checksum}"
    yield f"  artifact    {inspected.size / 1e6:.1f} MB, {inspected.problem or 'whole'}"


def when(time: Any) -> str:
    return f"{timezone.localtime(time):%Y-%m-%d %H:%M:%S}" if time else "never"


def pairs(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(values.items()))
