"""Rating films: at once, for guests too, with and without JavaScript."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from recommendations.models import Movie, Prediction, Rating, TrainedModel, Viewer


def test_a_first_rating_makes_a_guest_of_a_stranger(
    client: Client, active_model: TrainedModel
) -> None:
    assert client.post("/films/5/rate/", {"stars": "4.5"}).url == "/films/5/"  # type: ignore[attr-defined]
    guest = Viewer.objects.get(kind=Viewer.Kind.GUEST)
    assert guest.ratings.get().stars == 4.5
    assert client.session["guest"] == guest.pk
    assert client.get("/").context["shelves"][0].slug == "top-picks"


def test_a_rating_asks_for_new_picks(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    version = alice.taste_version
    alice_client.post("/films/50/rate/", {"stars": "2"})
    alice.refresh_from_db()
    assert alice.taste_version == version + 1
    assert Prediction.objects.get().taste_version == version + 1


def test_the_fragment_answers_at_once_and_tells_the_page(
    alice_client: Client, active_model: TrainedModel
) -> None:
    answer = alice_client.post("/fragments/films/50/rating/", {"stars": "3.5"})
    html = answer.content.decode()
    assert answer.headers["HX-Trigger"] == '{"taste-changed": {}}'
    assert "picks are being refreshed" in html
    assert html.count('aria-pressed="true"') == 1


def test_an_empty_value_takes_the_rating_back(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    alice_client.post("/films/1/rate/", {"stars": ""})
    assert not alice.ratings.filter(movie=1).exists()
    answer = alice_client.post("/fragments/films/2/rating/", {"stars": ""})
    assert answer.context["rating"] is None
    assert alice.ratings.count() == 4


def test_taking_back_the_last_rating_asks_for_nothing(
    client: Client, active_model: TrainedModel
) -> None:
    client.post("/films/5/rate/", {"stars": "4.5"})
    Prediction.objects.all().delete()
    client.post("/films/5/rate/", {"stars": ""})
    assert not Prediction.objects.exists()
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("stars", ["0", "5.5", "3.7", "-1", "nan", "many", "1e9", None])
def test_stars_that_cannot_be_given_change_nothing_and_say_why(
    alice_client: Client, alice: Viewer, active_model: TrainedModel, stars: str | None
) -> None:
    data = {} if stars is None else {"stars": stars}
    answer = alice_client.post("/fragments/films/1/rating/", data)
    assert answer.status_code == 200
    assert "wrong" in answer.content.decode()
    assert alice.ratings.get(movie=1).stars == 5.0
    page = alice_client.post("/films/1/rate/", data, follow=True)
    assert "stars" in str(next(iter(page.context["messages"]))).lower()
    assert alice.ratings.get(movie=1).stars == 5.0


def test_a_bad_first_rating_makes_no_guest(client: Client, catalogue: None) -> None:
    client.post("/films/5/rate/", {"stars": "9"})
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()


def test_a_film_that_does_not_exist_cannot_be_rated(alice_client: Client) -> None:
    assert alice_client.post("/films/4040/rate/", {"stars": "4"}).status_code == 404
    assert alice_client.post("/fragments/films/4040/rating/", {"stars": "4"}).status_code == 404


def test_an_account_moves_the_means_and_a_guest_does_not(
    alice_client: Client, client: Client, catalogue: None
) -> None:
    before = Movie.objects.get(pk=50)
    client.post("/films/50/rate/", {"stars": "5"})
    assert Movie.objects.get(pk=50).rating_count == before.rating_count
    alice_client.post("/films/50/rate/", {"stars": "5"})
    alice_client.post("/films/50/rate/", {"stars": "0.5"})
    after = Movie.objects.get(pk=50)
    assert after.rating_count == before.rating_count + 1
    assert after.stars_sum == pytest.approx(before.stars_sum + 0.5)
    assert after.mean_stars == pytest.approx(after.stars_sum / after.rating_count)
    alice_client.post("/films/50/rate/", {"stars": ""})
    assert Movie.objects.get(pk=50).mean_stars == pytest.approx(before.mean_stars)


def test_rating_is_posted_with_a_token(alice: Viewer) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/films/1/rate/", {"stars": "4"}).status_code == 403
    stale = strict.post(
        "/fragments/films/1/rating/", {"stars": "4"}, headers={"HX-Request": "true"}
    )
    assert stale.headers["HX-Refresh"] == "true"
    assert Rating.objects.filter(viewer__kind=Viewer.Kind.GUEST).count() == 0


def test_a_page_of_somebody_who_signed_out_rates_for_nobody(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    html = alice_client.get("/films/50/").content.decode()
    assert re.search(rf'name="viewer"\s+value="{alice.pk}"', html)
    alice_client.logout()
    data = {"stars": "4", "viewer": str(alice.pk)}
    answer = alice_client.post("/fragments/films/50/rating/", data)
    assert answer.headers["HX-Redirect"] == "/films/50/"
    page = alice_client.post("/films/50/rate/", data, follow=True)
    assert "nothing was rated" in page.content.decode()
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()


def test_a_guest_who_comes_back_is_kept(client: Client, active_model: TrainedModel) -> None:
    client.post("/films/5/rate/", {"stars": "4.5"})
    long_ago = timezone.now() - timedelta(days=20)
    Viewer.objects.filter(kind=Viewer.Kind.GUEST).update(last_active_at=long_ago)
    Session.objects.update(expire_date=timezone.now() + timedelta(days=2))
    client.get("/")
    assert Viewer.objects.get(kind=Viewer.Kind.GUEST).last_active_at > long_ago
    assert Session.objects.get().expire_date > timezone.now() + timedelta(days=20)
