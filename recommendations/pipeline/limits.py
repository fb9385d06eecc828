"""How often somebody may do something, counted once for all processes and hosts.

Counts are kept in the shared cache. Its increment reads and writes in two steps; a lock until the
end of the transaction makes them one. Who is refused is not counted, and writes nothing.
"""

import math
import time
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Window:
    """The present minute, hour or the like, in which somebody may do something so often."""

    key: str
    most: int
    seconds: int
    left: int


def count(limit: Limit, who: str) -> None:
    """Count once more what `who` does, or refuse it with `TooOften`.

    In a transaction that also locks rows this comes last, so that locks are taken in one order.
    """
    windows = _windows(limit, who)
    if not windows:
        return
    _refuse_full(windows)
    with transaction.atomic():
        _lock(f"{limit} {who}")
        counts = _refuse_full(windows)
        for window in windows:
            cache.set(window.key, counts.get(window.key, 0) + 1, 2 * window.seconds)


def _windows(limit: Limit, who: str) -> list[Window]:
    now, rates = time.time(), getattr(settings, f"LIMIT_{limit}")
    return [
        Window(
            f"limit:{limit}:{who}:{seconds}:{now // seconds:.0f}",
            most,
            seconds,
            math.ceil(seconds - now % seconds),
        )
        for most, seconds in rates
    ]


def _refuse_full(windows: list[Window]) -> dict[str, int]:
    """The counts, if none is full."""
    counts: dict[str, int] = cache.get_many([window.key for window in windows])
    full = [window.left for window in windows if counts.get(window.key, 0) >= window.most]
    if full:
        raise TooOften(max(full))
    return counts


def _lock(name: str) -> None:
    """Let nobody else count the same until the transaction ends; on SQLite nobody else writes."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def count_prediction(viewer: Viewer) -> None:
    """Count a run for `viewer`: a guest's by the address, as anybody can be many guests."""
    by_address = viewer.kind == Viewer.Kind.GUEST and viewer.asks_from
    who = f"address:{viewer.asks_from}" if by_address else f"viewer:{viewer.pk}"
    count(Limit.PREDICTIONS, who)


def refuse_crowd() -> None:
    """Raise `Crowded` while as many predictions are queued as may be, for whoever waits."""
    most = settings.LIMIT_QUEUE
    queued = Prediction.objects.filter(status=Prediction.Status.QUEUED, queue=PREDICTIONS)
    if queued[:most].count() >= most:
        raise Crowded
