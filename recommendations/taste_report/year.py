"""One year in review: what a viewer rated in it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Avg, Count, Sum

from recommendations.taste_report.groups import (
    Group,
    by_decade,
    by_director,
    by_genre,
    favourite,
)
from recommendations.taste_report.opinions import unusual
from recommendations.taste_report.over_time import Period, months_of

if TYPE_CHECKING:
    from recommendations.models import Rating, Viewer
    from recommendations.models.taste import RatingQuerySet

BEST = 6
UNUSUAL = 3

#: A favourite of a year has so many films; people direct few.
LEAST_OF_A_GROUP = 3
LEAST_OF_A_DIRECTOR = 2


@dataclass(frozen=True)
class Favourites:
    genre: Group | None
    decade: Group | None
    director: Group | None


@dataclass(frozen=True)
class YearInReview:
    """`minutes` are those of the films whose length is known."""

    year: int
    count: int
    mean: float
    minutes: int
    months: list[Period]
    best: "list[Rating]"
    first: "Rating"
    last: "Rating"
    favourites: Favourites
    above: "list[Rating]"
    below: "list[Rating]"


def years_of(viewer: "Viewer") -> list[int]:
    """Those with ratings, the last first."""
    years = viewer.ratings.datetimes("rated_at", "year", order="DESC")
    return [moment.year for moment in years]


def in_review(viewer: "Viewer", year: int) -> YearInReview:
    """Of one of `years_of` the viewer."""
    ratings = viewer.ratings.filter(rated_at__year=year)
    counted = ratings.aggregate(
        count=Count("pk"), mean=Avg("stars"), minutes=Sum("movie__runtime")
    )
    with_films = ratings.select_related("movie")
    above, below = unusual(ratings, UNUSUAL)
    return YearInReview(
        year=year,
        count=counted["count"],
        mean=counted["mean"],
        minutes=counted["minutes"] or 0,
        months=months_of(ratings, year),
        best=list(with_films.order_by("-stars", "-movie__damped_mean", "movie_id")[:BEST]),
        first=with_films.order_by("rated_at", "pk")[0],
        last=with_films.order_by("-rated_at", "-pk")[0],
        favourites=favourites_of(ratings, counted["mean"]),
        above=above,
        below=below,
    )


def favourites_of(ratings: "RatingQuerySet", mean: float) -> Favourites:
    return Favourites(
        favourite(by_genre(ratings), mean, LEAST_OF_A_GROUP),
        favourite(by_decade(ratings), mean, LEAST_OF_A_GROUP),
        favourite(by_director(ratings), mean, LEAST_OF_A_DIRECTOR),
    )
