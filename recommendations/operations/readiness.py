"""What is missing before visitors can be served well; found fast, or said not to be found."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.cache import caches
from django.db import Error, connection, transaction

from recommendations.models import TrainedModel, Worker
from recommendations.operations.figures.upkeep import unapplied_migrations

#: How long PostgreSQL may take for one statement.
STATEMENT_MS = 1_000

#: For how long it is believed that all migrations are applied.
SECONDS_OF_BELIEF = 60


def missing() -> list[str]:
    """One line for each thing; nothing when all is there."""
    try:
        with hurried():
            if not migrated():
                return ["migrations: not all are applied"]
            return [*model(), *workers()]
    except Error:
        connection.close()
        return ["database: it does not answer"]


@contextmanager
def hurried() -> Iterator[None]:
    """Bound what the database may take; connecting is bounded by itself."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_MS}")
        yield


def migrated() -> bool:
    known: bool = caches["process"].get("migrated", False)
    if not known and not unapplied_migrations():
        caches["process"].set("migrated", True, SECONDS_OF_BELIEF)
        return True
    return known


def model() -> Iterator[str]:
    if not TrainedModel.objects.active().exists():
        yield "model: none is active"


def workers() -> Iterator[str]:
    working = set(Worker.objects.alive().values_list("queue", flat=True).distinct())
    for queue in settings.EXPECT_WORKERS:
        if queue not in working:
            yield f"workers: none is alive for the queue {queue}"
