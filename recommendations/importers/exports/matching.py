"""Which films of the catalogue the entries of an export are about."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, auto
from typing import NamedTuple

from recommendations.importers.exports.formats import Entry
from recommendations.importers.exports.reading import Placed
from recommendations.importers.recognising import WAYS, Listed, Register
from recommendations.importers.titles import names_of
from recommendations.models import Movie

#: So many of the films that could be meant are named.
NAMED = 5

#: Progress is told so many times, but not for fewer entries than this.
TOLD = 20
PACE = 250


class Sureness(IntEnum):
    """What a film was recognised by, the surest first; then come the ways to find a year."""

    BY_HAND = auto()
    IMDB_ID = auto()
    MOVIELENS_ID = auto()
    TITLE = auto()


class Meant(NamedTuple):
    """The films that could be meant, and how sure that is; less is surer."""

    films: set[int]
    sureness: int


NOTHING = Meant(set(), 0)


class Said(NamedTuple):
    """What the viewer said of an entry by hand: which film it is, or which it is not."""

    film: int | None
    rejected: frozenset[int]


#: By the identities of entries.
SaidByHand = Mapping[str, Said]
UNSAID = Said(None, frozenset())


@dataclass
class Matching:
    """The entries by what became of them; each is in one of these."""

    films: dict[int, Placed] = field(default_factory=dict)
    repeated: list[Placed] = field(default_factory=list)
    ambiguous: list[tuple[Placed, set[int]]] = field(default_factory=list)
    not_found: list[Placed] = field(default_factory=list)


@dataclass
class Films:
    """The catalogue, as far as it is needed to find films in it."""

    listed: dict[int, Listed]
    imdb_ids: dict[int, int]
    by_imdb_id: dict[int, set[int]]
    register: Register

    @classmethod
    def of_catalogue(cls) -> "Films":
        listed: dict[int, Listed] = {}
        imdb_ids: dict[int, int] = {}
        by_imdb_id: dict[int, set[int]] = {}
        rows = Movie.objects.order_by().values_list("id", "title", "year", "imdb_id")
        for film, title, year, imdb_id in rows:
            listed[film] = Listed(film, title, year)
            if imdb_id is not None:
                imdb_ids[film] = imdb_id
                by_imdb_id.setdefault(imdb_id, set()).add(film)
        return cls(listed, imdb_ids, by_imdb_id, Register(listed.values()))

    def meant_by(self, entry: Entry, said: Said = UNSAID) -> Meant:
        if said.film is not None:
            return Meant({said.film}, Sureness.BY_HAND)
        meant = self.told_by(entry)
        return Meant(meant.films - said.rejected, meant.sureness)

    def told_by(self, entry: Entry) -> Meant:
        if entry.imdb_id is not None and (found := self.by_imdb_id.get(entry.imdb_id)):
            return Meant(found, Sureness.IMDB_ID)
        if not entry.is_film:
            return NOTHING
        for name in names_in(entry):
            if (meant := self.called(name, entry)).films:
                return meant
        return NOTHING

    def called(self, name: str, entry: Entry) -> Meant:
        films = self.not_otherwise_known(self.register.called_in_any_year(name), entry)
        # The numbers of ml-100k and of the sample are not MovieLens' own: the name must agree.
        if entry.movielens_id in films:
            return Meant({entry.movielens_id}, Sureness.MOVIELENS_ID)
        if entry.year is None:
            return Meant(films, Sureness.TITLE + len(WAYS))
        for way, years in enumerate(WAYS):
            if found := films & self.register.called(name, years(entry.year)):
                return Meant(found, Sureness.TITLE + way)
        return NOTHING

    def not_otherwise_known(self, films: set[int], entry: Entry) -> set[int]:
        """Leave out those of which IMDb says that they are another film."""
        if entry.imdb_id is None:
            return films
        return {film for film in films if self.imdb_ids.get(film, entry.imdb_id) == entry.imdb_id}

    def described(self, films: Iterable[int]) -> str:
        some = sorted(films)[: NAMED + 1]
        named = [f"{self.listed[film]}, film {film}" for film in some[:NAMED]]
        return "; ".join([*named, "..."] if len(some) > NAMED else named)


def names_in(entry: Entry) -> Iterator[str]:
    yield from names_of(entry.title)
    if entry.other_title:
        yield from names_of(entry.other_title)


def silent(_share: float) -> None:
    """Show nothing."""


def match(
    placed: Sequence[Placed],
    films: Films,
    said: SaidByHand,
    progress: Callable[[float], None] = silent,
) -> Matching:
    """Find one entry for each film that is meant.

    If several mean the same film, the surest count, and of these the heaviest.
    """
    matching = Matching()
    sureness: dict[int, int] = {}
    pace = max(PACE, len(placed) // TOLD)
    for number, each in enumerate(placed):
        if number % pace == 0:
            progress(number / len(placed))
        meant = films.meant_by(each.entry, said.get(each.entry.identity, UNSAID))
        if not meant.films:
            matching.not_found.append(each)
        elif len(meant.films) > 1:
            matching.ambiguous.append((each, meant.films))
        else:
            settle(matching, sureness, meant, each)
    return matching


def settle(matching: Matching, sureness: dict[int, int], meant: Meant, placed: Placed) -> None:
    """Note which film this is, unless a surer or a heavier entry is the same."""
    (film,) = meant.films
    if film not in matching.films:
        matching.films[film], sureness[film] = placed, meant.sureness
        return
    other, before = matching.films[film], sureness[film]
    alike = meant.sureness == before
    first = meant.sureness < before or (alike and placed.entry.weight >= other.entry.weight)
    if first:
        matching.films[film], sureness[film] = placed, meant.sureness
    loser = other if first else placed
    (matching.repeated if alike else matching.not_found).append(loser)
