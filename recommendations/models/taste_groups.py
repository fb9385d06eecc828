"""Groups of films that the same people like, as the active model found them, to choose from."""

from dataclasses import dataclass

from django.db import transaction

from recommendations.models.catalogue import Movie
from recommendations.models.marks import Mark
from recommendations.models.taste import Viewer
from recommendations.models.trained_model import TrainedModel

#: Whoever chooses a group says "more like this" of so many of its examples.
MARKED = 5

#: With so many of them marked, the group counts as chosen.
CHOSEN = 3


@dataclass(frozen=True)
class TasteGroup:
    """A group by its place in the model's list, and examples that are in the catalogue."""

    place: int
    name: str
    films: list[Movie]

    @property
    def marked(self) -> list[Movie]:
        return self.films[:MARKED]

    def is_chosen(self, more: set[int]) -> bool:
        """Whether one who wants more of these films, by id, has chosen the group."""
        return len(more & {film.pk for film in self.marked}) >= CHOSEN


def taste_groups() -> list[TasteGroup]:
    """Of the active model; none without one, or if it was trained before there were groups."""
    stored = TrainedModel.objects.active().values_list("taste_groups", flat=True).first() or []
    films = Movie.objects.in_bulk([film for group in stored for film in group["films"]])
    groups = [
        TasteGroup(place, group["name"], [films[film] for film in group["films"] if film in films])
        for place, group in enumerate(stored)
    ]
    return [group for group in groups if len(group.films) >= CHOSEN]


def more_of(viewer: Viewer) -> set[int]:
    """Ids of the films that the viewer wants more like."""
    return set(viewer.marks.filter(kind=Mark.Kind.MORE).values_list("movie_id", flat=True))


@transaction.atomic
def choose(viewer: Viewer, groups: list[TasteGroup], places: set[int]) -> bool:
    """Want more of the groups at these places, and no more of others that were chosen before.

    The taste version moves once; False if nothing changed.
    """
    viewer.lock()
    more = more_of(viewer)
    wanted = {film.pk for group in groups if group.place in places for film in group.marked}
    given_up = {
        film.pk
        for group in groups
        if group.place not in places and group.is_chosen(more)
        for film in group.marked
    }
    new, gone = wanted - more, more & (given_up - wanted)
    Mark.objects.bulk_create(
        [Mark(viewer=viewer, movie_id=film, kind=Mark.Kind.MORE) for film in sorted(new)]
    )
    viewer.marks.filter(movie__in=gone, kind=Mark.Kind.MORE).delete()
    if new or gone:
        viewer.taste_changed()
    return bool(new or gone)
