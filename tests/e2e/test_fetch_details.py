"""A fetch of details that is ended at any moment goes on where it was."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.running import ROOT, RunningSite, until
from tests.movielens import FILMS
from tests.tmdb import TMDBServer, running_tmdb

PATHS = [f"movie/{200 + film}" for film in range(FILMS)]


@pytest.fixture
def tmdb() -> Iterator[TMDBServer]:
    with running_tmdb() as server:
        for film in range(FILMS):
            server.film(200 + film)
        yield server


@pytest.fixture
def films(tmdb: TMDBServer, copied: RunningSite) -> RunningSite:
    """A site that is not started: a database with films in it."""
    copied.environment |= {"TMDB_URL": tmdb.url, "TMDB_API_KEY": "0123456789abcdef"}
    return copied


def end_in_the_middle(site: RunningSite, tmdb: TMDBServer, how: signal.Signals) -> tuple[int, str]:
    """Fetch until TMDB says nothing about one film, and end it there."""
    tmdb.silent.add("movie/230")
    command = [sys.executable, str(ROOT / "manage.py"), "fetch_details", "--rate", "1000"]
    with subprocess.Popen(command, env=site.env, stderr=subprocess.PIPE, text=True) as fetching:
        try:
            until(lambda: "movie/230" in tmdb.paths, seconds=60)
            fetching.send_signal(how)
            _, said = fetching.communicate(timeout=20)
        finally:
            fetching.kill()
    return fetching.returncode, said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_ended_fetch_goes_on_where_it_was(
    films: RunningSite, tmdb: TMDBServer, how: signal.Signals
) -> None:
    code, said = end_in_the_middle(films, tmdb, how)
    if how == signal.SIGINT:
        assert code == 130
        assert said.splitlines()[-1].startswith("CommandError: Stopped. Films that TMDB was asked")
    done = len(tmdb.paths) - 1
    asked = films.shell("print(Movie.objects.exclude(details_at=None).count())")
    assert asked == str(done)

    tmdb.silent.clear()
    films.manage("fetch_details", "--rate", "1000")

    assert sorted(tmdb.paths) == sorted([*PATHS, "movie/230"])
    assert films.shell("print(Movie.objects.exclude(poster_path='').count())") == str(FILMS)
