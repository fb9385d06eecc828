"""Which film of the catalogue is meant by a name and a year."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from recommendations.importers.titles import names_of

Years = set[int | None]


class Listed(NamedTuple):
    """A film of the catalogue, as far as it is needed to recognise it."""

    id: int
    title: str
    year: int | None

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title


class Register:
    """The films of the catalogue by all their names."""

    def __init__(self, listed: Iterable[Listed]) -> None:
        self.by_name: dict[str, dict[int | None, set[int]]] = defaultdict(lambda: defaultdict(set))
        for film in listed:
            for name in names_of(film.title):
                self.by_name[name][film.year].add(film.id)

    def called(self, name: str, years: Years) -> set[int]:
        """Films of these years that go by a name of `names_of`."""
        by_year = self.by_name.get(name, {})
        return {film for year in years for film in by_year.get(year, ())}

    def called_in_any_year(self, name: str) -> set[int]:
        return set().union(*self.by_name.get(name, {}).values())


def this_year(year: int) -> Years:
    return {year}


def years_beside(year: int) -> Years:
    return {year - 1, year + 1}


def no_year(_: int) -> Years:
    return {None}


#: How a year is looked for, the surest way first.
WAYS = (this_year, years_beside, no_year)
