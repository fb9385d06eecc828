"""What becomes of who is here when the secret changes."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from recommendations.middleware import GUEST
from recommendations.models import Movie, Rating, Viewer

NEW = "a new secret that is as long as the one before it, or nearly so"

#: Sends who is not signed in to where one signs in.
FOR_ACCOUNTS = "/account/password/change/"


@pytest.fixture
def guest(catalogue: None) -> Client:
    client = Client()
    client.post("/films/1/rate/", {"stars": "4.5"})
    assert Rating.objects.filter(viewer__pk=client.session[GUEST]).exists()
    return client


def rated(client: Client) -> set[int]:
    """The films that this browser's viewer is shown as having rated."""
    viewer = client.session.get(GUEST)
    return set(Rating.objects.filter(viewer=viewer).values_list("movie_id", flat=True))


def change(settings: LazySettings, *, keep: bool) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if keep else []
    settings.SECRET_KEY = NEW


def test_with_the_old_one_kept_everybody_stays(
    settings: LazySettings, alice: Viewer, alice_client: Client, guest: Client
) -> None:
    change(settings, keep=True)
    assert alice_client.get(FOR_ACCOUNTS).status_code == 200
    assert rated(guest) == {1}
    guest.post("/films/2/rate/", {"stars": "3.0"})
    assert rated(guest) == {1, 2}


def test_without_it_sessions_end_and_guests_begin_anew(
    settings: LazySettings, alice: Viewer, alice_client: Client, guest: Client
) -> None:
    change(settings, keep=False)
    assert alice_client.get(FOR_ACCOUNTS).status_code == 302
    assert rated(guest) == set()
    assert guest.get("/").status_code == 200
    assert Movie.objects.get(pk=1).rating_count  # what was rated stays, with nobody to show it to


def test_who_came_while_it_was_kept_outlives_the_old_one(
    settings: LazySettings, alice: Viewer, alice_client: Client, guest: Client
) -> None:
    change(settings, keep=True)
    Viewer.objects.update(last_active_at=timezone.now() - timedelta(days=2))
    for client in (guest, alice_client):
        client.get("/")
    settings.SECRET_KEY_FALLBACKS = []
    assert alice_client.get(FOR_ACCOUNTS).status_code == 200
    assert rated(guest) == {1}
