"""The first minute: groups of films to choose from, then a few films to rate."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations.models import Mark, Movie, Prediction, TrainedModel, Viewer
from recommendations.models.taste_groups import MARKED, taste_groups

CRIME, ROMANCE = "Crime films", "Romance films"


def place_of(name: str) -> int:
    return next(group.place for group in taste_groups() if group.name == name)


def examples(name: str) -> set[int]:
    group = next(group for group in taste_groups() if group.name == name)
    return {film.pk for film in group.films[:MARKED]}


def choose(client: Client, *names: str) -> None:
    places = [place_of(name) for name in names]
    response = client.post("/start/groups/", {"group": places})
    assert response.status_code == 302
    assert response["Location"] == "/start/films/"


def wanted(viewer: Viewer) -> set[int]:
    return set(viewer.marks.filter(kind=Mark.Kind.MORE).values_list("movie_id", flat=True))


def test_a_stranger_is_shown_the_groups_and_leaves_no_trace(
    client: Client, active_model: TrainedModel
) -> None:
    viewers = Viewer.objects.count()
    html = client.get("/start/").content.decode()
    assert html.count('type="checkbox"') == 2
    assert CRIME in html
    assert "checked" not in html
    assert Viewer.objects.count() == viewers
    assert "sessionid" not in client.cookies


def test_choosing_a_group_wants_more_of_its_examples_and_asks_for_picks(
    bob_client: Client, bob: Viewer, active_model: TrainedModel
) -> None:
    choose(bob_client, CRIME)
    bob.refresh_from_db()
    assert wanted(bob) == examples(CRIME)
    assert bob.taste_version == 1
    assert Prediction.objects.get().viewer == bob
    html = bob_client.get("/start/").content.decode()
    assert len(re.findall(r"\schecked", html)) == 1


def test_a_group_that_is_chosen_no_more_is_taken_back(
    bob_client: Client, bob: Viewer, active_model: TrainedModel
) -> None:
    choose(bob_client, CRIME)
    choose(bob_client, ROMANCE)
    bob.refresh_from_db()
    assert wanted(bob) == examples(ROMANCE)
    assert bob.taste_version == 2


def test_sending_the_same_again_changes_nothing(
    bob_client: Client, bob: Viewer, active_model: TrainedModel
) -> None:
    choose(bob_client, CRIME)
    choose(bob_client, CRIME)
    bob.refresh_from_db()
    assert bob.taste_version == 1


def test_a_film_that_was_wanted_by_itself_stays_wanted(
    bob_client: Client, bob: Viewer, active_model: TrainedModel
) -> None:
    film = min(examples(ROMANCE))
    Mark.put(bob, Movie.objects.get(pk=film), Mark.Kind.MORE)
    choose(bob_client, CRIME)
    assert wanted(bob) == examples(CRIME) | {film}


def test_a_guest_is_made_by_choosing_but_not_by_choosing_nothing(
    client: Client, active_model: TrainedModel
) -> None:
    guests = Viewer.objects.filter(kind=Viewer.Kind.GUEST)
    choose(client)
    assert not guests.exists()
    choose(client, CRIME)
    assert wanted(guests.get()) == examples(CRIME)


@pytest.mark.parametrize("group", ["99", "-1", "crime", "²", "9" * 5000, ""])
def test_a_group_that_does_not_exist_changes_nothing(
    bob_client: Client, bob: Viewer, active_model: TrainedModel, group: str
) -> None:
    assert bob_client.post("/start/groups/", {"group": group}).status_code == 302
    assert not wanted(bob)


def test_without_groups_films_are_asked_about_at_once(
    client: Client, active_model: TrainedModel
) -> None:
    TrainedModel.objects.update(taste_groups=[])
    assert client.get("/start/")["Location"] == "/start/films/"


def test_without_a_model_films_are_asked_about_at_once(client: Client, catalogue: None) -> None:
    page = client.get("/start/", follow=True)
    assert page.redirect_chain == [("/start/films/", 302)]
    assert b"1 of 8" in page.content
    assert b"The first appear here as soon as you rate a film" in page.content


def test_a_film_that_left_the_catalogue_is_no_example(
    client: Client, active_model: TrainedModel
) -> None:
    gone = min(examples(CRIME))
    Movie.objects.filter(pk=gone).delete()
    assert gone not in examples(CRIME)
    assert client.get("/start/").status_code == 200


def test_the_first_rating_leads_to_the_second_film_and_asks_for_picks(
    client: Client, active_model: TrainedModel
) -> None:
    film = client.get("/start/films/").context["question"].movie
    answer = client.post(f"/rate-next/{film.pk}/", {"stars": "4.5", "viewer": "", "place": "1"})
    assert answer["Location"] == "/start/films/?place=2"
    guest = Viewer.objects.get(kind=Viewer.Kind.GUEST)
    assert guest.ratings.get().movie == film
    assert Prediction.objects.get().viewer == guest
    page = client.get(answer["Location"])
    assert page.context["question"].movie != film
    assert b"2 of 8" in page.content
    assert b"on their way" in page.content


def test_after_the_last_film_the_way_leads_home(
    client: Client, active_model: TrainedModel
) -> None:
    nothing_said = client.get("/start/films/?place=9")
    assert b"No stars yet" in nothing_said.content
    assert b'href="/rate-next/"' in nothing_said.content
    client.post("/rate-next/1/", {"stars": "4.5", "viewer": "", "place": "8"})
    assert b"That is a good start" in client.get("/start/films/?place=9").content


@pytest.mark.parametrize("place", ["0", "-3", "x", "²", "9" * 5000])
def test_a_place_that_is_none_is_the_first(client: Client, catalogue: None, place: str) -> None:
    assert b"1 of 8" in client.get("/start/films/", {"place": place}).content


def test_the_page_of_groups_needs_few_queries(client: Client, active_model: TrainedModel) -> None:
    client.get("/start/")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get("/start/")
    assert len(queries) <= 3
