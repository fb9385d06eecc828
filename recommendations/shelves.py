"""The rows of a home page: each says its title, who sees it, and how it picks its films."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from recommendations.franchises import franchises
from recommendations.models import Movie, Viewer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.engine.contract import Carrier, Explanation, History, Model
    from recommendations.models.catalogue import MovieQuerySet
    from recommendations.models.taste import Taste

#: Films that a shelf shows, and that a run stores so that rated ones can be dropped later.
SHOWN = 20
STORED = 3 * SHOWN

#: A shelf has no more films than this of one franchise.
OF_A_FRANCHISE = 2

#: How many of the viewer's own ratings are named as the reason for a film.
REASONS = 3

#: The share of what the first reason adds that another must add to be named beside it.
WORTH_NAMING = 0.4


def reasons(why: "Explanation") -> "list[Carrier]":
    """What is named of an explanation, the strongest first.

    What is far behind it reads as odd: The Naked Gun beside Spirited Away, for Ponyo.
    """
    least = WORTH_NAMING * max((added for _, added in why.carriers), default=0)
    return [carrier for carrier in why.carriers if carrier.contribution >= least]


@dataclass
class Scored:
    """What a run knows when it fills shelves: every film scored once for one viewer.

    `free` marks, by the model's film index, the films that may still be picked: those with
    enough ratings that the viewer has not rated and no shelf above has taken. `franchises` has
    the franchise of the films that are of one, by film id.
    """

    viewer: Viewer
    model: "Model"
    history: "History"
    scores: "NDArray[np.floating]"
    stars: "NDArray[np.floating]"
    free: "NDArray[np.bool_]"
    franchises: Mapping[int, str]

    @classmethod
    def of(
        cls,
        viewer: Viewer,
        model: "Model",
        history: "History",
        scores: "NDArray[np.floating]",
        stars: "NDArray[np.floating]",
    ) -> "Scored":
        supported = np.fromiter(Movie.objects.supported().values_list("pk", flat=True), np.int32)
        free = np.isin(model.film_ids, supported)
        free[history.films] = False
        return cls(viewer, model, history, scores, stars, free, franchises())

    def best(self, count: int) -> list[int]:
        """Indices of the free films that fit best; the lower film id first among equals."""
        free = np.flatnonzero(self.free)
        order = np.argsort(-self.scores[free], kind="stable")
        return self.first(count, free[order].tolist())

    def first(self, count: int, films: Iterable[int]) -> list[int]:
        """The first so many of the films, given by index, without too many of one franchise."""
        taken: list[int] = []
        of_franchise: Counter[str] = Counter()
        for film in films:
            if len(taken) == count:
                break
            franchise = self.franchises.get(int(self.model.film_ids[film]), "")
            if franchise and of_franchise[franchise] == OF_A_FRANCHISE:
                continue
            of_franchise[franchise] += 1
            taken.append(film)
        return taken

    def promises(self, film: int) -> bool:
        """Still free, and predicted to be no disappointment."""
        return bool(self.free[film] and self.stars[film] >= self.expected)

    @cached_property
    def expected(self) -> float:
        """Stars that a film should have: what the viewer sees on average, or may still see.

        Who rates only favourites has a mean that next to nothing is predicted to reach.
        """
        return float(min(self.history.stars.mean(), np.median(self.stars[self.free])))

    @cached_property
    def favourites(self) -> list[int]:
        """Indices of the liked films, the dearest first; a shelf takes out the one it is for."""
        rated = self.viewer.ratings.favourites().values_list("movie_id", flat=True)
        known = {int(self.model.film_ids[film]): int(film) for film in self.history.films}
        return [known[movie] for movie in rated if movie in known]


@dataclass
class Picked:
    """A filled shelf: what it is called for this viewer, why, and its films in order."""

    title: str
    reason: str
    films: list[int] = field(default_factory=list)

    def as_json(self, scored: Scored) -> dict[str, Any]:
        explained = scored.model.explain(scored.history, np.array(self.films, np.int32), REASONS)
        items = [
            {
                "movie": int(scored.model.film_ids[film]),
                "score": round(float(scored.scores[film]), 4),
                "stars": round(float(scored.stars[film]), 2),
                "because": [
                    int(scored.model.film_ids[scored.history.films[place]])
                    for place, _ in reasons(why)
                ],
            }
            for film, why in zip(self.films, explained, strict=True)
        ]
        return {"title": self.title, "reason": self.reason, "items": items}


@dataclass(frozen=True)
class Shelf(ABC):
    """One row of a home page."""

    slug: str
    title: str
    reason: str

    def is_for(self, taste: "Taste") -> bool:
        """Whether a viewer with such ratings sees this shelf at all."""
        return taste.ratings > 0


class ModelShelf(Shelf):
    """A shelf that a run fills from scores."""

    @abstractmethod
    def pick(self, scored: Scored) -> Picked:
        """Choose up to `STORED` of the free films."""


class TopPicks(ModelShelf):
    def pick(self, scored: Scored) -> Picked:
        count = len(scored.history.films)
        ratings = "one of your ratings" if count == 1 else f"{count} of your ratings"
        return Picked(self.title, f"ranked from {ratings}", scored.best(STORED))


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


class QueryShelf(Shelf):
    """A shelf that is plain SQL: it is simply there, for everybody."""

    def is_for(self, taste: "Taste") -> bool:
        return True

    @abstractmethod
    def films(self) -> "MovieQuerySet":
        """The films, in order, those that the viewer rated included."""


class Popular(QueryShelf):
    def films(self) -> "MovieQuerySet":
        return Movie.objects.popular()


class NewAndWellLiked(QueryShelf):
    def films(self) -> "MovieQuerySet":
        return Movie.objects.new_and_well_liked()


LIKED_WAITING = ("Because you liked …", "films like your favourites")

#: From the top of the page to its end.
HOME_SHELVES: tuple[Shelf, ...] = (
    TopPicks("top-picks", "Top picks for you", "ranked from your ratings"),
    BecauseYouLiked("because-you-liked", *LIKED_WAITING),
    BecauseYouLiked("because-you-liked-too", *LIKED_WAITING, place=1),
    Popular("popular", "Popular", "rated by the most people"),
    NewAndWellLiked("new", "New and well liked", "the best of the newest years here"),
)

SHELVES = {shelf.slug: shelf for shelf in HOME_SHELVES}


def model_shelves() -> list[ModelShelf]:
    return [shelf for shelf in HOME_SHELVES if isinstance(shelf, ModelShelf)]
