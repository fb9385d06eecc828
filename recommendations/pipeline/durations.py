"""When a run is likely done, so that pages ask then."""

from datetime import timedelta

from django.core.cache import caches
from django.db.models.functions import Now

from recommendations.models import Prediction, Worker
from recommendations.models.workers import PREDICTIONS
from recommendations.pipeline.requests import Standing

#: What is looked at: the last so many runs, none of them older than this.
RUNS = 20
RECENTLY = timedelta(minutes=5)

#: How long a process goes by what it has found, in seconds.
SECONDS_OF_BELIEF = 10

#: The same, when it has found nothing.
SECONDS_OF_DOUBT = 1

#: What is expected when nothing of the kind was made lately, in seconds.
AT_FIRST = 0.3


def likely_wait(now: Standing) -> float:
    """Seconds until the run in flight is done, if it and those before it are quick."""
    quick, row = quickest_run(now.key), now.in_flight
    if row is None:
        return quick
    if row.status == Prediction.Status.RUNNING:
        return quick - now.at_work.total_seconds()
    before = Prediction.objects.filter(
        status=Prediction.Status.QUEUED, queue=row.queue, pk__lt=row.pk
    )
    return quick * (1 + before.count() / workers())


def workers() -> int:
    """How many there are for what somebody waits for, or one who may come."""
    alive = Worker.objects.alive().filter(queue=PREDICTIONS)
    found = caches["process"].get_or_set("workers", alive.count, SECONDS_OF_BELIEF)
    return found or 1


def quickest_run(key: str) -> float:
    """Seconds that the quickest of the last runs took for `key`, or for another of its kind.

    To ask too early costs little, and what is asked for too late has been waited for.
    """
    kind = key.partition(":")[0]
    name, process = f"quickest-run-{kind}", caches["process"]
    known: float | None = process.get(name)
    if known is None:
        found = _quickest_run(kind)
        known = AT_FIRST if found is None else found
        process.set(name, known, SECONDS_OF_DOUBT if found is None else SECONDS_OF_BELIEF)
    return known


def _quickest_run(kind: str) -> float | None:
    runs = Prediction.objects.filter(
        key__startswith=kind,
        status=Prediction.Status.SUCCEEDED,
        queue=PREDICTIONS,
        finished_at__gte=Now() - RECENTLY,
    )
    took = runs.order_by("-finished_at").values_list("claimed_at", "finished_at")
    seconds = [(end - begun).total_seconds() for begun, end in took[:RUNS] if begun and end]
    return min(seconds, default=None)
