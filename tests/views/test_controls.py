"""Taste controls: what they leave out, how they lean, and where they act at once."""

import numpy as np
import pytest
from django.test import Client

from recommendations.models import (
    Catalogue,
    Genre,
    Mark,
    Movie,
    Prediction,
    Scores,
    TasteControls,
    TrainedModel,
    Viewer,
)
from recommendations.shelves.controlled import controlled, top_picks
from recommendations.tasks import run_prediction
from tests.conftest import CRIME, ROMANCE

NEUTRAL = {"leaning": "0", "first_year": "", "last_year": ""}


@pytest.fixture(autouse=True)
def version(db: None) -> None:
    Catalogue.objects.create(name="controlled")


@pytest.fixture
def picked(alice_client: Client, alice: Viewer, active_model: TrainedModel) -> Client:
    """Alice, for whom a run has filled the shelves."""
    alice_client.get("/")
    run_prediction(alice.predictions.get().pk)
    return alice_client


def shelf(client: Client, path: str = "/", slug: str = "top-picks") -> list[int]:
    [found] = [each for each in client.get(path).context["shelves"] if each.slug == slug]
    return [card.movie.pk for card in found.cards]


def crime() -> int:
    return Genre.objects.get(name="Crime").pk


def test_neutral_controls_leave_the_shelves_as_they_are(picked: Client) -> None:
    before = picked.get("/").content
    picked.post("/controls/", NEUTRAL)
    assert shelf(picked) == [
        item["movie"] for item in Prediction.objects.get().result["top-picks"]["items"][:20]
    ]
    assert b"Top picks for you" in before


def test_neutral_picks_fit_as_well_as_the_ones_that_a_run_makes(
    picked: Client, alice: Viewer
) -> None:
    """Stored scores are rounded, so that films that fit nearly the same may change places."""
    scores = Scores.objects.get()
    stored = [item["movie"] for item in Prediction.objects.get().result["top-picks"]["items"][:10]]
    films = [film.pk for film in top_picks(scores, TasteControls(viewer=alice), 10)]
    assert scores.fit_of(np.array(films)).tolist() == scores.fit_of(np.array(stored)).tolist()


def test_years_and_genres_act_on_every_shelf_without_a_run(picked: Client) -> None:
    picked.post("/controls/", {"first_year": "1990", "last_year": "2010", "without": [crime()]})
    allowed = {film for film in ROMANCE if 1990 <= 1940 + film <= 2010}
    shelves = picked.get("/").context["shelves"]
    shown = {card.movie.pk for each in shelves for card in each.cards}
    assert shown
    assert shown <= allowed
    assert Prediction.objects.count() == 1


def test_the_shelf_says_what_is_set(picked: Client) -> None:
    data = {"leaning": "2", "first_year": "1980", "last_year": "1999", "without": [crime()]}
    picked.post("/controls/", data)
    for path in ("/", "/shelves/top-picks/"):
        html = picked.get(path).content.decode()
        assert "Top picks, more niche, 1980–1999, without Crime" in html


def test_the_page_of_the_shelf_follows_the_controls_too(picked: Client) -> None:
    picked.post("/controls/", {"leaning": "0", "last_year": "1970"})
    cards = picked.get("/shelves/top-picks/").context["shelf"].cards
    assert cards
    assert all(card.movie.year <= 1970 for card in cards)
    popular = picked.get("/shelves/popular/").context["shelf"].cards
    assert all(card.movie.year <= 1970 for card in popular)


def test_leaning_goes_from_the_mainstream_to_the_niche() -> None:
    random = np.random.default_rng(3)
    fit, support = random.normal(size=2000), random.geometric(0.01, 2000) + 9
    typical = [np.median(support[controlled(fit, support, by)[:20]]) for by in range(-3, 4)]
    assert typical == sorted(typical, reverse=True)
    assert typical[0] > 2 * typical[3] > 4 * typical[6]


def test_no_leaning_changes_nothing() -> None:
    fit = np.array([0.2, 0.9, 0.5])
    assert controlled(fit, np.array([10, 1000, 100]), 0).tolist() == [1, 2, 0]


def test_films_of_one_popularity_cannot_lean() -> None:
    fit = np.array([0.2, 0.9, 0.5])
    assert controlled(fit, np.array([10, 10, 10]), 3).tolist() == [1, 2, 0]


