"""What can be done on any poster, and on a film's page: with and without JavaScript."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations.models import Mark, Movie, Prediction, TrainedModel, Viewer
from recommendations.models.marks import Opinion
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.tasks import run_prediction

Kind = Mark.Kind
MENU = "/fragments/films/10/menu/"
TOLD = '{"taste-changed": {}}'


@pytest.fixture
def picks(active_model: TrainedModel, alice: Viewer) -> dict[str, Any]:
    """Alice's, by shelf."""
    row = requests.ensure(alice, HOME).in_flight
    assert row
    run_prediction(row.pk)
    result: dict[str, Any] = Prediction.objects.get().result
    return result


def said_of(viewer: Viewer, movie: int = 10) -> Opinion:
    return Opinion.of(viewer, Movie.objects.get(pk=movie))


def marked(client: Client, kind: str, movie: int = 10) -> str:
    answer = client.post(f"/fragments/films/{movie}/menu/mark/", {"put": kind, "place": "new"})
    assert answer.status_code == 200
    return answer.content.decode()


def undo(client: Client, html: str, movie: int = 10) -> None:
    """Press the button that the answer to an action offers."""
    inputs = re.findall(r'<input type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', html)
    data: dict[str, list[str]] = {}
    for name, value in inputs:
        data.setdefault(name, []).append(value)
    answer = client.post(f"/fragments/films/{movie}/menu/undo/", data)
    assert "undone" in answer.content.decode()


def test_a_card_links_to_the_actions_of_its_film_and_loads_its_menu_on_demand(
    alice_client: Client, catalogue: None
) -> None:
    page = alice_client.get("/")
    html = page.content.decode()
    [popular] = [shelf for shelf in page.context["shelves"] if shelf.slug == "popular"]
    movie = popular.cards[0].movie
    assert f'aria-label="Actions for {movie.short_title}"' in html
    assert f'href="/films/{movie.pk}/#actions"' in html
    assert f'hx-get="/fragments/films/{movie.pk}/menu/?place=popular"' in html
    assert "Less like this" not in html
    assert 'id="actions"' in alice_client.get(f"/films/{movie.pk}/").content.decode()


def test_the_open_menu_takes_the_place_of_the_closed_one(
    alice_client: Client, catalogue: None
) -> None:
    opened = alice_client.get(MENU, {"place": "new"})
    html = opened.content.decode()
    assert 'id="menu-new-10"' in html
    assert html.count('name="stars"') == 5
    for label in ("Seen", "Watchlist", "Not interested", "Less like this"):
        assert label in html
    assert re.search(r'aria-label="Close"\s+autofocus', html)
    assert "no-store" in opened["Cache-Control"]
    closed = alice_client.get("/fragments/films/10/menu/closed/", {"place": "new"})
    assert re.search(r'id="menu-new-10".*autofocus', closed.content.decode(), re.DOTALL)


def test_the_menu_says_why_the_film_is_on_its_shelf(
    alice_client: Client, picks: dict[str, Any]
) -> None:
    item = picks["top-picks"]["items"][0]
    path = f"/fragments/films/{item['movie']}/menu/"
    assert item["because"]
    why = alice_client.get(path, {"place": "top-picks"}).context["reason"]
    assert why.startswith("because you rated Crime story #")
    assert alice_client.get(path, {"place": "popular"}).context["reason"] == (
        "rated by the most people"
    )
    assert alice_client.get(path, {"place": ""}).context["reason"] == ""


@pytest.mark.parametrize("place", ["a b", '"><script>', "../x"])
def test_a_place_that_is_none_is_not_found(
    alice_client: Client, catalogue: None, place: str
) -> None:
    assert alice_client.get(MENU, {"place": place}).status_code == 404


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("seen", "Seen"),
        ("watchlist", "On your watchlist"),
        ("hidden", "Not interested"),
        ("less", "Less like this"),
    ],
)
def test_an_action_says_what_was_done_and_can_be_undone(
    alice_client: Client, alice: Viewer, active_model: TrainedModel, kind: str, said: str
) -> None:
    html = marked(alice_client, kind)
    assert said_of(alice).kinds == {kind}
    assert f"<p>{said}</p>" in html
    assert f"Crime story #10: {said}." in html
    assert html.count("autofocus") == 1
    undo(alice_client, html)
    assert said_of(alice) == Opinion()


