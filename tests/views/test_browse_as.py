"""Seeing the site through the eyes of an imported viewer, who is never changed."""

import pytest
from django.test import Client
from pytest_django import Settings

from recommendations.models import Movie, TrainedModel, Viewer


@pytest.fixture
def heidi(active_model: TrainedModel) -> Viewer:
    """An imported viewer."""
    return Viewer.objects.filter(kind=Viewer.Kind.IMPORTED)[0]


def test_it_starts_from_a_copy_of_the_taste(client: Client, heidi: Viewer) -> None:
    client.post(f"/browse-as/{heidi.pk}/")
    guest = Viewer.objects.get(kind=Viewer.Kind.GUEST)
    assert guest.is_copy
    assert set(guest.ratings.values_list("movie", "stars")) == set(
        heidi.ratings.values_list("movie", "stars")
    )
    assert client.get("/").context["shelves"][0].slug == "top-picks"


def test_ratings_go_to_the_copy(client: Client, heidi: Viewer) -> None:
    before = set(heidi.ratings.values_list("movie", "stars"))
    client.post(f"/browse-as/{heidi.pk}/")
    for film in Movie.objects.all()[:5]:
        client.post(f"/films/{film.pk}/rate/", {"stars": "0.5"})
    assert set(heidi.ratings.values_list("movie", "stars")) == before
    heidi.refresh_from_db()
    assert heidi.taste_version == 0


def test_a_guest_with_ratings_comes_back_to_them(client: Client, heidi: Viewer) -> None:
    client.post("/films/5/rate/", {"stars": "4.5"})
    mine = client.session["guest"]
    client.post(f"/browse-as/{heidi.pk}/")
    assert client.session["guest"] != mine
    client.post("/browse-as/stop/")
    assert client.session["guest"] == mine


def test_stopping_leaves_nobody(client: Client, heidi: Viewer) -> None:
    client.post(f"/browse-as/{heidi.pk}/")
    client.post("/browse-as/stop/")
    assert "guest" not in client.session
    assert client.get("/").context["invitation"]


def test_who_is_signed_in_is_told_to_sign_out_first(alice_client: Client, heidi: Viewer) -> None:
    page = alice_client.post(f"/browse-as/{heidi.pk}/", follow=True)
    assert "Sign out first" in page.content.decode()
    assert not Viewer.objects.filter(is_copy=True).exists()


def test_only_imported_viewers_can_be_browsed_as(client: Client, alice: Viewer) -> None:
    assert client.post(f"/browse-as/{alice.pk}/").status_code == 404
    assert client.post("/browse-as/404040/").status_code == 404


def test_it_is_off_unless_the_demo_turns_it_on(
    client: Client, heidi: Viewer, settings: Settings
) -> None:
    settings.BROWSE_AS = False
    assert client.post(f"/browse-as/{heidi.pk}/").status_code == 404
    assert not client.get("/").context["invitation"].browse_as


def test_a_copy_does_not_count_in_the_means(client: Client, heidi: Viewer) -> None:
    counts = dict(Movie.objects.values_list("pk", "rating_count"))
    client.post(f"/browse-as/{heidi.pk}/")
    assert dict(Movie.objects.values_list("pk", "rating_count")) == counts
    assert not Viewer.objects.contributing().filter(is_copy=True).exists()
