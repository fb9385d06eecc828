"""The shelves that are there for everybody."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from recommendations.models import Movie
from recommendations.shelves.base import WORTH_A_SHELF, QueryShelf

if TYPE_CHECKING:
    from recommendations.models.catalogue import MovieQuerySet
    from recommendations.models.taste import Taste


class Popular(QueryShelf):
    def films(self) -> "MovieQuerySet":
        return Movie.objects.popular()


class NewAndWellLiked(QueryShelf):
    def films(self) -> "MovieQuerySet":
        return Movie.objects.new_and_well_liked()


@dataclass(frozen=True)
class PopularInGenre(QueryShelf):
    """For one whose taste is not known yet."""

    genre: str = ""

    least: ClassVar[int] = WORTH_A_SHELF

    def is_for(self, taste: "Taste") -> bool:
        return not taste.ratings

    def films(self) -> "MovieQuerySet":
        return Movie.objects.popular().filter(genres__name=self.genre)
