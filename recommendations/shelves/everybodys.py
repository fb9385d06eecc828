"""The shelves that are there for everybody."""

from typing import TYPE_CHECKING

from recommendations.models import Movie
from recommendations.shelves.base import QueryShelf

if TYPE_CHECKING:
    from recommendations.models.catalogue import MovieQuerySet


class Popular(QueryShelf):
    def films(self) -> "MovieQuerySet":
        return Movie.objects.popular()


class NewAndWellLiked(QueryShelf):
    def films(self) -> "MovieQuerySet":
        return Movie.objects.new_and_well_liked()
