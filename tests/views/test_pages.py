"""Film, search and the small pages."""

import re

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations.importers.titles import normalised
from recommendations.models import (
    Credit,
    Movie,
    MovieTag,
    Neighbours,
    Person,
    TrainedModel,
    Viewer,
)
from recommendations.posters import poster_version
from recommendations.tasks import run_prediction
from recommendations.views.films import presenters
from tests.conftest import CRIME


def test_the_film_page_says_what_is_known(
    alice_client: Client, active_model: TrainedModel
) -> None:
    movie = Movie.objects.get(pk=5)
    movie.runtime, movie.country, movie.imdb_id = 165, "Italy", 64116
    movie.save()
    director = Person.objects.create(name="Sergio Leone")
    Credit.objects.create(movie=movie, person=director, role=Credit.Role.DIRECTOR)
    MovieTag.objects.create(movie=movie, name="harmonica", count=3)
    html = alice_client.get("/films/5/").content.decode()
    for fact in (
        "Crime story #5",
        "1945",
        "Crime",
        "Sergio Leone",
        "2 h 45",
        "Italy",
        "harmonica",
    ):
        assert fact in html
    assert "https://www.imdb.com/title/tt0064116/" in html
    assert "themoviedb" not in html


def test_what_is_not_known_is_not_shown(client: Client, catalogue: None) -> None:
    Movie.objects.create(id=99, title="Nothing known")
    html = client.get("/films/99/").content.decode()
    assert "None" not in html
    assert "imdb.com" not in html


def test_the_film_page_asks_for_its_prediction(
    alice_client: Client, active_model: TrainedModel, alice: Viewer
) -> None:
    page = alice_client.get("/films/5/")
    assert page.context["prediction"].state == "waiting"
    assert [row.key for row in alice.predictions.all()] == ["film:5"]


def test_more_like_this_needs_no_run(client: Client, active_model: TrainedModel) -> None:
    similar = client.get("/films/5/").context["similar"]
    assert len(similar.cards) >= 5
    assert 5 not in [card.movie.pk for card in similar.cards]


def test_what_its_fans_also_liked_is_beside_it_and_no_film_twice(
    client: Client, active_model: TrainedModel
) -> None:
    page = client.get("/films/5/")
    assert "People who liked this also liked" in page.content.decode()
    similar, liked = (
        {card.movie.pk for card in page.context[name].cards} for name in ("similar", "also_liked")
    )
    assert liked
    assert liked <= set(CRIME) - {5} - similar


def test_a_model_from_before_has_no_such_shelf(client: Client, active_model: TrainedModel) -> None:
    Neighbours.objects.update(also_liked=[])
    html = client.get("/films/5/").content.decode()
    assert "More like this" in html
    assert "also liked" not in html


def test_the_histogram_is_a_table_too(client: Client, catalogue: None) -> None:
    movie = Movie.objects.get(pk=5)
    html = client.get("/films/5/").content.decode()
    rows = re.findall(r'<th scope="row">([\d.]+)</th>\s*<td>(\d+)</td>', html)
    assert [stars for stars, _ in rows] == [f"{half / 2:.1f}" for half in range(10, 0, -1)]
    assert sum(int(count) for _, count in rows) == movie.rating_count


