"""*Browse as*: the site through the eyes of an imported viewer, whose ratings are copied."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db.models import Count, QuerySet

from recommendations.models import Movie, Rating, Viewer

#: Viewers to choose from, with so many ratings each, out of the first so many of the data set.
OFFERED = 6
FEWEST, MOST = 40, 400
LOOKED_AT = 60

#: Films named as what an offered viewer loves.
FAVOURITES = 3


@dataclass(frozen=True)
class Offer:
    pk: int
    display_name: str
    rating_count: int
    favourites: list[Movie]


@dataclass(frozen=True)
class Invitation:
    """What a visitor without ratings is offered."""

    browse_as: list[Offer]


def invitation() -> Invitation:
    if not settings.BROWSE_AS:
        return Invitation([])
    offers: list[Offer] = caches["process"].get_or_set("browse-as", _offers, 300) or []
    return Invitation(offers)


def _offers() -> list[Offer]:
    first = Viewer.objects.filter(kind=Viewer.Kind.IMPORTED).order_by("pk")[:LOOKED_AT]
    counted: QuerySet[Any] = (
        Viewer.objects.filter(pk__in=[viewer.pk for viewer in first])
        .annotate(rated=Count("ratings"))
        .filter(rated__gte=FEWEST, rated__lte=MOST)
        .order_by("pk")[:OFFERED]
    )
    return [Offer(v.pk, v.display_name, v.rated, _favourites(v)) for v in counted]


def _favourites(viewer: Viewer) -> list[Movie]:
    """The most rated of the films that the viewer rated highest."""
    ratings = Rating.objects.filter(viewer=viewer).select_related("movie")
    best = ratings.order_by("-stars", "-movie__rating_count", "movie_id")[:FAVOURITES]
    return [rating.movie for rating in best]
