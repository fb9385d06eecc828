"""How many predictions are made, and how long they wait and run."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.cache import caches
from django.db.models import Count
from django.db.models.functions import Now
from django.utils import timezone

from recommendations.models import Prediction
from recommendations.models.workers import BATCH, PREDICTIONS
from recommendations.operations.figures.times import STEPS, Floored, seconds, step

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

QUEUES = (PREDICTIONS, BATCH)


@dataclass(frozen=True)
class Percentiles:
    """Of so many durations; None where there are none."""

    count: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None

    @classmethod
    def of(cls, steps: Counter[int]) -> "Percentiles":
        total = steps.total()
        if not total:
            return cls()
        p50, p95, p99 = (value_at(steps, share * total) for share in (0.5, 0.95, 0.99))
        return cls(total, p50, p95, p99)


def value_at(steps: Counter[int], rank: float) -> float:
    """The least duration that so many do not exceed."""
    passed = 0
    for number in sorted(steps):
        passed += steps[number]
        if passed >= rank:
            break
    return max(number, 0) / STEPS


@dataclass(frozen=True)
class Period:
    """Times are those of what somebody waits for; what is computed ahead may wait for hours."""

    begins: datetime
    finished: int
    failed: int
    wait: Percentiles
    run: Percentiles


@dataclass(frozen=True)
class Times:
    wait: Percentiles
    run: Percentiles


@dataclass(frozen=True)
class Runs:
    """What ended within the last so many minutes; the oldest period comes first."""

    minutes: int
    finished: int
    failed: int
    by_queue: dict[str, Times]
    periods: list[Period]

    @property
    def per_minute(self) -> float:
        return self.finished / self.minutes

    @property
    def failure_rate(self) -> float:
        return self.failed / self.finished if self.finished else 0.0


def last_hour() -> Runs:
    return runs(timedelta(hours=1), 12)


def last_day() -> Runs:
    """Counted anew twice a minute at most, in each process."""
    found = caches["process"].get_or_set("last_day", _last_day, timeout=30)
    assert isinstance(found, Runs)
    return found


def _last_day() -> Runs:
    return runs(timedelta(days=1), 24)


def runs(span: timedelta, periods: int) -> Runs:
    """Three queries, whose answers are counts."""
    width = span / periods
    ended = Prediction.objects.filter(finished_at__gte=Now() - span).order_by()
    placed = ended.annotate(place=Floored(seconds("finished_at") / width.total_seconds()))
    claimed = placed.filter(claimed_at__isnull=False)
    waits = tally(claimed, seconds("enqueued_at", "claimed_at"))
    times = tally(claimed, seconds("claimed_at", "finished_at"))
    finished, failed = ends(placed)
    return Runs(
        minutes=round(span.total_seconds() / 60),
        finished=finished.total(),
        failed=failed.total(),
        by_queue={name: Times(together(waits, name), together(times, name)) for name in QUEUES},
        periods=[
            Period(
                begins=timezone.now() - (place + 1) * width,
                finished=finished[place],
                failed=failed[place],
                wait=Percentiles.of(waits[PREDICTIONS, place]),
                run=Percentiles.of(times[PREDICTIONS, place]),
            )
            for place in reversed(range(periods))
        ],
    )


#: How often each step came, by queue and place of the period.
Tally = dict[tuple[str, int], Counter[int]]


def tally(rows: Any, duration: "Combinable") -> Tally:
    found: Tally = defaultdict(Counter)
    steps = rows.annotate(step=step(duration)).values_list("queue", "place", "step")
    for queue, place, number, count in steps.annotate(count=Count("*")):
        found[queue, place][number] += count
    return found


def together(tally: Tally, queue: str) -> Percentiles:
    steps: Counter[int] = Counter()
    for (name, _), counted in tally.items():
        if name == queue:
            steps.update(counted)
    return Percentiles.of(steps)


def ends(rows: Any) -> tuple[Counter[int], Counter[int]]:
    """How many ended in each period, and how many of them failed."""
    finished: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    by_status = rows.values_list("place", "status").annotate(count=Count("*"))
    for place, status, count in by_status:
        finished[place] += count
        if status == Prediction.Status.FAILED:
            failed[place] += count
    return finished, failed
