"""How often each half star is given."""

from typing import TYPE_CHECKING

from django.db.models import Count

from recommendations.models import TrainedModel
from recommendations.models.taste import HALVES

if TYPE_CHECKING:
    from recommendations.models.taste import RatingQuerySet


def stars_given(ratings: "RatingQuerySet") -> list[int]:
    """From 0.5 to 5."""
    given = dict(ratings.order_by().values_list("stars").annotate(Count("pk")))
    return [given.get(half, 0) for half in HALVES]


def by_everybody() -> list[int]:
    """The same of all ratings that the active model learned from; empty if none is counted."""
    counted = TrainedModel.objects.active().values_list("stars_given", flat=True).first()
    return counted or []
