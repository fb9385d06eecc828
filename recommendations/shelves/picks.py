"""What fits the viewer best, and what is like the films, or of the kind, that they like."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recommendations.models import Movie
from recommendations.shelves.base import (
    STORED,
    WORTH_A_SHELF,
    ModelShelf,
    Picked,
    Scored,
    in_words,
)
from recommendations.shelves.favourites import KINDS

if TYPE_CHECKING:
    from recommendations.models.taste import Taste


class TopPicks(ModelShelf):
    def pick(self, scored: Scored) -> Picked:
        ratings = int(scored.rated.sum())
        went_by = in_words(ratings, len(scored.rated) - ratings)
        return Picked(self.title, f"ranked from {went_by}", scored.best(STORED))


@dataclass(frozen=True)
class BecauseYouLiked(ModelShelf):
    """Films like one of the viewer's favourites: the first one, the second one, …"""

    place: int = 0

    def is_for(self, taste: "Taste") -> bool:
        return taste.liked > self.place

    def pick(self, scored: Scored) -> Picked:
        while scored.favourites:
            favourite = scored.favourites.pop(0)
            if like_it := self._like(favourite, scored):
                movie = Movie.objects.get(pk=int(scored.model.film_ids[favourite]))
                title = f"Because you liked {movie.short_title}"
                return Picked(title, "loved by the people who loved it too", like_it)
        return Picked(self.title, self.reason)

    def _like(self, favourite: int, scored: Scored) -> list[int]:
        """The free films like this one that the viewer should like too."""
        similar = (film for film, _ in scored.model.similar(favourite, 2 * STORED))
        return scored.first(STORED, filter(scored.promises, similar))


class FromYourFavourite(ModelShelf):
    """The viewer's strongest favourite decade, genre or director; the next, of another kind."""

    least = WORTH_A_SHELF

    def is_for(self, taste: "Taste") -> bool:
        return taste.ratings > min(kind.least for kind in KINDS)

    def pick(self, scored: Scored) -> Picked:
        while scored.groups:
            favourite = scored.groups.pop(0)
            films = scored.best(STORED, scored.films_of(favourite))
            if len(films) >= self.least:
                scored.groups = [each for each in scored.groups if each.kind != favourite.kind]
                return Picked(favourite.title, favourite.reason, films)
        return Picked(self.title, self.reason)
