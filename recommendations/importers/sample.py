"""The built-in sample, in MovieLens' layout: real films, simulated ratings."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from io import StringIO

from recommendations.importers import layouts
from recommendations.importers.audience import simulate
from recommendations.importers.films import KnownFilm, known_films
from recommendations.importers.simulation import FILES_BESIDE, star_names

SAMPLE = "sample"


@lru_cache(maxsize=1)
def sample_files() -> Mapping[str, bytes]:
    """The files of the data set by name, made anew in each process; always the same."""
    films = known_films()
    files = {
        layouts.CSV.films.file: table(layouts.CSV.films.header, film_rows(films)),
        layouts.CSV.ratings.file: table(layouts.CSV.ratings.header, rating_rows(films)),
    } | FILES_BESIDE
    return {name: content.encode() for name, content in files.items()}


def film_rows(films: Sequence[KnownFilm]) -> Iterable[Sequence[object]]:
    for number, film in enumerate(films, 1):
        yield number, f"{film.title} ({film.year})", "|".join(film.genres)


def rating_rows(films: Sequence[KnownFilm]) -> Iterable[Sequence[object]]:
    given = simulate(films)
    return zip(
        given.viewers.tolist(),
        given.films.tolist(),
        star_names(given.stars),
        given.seconds.tolist(),
        strict=True,
    )


def table(header: str, rows: Iterable[Sequence[object]]) -> str:
    text = StringIO()
    text.write(f"{header}\n")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
