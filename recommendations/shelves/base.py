"""What a shelf is, and what a run knows when it fills one."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.core.cache import caches

from recommendations.franchises import franchises
from recommendations.models import Movie, Viewer
from recommendations.models.catalogue import SUPPORT
from recommendations.shelves.favourites import Favourite, Kind, favourites, films_of_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.engine.contract import Carrier, Explanation, History, Model
    from recommendations.models.catalogue import MovieQuerySet
    from recommendations.models.taste import Taste

#: Films that a shelf shows, and that a run stores so that rated ones can be dropped later.
SHOWN = 20
STORED = 3 * SHOWN

#: A shelf that is not for everybody has so many films, or is left out.
WORTH_A_SHELF = 5

#: A shelf has no more films than this of one franchise.
OF_A_FRANCHISE = 2

#: How long a process goes by the counts of ratings that it has read, in seconds.
SECONDS_OF_BELIEF = 60

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


def in_words(ratings: int, chosen: int) -> str:
    """What a run went by."""
    rated = "one of your ratings" if ratings == 1 else f"{ratings} of your ratings"
    films = f"{chosen} film{'s' * (chosen != 1)} that you chose"
    if not chosen:
        return rated
    return f"{rated} and {films}" if ratings else films


@dataclass
class Scored:
    """What a run knows when it fills shelves: every film scored once for one viewer.

    By the model's film index, `support` counts the ratings of each film, and `left` marks those
    that the viewer has not rated or put out of sight and no shelf above has taken. `rated` marks
    what of the history was rated, the rest being films that were chosen. `franchises` has the
    franchise of the films that are of one, by film id.
    """

    viewer: Viewer
    model: "Model"
    history: "History"
    scores: "NDArray[np.floating]"
    stars: "NDArray[np.floating]"
    support: "NDArray[np.int64]"
    left: "NDArray[np.bool_]"
    rated: "NDArray[np.bool_]"
    franchises: Mapping[int, str]
    members: dict[Kind, dict[str | int, list[int]]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        viewer: Viewer,
        model: "Model",
        history: "History",
        scores: "NDArray[np.floating]",
        stars: "NDArray[np.floating]",
    ) -> "Scored":
        rated = ids_of(viewer.ratings.values_list("movie_id", flat=True))
        gone = ids_of(viewer.marks.out_of_sight().values_list("movie_id", flat=True))
        left = ~np.isin(model.film_ids, np.concatenate([rated, gone]))
        of_history = np.isin(model.film_ids[history.films], rated)
        support = support_of(model.film_ids)
        return cls(viewer, model, history, scores, stars, support, left, of_history, franchises())

    @property
    def free(self) -> "NDArray[np.bool_]":
        """The films that may still be picked: those left that enough people rated."""
        return self.left & (self.support >= SUPPORT)

    def take(self, films: list[int]) -> None:
        """What one shelf shows, no shelf below may pick."""
        self.left[films] = False

    def best(self, count: int, among: "Iterable[int] | None" = None) -> list[int]:
        """Indices of the free films that fit best, of those with these ids or of all."""
        free = self.free
        if among is not None:
            free &= np.isin(self.model.film_ids, np.fromiter(among, np.int64))
        return self.ranked(count, free, self.scores)

    def ranked(
        self, count: int, films: "NDArray[np.bool_]", by: "NDArray[np.floating]"
    ) -> list[int]:
        """The first of the marked films, the highest `by` first, then the lower film id."""
        marked = np.flatnonzero(films)
        order = np.argsort(-by[marked], kind="stable")
        return self.first(count, marked[order].tolist())

    def first(self, count: int, films: Iterable[int]) -> list[int]:
        """The first so many of the films, given by index, without too many of one franchise."""
        return few_of_each(
            lambda film: self.franchises.get(int(self.model.film_ids[film])), films, count
        )

    def promises(self, film: int) -> bool:
        """Still free, and predicted to be no disappointment."""
        free = self.left[film] and self.support[film] >= SUPPORT
        return bool(free and self.stars[film] >= self.expected)

    @cached_property
    def mean(self) -> float:
        """Of the stars that the viewer gave; before they gave any, of what they may still see."""
        given = self.history.stars[self.rated]
        return float(given.mean() if len(given) else np.median(self.stars[self.free]))

    @cached_property
    def expected(self) -> float:
        """Stars that a film should have: what the viewer sees on average, or may still see.

        Who rates only favourites has a mean that next to nothing is predicted to reach.
        """
        return float(min(self.mean, np.median(self.stars[self.free])))

    @cached_property
    def groups(self) -> list[Favourite]:
        """Favourite decades, genres, directors, the strongest first; a shelf takes out its own."""
        return favourites(self.viewer, self.mean) if self.rated.any() else []

    def films_of(self, favourite: Favourite) -> list[int]:
        """The ids of its films that enough people rated, read with those of all of its kind."""
        if favourite.kind not in self.members:
            alike = [each.group for each in self.groups if each.kind == favourite.kind]
            found = films_of_groups(favourite.kind, [favourite.group, *alike])
            self.members[favourite.kind] = found
        return self.members[favourite.kind][favourite.group]

    @cached_property
    def favourites(self) -> list[int]:
        """Indices of the liked films, the dearest first; a shelf takes out the one it is for."""
        rated = self.viewer.ratings.favourites().values_list("movie_id", flat=True)
        chosen = self.viewer.marks.chosen().values_list("movie_id", flat=True)
        known = {int(self.model.film_ids[film]): int(film) for film in self.history.films}
        return [known[movie] for movie in dict.fromkeys([*rated, *chosen]) if movie in known]


def ids_of(films: Iterable[int]) -> "NDArray[np.int64]":
    return np.fromiter(films, np.int64)


def few_of_each(
    franchise_of: "Callable[[int], str | None]", films: Iterable[int], count: int
) -> list[int]:
    """The first so many of the films, without too many of one franchise."""
    taken: list[int] = []
    seen: Counter[str] = Counter()
    for film in films:
        if len(taken) == count:
            break
        franchise = franchise_of(film)
        if franchise and seen[franchise] == OF_A_FRANCHISE:
            continue
        seen[franchise or ""] += 1
        taken.append(film)
    return taken


def support_of(films: "NDArray[np.integer]") -> "NDArray[np.int64]":
    """How many rated each film, in the order of these ids; as it was a moment ago."""
    process = caches["process"]
    known: NDArray[np.int64] | None = process.get("rating-counts")
    if known is None:
        known = rating_counts()
        process.set("rating-counts", known, SECONDS_OF_BELIEF)
    ids, counts = known
    places = np.searchsorted(ids, films)
    return np.where(np.append(ids, -1)[places] == films, np.append(counts, 0)[places], 0)


def rating_counts() -> "NDArray[np.int64]":
    """The ids of the rated films, ascending, and how many rated each: (2, n)."""
    rated = Movie.objects.filter(rating_count__gt=0).order_by("pk")
    rows = [*rated.values_list("pk", "rating_count")]
    return np.array(rows, np.int64).reshape(-1, 2).T


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
                    if scored.history.films[place] != film
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

    #: Whether it shows what the viewer has rated, and nothing else, or the contrary.
    of_rated: ClassVar[bool] = False

    #: With fewer films than this it is not shown.
    least: ClassVar[int] = 1

    def is_for(self, taste: "Taste") -> bool:
        """Whether a viewer with such ratings sees this shelf at all."""
        return taste.is_known


class ModelShelf(Shelf):
    """A shelf that a run fills from scores."""

    @abstractmethod
    def pick(self, scored: Scored) -> Picked:
        """Choose up to `STORED` films."""

    def fill(self, scored: Scored) -> Picked:
        """The films picked, or none if there are too few for a shelf."""
        picked = self.pick(scored)
        return picked if len(picked.films) >= self.least else Picked(self.title, self.reason)


class QueryShelf(Shelf):
    """A shelf that is plain SQL: it is simply there, for everybody."""

    def is_for(self, taste: "Taste") -> bool:
        return True

    @abstractmethod
    def films(self) -> "MovieQuerySet":
        """The films, in order, those that the viewer rated included."""
