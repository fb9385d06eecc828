"""What the site stands on: the model at work, schedules, migrations, the disk."""

import shutil
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import OuterRef, Subquery
from django_q.models import Schedule, Task

from recommendations.models import TrainedModel
from recommendations.operations.figures.times import seconds
from recommendations.pipeline.schedules import OFF


@dataclass(frozen=True)
class ModelFigures:
    id: int
    name: str
    activated_at: datetime | None
    ratings_used: int
    rmse: float | None


@dataclass(frozen=True)
class TrainingFigures:
    name: str
    standing: str
    progress: float


@dataclass(frozen=True)
class ScheduleFigures:
    """`succeeded` is None as long as it has never run, or its last run is not kept any more."""

    name: str
    is_on: bool
    next_run: datetime | None
    late_seconds: float
    last_ended: datetime | None
    succeeded: bool | None


@dataclass(frozen=True)
class DiskFigures:
    """Of this host, where DATA_DIR is."""

    path: str
    total: int
    free: int

    @property
    def free_percent(self) -> float:
        return 100 * self.free / self.total if self.total else 0.0


def active_model() -> ModelFigures | None:
    model = TrainedModel.objects.active().defer("film_ids", "taste_groups").first()
    if model is None:
        return None
    return ModelFigures(
        model.pk, str(model), model.activated_at, model.ratings_used, model.metrics.get("rmse")
    )


def trainings() -> list[TrainingFigures]:
    """Those that are queued or running."""
    rows = TrainedModel.objects.unfinished().defer("film_ids")
    return [TrainingFigures(str(row), row.standing, row.progress) for row in rows]


def schedules() -> list[ScheduleFigures]:
    """A schedule's tasks carry its name as their group."""
    last = Task.objects.filter(group=OuterRef("name")).order_by("-stopped")
    rows = Schedule.objects.order_by("name").annotate(
        late_seconds=seconds("next_run"),
        last_ended=Subquery(last.values("stopped")[:1]),
        succeeded=Subquery(last.values("success")[:1]),
    )
    return [
        ScheduleFigures(
            name=row.name or row.func,
            is_on=row.repeats != OFF,
            next_run=row.next_run,
            late_seconds=max(row.late_seconds or 0.0, 0.0) if row.repeats != OFF else 0.0,
            last_ended=row.last_ended,
            succeeded=row.succeeded,
        )
        for row in rows
    ]


def unapplied_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label} {migration.name}" for migration, _ in plan]


def disk() -> DiskFigures:
    usage = shutil.disk_usage(settings.DATA_DIR)
    return DiskFigures(str(settings.DATA_DIR), usage.total, usage.free)
