"""All figures at one moment, and what of them needs a person."""

from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from recommendations.operations.figures import upkeep
from recommendations.operations.figures.failures import Failure, failures
from recommendations.operations.figures.runs import Runs, last_day, last_hour
from recommendations.operations.figures.workers import (
    QueueFigures,
    WorkerFigures,
    queues,
    workers,
)


@dataclass(frozen=True)
class Overview:
    """What is so now; `hour` is there for the share of runs that fail."""

    at: datetime
    workers: list[WorkerFigures]
    queues: list[QueueFigures]
    model: upkeep.ModelFigures | None
    trainings: list[upkeep.TrainingFigures]
    schedules: list[upkeep.ScheduleFigures]
    unapplied_migrations: list[str]
    disk: upkeep.DiskFigures
    hour: Runs


@dataclass(frozen=True)
class Lately:
    """What changes slowly and costs more to find."""

    hour: Runs
    day: Runs
    failures: list[Failure] = field(default_factory=list)


def overview() -> Overview:
    present = workers()
    return Overview(
        at=timezone.now(),
        workers=present,
        queues=queues(present),
        model=upkeep.active_model(),
        trainings=upkeep.trainings(),
        schedules=upkeep.schedules(),
        unapplied_migrations=upkeep.unapplied_migrations(),
        disk=upkeep.disk(),
        hour=last_hour(),
    )


def lately() -> Lately:
    return Lately(last_hour(), last_day(), failures())
