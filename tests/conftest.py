"""A small catalogue with two tastes in it, and the people whom tests are about."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import transaction
from django.test import Client

from recommendations import search, training
from recommendations.models import Genre, Movie, Rating, TrainedModel, Viewer
from recommendations.models.trained_model import films_of

#: Films 1 to 40 are crime, 41 to 80 are romance; each viewer loves the one and not the other.
FILMS = range(1, 81)
CRIME, ROMANCE = range(1, 41), range(41, 81)
VIEWERS = 30
LONG_AGO = datetime(2016, 5, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    caches["process"].clear()
    search.index_of.cache_clear()
    films_of.cache_clear()


@pytest.fixture
def catalogue(db: None) -> None:
    make_catalogue()


@transaction.atomic
def make_catalogue() -> None:
    """80 films and 30 imported viewers, who rated 48 films each.

    A title that ended in a number would make them two franchises.
    """
    random = np.random.default_rng(7)
    viewers = Viewer.objects.bulk_create(
        Viewer(kind=Viewer.Kind.IMPORTED, imported_id=number, display_name=f"Viewer {number}")
        for number in range(1, VIEWERS + 1)
    )
    ratings = [
        rating
        for number, viewer in enumerate(viewers, start=1)
        for rating in by_taste(viewer, CRIME if number % 2 else ROMANCE, random)
    ]
    stars = {film: [r.stars for r in ratings if r.movie_id == film] for film in FILMS}
    for name, films in (("Crime", CRIME), ("Romance", ROMANCE)):
        genre = Genre.objects.create(name=name)
        genre.movies.add(
            *Movie.objects.bulk_create(film_of(name, film, stars[film]) for film in films)
        )
    Rating.objects.bulk_create(ratings)


def film_of(genre: str, film: int, stars: list[float]) -> Movie:
    return Movie(
        id=film,
        title=f"{genre} story #{film}",
        year=1940 + film,
        main_genre=genre,
        rating_count=len(stars),
        stars_sum=sum(stars),
    )


def by_taste(viewer: Viewer, loved: range, random: np.random.Generator) -> Iterator[Rating]:
    for film in random.choice(FILMS, size=48, replace=False):
        stars = float(random.choice([4.0, 4.5, 5.0] if film in loved else [1.0, 1.5, 2.0]))
        yield Rating(viewer=viewer, movie_id=int(film), stars=stars, rated_at=LONG_AGO)


@pytest.fixture
def active_model(catalogue: None) -> TrainedModel:
    return train("svd")


def train(algorithm: str) -> TrainedModel:
    """Fit a small model of this kind, and put it to work."""
    model = training.train(algorithm, {"factors": 4, "epochs": 20})
    model.activate()
    return model


@pytest.fixture
def alice(catalogue: None) -> Viewer:
    """Signed up, and loves crime."""
    viewer = Viewer.for_user(User.objects.create_user("alice", password="a long secret"))
    for film in (1, 2, 3, 4):
        viewer.rate(Movie.objects.get(pk=film), 5.0, LONG_AGO)
    for film in (41, 42):
        viewer.rate(Movie.objects.get(pk=film), 1.0, LONG_AGO)
    return viewer


@pytest.fixture
def alice_client(alice: Viewer) -> Client:
    client = Client()
    assert alice.user
    client.force_login(alice.user)
    return client


@pytest.fixture
def bob(catalogue: None) -> Viewer:
    """Signed up, and has rated nothing yet."""
    return Viewer.for_user(User.objects.create_user("bob", password="a long secret"))


@pytest.fixture
def bob_client(bob: Viewer) -> Client:
    client = Client()
    assert bob.user
    client.force_login(bob.user)
    return client


@pytest.fixture
def staff_client(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("charlie", password="a long secret"))
    return client
