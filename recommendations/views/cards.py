"""Films as shelves and lists show them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.text import get_text_list

from recommendations.models import Mark, Movie, Scores, TasteControls, Viewer
from recommendations.shelves import Shelf


@dataclass(frozen=True)
class Card:
    """One film as a shelf shows it, with what led to it: films that were rated or chosen.

    `stars` are predicted for the viewer, `given` are the viewer's own.
    """

    movie: Movie
    stars: float | None = None
    because: list[Movie] = field(default_factory=list)
    chosen: list[Movie] = field(default_factory=list)
    given: float | None = None

    @property
    def shown(self) -> float | None:
        """The stars beneath the film: those predicted, or else the mean of all who rated it."""
        return self.stars or self.movie.mean_stars

    @cached_property
    def reason(self) -> str:
        said = {"rated": self.because, "chose": self.chosen}
        parts = [f"{verb} {titles(films)}" for verb, films in said.items() if films]
        return f"because you {' and '.join(parts)}" if parts else ""

    @property
    def short_reason(self) -> str:
        films = [*self.because, *self.chosen]
        return f"for {titles(films)}" if films else ""


def titles(films: list[Movie]) -> str:
    return get_text_list([film.short_title for film in films], "and")


class Taken(NamedTuple):
    """The films that a shelf shows, and whether there are more for another turn."""

    cards: list[Card]
    more: bool


def window(items: list[dict[str, Any]], limit: int, turn: int) -> list[dict[str, Any]]:
    """The first so many, on the next turn the next, and after the last the first again."""
    turns = max(1, -(-len(items) // limit))
    start = min(turn % turns * limit, max(0, len(items) - limit))
    return items[start : start + limit]


class Films:
    """The films that stored items name, with what the viewer says of them; each is shown once."""

    def __init__(
        self,
        viewer: Viewer,
        items: Iterable[dict[str, Any]],
        controls: TasteControls | None = None,
    ) -> None:
        ids: set[int] = set()
        for item in items:
            ids.update([item["movie"], *item["because"]])
        said = viewer.marks.filter(movie=OuterRef("pk"))
        films: QuerySet[Any] = Movie.objects.filter(pk__in=ids).annotate(
            rated=Exists(viewer.ratings.filter(movie=OuterRef("pk"))),
            chosen=Exists(said.chosen()),
            hidden=Exists(said.filter(kind=Mark.Kind.HIDDEN)),
            out_of_sight=Exists(said.out_of_sight()),
        )
        self.by_id = {film.pk: film for film in films} if ids else {}
        self.admitted = controls.admitted_of(ids) if controls else ids
        self.shown: set[int] = set()

    def take(self, shelf: Shelf, items: list[dict[str, Any]], limit: int, turn: int = 0) -> Taken:
        """Show those of the items that still belong on the shelf, and are not shown yet."""
        fitting = [item for item in items if self.fit(shelf, item["movie"])]
        shown = window(fitting, limit, turn)
        self.shown.update(item["movie"] for item in shown)
        return Taken([self.card(item) for item in shown], more=len(fitting) > limit)

    def fit(self, shelf: Shelf, movie: int) -> bool:
        film = self.by_id.get(movie)
        if film is None or movie in self.shown or movie not in self.admitted:
            return False
        if film.rated != shelf.of_rated:
            return False
        return not (film.hidden if film.rated else film.out_of_sight)

    def card(self, item: dict[str, Any]) -> Card:
        """Reasons that do not hold any more are left out."""
        named = [self.by_id[film] for film in item["because"] if film in self.by_id]
        return Card(
            self.by_id[item["movie"]],
            item["stars"],
            because=[film for film in named if film.rated],
            chosen=[film for film in named if film.chosen and not film.rated],
        )


def cards_of(films: Iterable[Movie], viewer: Viewer | None) -> list[Card]:
    """Cards with the stars that are predicted for the viewer, and those that the viewer gave."""
    films = list(films)
    rated = viewer.ratings.filter(movie__in=films).order_by() if viewer and films else None
    given = dict(rated.values_list("movie_id", "stars")) if rated is not None else {}
    return [replace(card, given=given.get(card.movie.pk)) for card in unrated(films, viewer)]


def unrated(films: Iterable[Movie], viewer: Viewer | None) -> list[Card]:
    """Cards of films that the viewer has not rated, with the stars that are predicted."""
    films = list(films)
    predicted = stored_stars(viewer, [film.pk for film in films])
    return [Card(film, predicted.get(film.pk)) for film in films]


def stored_stars(viewer: Viewer | None, movie_ids: list[int]) -> dict[int, float]:
    scores: Scores | None = getattr(viewer, "scores", None)
    return scores.predicted_stars(movie_ids) if scores else {}
