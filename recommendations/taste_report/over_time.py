"""Ratings by month, quarter or year, as suits the time that they span."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from django.db.models import Avg, Count
from django.db.models.functions import TruncMonth

if TYPE_CHECKING:
    from recommendations.models.taste import RatingQuerySet


class Unit(Enum):
    """A stretch of time, by its length in months."""

    MONTH = 1
    QUARTER = 3
    YEAR = 12


#: So many periods at most are in one picture, but for years.
MOST_PERIODS = 24


@dataclass(frozen=True)
class Period:
    """One month, quarter or year: `month` is its first, from 0; `mean` is 0 without ratings."""

    year: int
    month: int
    count: int
    mean: float


@dataclass(frozen=True)
class OverTime:
    unit: Unit
    periods: list[Period]


def over_time(ratings: "RatingQuerySet") -> OverTime:
    """How many ratings of how many stars; a period without any is there too."""
    given = by_month(ratings)
    if not given:
        return OverTime(Unit.MONTH, [])
    first, last = min(given), max(given)
    unit = next((each for each in Unit if (last - first) // each.value < MOST_PERIODS), Unit.YEAR)
    starts = range(first // unit.value, last // unit.value + 1)
    return OverTime(unit, [_period(given, start * unit.value, unit) for start in starts])


def by_month(ratings: "RatingQuerySet") -> dict[int, tuple[int, float]]:
    """Count and mean by month, counted from the year 0; of months with ratings only."""
    months = ratings.order_by().annotate(at=TruncMonth("rated_at")).values("at")
    counted = months.annotate(count=Count("pk"), mean=Avg("stars"))
    return {
        12 * row["at"].year + row["at"].month - 1: (row["count"], row["mean"]) for row in counted
    }


def _period(given: dict[int, tuple[int, float]], start: int, unit: Unit) -> Period:
    months = [given[month] for month in range(start, start + unit.value) if month in given]
    count = sum(count for count, _ in months)
    stars = sum(count * mean for count, mean in months)
    return Period(start // 12, start % 12, count, stars / count if count else 0)


def months_of(ratings: "RatingQuerySet", year: int) -> list[Period]:
    """The twelve months of a year."""
    given = by_month(ratings)
    return [_period(given, 12 * year + month, Unit.MONTH) for month in range(12)]
