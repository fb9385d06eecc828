"""What an operator does by hand: retry what failed, pause and resume a queue."""

from dataclasses import dataclass

from django.db.models.functions import Now

from recommendations.models import PausedQueue, Prediction
from recommendations.operations.figures.failures import SPAN
from recommendations.pipeline import requests

#: So many are asked for at once, so that whoever asks has an answer soon.
AT_ONCE = 500


@dataclass(frozen=True)
class Retried:
    """How many failures there were, and how many of them were looked at and asked for anew."""

    failed: int
    tried: int
    asked: int


def retry_failed() -> Retried:
    """Ask again for what failed within a day, the newest first; the failures stay as history."""
    failed = Prediction.objects.failed_last().filter(finished_at__gte=Now() - SPAN)
    number = failed.count()
    rows = list(failed.select_related("viewer").only("viewer", "key")[:AT_ONCE])
    asked = sum(requests.retry_for_operator(row.viewer, row.key) is not None for row in rows)
    return Retried(number, len(rows), asked)


def pause(queue: str, by: str) -> None:
    PausedQueue.objects.get_or_create(name=queue, defaults={"paused_by": by})


def resume(queue: str) -> None:
    PausedQueue.objects.filter(name=queue).delete()