def test_the_range_of_a_prediction_is_drawn(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    alice_client.get("/films/5/")
    run_prediction(alice.predictions.get().pk)
    page = alice_client.get("/films/5/")
    prediction, html = page.context["prediction"], page.content.decode()
    likely = re.search(r'class="range-likely"\s+x1="(\d+)"\s+x2="(\d+)"', html)
    assert likely
    low, high = map(int, likely.groups())
    assert 8 <= low < high <= 148
    assert low == round(8 + 140 * (prediction.low - 0.5) / 4.5)


def test_people_lead_to_their_films(client: Client, catalogue: None) -> None:
    director = Person.objects.create(name="Jean-Pierre & Luc")
    Credit.objects.create(movie_id=5, person=director, role=Credit.Role.DIRECTOR)
    html = client.get("/films/5/").content.decode()
    assert '<a href="/browse/?q=Jean-Pierre+%26+Luc">Jean-Pierre &amp; Luc</a>' in html


def test_a_stranger_is_invited_to_rate(client: Client, active_model: TrainedModel) -> None:
    assert client.get("/films/5/").context["prediction"].state == "needs_ratings"


def test_the_film_page_takes_few_queries(alice_client: Client, active_model: TrainedModel) -> None:
    alice_client.get("/films/5/")
    with CaptureQueriesContext(connection) as captured:
        alice_client.get("/films/5/")
    assert len(captured) <= 20


@pytest.mark.parametrize("path", ["/films/4040/", "/films/99999999999999999999/", "/nothing/"])
def test_what_does_not_exist_is_a_404_in_our_own_look(
    client: Client, catalogue: None, path: str
) -> None:
    page = client.get(path)
    assert page.status_code == 404
    assert "rec" in page.content.decode()


@pytest.mark.parametrize("query", ["", " ", "%", "'", "\x00", "zzzzqqqq xxyyzz", "a" * 5000, "🎬"])
def test_search_takes_anything(client: Client, catalogue: None, query: str) -> None:
    assert client.get("/browse/", {"q": query}, follow=True).status_code == 200


def test_titles_are_normalised() -> None:
    assert normalised("  L'Été — Ça brûle! ") == "l ete ca brule"


def test_posters_are_drawn_and_kept_for_ever(client: Client, catalogue: None) -> None:
    movie = Movie.objects.get(pk=5)
    version = poster_version(movie.title, movie.year, movie.main_genre)
    answer = client.get(f"/posters/5-{version}.svg")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Crime story" in answer.content.decode()
    assert client.get("/posters/5-old.svg").status_code == 404


def test_robots_are_kept_from_what_is_personal(client: Client) -> None:
    answer = client.get("/robots.txt")
    assert answer.headers["Content-Type"] == "text/plain"
    assert "Disallow: /fragments/" in answer.content.decode()


def test_the_favicon_is_found(client: Client) -> None:
    assert client.get("/favicon.ico").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/films/5/",
        "/browse/?q=x",
        "/account/",
        "/account/login/",
        "/taste/",
        "/nights/",
        "/nothing/",
    ],
)
def test_every_page_has_a_strict_policy_and_no_inline_code(
    client: Client, catalogue: None, path: str
) -> None:
    page = client.get(path)
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    html = page.content.decode()
    assert " style=" not in html
    assert "hx-on" not in html
    assert " onclick=" not in html


def test_without_scripts_the_film_prediction_is_a_link_away(
    alice_client: Client, active_model: TrainedModel
) -> None:
    html = alice_client.get("/films/5/").content.decode()
    noscript = html.split("<noscript>")[1].split("</noscript>")[0]
    assert 'href="/films/5/"' in noscript


def test_a_film_that_many_rated_is_counted_once_in_a_while(
    client: Client, catalogue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presenters, "MANY", 1)
    film = Movie.objects.popular().get(pk=5)

    def told() -> int:
        return sum(count for _, count in client.get("/films/5/").context["histogram"])

    before = told()
    assert before == film.rating_count
    film.ratings.all().delete()
    assert told() == before
    caches["process"].clear()
    assert told() == 0


def test_the_histogram_counts_what_the_mean_counts(client: Client, catalogue: None) -> None:
    client.post("/films/5/rate/", {"stars": "0.5"})
    page = client.get("/films/5/")
    counted = sum(count for _, count in page.context["histogram"])
    assert counted == page.context["movie"].rating_count


def test_predicted_stars_are_there_at_once_when_a_run_has_scored_the_film(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    alice_client.get("/")
    run_prediction(alice.predictions.get().pk)
    prediction = alice_client.get("/films/5/").context["prediction"]
    assert prediction.state == "waiting"
    assert 3 < prediction.stars <= 5
