"""A large catalogue with titles and names that look real, in a database of its own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from django.db import connection

from recommendations.models import Catalogue, Credit, Genre, Movie, Person

SEED = 7
SYLLABLES = [
    "ba", "be", "bo", "bra", "ca", "chi", "co", "cre", "da", "de", "dor", "el", "en", "fa", "fer",
    "ga", "gar", "ha", "hel", "il", "in", "jo", "ka", "ki", "la", "le", "li", "lo", "ma", "mar",
    "mi", "mon", "na", "ne", "no", "or", "pa", "per", "pi", "ra", "re", "ri", "ro", "sa", "sar",
    "se", "sha", "si", "ta", "te", "ti", "tor", "va", "ve", "vi", "wa", "za",
]  # fmt: skip
COMMON = [
    "the", "of", "a", "and", "in", "to", "my", "night", "man", "love", "house", "last", "day",
    "girl", "dead", "black", "one", "life", "city",
]  # fmt: skip
GENRES = [
    "Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
]  # fmt: skip
WORDS = 30_000


@contextmanager
def scratch_database() -> Iterator[None]:
    """An empty database beside the site's own, where `DATABASE_URL` says; SQLite in a file."""
    with tempfile.TemporaryDirectory() as folder:
        own = connection.settings_dict["NAME"]
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = f"{folder}/scratch.sqlite3"
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(own, verbosity=0)


def fill(films: int, people: int) -> None:
    random = np.random.default_rng(SEED)
    words = vocabulary(random)
    make_films(films, words, random)
    make_people(people, films, words, random)
    Catalogue.objects.create(name=f"{films} films")


def vocabulary(random: np.random.Generator) -> list[str]:
    """The first of them are frequent."""
    made: dict[str, None] = dict.fromkeys(COMMON)
    while len(made) < WORDS:
        made["".join(random.choice(SYLLABLES, random.integers(2, 5)))] = None
    return list(made)


def some(words: list[str], count: int, random: np.random.Generator) -> str:
    """So many words, the frequent ones more often."""
    places = (len(words) ** random.random(count)).astype(int) - 1
    return " ".join(words[place] for place in places).title()


def make_films(count: int, words: list[str], random: np.random.Generator) -> None:
    genres = [Genre.objects.create(name=name).pk for name in GENRES]
    lengths = random.integers(1, 6, count)
    ratings = (100_000 / (1 + np.arange(count)) ** 0.9).astype(int) + random.integers(0, 3, count)
    Movie.objects.bulk_create(
        (
            Movie(
                id=film + 1,
                title=some(words, lengths[film], random),
                year=int(1920 + 104 * random.beta(4, 1.5)),
                main_genre=GENRES[film % len(GENRES)],
                rating_count=int(ratings[film]),
                stars_sum=float(ratings[film] * random.normal(3.3, 0.5)),
            )
            for film in range(count)
        ),
        batch_size=5_000,
    )
    through = Movie.genres.through
    through.objects.bulk_create(
        (
            through(movie_id=film + 1, genre_id=genre)
            for film in range(count)
            for genre in random.choice(genres, random.integers(1, 4), replace=False).tolist()
        ),
        batch_size=10_000,
    )


def make_people(count: int, films: int, words: list[str], random: np.random.Generator) -> None:
    names = {f"{some(words, 2, random)} {number % 97 or ''}".strip() for number in range(count)}
    people = Person.objects.bulk_create([Person(name=name) for name in sorted(names)])
    ids = [person.pk for person in people]
    roles = [Credit.Role.DIRECTOR, *3 * [Credit.Role.CAST]]
    Credit.objects.bulk_create(
        (
            Credit(movie_id=film, person_id=person, role=role, position=position)
            for film in range(1, films + 1)
            for position, (role, person) in enumerate(
                zip(roles, random.choice(ids, len(roles), replace=False).tolist(), strict=True)
            )
        ),
        batch_size=10_000,
    )
