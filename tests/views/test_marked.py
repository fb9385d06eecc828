"""The watchlist, what was seen and what is hidden: films that a viewer marked."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from recommendations.models import Mark, Movie, TrainedModel, Viewer
from recommendations.tasks import run_prediction

WATCHLIST, SEEN = Mark.Kind.WATCHLIST, Mark.Kind.SEEN
HIDDEN, LESS = Mark.Kind.HIDDEN, Mark.Kind.LESS


def mark(viewer: Viewer, kind: Mark.Kind, *films: int) -> None:
    for number in films:
        Mark.put(viewer, Movie.objects.get(pk=number), kind)


def titles(page: object) -> list[int]:
    return [kept.movie.pk for kept in page.context["films"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", ["", "watchlist/", "seen/", "hidden/", "ratings/"])
def test_a_stranger_sees_pages_that_say_how_to_fill_them(
    client: Client, catalogue: None, page: str
) -> None:
    answer = client.get(f"/lists/{page}")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()


def test_each_page_shows_its_own_marks_the_last_first(alice_client: Client, alice: Viewer) -> None:
    mark(alice, WATCHLIST, 10, 11)
    mark(alice, SEEN, 12)
    mark(alice, HIDDEN, 13)
    mark(alice, LESS, 14)
    assert titles(alice_client.get("/lists/watchlist/")) == [11, 10]
    assert titles(alice_client.get("/lists/seen/")) == [12]
    hidden = alice_client.get("/lists/hidden/")
    assert titles(hidden) == [14, 13]
    assert [kept.note for kept in hidden.context["films"]] == [
        "Less like this",
        "Not interested",
    ]


def field(html: str) -> str:
    """When the mark was put, as the button that brings it back says it."""
    return str(re.findall(r'name="marked_at" value="([^"]+)"', html)[0])


def test_a_film_is_removed_and_brought_back_in_place(alice_client: Client, alice: Viewer) -> None:
    mark(alice, WATCHLIST, 10)
    before = alice.marks.get()
    gone = alice_client.post(
        "/fragments/lists/watchlist/10/remove/", {"next": "/lists/watchlist/?page=1"}
    )
    assert not alice.marks.exists()
    html = gone.content.decode()
    assert 'hx-post="/fragments/lists/watchlist/10/put/"' in html
    assert 'value="/lists/watchlist/?page=1"' in html
    assert "is off your watchlist" in html
    alice_client.post("/fragments/lists/watchlist/10/put/", {"marked_at": field(html)})
    assert (alice.marks.get().kind, alice.marks.get().marked_at) == (WATCHLIST, before.marked_at)


def test_without_htmx_a_removal_comes_back_with_an_undo(
    alice_client: Client, alice: Viewer
) -> None:
    mark(alice, HIDDEN, 10, 11)
    before = alice.marks.get(movie=10)
    page = alice_client.post(
        "/lists/hidden/10/remove/", {"next": "/lists/hidden/?sort=title"}, follow=True
    )
    assert page.redirect_chain == [("/lists/hidden/?sort=title", 302)]
    assert titles(page) == [11]
    assert 'action="/lists/hidden/10/put/"' in page.content.decode()
    said = {"marked_at": field(page.content.decode())}
    page = alice_client.post("/lists/hidden/10/put/", said, follow=True)
    assert set(titles(page)) == {10, 11}
    assert alice.marks.get(movie=10).marked_at == before.marked_at


@pytest.mark.parametrize("said", ["nonsense", "2999-01-01T00:00:00+00:00"])
def test_a_mark_is_not_put_at_a_time_that_cannot_be(
    alice_client: Client, alice: Viewer, said: str
) -> None:
    alice_client.post("/lists/seen/10/put/", {"marked_at": said})
    assert abs(alice.marks.get().marked_at - timezone.now()) < timedelta(minutes=1)


def test_nobody_is_sent_to_another_site(alice_client: Client, alice: Viewer) -> None:
    mark(alice, SEEN, 10)
    answer = alice_client.post("/lists/seen/10/remove/", {"next": "https://evil.example/"})
    assert answer.headers["Location"] == "/lists/seen/"


def test_bringing_back_what_there_was_less_of_changes_the_taste(
    alice_client: Client, alice: Viewer
) -> None:
    mark(alice, LESS, 10)
    alice.refresh_from_db()
    version = alice.taste_version
    alice_client.post("/lists/less/10/remove/")
    alice.refresh_from_db()
    assert alice.taste_version == version + 1


@pytest.mark.parametrize("kind", ["more", "nonsense"])
def test_other_kinds_have_no_list(alice_client: Client, kind: str) -> None:
    for path in ("lists", "fragments/lists"):
        assert alice_client.post(f"/{path}/{kind}/10/remove/").status_code == 404
        assert alice_client.post(f"/{path}/{kind}/10/put/").status_code == 404
        assert alice_client.post(f"/{path}/seen/4040/remove/").status_code == 404


def test_one_who_is_nobody_any_more_is_sent_home(client: Client, alice: Viewer) -> None:
    mark(alice, SEEN, 10)
    answer = client.post("/fragments/lists/seen/10/remove/")
    assert answer.headers["HX-Redirect"] == "/"
    client.post("/lists/seen/10/remove/")
    assert alice.marks.count() == 1


def test_a_list_is_searched_forgivingly_and_sorted(alice_client: Client, alice: Viewer) -> None:
    Movie.objects.filter(pk=30).update(title="Amélie")
    mark(alice, WATCHLIST, 60, 30, 50)
    assert titles(alice_client.get("/lists/watchlist/?q=amelie")) == [30]
    assert titles(alice_client.get("/lists/watchlist/?q=ameile")) == [30]
    assert titles(alice_client.get("/lists/watchlist/?q=xyzzy")) == []
    assert titles(alice_client.get("/lists/watchlist/?sort=first")) == [60, 30, 50]
    assert titles(alice_client.get("/lists/watchlist/?sort=title")) == [30, 50, 60]
    assert titles(alice_client.get("/lists/watchlist/?sort=year")) == [60, 50, 30]
    assert titles(alice_client.get("/lists/watchlist/?sort=oldest")) == [30, 50, 60]
    assert titles(alice_client.get("/lists/watchlist/?sort=nonsense")) == [50, 30, 60]


def test_a_film_without_a_year_comes_last(alice_client: Client, alice: Viewer) -> None:
    Movie.objects.filter(pk=30).update(year=None)
    mark(alice, WATCHLIST, 60, 30, 50)
    assert titles(alice_client.get("/lists/watchlist/?sort=year"))[-1] == 30
    assert titles(alice_client.get("/lists/watchlist/?sort=oldest"))[-1] == 30


def test_a_list_is_sorted_by_stored_predictions(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    alice_client.get("/")
    run_prediction(alice.predictions.get().pk)
    mark(alice, WATCHLIST, 45, 10, 50, 11)
    shown = alice_client.get("/lists/watchlist/?sort=predicted").context["films"]
    stars = [kept.stars for kept in shown]
    assert stars == sorted(stars, reverse=True)
    assert {kept.movie.pk for kept in shown[:2]} == {10, 11}
    assert alice.predictions.count() == 1


def test_pages_have_addresses(alice_client: Client, alice: Viewer) -> None:
    mark(alice, WATCHLIST, *range(1, 81))
    first = alice_client.get("/lists/watchlist/?sort=oldest")
    assert titles(first) == list(range(1, 61))
    html = first.content.decode()
    assert 'rel="next"' in html
    assert 'rel="prev"' not in html
    assert escape("?sort=oldest&page=2") in html
    assert titles(alice_client.get("/lists/watchlist/?sort=oldest&page=2")) == [*range(61, 81)]
    assert len(titles(alice_client.get("/lists/watchlist/?page=99"))) == 20
