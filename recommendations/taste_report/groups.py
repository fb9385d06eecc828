"""Ratings by decade, genre or director, against what everybody gives the same films."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, Count, F

from recommendations.models import Credit
from recommendations.models.catalogue import PRIOR_COUNT

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from recommendations.models.taste import RatingQuerySet


@dataclass(frozen=True)
class Group:
    """Films that the viewer rated: how many, how well, and how far above everybody.

    Everybody's is the damped mean of each of these films, so that one film with one other rating
    is no great difference.
    """

    name: str
    count: int
    mean: float
    above: float

    @property
    def everybody(self) -> float:
        return self.mean - self.above

    def strength(self, mean: float) -> float:
        """How far it lies above such a mean, drawn to none the more, the fewer its films."""
        return (self.mean - mean) * self.count / (self.count + PRIOR_COUNT)


def by_decade(ratings: "RatingQuerySet") -> list[Group]:
    """In the order of time."""
    dated = ratings.filter(movie__year__isnull=False)
    groups = _groups(dated.annotate(group=F("movie__year") - F("movie__year") % 10))
    return sorted(
        (replace(group, name=f"{group.name}s") for group in groups), key=lambda group: group.name
    )


def by_genre(ratings: "RatingQuerySet") -> list[Group]:
    """A film counts in each of its genres; the largest genre comes first."""
    known = ratings.filter(movie__genres__isnull=False)
    return _largest_first(_groups(known.annotate(group=F("movie__genres__name"))))


def by_director(ratings: "RatingQuerySet") -> list[Group]:
    directed = ratings.filter(movie__credits__role=Credit.Role.DIRECTOR)
    return _largest_first(_groups(directed.annotate(group=F("movie__credits__person__name"))))


def favourite(groups: list[Group], mean: float, least: int) -> Group | None:
    """The group that lies highest above the mean, of those with so many films."""
    large = [group for group in groups if group.count >= least and group.strength(mean) > 0]
    return max(large, key=lambda group: group.strength(mean), default=None)


def _groups(ratings: "QuerySet[Any]") -> list[Group]:
    counted = (
        ratings.order_by()
        .values("group")
        .annotate(
            count=Count("pk"),
            mean=Avg("stars"),
            above=Avg(F("stars") - F("movie__damped_mean")),
        )
    )
    return [Group(str(row["group"]), row["count"], row["mean"], row["above"]) for row in counted]


def _largest_first(groups: list[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.count, group.name))
