"""Refreshing a shelf by hand, and keeping every film of a page on one shelf."""

import re

import pytest
from django.test import Client

from recommendations.models import Mark, Movie, Prediction, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.tasks import run_prediction
from recommendations.views.cards import window
from recommendations.views.home.presenters import ShelfView

REFRESH = "/fragments/shelves/top-picks/refresh/"
NEW_PICKS = "/fragments/new-picks/"


def run(viewer: Viewer) -> None:
    viewer.refresh_from_db()
    row = requests.ensure(viewer, HOME).in_flight
    assert row
    run_prediction(row.pk)


def films(html: str) -> list[int]:
    return [int(found) for found in re.findall(r'class="card-link"[^>]*/films/(\d+)/"', html)]


def page_of(client: Client) -> dict[str, ShelfView]:
    return {shelf.slug: shelf for shelf in client.get("/").context["shelves"]}


def shown(shelf: ShelfView) -> list[int]:
    return [card.movie.pk for card in shelf.cards]


def test_a_window_turns_through_all_that_is_stored_and_is_always_full() -> None:
    items = [{"movie": film} for film in range(12)]
    turns = [[item["movie"] for item in window(items, 5, turn)] for turn in range(4)]
    assert turns == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [7, 8, 9, 10, 11], [0, 1, 2, 3, 4]]
    assert window(items[:3], 5, 1) == items[:3]
    assert window([], 5, 1) == []


def test_refreshing_what_is_fresh_shows_other_films_of_the_same_run(
    alice_client: Client, alice: Viewer, active_model: TrainedModel, short_shelves: None
) -> None:
    run(alice)
    before = page_of(alice_client)
    answer = alice_client.post(REFRESH)
    turned = films(answer.content.decode())
    assert len(turned) == 5
    others = [shelf for slug, shelf in before.items() if slug not in ("popular", "new")]
    assert not set(turned) & {film for shelf in others for film in shown(shelf)}
    assert answer.headers["HX-Trigger"] == '{"shelves-changed": {}}', "plain shelves must give way"
    assert "Other films are shown." in answer.content.decode()
    assert Prediction.objects.count() == 1


def test_the_page_keeps_what_was_turned_and_no_film_twice(
    alice_client: Client, alice: Viewer, active_model: TrainedModel, short_shelves: None
) -> None:
    run(alice)
    turned = films(alice_client.post(REFRESH).content.decode())
    page = page_of(alice_client)
    assert shown(page["top-picks"]) == turned
    everything = [film for shelf in page.values() for film in shown(shelf)]
    assert len(everything) == len(set(everything))
    again = alice_client.get("/fragments/shelves/?top-picks=")
    assert films(again.content.decode()) == turned


def test_a_new_run_starts_from_its_best_films(
    alice_client: Client, alice: Viewer, active_model: TrainedModel, short_shelves: None
) -> None:
    run(alice)
    alice_client.post(REFRESH)
    alice.rate(Movie.objects.get(pk=50), 1.0)
    run(alice)
    best = Prediction.objects.latest("pk").result["top-picks"]["items"][:5]
    assert shown(page_of(alice_client)["top-picks"]) == [item["movie"] for item in best]


