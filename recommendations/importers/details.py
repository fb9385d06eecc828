"""Fills in what TMDB knows of the catalogue's films, one at a time.

What was asked for is noted in `details_at` with what came of it, so that a fetch which is ended at
any moment goes on where it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from recommendations.importers.tmdb import TMDB, Details, TMDBFailed
from recommendations.models import Catalogue, Credit, Movie, Person

#: So many films in a row without an answer, and TMDB counts as away.
PATIENCE = 5


class Wanted(NamedTuple):
    """A film to ask for."""

    pk: int
    tmdb_id: int | None
    imdb_id: int | None


@dataclass
class Fetched:
    """What came of asking."""

    films: int = 0
    posters: int = 0
    unknown: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return (
            f"Films that TMDB was asked for: {self.films:,}; with a poster: {self.posters:,}; "
            f"unknown to it: {self.unknown:,}; failed: {self.failed:,}."
        )


#: Called before each film with what has come of those before it.
Progress = Callable[[Fetched], None]


def films_to_ask(*, again: bool = False, older_than: timedelta | None = None) -> QuerySet[Movie]:
    """Those never asked for, the best known first; then those asked for longest ago."""
    films = Movie.objects.filter(Q(tmdb_id__isnull=False) | Q(imdb_id__isnull=False))
    if older_than is not None:
        asked_before = timezone.now() - older_than
        films = films.filter(Q(details_at__isnull=True) | Q(details_at__lt=asked_before))
    elif not again:
        films = films.filter(details_at__isnull=True)
    return films.order_by(F("details_at").asc(nulls_first=True), "-rating_count", "pk")


def fetch_details(
    tmdb: TMDB,
    wanted: Sequence[Wanted],
    fetched: Fetched,
    progress: Progress,
    complain: Callable[[str], object],
) -> None:
    """Ask for these films and store what comes; `fetched` counts along.

    A film that fails is left as it was. Raises the last failure when TMDB seems to be away.
    """
    try:
        ask_in_turn(tmdb, wanted, fetched, progress, complain)
    finally:
        Catalogue.touch()  # once: who searches for people reads all of them anew


def ask_in_turn(
    tmdb: TMDB,
    wanted: Sequence[Wanted],
    fetched: Fetched,
    progress: Progress,
    complain: Callable[[str], object],
) -> None:
    in_a_row = 0
    for film in wanted:
        progress(fetched)
        try:
            store(film.pk, tmdb.details(film.tmdb_id, film.imdb_id), fetched)
            in_a_row = 0
        except TMDBFailed as failure:
            complain(f"Film {film.pk}: {failure}.")
            fetched.failed += 1
            in_a_row += 1
            if in_a_row == PATIENCE:
                raise
        fetched.films += 1
    progress(fetched)


@transaction.atomic
def store(pk: int, details: Details | None, fetched: Fetched) -> None:
    """Write what TMDB knows; what it does not know stays as it is."""
    movie = Movie.objects.select_for_update().filter(pk=pk).first()
    if movie is None:  # another import took it away
        return
    if details is None:
        fetched.unknown += 1
    else:
        fetched.posters += bool(details.poster_path)
        fill_in(movie, details)
        write_credits(movie, Credit.Role.DIRECTOR, details.directors)
        write_credits(movie, Credit.Role.CAST, details.cast)
    movie.details_at = timezone.now()
    movie.save(update_fields=["tmdb_id", "poster_path", "runtime", "country", "details_at"])


def fill_in(movie: Movie, details: Details) -> None:
    movie.tmdb_id = details.tmdb_id
    movie.poster_path = details.poster_path or movie.poster_path
    movie.runtime = details.runtime or movie.runtime
    movie.country = details.country or movie.country


def write_credits(movie: Movie, role: Credit.Role, names: Sequence[str]) -> None:
    if not names:
        return
    Person.objects.bulk_create([Person(name=name) for name in names], ignore_conflicts=True)
    people = dict(Person.objects.filter(name__in=names).values_list("name", "pk"))
    movie.credits.filter(role=role).delete()
    Credit.objects.bulk_create(
        Credit(movie=movie, person_id=people[name], role=role, position=position)
        for position, name in enumerate(names)
    )
