"""How often somebody may do something; who is refused is not counted, and writes nothing."""

import math
import time
from enum import StrEnum

from django.conf import settings
from django.db import transaction

from recommendations.models import Prediction, RateCount, Viewer
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


def count(limit: Limit, who: str) -> None:
    """Count once more what `who` does, or refuse it with `TooOften`."""
    refuse(limit, who)
    with transaction.atomic():
        _count(limit, who)


def _count(limit: Limit, who: str) -> None:
    """In a transaction that also locks rows this comes last: locks are taken in one order."""
    if rates := _rates(limit):
        now = time.time()
        done = RateCount.objects.add(_key(limit, who), rates, now)
        _refuse(full=[seconds for most, seconds in rates if done[seconds] > most], now=now)


def refuse(limit: Limit, who: str) -> None:
    """Raise `TooOften` if it was done too often already."""
    if rates := _rates(limit):
        now = time.time()
        full = RateCount.objects.full(_key(limit, who), rates, now)
        _refuse([count.seconds for count in full], now)


def _refuse(full: list[int], now: float) -> None:
    """Have whoever comes wait until those periods are over that let no more through."""
    if full:
        raise TooOften(max(math.ceil(seconds - now % seconds) for seconds in full))


def _rates(limit: Limit) -> list[tuple[int, int]]:
    rates: list[tuple[int, int]] = getattr(settings, f"LIMIT_{limit}")
    return rates


def _key(limit: Limit, who: str) -> str:
    return f"{limit}:{who}"


def refuse_prediction(viewer: Viewer) -> None:
    """Raise `TooOften`, or `Crowded` while as many are queued as may be, for whoever waits."""
    refuse(Limit.PREDICTIONS, _asker(viewer))
    most = settings.LIMIT_QUEUE
    queued = Prediction.objects.filter(status=Prediction.Status.QUEUED, queue=PREDICTIONS)
    if queued[:most].count() >= most:
        raise Crowded


def count_prediction(viewer: Viewer) -> None:
    _count(Limit.PREDICTIONS, _asker(viewer))


def _asker(viewer: Viewer) -> str:
    """A guest is counted by the address, as anybody can be many guests."""
    by_address = viewer.kind == Viewer.Kind.GUEST and viewer.asks_from
    return f"address:{viewer.asks_from}" if by_address else f"viewer:{viewer.pk}"
