"""TMDB's posters, which are shown once there is a key, and drawn ones otherwise."""

import pytest
from django.test import Client
from pytest_django import Settings

from recommendations.models import Movie
from tests.test_settings import run_python

POSTER = "https://image.tmdb.org/t/p/w342/poster.jpg"
NOTICE = "This product uses the TMDB API but is not endorsed or certified by"

POLICY = "from django.conf import settings; print(settings.CONTENT_SECURITY_POLICY)"


@pytest.fixture
def film(catalogue: None) -> Movie:
    Movie.objects.filter(pk=1).update(poster_path="/poster.jpg")
    return Movie.objects.get(pk=1)


def page_of(film: Movie) -> str:
    return Client().get(film.get_absolute_url()).content.decode()


def test_with_a_key_the_poster_of_tmdb_is_shown_with_its_notice(
    film: Movie, settings: Settings
) -> None:
    settings.TMDB_API_KEY = "0123"
    page = page_of(film)
    assert f'src="{POSTER}"' in page
    assert NOTICE in page


def test_without_a_key_posters_are_drawn_and_nobody_is_named(film: Movie) -> None:
    page = page_of(film)
    assert 'src="/posters/1-' in page
    assert "image.tmdb.org" not in page
    assert NOTICE not in page


def test_a_film_that_has_no_poster_at_tmdb_is_drawn_one(
    catalogue: None, settings: Settings
) -> None:
    settings.TMDB_API_KEY = "0123"
    assert 'src="/posters/2-' in page_of(Movie.objects.get(pk=2))


@pytest.mark.parametrize(("key", "open_"), [("", False), ("0123", True)])
def test_the_policy_opens_for_that_one_host_only_with_a_key(key: str, open_: bool) -> None:
    policy = run_python(POLICY, TMDB_API_KEY=key).stdout
    assert ("'img-src': [\"'self'\", 'https://image.tmdb.org']" in policy) is open_
    assert policy.count("https://") == open_
