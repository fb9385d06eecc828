"""The films that come with the site: who made them, who is in them, how well they are known.

They are the catalogue of the built-in sample, and fill in what MovieLens does not say.
"""

import csv
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

FILMS = Path(__file__).with_name("films.csv")


class KnownFilm(NamedTuple):
    title: str
    year: int
    genres: list[str]
    directors: list[str]
    actors: list[str]
    country: str
    runtime: int
    fame: int


@lru_cache(maxsize=1)
def known_films() -> list[KnownFilm]:
    with FILMS.open(encoding="utf-8", newline="") as file:
        return [
            KnownFilm(
                title=row["title"],
                year=int(row["year"]),
                genres=several(row["genres"]),
                directors=several(row["director"]),
                actors=several(row["actors"]),
                country=row["country"],
                runtime=int(row["runtime"]),
                fame=int(row["fame"]),
            )
            for row in csv.DictReader(file)
        ]


def several(names: str) -> list[str]:
    return names.split("|") if names else []
