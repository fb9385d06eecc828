"""What went wrong lately, the same things together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max
from django.db.models.functions import Coalesce, Now, Right

from recommendations.models import Prediction, RatingsImport, TrainedModel

SPAN = timedelta(days=1)

#: A training happens seldom, so that its failure is told for longer.
TRAININGS_SPAN = timedelta(days=7)

#: Of more failures than this only the newest are looked at, so that a bad day costs no more.
NEWEST = 2_000

#: The last line of a traceback is in as many characters.
TAIL = 300


@dataclass(frozen=True)
class Failure:
    """`kind` is what failed: prediction, import or training."""

    kind: str
    reason: str
    count: int
    last: datetime


def failures() -> list[Failure]:
    """The most frequent first."""
    found = [
        *grouped("prediction", tails(failed_predictions(), "finished_at")),
        *grouped("import", tails(failed_imports(), "finished_at")),
        *grouped("training", tails(failed_trainings(), "began")),
    ]
    return sorted(found, key=lambda failure: (-failure.count, failure.kind, failure.reason))


def failed_predictions() -> Any:
    failed = Prediction.objects.filter(
        status=Prediction.Status.FAILED, finished_at__gte=Now() - SPAN
    )
    newest = failed.order_by("-finished_at").values("pk")[:NEWEST]
    return Prediction.objects.filter(pk__in=newest)


def failed_imports() -> Any:
    return RatingsImport.objects.filter(
        status=RatingsImport.Status.FAILED, finished_at__gte=Now() - SPAN
    )


def failed_trainings() -> Any:
    trained = TrainedModel.objects.annotate(began=Coalesce("claimed_at", "created_at"))
    return trained.filter(state=TrainedModel.State.FAILED, created_at__gte=Now() - TRAININGS_SPAN)


def tails(rows: Any, ended: str) -> Iterable[tuple[str, int, datetime]]:
    """The ends of their errors, how often each came, and when last."""
    grouped = rows.order_by().annotate(tail=Right("error", TAIL)).values_list("tail")
    counted: Iterable[tuple[str, int, datetime]] = grouped.annotate(
        number=Count("*"), last=Max(ended)
    )
    return counted


def grouped(kind: str, tails: Iterable[tuple[str, int, datetime]]) -> list[Failure]:
    """By the last line, which says what went wrong."""
    found: dict[str, Failure] = {}
    for tail, count, last in tails:
        reason = tail.strip().rpartition("\n")[2] or "No reason was written down."
        before = found.get(reason, Failure(kind, reason, 0, last))
        found[reason] = Failure(kind, reason, before.count + count, max(before.last, last))
    return list(found.values())