def test_undoing_brings_back_what_the_action_took_away(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    marked(alice_client, "watchlist")
    undo(alice_client, marked(alice_client, "hidden"))
    assert said_of(alice).kinds == {Kind.WATCHLIST}
    answer = alice_client.post("/fragments/films/10/menu/rating/", {"stars": "4"})
    assert said_of(alice) == Opinion(4.0)
    undo(alice_client, answer.content.decode())
    assert said_of(alice).kinds == {Kind.WATCHLIST}
    answer = alice_client.post("/fragments/films/1/menu/rating/", {"stars": "2"})
    undo(alice_client, answer.content.decode(), movie=1)
    assert said_of(alice, 1) == Opinion(5.0)


def test_undoing_a_rating_brings_the_one_before_back_with_its_date(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    before = said_of(alice, 1).rated_at
    answer = alice_client.post("/fragments/films/1/menu/rating/", {"stars": "2"})
    undo(alice_client, answer.content.decode(), movie=1)
    assert said_of(alice, 1).rated_at == before


def test_the_page_hears_only_of_what_moves_the_taste(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    path = "/fragments/films/10/menu/mark/"
    for kind in ("seen", "watchlist", "hidden"):
        assert "HX-Trigger" not in alice_client.post(path, {"put": kind}).headers
    assert not Prediction.objects.exists()
    assert alice_client.post(path, {"put": "less"}).headers["HX-Trigger"] == TOLD
    assert Prediction.objects.in_flight().count() == 1
    assert "HX-Trigger" not in alice_client.post(path, {"put": "less"}).headers


def test_a_rating_from_the_menu_asks_for_new_picks(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    answer = alice_client.post("/fragments/films/10/menu/rating/", {"stars": "4"})
    assert answer.headers["HX-Trigger"] == TOLD
    assert "You rated it ★ 4" in answer.content.decode()
    assert Prediction.objects.in_flight().count() == 1


@pytest.mark.parametrize("stars", ["", "9", "many", None])
def test_stars_that_cannot_be_given_change_nothing(
    alice_client: Client, alice: Viewer, catalogue: None, stars: str | None
) -> None:
    data = {} if stars is None else {"stars": stars}
    answer = alice_client.post("/fragments/films/1/menu/rating/", data)
    assert "Pick one to five stars." in answer.content.decode()
    assert said_of(alice, 1) == Opinion(5.0)


@pytest.mark.parametrize(
    "data", [{}, {"put": "loved"}, {"put": "seen", "take": "less"}, {"put": "seen", "viewer": "x"}]
)
def test_nonsense_is_refused_in_words(
    alice_client: Client, alice: Viewer, catalogue: None, data: dict[str, str]
) -> None:
    for path in ("menu/mark/", "actions/"):
        answer = alice_client.post(f"/fragments/films/10/{path}", data)
        assert 'class="wrong"' in answer.content.decode()
    page = alice_client.post("/films/10/mark/", data, follow=True)
    assert list(page.context["messages"])
    assert said_of(alice) == Opinion()


def test_nonsense_is_not_undone(alice_client: Client, alice: Viewer, catalogue: None) -> None:
    for data in ({"stars": "9"}, {"kinds": "loved"}):
        answer = alice_client.post("/fragments/films/1/menu/undo/", data)
        assert "could not be undone" in answer.content.decode()
    assert said_of(alice, 1) == Opinion(5.0)


def test_a_mark_makes_a_guest_of_a_stranger(client: Client, active_model: TrainedModel) -> None:
    marked(client, "hidden")
    guest = Viewer.objects.get(kind=Viewer.Kind.GUEST)
    assert said_of(guest).kinds == {Kind.HIDDEN}
    assert not Prediction.objects.exists()
    assert "/films/10/" not in client.get("/").content.decode()


def test_looking_into_the_menu_makes_no_guest(client: Client, catalogue: None) -> None:
    client.get(MENU)
    client.get("/fragments/films/10/actions/")
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()


def test_a_page_of_somebody_who_signed_out_marks_for_nobody(
    alice_client: Client, alice: Viewer, catalogue: None
) -> None:
    alice_client.logout()
    data = {"put": "seen", "stars": "3.0", "viewer": str(alice.pk)}
    for path in ("menu/mark/", "menu/rating/", "menu/undo/", "actions/"):
        answer = alice_client.post(f"/fragments/films/10/{path}", data)
        assert answer.headers["HX-Redirect"] == "/films/10/"
    page = alice_client.post("/films/10/mark/", data, follow=True)
    assert "nothing was changed" in page.content.decode()
    assert said_of(alice) == Opinion()


def test_the_film_page_does_the_same_without_javascript(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    answer = alice_client.post("/films/10/mark/", {"put": "watchlist"})
    assert answer.headers["Location"] == "/films/10/#actions"
    page = alice_client.get("/films/10/").content.decode()
    assert "Crime story #10: On your watchlist." in page
    assert re.search(r'name="take"\s+value="watchlist"\s+aria-pressed="true"', page)
    alice_client.post("/films/10/mark/", {"take": "watchlist"})
    assert said_of(alice) == Opinion()


def test_a_form_elsewhere_goes_back_to_its_page_and_to_no_other_site(
    alice_client: Client, catalogue: None
) -> None:
    for page, target in {
        "/search/?q=crime": "/search/?q=crime",
        "https://elsewhere.example/": "/films/10/#actions",
        "//elsewhere.example/": "/films/10/#actions",
    }.items():
        answer = alice_client.post("/films/10/mark/", {"put": "seen", "next": page})
        assert answer.headers["Location"] == target


def test_the_panel_answers_in_its_present_state(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    path = "/fragments/films/10/actions/"
    answer = alice_client.post(path, {"put": "less"})
    assert answer.headers["HX-Trigger"] == TOLD
    assert "films like it are picked less" in answer.content.decode()
    assert answer.content.decode().count('aria-pressed="true"') == 1
    alice.rate(Movie.objects.get(pk=10), 4.0)
    rated = alice_client.get(path).content.decode()
    assert 'aria-pressed="true"' not in rated
    assert "Less like this" not in rated
    assert "Watchlist" in rated


def test_a_film_that_does_not_exist_cannot_be_marked(
    alice_client: Client, catalogue: None
) -> None:
    assert alice_client.get("/fragments/films/4040/menu/").status_code == 404
    assert alice_client.get("/fragments/films/4040/menu/closed/").status_code == 404
    for path in ("menu/mark/", "menu/rating/", "menu/undo/", "actions/"):
        assert alice_client.post(f"/fragments/films/4040/{path}", {}).status_code == 404
    assert alice_client.post("/films/4040/mark/", {}).status_code == 404


def test_what_is_put_out_of_sight_leaves_every_shelf_without_a_new_run(
    alice_client: Client, alice: Viewer, picks: dict[str, Any]
) -> None:
    for place, kind in enumerate((Kind.SEEN, Kind.HIDDEN)):
        for shelf in ("top-picks", "popular"):
            shown = {view.slug: view for view in alice_client.get("/").context["shelves"]}
            gone = shown[shelf].cards[place].movie
            Mark.put(alice, gone, kind)
            assert (
                f'href="{gone.get_absolute_url()}"' not in alice_client.get("/").content.decode()
            )
    assert Prediction.objects.count() == 1


def test_the_reason_of_a_card_names_what_was_rated_and_what_was_chosen(
    alice_client: Client, alice: Viewer, picks: dict[str, Any]
) -> None:
    done = Prediction.objects.get()
    done.result["top-picks"]["items"][0]["because"] = [1, 20, 21]
    done.save()
    Mark.objects.create(viewer=alice, movie_id=20, kind=Kind.MORE)
    card = alice_client.get("/").context["shelves"][0].cards[0]
    assert card.reason == "because you rated Crime story #1 and chose Crime story #20"
    assert card.short_reason == "for Crime story #1 and Crime story #20"


def test_cards_and_their_skeletons_have_a_line_for_the_reason_where_shelves_give_one(
    alice_client: Client, active_model: TrainedModel
) -> None:
    def lines(slug: str) -> tuple[int, int]:
        path = f"/fragments/shelves/?{slug}="
        html = alice_client.get(path).content.decode()
        return html.count('class="card-why"'), len(re.findall('class="card"', html))

    waiting = lines("top-picks")
    run_prediction(Prediction.objects.get().pk)
    ready = lines("top-picks")
    assert waiting[0] == waiting[1] > 0
    assert ready[0] == ready[1] > 0
    assert lines("popular")[0] == 0


@pytest.mark.parametrize(
    ("path", "data", "most"),
    [
        ("/fragments/films/10/menu/?place=top-picks", None, 8),
        ("/fragments/films/10/menu/closed/", None, 1),
        ("/fragments/films/10/menu/mark/", {"put": "hidden"}, 19),
        ("/fragments/films/10/menu/mark/", {"put": "less"}, 39),
        ("/fragments/films/10/menu/rating/", {"stars": "4"}, 45),
        ("/fragments/films/10/menu/undo/", {"kinds": "seen"}, 25),
        ("/fragments/films/10/actions/", {"put": "watchlist"}, 21),
    ],
)
def test_an_action_takes_few_queries(
    alice_client: Client,
    picks: dict[str, Any],
    path: str,
    data: dict[str, str] | None,
    most: int,
) -> None:
    with CaptureQueriesContext(connection) as captured:
        answer = alice_client.get(path) if data is None else alice_client.post(path, data)
    assert answer.status_code == 200
    told = "\n".join(query["sql"] for query in captured.captured_queries)
    assert len(captured) <= most, told
