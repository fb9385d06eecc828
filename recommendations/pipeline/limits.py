"""How often somebody may do something, counted once for all processes and hosts.

Counts are kept in the shared cache. Its increment reads and writes in two steps; a lock until the
end of the transaction makes them one. Who is refused is not counted, and writes nothing.
"""

import math
import time
from enum import StrEnum

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from recommendations.models import Prediction, Viewer
from recommendations.models.workers import PREDICTIONS


class Limit(StrEnum):
    """What is limited; the setting `LIMIT_…` says how often it may be done in how many seconds."""

    ACTIONS = "ACTIONS"
    IMPORTS = "IMPORTS"
    PREDICTIONS = "PREDICTIONS"


class TooOften(Exception):
    """It may be done again in `wait` seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"Wait for {wait} s.")
        self.wait = wait


class Crowded(Exception):
    """So many predictions are queued that another would only wait."""


#: How often something was done in a period of so many seconds, and which period that was.
Counts = dict[int, tuple[int, int]]


def count(limit: Limit, who: str) -> None:
    """Count once more what `who` does, or refuse it with `TooOften`.

    In a transaction that also locks rows this comes last, so that locks are taken in one order.
    """
    rates = getattr(settings, f"LIMIT_{limit}")
    if not rates:
        return
    if not connection.in_atomic_block:
        refuse(limit, who)
    key = _key(limit, who)
    with transaction.atomic(savepoint=False):
        _lock(key)
        now, counts = time.time(), cache.get(key, {})
        wait = _wait(limit, counts, now)
        if not wait:
            cache.set(key, _one_more(limit, counts, now), max(seconds for _, seconds in rates))
    if wait:
        raise TooOften(wait)


def refuse(limit: Limit, who: str) -> None:
    """Raise `TooOften` if it was done too often already."""
    if wait := _wait(limit, cache.get(_key(limit, who), {}), time.time()):
        raise TooOften(wait)


def _key(limit: Limit, who: str) -> str:
    return f"limit:{limit}:{who}"


def _done(counts: Counts, seconds: int, now: float) -> int:
    period, done = counts.get(seconds, (0, 0))
    return done if period == now // seconds else 0


def _wait(limit: Limit, counts: Counts, now: float) -> int:
    """For how many seconds no more may be done."""
    rates = getattr(settings, f"LIMIT_{limit}")
    full = (per for most, per in rates if _done(counts, per, now) >= most)
    return max((math.ceil(seconds - now % seconds) for seconds in full), default=0)


def _one_more(limit: Limit, counts: Counts, now: float) -> Counts:
    return {
        seconds: (int(now // seconds), _done(counts, seconds, now) + 1)
        for _, seconds in getattr(settings, f"LIMIT_{limit}")
    }


def _lock(name: str) -> None:
    """Let nobody else count the same until the transaction ends; on SQLite nobody else writes."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def refuse_prediction(viewer: Viewer) -> None:
    """Raise `TooOften`, or `Crowded` while as many are queued as may be, for whoever waits."""
    refuse(Limit.PREDICTIONS, _asker(viewer))
    most = settings.LIMIT_QUEUE
    queued = Prediction.objects.filter(status=Prediction.Status.QUEUED, queue=PREDICTIONS)
    if queued[:most].count() >= most:
        raise Crowded


def count_prediction(viewer: Viewer) -> None:
    count(Limit.PREDICTIONS, _asker(viewer))


def _asker(viewer: Viewer) -> str:
    """A guest is counted by the address, as anybody can be many guests."""
    by_address = viewer.kind == Viewer.Kind.GUEST and viewer.asks_from
    return f"address:{viewer.asks_from}" if by_address else f"viewer:{viewer.pk}"
