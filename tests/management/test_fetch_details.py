from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from recommendations.importers import tmdb as client
from recommendations.models import Catalogue, Credit, Movie, Person
from recommendations.search import find_films
from tests.tmdb import REFUSED, TMDBServer, running_tmdb

pytestmark = pytest.mark.django_db

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiIwMTIzIn0.c2lnbmF0dXJl"


@pytest.fixture
def tmdb(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[TMDBServer]:
    """What the command asks; it never pauses by itself."""
    monkeypatch.setattr(client, "PAUSE", 0)
    with running_tmdb() as server:
        settings.TMDB_URL, settings.TMDB_API_KEY = server.url, KEY
        yield server


def make_film(pk: int = 1, **facts: object) -> Movie:
    facts = {"title": f"Film {pk}", "tmdb_id": 800 + pk, "imdb_id": 100 + pk} | facts
    return Movie.objects.create(pk=pk, **facts)


def fetch(*arguments: str) -> tuple[str, str]:
    """What the command prints, and what it complains about."""
    out, err = StringIO(), StringIO()
    call_command("fetch_details", "--rate=10000", *arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def failure_of(*arguments: str) -> str:
    with pytest.raises(CommandError) as failure:
        fetch(*arguments)
    return str(failure.value)


def billed(movie: Movie, role: Credit.Role) -> list[str]:
    return [credit.person.name for credit in movie.credits.filter(role=role)]


def test_it_fills_in_poster_credits_length_and_country(tmdb: TMDBServer) -> None:
    movie = make_film()
    tmdb.film(801)

    out, _ = fetch()

    movie.refresh_from_db()
    assert (movie.poster_path, movie.runtime, movie.country) == (
        "/poster-801.jpg",
        81,
        "United States",
    )
    assert billed(movie, Credit.Role.DIRECTOR) == ["John Lasseter"]
    assert billed(movie, Credit.Role.CAST) == [f"Player {order}" for order in range(10)]
    assert out == (
        "Films that TMDB was asked for: 1; with a poster: 1; unknown to it: 0; failed: 0."
    )


def test_who_made_it_is_found_by_a_search_at_once(tmdb: TMDBServer) -> None:
    Catalogue.objects.create(name="films")
    movie = make_film()
    tmdb.film(801)
    assert not find_films("Lasseter")

    fetch()

    assert find_films("Lasseter") == [movie]


def test_what_tmdb_does_not_know_stays_as_it_was(tmdb: TMDBServer) -> None:
    movie = make_film(poster_path="/old.jpg", runtime=90, country="Spain")
    made = Credit.Role.DIRECTOR
    Credit.objects.create(movie=movie, person=Person.objects.create(name="Luis"), role=made)
    nobody: dict[str, list[object]] = {"cast": [], "crew": []}
    tmdb.film(801, poster_path=None, runtime=0, production_countries=[], credits=nobody)

    fetch()

    movie.refresh_from_db()
    assert (movie.poster_path, movie.runtime, movie.country) == ("/old.jpg", 90, "Spain")
    assert billed(movie, made) == ["Luis"]
    assert movie.details_at


def test_credits_are_replaced_role_by_role(tmdb: TMDBServer) -> None:
    movie = make_film()
    director, cast = Credit.Role.DIRECTOR, Credit.Role.CAST
    for role in (director, cast):
        person = Person.objects.create(name=f"Old {role}")
        Credit.objects.create(movie=movie, person=person, role=role)
    crew = [{"name": "Agnès Varda", "job": "Director"}]
    tmdb.film(801, credits={"cast": [], "crew": crew})

    fetch()

    assert billed(movie, director) == ["Agnès Varda"]
    assert billed(movie, cast) == ["Old cast"]


def test_a_film_without_an_id_of_tmdb_is_found_by_imdbs(tmdb: TMDBServer) -> None:
    movie = make_film(tmdb_id=None, imdb_id=114709)
    tmdb.answer("find/tt0114709", {"movie_results": [{"id": 862}], "tv_results": []})
    tmdb.film(862)

    fetch()

    movie.refresh_from_db()
    assert tmdb.paths == ["find/tt0114709", "movie/862"]
    assert tmdb.asked[0].fields == {"external_source": "imdb_id", "api_key": KEY}
    assert (movie.tmdb_id, movie.poster_path) == (862, "/poster-862.jpg")


def test_an_id_that_tmdb_gave_up_is_looked_for_by_imdbs(tmdb: TMDBServer) -> None:
    movie = make_film(tmdb_id=7, imdb_id=114709)
    tmdb.answer("find/tt0114709", {"movie_results": [{"id": 862}]})
    tmdb.film(862)

    fetch()

    movie.refresh_from_db()
    assert movie.tmdb_id == 862


def test_what_tmdb_does_not_know_is_noted_and_not_asked_again(tmdb: TMDBServer) -> None:
    movie = make_film(poster_path="/old.jpg")
    tmdb.answer("find/tt0000101", {"movie_results": []})

    out, _ = fetch()
    second, _ = fetch()

    movie.refresh_from_db()
    assert "unknown to it: 1" in out
    assert second == "There is no film to ask TMDB for."
    assert tmdb.paths == ["movie/801", "find/tt0000101"]
    assert (movie.poster_path, movie.tmdb_id) == ("/old.jpg", 801)


def test_an_address_that_is_not_tmdbs_makes_no_film_unknown(tmdb: TMDBServer) -> None:
    make_film()
    tmdb.answer("movie/801", b"<h1>Not Found</h1>", 404)

    _, err = fetch()

    assert "Film 1: TMDB answers 404." in err
    assert Movie.objects.get().details_at is None


def test_the_best_known_films_are_asked_for_first(tmdb: TMDBServer) -> None:
    make_film(1, rating_count=5)
    make_film(2, rating_count=50)
    make_film(3, tmdb_id=None, imdb_id=None, rating_count=500)
    for tmdb_id in (801, 802):
        tmdb.film(tmdb_id)

    fetch("--limit", "1")
    assert tmdb.paths == ["movie/802"]

    fetch()
    assert tmdb.paths == ["movie/802", "movie/801"]


def test_again_asks_for_what_was_asked_for_longest_ago_first(tmdb: TMDBServer) -> None:
    now = timezone.now()
    make_film(1, details_at=now - timedelta(days=2))
    make_film(2, details_at=now - timedelta(days=90))
    make_film(3)
    for tmdb_id in (801, 802, 803):
        tmdb.film(tmdb_id)

    fetch("--again")

    assert tmdb.paths == ["movie/803", "movie/802", "movie/801"]


def test_older_than_leaves_alone_what_is_younger(tmdb: TMDBServer) -> None:
    now = timezone.now()
    make_film(1, details_at=now - timedelta(days=2))
    make_film(2, details_at=now - timedelta(days=90))
    tmdb.film(802)

    fetch("--older-than", "30")

    assert tmdb.paths == ["movie/802"]


@pytest.mark.parametrize("key", [KEY, TOKEN])
def test_keys_and_tokens_are_sent_as_tmdb_wants_them(
    tmdb: TMDBServer, settings: Settings, key: str
) -> None:
    settings.TMDB_API_KEY = key
    make_film()
    tmdb.film(801)

    fetch()

    (asked,) = tmdb.asked
    sent = {"append_to_response": "credits"}
    if key == KEY:
        assert asked.fields == sent | {"api_key": KEY}
        assert asked.authorization == ""
    else:
        assert asked.fields == sent
        assert asked.authorization == f"Bearer {TOKEN}"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failed_request_is_repeated(tmdb: TMDBServer, status: int) -> None:
    make_film()
    tmdb.answer("movie/801", {"status_message": "later"}, status, Retry_After="0")
    tmdb.film(801)

    fetch()

    assert tmdb.paths == ["movie/801"] * 2
    assert Movie.objects.get().poster_path == "/poster-801.jpg"


def test_the_pause_that_tmdb_asks_for_is_made(
    tmdb: TMDBServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused: list[float] = []
    monkeypatch.setattr("time.sleep", paused.append)
    make_film()
    tmdb.answer("movie/801", {}, 429, Retry_After="7")
    tmdb.film(801)

    fetch()

    assert 7 in paused


@pytest.mark.parametrize(
    "said",
    [
        b"{half of it",
        b"[]",
        b"null",
        b'{"id": 801}',
        b'{"id": "801", "credits": {"cast": [], "crew": []}}',
        b'{"id": 801, "credits": {"cast": [1], "crew": []}}',
        b"[" * 100_000,
    ],
)
def test_an_answer_without_sense_is_told_and_asked_for_again_next_time(
    tmdb: TMDBServer, said: bytes
) -> None:
    make_film(1, runtime=90)
    make_film(2)
    tmdb.answer("movie/801", said)
    tmdb.film(802)

    out, err = fetch()

    assert "Film 1: TMDB's answer is not understood." in err
    assert "failed: 1" in out
    assert Movie.objects.get(pk=2).poster_path
    untouched = Movie.objects.get(pk=1)
    assert (untouched.runtime, untouched.details_at) == (90, None)


@pytest.mark.parametrize(
    "path", ["https://evil.example/x.jpg", "//evil.example/x.jpg", "/a/../b.jpg", "/x.jpg?y", 7]
)
def test_a_poster_path_that_is_none_is_not_kept(tmdb: TMDBServer, path: object) -> None:
    make_film()
    tmdb.film(801, poster_path=path)

    fetch()

    assert Movie.objects.get().poster_path == ""


def test_names_that_a_database_would_refuse_are_mended(tmdb: TMDBServer) -> None:
    movie = make_film()
    cast = [{"name": name} for name in ("Anna\0 Karina ", " ", "W" * 300, "Anna Karina")]
    tmdb.film(801, credits={"cast": cast, "crew": []})

    fetch()

    assert billed(movie, Credit.Role.CAST) == ["Anna Karina", "W" * 200]


def test_a_refused_key_ends_it_at_once_and_says_what_to_do(tmdb: TMDBServer) -> None:
    for pk in (1, 2):
        make_film(pk)
        tmdb.answer(f"movie/{800 + pk}", REFUSED, 401)

    assert failure_of() == (
        "TMDB refuses TMDB_API_KEY (Invalid API key: You must be granted a valid key.): "
        "get a key or a token at https://www.themoviedb.org/settings/api."
    )
    assert len(tmdb.asked) == 1


def test_without_a_key_it_says_where_to_get_one(settings: Settings) -> None:
    settings.TMDB_API_KEY = ""
    assert "TMDB_API_KEY" in failure_of()
    assert "https://www.themoviedb.org/settings/api" in failure_of()


def test_it_ends_when_tmdb_is_away_and_keeps_what_it_has(
    tmdb: TMDBServer, caplog: pytest.LogCaptureFixture
) -> None:
    for pk in range(1, 9):
        make_film(pk, rating_count=100 - pk)
        tmdb.answer(f"movie/{800 + pk}", {}, 500)
    tmdb.answers["movie/801"].clear()
    tmdb.film(801)

    failed = failure_of()

    assert "TMDB does not answer (too many 500 error responses)." in failed
    assert "failed: 5" in failed
    assert "the same command goes on where it ended" in failed
    assert Movie.objects.get(pk=1).poster_path
    assert "movie/807" not in tmdb.paths
    assert KEY not in failed + caplog.text


def test_a_server_that_is_not_there_is_one_clear_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAUSE", 0)
    settings.TMDB_URL, settings.TMDB_API_KEY = "http://127.0.0.1:1/3", KEY
    for pk in range(1, 6):
        make_film(pk)

    failed = failure_of()

    assert "TMDB does not answer" in failed
    assert KEY not in failed
    assert len(failed.splitlines()) == 1


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(
    tmdb: TMDBServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "SILENCE", 0.05)
    monkeypatch.setattr(client, "RETRIES", 1)
    make_film()
    tmdb.silent.add("movie/801")

    out, err = fetch()

    assert "Read timed out" in err
    assert "failed: 1" in out


def test_a_film_that_another_import_took_away_is_passed_over(
    tmdb: TMDBServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_film()
    tmdb.film(801)
    ask = client.TMDB.details

    def ask_and_lose(self: client.TMDB, *ids: int | None) -> client.Details | None:
        Movie.objects.all().delete()
        return ask(self, *ids)

    monkeypatch.setattr(client.TMDB, "details", ask_and_lose)
    fetch()
    assert not Movie.objects.exists()
