"""Searching the catalogue; the same on every database."""

from collections.abc import Collection
from functools import lru_cache
from threading import Lock

from recommendations.models import Catalogue, Movie, Person
from recommendations.search.films import FOUND, FilmIndex, Found

__all__ = ["FOUND", "PAGE", "Found", "find_among", "find_films", "search"]

#: As many films as one page holds.
PAGE = 60

_building = Lock()


def search(query: str) -> Found:
    return index().find(query)


def find_films(query: str, limit: int = PAGE) -> list[Movie]:
    """The films that match `query` best, in that order."""
    ids = search(query).films[:limit]
    movies = Movie.objects.in_bulk(ids)
    return [movies[film] for film in ids if film in movies]


def find_among(films: Collection[int], query: str) -> set[int]:
    """Those of these films that match `query`."""
    return set(index().find(query, films).films) if films else set()


def index() -> FilmIndex:
    """The index of the catalogue as it is now; one thread builds it, the others wait."""
    version = Catalogue.version()
    with _building:
        return index_of(version)


@lru_cache(maxsize=1)
def index_of(version: tuple[object, ...]) -> FilmIndex:  # noqa: ARG001
    films = Movie.objects.order_by("-rating_count", "id").values_list("pk", "title", "year")
    people = Person.objects.order_by("pk").values_list("pk", "name")
    return FilmIndex(list(films), list(people))
