"""A viewer's picks as RSS: who knows the address reads them, without a cookie or a run."""

from uuid import uuid4
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils.http import parse_http_date

from recommendations.models import Mark, Movie, Prediction, TrainedModel, Viewer
from recommendations.tasks import run_prediction


@pytest.fixture
def picked(alice_client: Client, alice: Viewer, active_model: TrainedModel) -> Viewer:
    """Alice, with picks and a feed."""
    alice_client.get("/")
    run_prediction(alice.predictions.get().pk)
    alice.open_feed()
    return alice


def items(client: Client, viewer: Viewer) -> list[ElementTree.Element]:
    answer = client.get(f"/feeds/{viewer.feed_token}/")
    assert answer.status_code == 200
    # Our own feed, whose XML has no entities.
    return list(ElementTree.fromstring(answer.content).iter("item"))  # noqa: S314


def text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(name) or ""


def test_the_feed_names_the_newest_picks_and_says_why(client: Client, picked: Viewer) -> None:
    run = picked.predictions.get()
    expected = run.result["top-picks"]["items"]
    shown = items(client, picked)
    assert [text(item, "link") for item in shown] == [
        f"http://testserver/films/{item['movie']}/" for item in expected[: len(shown)]
    ]
    movie = Movie.objects.get(pk=expected[0]["movie"])
    stars = f"★ {expected[0]['stars']:.1f}"
    assert text(shown[0], "title") == f"{movie} {stars}"
    assert text(shown[0], "description").startswith(f"Predicted for you: {stars}, because you")
    assert [text(item, "guid") for item in shown] == [text(item, "link") for item in shown]
    assert run.finished_at
    assert run.finished_at.strftime("%H:%M:%S") in text(shown[0], "pubDate")


def test_what_was_dealt_with_since_is_left_out(client: Client, picked: Viewer) -> None:
    films = [int(text(item, "link").split("/")[-2]) for item in items(client, picked)]
    picked.rate(Movie.objects.get(pk=films[0]), 4)
    for film, kind in zip(films[1:], (Mark.Kind.SEEN, Mark.Kind.HIDDEN), strict=False):
        Mark.put(picked, Movie.objects.get(pk=film), kind)
    Mark.put(picked, Movie.objects.get(pk=films[3]), Mark.Kind.WATCHLIST)
    left = [int(text(item, "link").split("/")[-2]) for item in items(client, picked)]
    assert left[0] == films[3]
    assert not {*films[:3]} & {*left}


def test_reading_it_leaves_no_cookie_and_asks_for_no_run(client: Client, picked: Viewer) -> None:
    picked.taste_changed()
    answer = client.get(f"/feeds/{picked.feed_token}/")
    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert Prediction.objects.count() == 1
    assert answer.headers["X-Robots-Tag"] == "noindex"


def test_a_reader_that_has_it_is_told_so(client: Client, picked: Viewer) -> None:
    path = f"/feeds/{picked.feed_token}/"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    finished = picked.predictions.get().finished_at
    assert finished
    assert parse_http_date(first.headers["Last-Modified"]) == int(finished.timestamp())
    picked.rate(Movie.objects.get(title=first_title(first.content)), 5)
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def first_title(feed: bytes) -> str:
    # Our own feed, whose XML has no entities.
    item = next(ElementTree.fromstring(feed).iter("item"))  # noqa: S314
    return text(item, "title").rpartition(" (")[0]


def test_titles_are_told_as_text(client: Client, picked: Viewer) -> None:
    film = picked.predictions.get().result["top-picks"]["items"][0]["movie"]
    Movie.objects.filter(pk=film).update(title="<b>Tom & Jerry</b>")
    shown = text(items(client, picked)[0], "title")
    assert shown.startswith("&lt;b&gt;Tom &amp; Jerry&lt;/b&gt;")


def test_a_feed_without_picks_is_empty(client: Client, bob: Viewer) -> None:
    bob.open_feed()
    assert items(client, bob) == []


def test_an_unknown_token_finds_nothing(client: Client, picked: Viewer) -> None:
    assert client.get(f"/feeds/{uuid4()}/").status_code == 404
    assert client.get("/feeds/1/").status_code == 404


def test_one_gets_a_feed_and_keeps_it(alice_client: Client, alice: Viewer) -> None:
    assert "Get my feed" in alice_client.get("/lists/").content.decode()
    page = alice_client.post("/feeds/", {"next": "/lists/"}, follow=True)
    alice.refresh_from_db()
    token = alice.feed_token
    assert f"http://testserver/feeds/{token}/" in page.content.decode()
    alice_client.post("/feeds/")
    alice.refresh_from_db()
    assert alice.feed_token == token


def test_a_renewed_address_kills_the_old_one(
    alice_client: Client, client: Client, picked: Viewer
) -> None:
    old = picked.feed_token
    alice_client.post("/feeds/", {"renew": "1"})
    picked.refresh_from_db()
    assert client.get(f"/feeds/{old}/").status_code == 404
    assert client.get(f"/feeds/{picked.feed_token}/").status_code == 200


def test_a_guest_has_a_feed_too(client: Client, catalogue: None) -> None:
    client.post("/feeds/")
    guest = Viewer.objects.get(kind=Viewer.Kind.GUEST)
    assert items(client, guest) == []
