"""Which films of the catalogue the entries of an export are about."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import NamedTuple

from recommendations.importers.exports.formats import Entry
from recommendations.importers.exports.reading import Placed, weight
from recommendations.importers.exports.report import ExportReport
from recommendations.importers.recognising import WAYS, Listed, Register
from recommendations.importers.titles import names_of
from recommendations.models import Movie

#: So many of the films that could be meant are named.
NAMED = 5

Matches = dict[int, Placed]


class Sureness(IntEnum):
    """What a film was recognised by, the surest first; then come the ways to find a year."""

    IMDB_ID = auto()
    MOVIELENS_ID = auto()
    TITLE = auto()


class Meant(NamedTuple):
    """The films that could be meant, and how sure that is; less is surer."""

    films: set[int]
    sureness: int


NOTHING = Meant(set(), 0)


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

    def meant_by(self, entry: Entry) -> Meant:
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


def match(placed: Sequence[Placed], report: ExportReport) -> Matches:
    """Find one entry for each film that is meant; what is left over goes to the report.

    If several mean the same film, the surest count, and of these the latest.
    """
    films = Films.of_catalogue()
    surely: dict[int, tuple[int, Placed]] = {}
    for each in placed:
        meant = films.meant_by(each.entry)
        if not meant.films:
            not_found(each, report)
        elif len(meant.films) > 1:
            could_be = films.described(meant.films)
            report.ambiguous.add(each.file, each.line, f"{each.entry}: {could_be}")
        else:
            settle(surely, min(meant.films), meant.sureness, each, report)
    return {film: each for film, (_, each) in surely.items()}


def settle(
    surely: dict[int, tuple[int, Placed]],
    film: int,
    sureness: int,
    placed: Placed,
    report: ExportReport,
) -> None:
    """Note which film this is, unless a surer or a later entry is the same."""
    if film not in surely:
        surely[film] = sureness, placed
        return
    other_sureness, other = surely[film]
    first = sureness < other_sureness or (
        sureness == other_sureness and weight(placed) >= weight(other)
    )
    if first:
        surely[film] = sureness, placed
    if sureness != other_sureness:
        not_found(other if first else placed, report)


def not_found(placed: Placed, report: ExportReport) -> None:
    report.not_found.add(placed.file, placed.line, placed.entry)