def test_what_was_rated_seen_or_hidden_is_not_picked(picked: Client, alice: Viewer) -> None:
    first = top_picks(Scores.objects.get(), TasteControls(viewer=alice, leaning=1), 4)
    alice.rate(first[0], 4.0)
    Mark.put(alice, first[1], Mark.Kind.SEEN)
    Mark.put(alice, first[2], Mark.Kind.HIDDEN)
    Mark.put(alice, first[3], Mark.Kind.LESS)
    scores = Scores.objects.get()
    now = top_picks(scores, TasteControls(viewer=alice, leaning=1), 80)
    assert not {film.pk for film in first} & {film.pk for film in now}


def test_films_that_few_rated_are_not_picked(picked: Client, alice: Viewer) -> None:
    rare = top_picks(Scores.objects.get(), TasteControls(viewer=alice), 1)[0]
    Movie.objects.filter(pk=rare.pk).update(rating_count=3)
    assert rare not in top_picks(Scores.objects.get(), TasteControls(viewer=alice, leaning=3), 80)


def test_no_more_than_two_of_a_franchise_are_picked(picked: Client, alice: Viewer) -> None:
    for number, film in enumerate(CRIME[4:12], start=2):
        Movie.objects.filter(pk=film).update(title=f"Rocky {number}")
    titles = [film.title for film in top_picks(Scores.objects.get(), TasteControls.of(alice), 80)]
    assert len([title for title in titles if title.startswith("Rocky")]) == 2


@pytest.mark.parametrize("path", ["/controls/", "/fragments/controls/"])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"first_year": "soon"}, "Years go from 1870 to 2100."),
        ({"last_year": "99999999999"}, "Years go from 1870 to 2100."),
        ({"first_year": "1999", "last_year": "1980"}, "This is before 1999."),
        ({"without": ["999"]}, "There is no genre of number 999."),
        ({"leaning": "9"}, "less than or equal to 3"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(
    alice_client: Client, path: str, data: dict[str, str], message: str
) -> None:
    page = alice_client.post(path, NEUTRAL | {"first_year": "1971"} | data)
    html = page.content.decode()
    assert page.status_code == 200
    assert message in html
    assert data.get("first_year", "1971") in html
    assert "nothing is set" in html
    assert not TasteControls.objects.exists()


def test_a_stranger_becomes_a_guest_with_controls(client: Client, catalogue: None) -> None:
    assert client.get("/controls/").status_code == 200
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()
    client.post("/controls/", {"leaning": "0", "first_year": "2000"})
    assert all(card >= 60 for card in shelf(client, slug="popular"))


def test_a_change_goes_back_to_where_it_was_made_but_not_away(picked: Client) -> None:
    assert picked.post("/controls/", NEUTRAL | {"next": "/"}).headers["Location"] == "/"
    away = picked.post("/controls/", NEUTRAL | {"next": "https://elsewhere.example/"})
    assert away.headers["Location"] == "/controls/"


def test_the_fragment_answers_with_the_open_panel_and_tells_the_shelves(picked: Client) -> None:
    answer = picked.post("/fragments/controls/", {"leaning": "-3", "next": "/"})
    html = answer.content.decode()
    assert "controls-changed" in answer.headers["HX-Trigger-After-Settle"]
    assert "much more mainstream" in html
    assert "<details" in html
    assert 'value="/"' in html
    shelves = picked.get("/fragments/home/shelves/").content.decode()
    assert "Top picks, much more mainstream" in shelves
    assert "much more mainstream" in picked.get("/fragments/controls/picks/").content.decode()


@pytest.mark.parametrize("path", ["/controls/reset/", "/fragments/controls/reset/"])
def test_reset_brings_the_old_picks_back(picked: Client, path: str) -> None:
    before = shelf(picked)
    picked.post("/controls/", {"leaning": "3", "last_year": "1990"})
    assert shelf(picked) != before
    picked.post(path, follow=True)
    assert shelf(picked) == before


def test_the_controls_of_one_viewer_are_nobody_elses(picked: Client, bob_client: Client) -> None:
    picked.post("/controls/", {"leaning": "0", "first_year": "2000"})
    assert "since 2000" not in bob_client.get("/controls/").content.decode()
    assert any(film < 60 for film in shelf(bob_client, slug="popular"))


def test_when_nothing_is_left_the_page_says_what_to_loosen(picked: Client) -> None:
    picked.post("/controls/", {"first_year": "1870", "last_year": "1871"})
    assert "Widen the years" in picked.get("/controls/").content.decode()
    assert picked.get("/").status_code == 200
