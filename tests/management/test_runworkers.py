"""Which workers `runworkers` starts; what it does with them is in tests/faults."""

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from recommendations.management.commands.runworkers import Command
from recommendations.models.workers import QUEUES


def test_all_queues_unless_some_are_named() -> None:
    numbers = {"predictions": settings.WORKERS, "training": 1, "batch": settings.BATCH_WORKERS}
    assert Command().workers(QUEUES, None) == numbers


@pytest.mark.parametrize(
    ("queues", "numbers"),
    [
        (["predictions"], {"predictions": 5}),
        (["batch"], {"batch": 5}),
        (["batch", "predictions", "batch"], {"batch": settings.BATCH_WORKERS, "predictions": 5}),
    ],
)
def test_a_number_is_for_predictions_or_the_only_queue(
    queues: list[str], numbers: dict[str, int]
) -> None:
    assert Command().workers(queues, 5) == numbers


@pytest.mark.parametrize(
    "arguments",
    [
        ["--workers", "0"],
        ["--workers", "many"],
        ["--queue", "training", "--workers", "2"],
        ["--queue", "training", "--queue", "batch", "--workers", "2"],
        ["--queue", "popcorn"],
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("runworkers", *arguments)