def test_refreshing_what_is_stale_asks_for_a_run_and_wakes_the_other_shelves(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    html = alice_client.get("/").content.decode()
    assert 'hx-trigger="shelves-changed from:body"' in html
    alice.rate(Movie.objects.get(pk=50), 1.0)
    answer = alice_client.post(REFRESH)
    assert answer.headers["HX-Trigger"] == '{"shelves-changed": {}}'
    assert answer.context["shelf"].refreshing
    assert Prediction.objects.in_flight().count() == 1


def test_refreshing_works_without_javascript(
    alice_client: Client, alice: Viewer, active_model: TrainedModel, short_shelves: None
) -> None:
    run(alice)
    before = shown(page_of(alice_client)["top-picks"])
    answer = alice_client.post("/shelves/top-picks/refresh/")
    assert answer.headers["Location"] == "/#shelf-top-picks"
    assert not set(before) & set(shown(page_of(alice_client)["top-picks"]))


def test_the_shelfs_own_page_says_that_it_is_up_to_date(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    assert "Refresh" in alice_client.get("/shelves/top-picks/").content.decode()
    page = alice_client.post("/shelves/top-picks/refresh/", {"whole": "1"}, follow=True)
    assert page.redirect_chain == [("/shelves/top-picks/", 302)]
    assert "up to date" in page.content.decode()
    Mark.put(alice, Movie.objects.get(pk=50), Mark.Kind.LESS)
    page = alice_client.post("/shelves/top-picks/refresh/", {"whole": "1"}, follow=True)
    assert "made anew" in page.content.decode()


@pytest.mark.parametrize("slug", ["popular", "nonsense"])
def test_only_what_a_run_fills_is_refreshed(
    alice_client: Client, catalogue: None, slug: str
) -> None:
    assert alice_client.post(f"/shelves/{slug}/refresh/").status_code == 404
    assert alice_client.post(f"/fragments/shelves/{slug}/refresh/").status_code == 404
    assert alice_client.get("/shelves/top-picks/refresh/").status_code == 405


def test_refreshing_is_no_use_to_one_without_taste(
    bob_client: Client, client: Client, active_model: TrainedModel
) -> None:
    for somebody in (bob_client, client):
        assert somebody.post("/shelves/top-picks/refresh/").status_code == 302
    bob_client.post(REFRESH)
    assert not Prediction.objects.exists()


def test_plain_shelves_give_way_to_picks_that_come_later(
    alice_client: Client, active_model: TrainedModel
) -> None:
    page = alice_client.get("/")
    cold = {shelf.slug: shelf for shelf in page.context["shelves"]}["popular"]
    run_prediction(Prediction.objects.get().pk)
    arrived = alice_client.get(page.context["poll"].url).context["news"]
    now = {shelf.slug: shown(shelf) for shelf in arrived.changed}
    assert set(now["top-picks"]) & set(shown(cold)), "nothing to give way to"
    assert now["popular"]
    assert not set(now["popular"]) & set(now["top-picks"])
    assert arrived.poll.delay is None


def test_plain_shelves_are_left_alone_while_the_run_goes_on(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    asked = alice_client.get("/").context["poll"].url
    run_prediction(Prediction.objects.get().pk)
    done = Prediction.objects.get()
    done.result.pop("favourite")
    Prediction.objects.update(status=Prediction.Status.RUNNING, result=done.result)
    arrived = alice_client.get(asked).context["news"]
    assert [shelf.slug for shelf in arrived.changed][:2] == ["top-picks", "because-you-liked"]
    assert not {"popular", "new"} & {shelf.slug for shelf in arrived.changed}
    assert arrived.poll.delay


def test_plain_shelves_with_the_same_films_are_not_sent_again(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    asked = alice_client.get("/").context["poll"].url
    assert alice_client.get(asked).context["news"].changed == []


def test_a_page_that_is_left_as_it_is_offers_new_picks_when_they_are_ready(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    html = alice_client.get("/").content.decode()
    assert re.search(
        r'hx-get="/fragments/new-picks/"\s+hx-trigger="taste-changed from:body"', html
    )
    alice_client.post("/fragments/films/50/menu/mark/", {"put": "less"})
    making = alice_client.get(NEW_PICKS)
    assert "being refreshed" in making.content.decode()
    poll = making.context["refreshing"].poll.url
    assert poll.startswith(NEW_PICKS)
    assert alice_client.get(poll).status_code == 204
    run_prediction(Prediction.objects.in_flight().get().pk)
    html = alice_client.get(poll).content.decode()
    assert '<a href="/">Show them</a>' in html
    assert "load delay" not in html


def test_a_first_rating_from_a_poster_leads_to_picks(
    client: Client, active_model: TrainedModel
) -> None:
    client.post("/fragments/films/5/menu/rating/", {"stars": "5"})
    assert "being refreshed" in client.get(NEW_PICKS).content.decode()
    run_prediction(Prediction.objects.get().pk)
    assert "Show them" in client.get(NEW_PICKS).content.decode()
