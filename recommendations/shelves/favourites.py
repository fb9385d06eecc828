"""The decades, genres and directors that a viewer rates above their mean."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Avg, Count, F

from recommendations.models import Credit, Movie, Viewer
from recommendations.models.catalogue import PRIOR_COUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from recommendations.models.catalogue import MovieQuerySet

    By = Callable[[MovieQuerySet], Any]

#: What is so many stars above the viewer's mean is clearly above it.
CLEARLY = 0.2


def by_decade(films: "MovieQuerySet") -> Any:
    return films.filter(year__isnull=False).annotate(group=F("year") - F("year") % 10)


def by_genre(films: "MovieQuerySet") -> Any:
    return films.filter(genres__isnull=False).annotate(group=F("genres__name"))


def by_director(films: "MovieQuerySet") -> Any:
    directed = films.filter(credits__role=Credit.Role.DIRECTOR)
    return directed.annotate(group=F("credits__person__name"))


@dataclass(frozen=True)
class Kind:
    """A way to group films; a favourite group has at least so many films that were rated."""

    by: "By"
    least: int
    title: str


KINDS = (
    Kind(by_decade, 5, "More from the {}s"),
    Kind(by_genre, 5, "More {}"),
    Kind(by_director, 3, "More by {}"),
)

#: A genre whose name says something else there.
IN_A_TITLE: dict[str | int, str] = {"Children": "children's films"}


@dataclass(frozen=True)
class Favourite:
    """A group of films that the viewer rates so much `above` their mean, by `rated` films."""

    kind: Kind
    group: str | int
    rated: int
    above: float

    @property
    def strength(self) -> float:
        """The difference, drawn to none the more, the fewer films it rests on."""
        return self.above * self.rated / (self.rated + PRIOR_COUNT)

    @property
    def title(self) -> str:
        return self.kind.title.format(IN_A_TITLE.get(self.group, self.group))

    @property
    def reason(self) -> str:
        return f"you rate them {self.above:.1f} stars above your mean"


def favourites(viewer: Viewer, mean: float) -> list[Favourite]:
    """The favourite groups of every kind, the strongest first, for one who rates so on average."""
    found = [each for kind in KINDS for each in favourites_of(kind, viewer, mean)]
    clear = [favourite for favourite in found if favourite.strength >= CLEARLY]
    return sorted(clear, key=lambda favourite: -favourite.strength)


def favourites_of(kind: Kind, viewer: Viewer, mean: float) -> list[Favourite]:
    """All groups of a kind that the viewer rated enough of."""
    films = kind.by(Movie.objects.filter(ratings__viewer=viewer)).order_by("group")
    counted = films.values("group").annotate(count=Count("pk"), stars=Avg("ratings__stars"))
    enough = counted.filter(count__gte=kind.least)
    return [Favourite(kind, row["group"], row["count"], row["stars"] - mean) for row in enough]


def films_of_groups(kind: Kind, groups: list[str | int]) -> dict[str | int, list[int]]:
    """The ids of the films in each group that enough people rated."""
    films: dict[str | int, list[int]] = defaultdict(list)
    members = kind.by(Movie.objects.supported()).filter(group__in=groups).order_by()
    for group, film in members.values_list("group", "pk"):
        films[group].append(film)
    return films
