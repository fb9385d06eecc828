"""Bringing back what a worker took to its grave, and what nobody came for."""

import logging
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from recommendations.models import Prediction
from recommendations.models.clocks import LONGEST_WAKE_PERIOD
from recommendations.pipeline.requests import WAKE_PERIOD, wake

if TYPE_CHECKING:
    from django.db.models.expressions import CombinedExpression

    from recommendations.models.prediction import PredictionQuerySet

logger = logging.getLogger(__name__)

#: So many are woken again at once, and the others in the next period: those that wait in a long
#: queue are not forgotten, and need not all be queued once more.
WOKEN_AT_ONCE = 100

#: A prediction whose worker was lost so many times is given up.
ATTEMPTS = 3

LOST = f"Its worker died or fell silent in the middle of this prediction, {ATTEMPTS} times."


def reap(rows: "PredictionQuerySet | None" = None) -> int:
    """Repeat or give up each run of `rows` whose lease ran out; wake for the forgotten ones.

    1. A run whose lease expired goes back to the queue, or fails after its last attempt.
    2. A row still queued long after its wake-up gets another one, at most once a period.

    Returns how many rows were moved. Any number may reap at once: each row is moved once.
    """
    rows = Prediction.objects.all() if rows is None else rows
    moved = sum(_lease_lost(row) for row in rows.lease_expired())
    forgotten = rows.wake_due().order_by("wake_at").defer("result")[:WOKEN_AT_ONCE]
    return moved + sum(_wake_again(row) for row in forgotten)


def bury(workers: Collection[str], rows: "PredictionQuerySet | None" = None) -> int:
    """Reap what dead workers held, without waiting for their leases.

    Whoever calls knows that these processes are gone: names alone do not tell it, as several
    hosts may have one name, and a process's number is given to another in time.
    """
    held = (Prediction.objects.all() if rows is None else rows).filter(
        status=Prediction.Status.RUNNING, claimed_by__in=workers
    )
    lost = list(held.values_list("pk", flat=True))
    held.update(lease_expires_at=_just_now())
    return reap(Prediction.objects.filter(pk__in=lost))


def wake_all() -> int:
    """Wake for all that is queued: a cluster that was replaced took their wake-ups with it."""
    return wake_again(Prediction.objects.all())


def wake_again(rows: "PredictionQuerySet") -> int:
    """Wake for what is queued of `rows`, whose wake-ups were lost."""
    queued = rows.filter(status=Prediction.Status.QUEUED)
    queued.update(wake_at=_just_now())
    return reap(queued)


def _just_now() -> "CombinedExpression":
    return Now() - timedelta(seconds=1)


def _lease_lost(row: Prediction) -> bool:
    if row.attempt >= ATTEMPTS:
        return _give_up(row)
    same = Prediction.objects.filter(pk=row.pk, attempt=row.attempt).lease_expired()
    with transaction.atomic():
        requeued = same.update(
            status=Prediction.Status.QUEUED,
            progress=0,
            wakes=0,
            claimed_at=None,
            enqueued_at=Now(),
            wake_at=Now() + WAKE_PERIOD,
        )
        if requeued:
            wake(row.pk, row.queue)
            logger.warning("Prediction %s lost its worker; queued again.", row.pk)
    return bool(requeued)


def _give_up(row: Prediction) -> bool:
    same = Prediction.objects.filter(pk=row.pk, attempt=row.attempt).lease_expired()
    error = f"{row.error}\n{LOST}".strip()  # what the last attempt met, if it could tell
    failed = same.update(status=Prediction.Status.FAILED, error=error, finished_at=Now())
    if failed:
        logger.error("Prediction %s failed: %s", row.pk, LOST)
    return bool(failed)


def _wake_again(row: Prediction) -> bool:
    same = Prediction.objects.filter(pk=row.pk, wakes=row.wakes).wake_due()
    with transaction.atomic():
        due = same.update(wakes=F("wakes") + 1, wake_at=Now() + wake_period(row.wakes + 1))
        if due:
            wake(row.pk, row.queue)
    return bool(due)


def wake_period(wakes: int) -> timedelta:
    """How long to wait for a worker after so many wake-ups."""
    doublings = min(wakes, 10)
    return min(WAKE_PERIOD * (1 << doublings), LONGEST_WAKE_PERIOD)
