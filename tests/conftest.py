"""A small catalogue with two tastes in it, and the people whom tests are about."""

from datetime import UTC, datetime

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import transaction
from django.test import Client

from recommendations import search, training
from recommendations.models import Genre, Movie, Rating, TrainedModel, Viewer
from recommendations.models.taste import recount
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
    genres = {name: Genre.objects.create(name=name) for name in ("Crime", "Romance")}
    for film in FILMS:
        genre = "Crime" if film in CRIME else "Romance"
        movie = Movie.objects.create(
            id=film, title=f"{genre} story #{film}", year=1940 + film, main_genre=genre
        )
        movie.genres.add(genres[genre])
    random = np.random.default_rng(7)
    for number in range(1, VIEWERS + 1):
        viewer = Viewer.objects.create(
            kind=Viewer.Kind.IMPORTED,
            imported_id=number,
            display_name=f"Viewer {number}",
        )
        rate_by_taste(viewer, CRIME if number % 2 else ROMANCE, random)
    recount(Movie.objects.all())


def rate_by_taste(viewer: Viewer, loved: range, random: np.random.Generator) -> None:
    seen = random.choice(FILMS, size=48, replace=False)
    Rating.objects.bulk_create(
        Rating(
            viewer=viewer,
            movie_id=int(film),
            stars=float(random.choice([4.0, 4.5, 5.0] if film in loved else [1.0, 1.5, 2.0])),
            rated_at=LONG_AGO,
        )
        for film in seen
    )


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
