"""Films as shelves and lists show them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.text import get_text_list

from recommendations.models import Mark, Movie, Viewer
from recommendations.shelves import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Card:
    """One film as a shelf shows it, with what led to it: films that were rated or chosen."""

    movie: Movie
    stars: float | None = None
    because: list[Movie] = field(default_factory=list)
    chosen: list[Movie] = field(default_factory=list)

    @property
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


class Films:
    """The films that stored items name, with what the viewer says of them; each is shown once."""

    def __init__(self, viewer: Viewer, items: "Iterable[dict[str, Any]]") -> None:
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
        self.shown: set[int] = set()

    def of(self, shelf: Shelf, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those of the items that still belong on the shelf, and are not shown yet."""
        return [item for item in items if self.fit(shelf, item["movie"])]

    def show(self, items: list[dict[str, Any]]) -> list[Card]:
        self.shown.update(item["movie"] for item in items)
        return [self.card(item) for item in items]

    def fit(self, shelf: Shelf, movie: int) -> bool:
        film = self.by_id.get(movie)
        if film is None or movie in self.shown or film.rated != shelf.of_rated:
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
