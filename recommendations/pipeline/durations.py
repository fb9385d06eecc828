"""When a run is likely done, so that pages ask then."""

from datetime import timedelta
from statistics import median
from typing import NamedTuple

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

#: The same, when it has found fewer: the only one may have been slow.
SECONDS_OF_DOUBT = 1

#: What is expected when nothing of the kind was made lately, in seconds.
AT_FIRST = 0.3


class Durations(NamedTuple):
    """Seconds that the last runs of a kind took, the quickest and the middle one."""

    quickest: float = AT_FIRST
    median: float = AT_FIRST


def likely_wait(now: Standing) -> float:
    """Seconds until the run in flight is done, if it is quick and those before it are as usual.

    To ask too early costs little, and what is asked for too late has been waited for; but in a
    crowd, who comes last would ask many times too early.
    """
    lately, row = durations(now.key), now.in_flight
    if row is None:
        return lately.quickest
    if row.status == Prediction.Status.RUNNING:
        return lately.quickest - now.at_work.total_seconds()
    before = Prediction.objects.filter(
        status=Prediction.Status.QUEUED, queue=row.queue, pk__lt=row.pk
    )
    return lately.quickest + lately.median * before.count() / workers()


def workers() -> int:
    """How many there are for what somebody waits for, or one who may come."""
    alive = Worker.objects.alive().filter(queue=PREDICTIONS)
    found = caches["process"].get_or_set("workers", alive.count, SECONDS_OF_BELIEF)
    return found or 1


def durations(key: str) -> Durations:
    """Those for `key`, or for another of its kind."""
    kind = key.partition(":")[0]
    name, process = f"durations-{kind}", caches["process"]
    known: Durations | None = process.get(name)
    if known is None:
        seconds = seconds_lately(kind)
        known = Durations(min(seconds), median(seconds)) if seconds else Durations()
        process.set(name, known, SECONDS_OF_BELIEF if len(seconds) == RUNS else SECONDS_OF_DOUBT)
    return known


def seconds_lately(kind: str) -> list[float]:
    runs = Prediction.objects.filter(
        key__startswith=kind,
        status=Prediction.Status.SUCCEEDED,
        queue=PREDICTIONS,
        finished_at__gte=Now() - RECENTLY,
    )
    took = runs.order_by("-finished_at").values_list("claimed_at", "finished_at")
    return [(end - begun).total_seconds() for begun, end in took[:RUNS] if begun and end]
