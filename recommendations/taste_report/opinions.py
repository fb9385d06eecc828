"""Ratings that lie far from what everybody gives."""

from typing import TYPE_CHECKING

from django.db.models import F, FloatField
from django.db.models.functions import Cast

from recommendations.models.catalogue import SUPPORT

if TYPE_CHECKING:
    from recommendations.models import Rating
    from recommendations.models.taste import RatingQuerySet


def unusual(ratings: "RatingQuerySet", most: int) -> "tuple[list[Rating], list[Rating]]":
    """Up to `most` ratings far above everybody's, and as many far below, the farthest first.

    The distance to the damped mean counts the more, the more ratings that rests on: n / (n + 10).
    """
    support = Cast(F("movie__rating_count"), FloatField())
    far = F("stars") - F("movie__damped_mean")
    weighed = (
        ratings.filter(movie__rating_count__gte=SUPPORT)
        .annotate(far=far, weight=far * support / (support + SUPPORT))
        .select_related("movie")
    )
    above = weighed.filter(far__gt=0).order_by("-weight", "movie_id")[:most]
    below = weighed.filter(far__lt=0).order_by("weight", "movie_id")[:most]
    return list(above), list(below)
