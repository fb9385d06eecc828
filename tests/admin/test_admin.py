"""The admin: every prediction can be inspected and acted on, without a query for each row."""

import re

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ, Task

from recommendations.models import (
    Catalogue,
    FilmNight,
    Movie,
    Prediction,
    Rating,
    TrainedModel,
    Viewer,
)
from recommendations.models.prediction import HOME, film_key
from recommendations.pipeline import requests
from recommendations.search import find_films
from recommendations.tasks import run_prediction
from tests.conftest import train

PREDICTIONS = "/admin/recommendations/prediction/"
MODELS = "/admin/recommendations/trainedmodel/"
PAGES = [
    "prediction",
    "trainedmodel",
    "movie",
    "viewer",
    "rating",
    "mark",
    "scores",
    "genre",
    "person",
    "ratingsimport",
    "unmatchedentry",
    "filmnight",
]


@pytest.fixture
def done(active_model: TrainedModel, alice: Viewer) -> Prediction:
    FilmNight.start(alice)
    row = requests.ensure(alice, HOME).in_flight
    assert row
    run_prediction(row.pk)
    return Prediction.objects.get()


@pytest.mark.parametrize("name", PAGES)
def test_every_list_and_every_row_can_be_opened(
    staff_client: Client, done: Prediction, name: str
) -> None:
    page = staff_client.get(f"/admin/recommendations/{name}/")
    assert page.status_code == 200
    for link in re.findall(
        rf'href="(/admin/recommendations/{name}/\d+/change/[^"]*)"', page.content.decode()
    )[:2]:
        assert staff_client.get(link).status_code == 200
    assert staff_client.get(f"/admin/recommendations/{name}/?q=a").status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_lists_take_as_many_queries_for_many_rows_as_for_few(
    staff_client: Client, done: Prediction, alice: Viewer, name: str
) -> None:
    path = f"/admin/recommendations/{name}/"
    staff_client.get(path)
    few = count_queries(staff_client, path)
    for film in range(10, 60):
        requests.request(alice, film_key(film), done.model_id)
        Movie.objects.create(id=1000 + film, title=f"Film {film}")
        other = Viewer.objects.create(display_name=f"Guest {film}")
        other.rate(Movie.objects.get(pk=film), 3.0)
        FilmNight.start(other)
    assert count_queries(staff_client, path) == few
    assert few <= 15


def count_queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_a_prediction_shows_its_films_and_its_times(
    staff_client: Client, done: Prediction
) -> None:
    html = staff_client.get(f"{PREDICTIONS}{done.pk}/change/").content.decode()
    first = Movie.objects.get(pk=done.result["top-picks"]["items"][0]["movie"])
    assert str(first) in html
    assert "stars" in html
    assert re.search(r"\d+\.\d\d s", html)


def test_a_prediction_links_to_its_task_while_there_is_one(
    staff_client: Client, done: Prediction
) -> None:
    path = f"{PREDICTIONS}{done.pk}/change/"
    assert "no longer kept" in staff_client.get(path).content.decode()
    now = timezone.now()
    Task.objects.create(
        id=done.task_id, name="t", func="f", started=now, stopped=now, success=True
    )
    assert (
        f"/admin/django_q/success/{done.task_id}/change/"
        in staff_client.get(path).content.decode()
    )


def test_a_failure_shows_its_traceback_and_can_be_retried(
    staff_client: Client, alice: Viewer
) -> None:
    train("broken")
    row = requests.ensure(alice, HOME).in_flight
    assert row
    with pytest.raises(RuntimeError):
        run_prediction(row.pk)
    assert "the projector is broken" in staff_client.get(PREDICTIONS).content.decode()
    html = staff_client.get(f"{PREDICTIONS}{row.pk}/change/").content.decode()
    assert "Traceback (most recent call last)" in html
    act(staff_client, PREDICTIONS, "retry", row.pk)
    assert Prediction.objects.in_flight().count() == 1


def test_a_prediction_in_flight_can_be_discarded(
    staff_client: Client, active_model: TrainedModel, alice: Viewer
) -> None:
    row = requests.ensure(alice, HOME).in_flight
    assert row
    act(staff_client, PREDICTIONS, "discard", row.pk)
    row.refresh_from_db()
    assert (row.status, row.reason) == ("failed", "Discarded by charlie.")


def test_predictions_are_filtered_by_kind(staff_client: Client, done: Prediction) -> None:
    assert "alice" in staff_client.get(f"{PREDICTIONS}?kind=home").content.decode()
    assert "0 predictions" in staff_client.get(f"{PREDICTIONS}?kind=film").content.decode()


def test_nobody_writes_predictions_by_hand(staff_client: Client, done: Prediction) -> None:
    assert staff_client.get(f"{PREDICTIONS}add/").status_code == 403
    assert staff_client.post(f"{PREDICTIONS}{done.pk}/change/", {}).status_code == 403


def test_a_model_can_be_activated(staff_client: Client, active_model: TrainedModel) -> None:
    second = train("svd")
    act(staff_client, MODELS, "activate", active_model.pk)
    assert TrainedModel.objects.active().get() == active_model
    second.refresh_from_db()
    assert second.state == TrainedModel.State.RETIRED


def test_a_model_that_failed_cannot_be_activated(
    staff_client: Client, active_model: TrainedModel
) -> None:
    failed = TrainedModel.objects.create(algorithm="svd", state=TrainedModel.State.FAILED)
    page = act(staff_client, MODELS, "activate", failed.pk)
    assert "only a ready or retired model" in page
    assert TrainedModel.objects.active().get() == active_model


def test_the_active_model_cannot_be_deleted(
    staff_client: Client, active_model: TrainedModel
) -> None:
    assert (
        staff_client.post(f"{MODELS}{active_model.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    page = act(staff_client, MODELS, "delete_selected", active_model.pk, post="yes")
    assert f"{active_model}, which is at work: put another to work first" in page
    assert TrainedModel.objects.active().exists()


def test_deleting_a_model_does_not_name_all_films_that_are_alike(
    staff_client: Client, active_model: TrainedModel
) -> None:
    train("svd")
    page = staff_client.get(f"{MODELS}{active_model.pk}/delete/").content.decode()
    assert f"<li>{active_model}</li>" in page
    assert "Neighbours" not in page


def test_a_training_is_queued_by_a_button_once(staff_client: Client, catalogue: None) -> None:
    assert "Train a new model" in staff_client.get(MODELS).content.decode()
    assert staff_client.get(f"{MODELS}train/").status_code == 405
    page = staff_client.post(f"{MODELS}train/", follow=True)
    queued = TrainedModel.objects.get()
    assert page.redirect_chain == [(MODELS, 302)]
    assert "is queued; the training cluster trains it" in page.content.decode()
    again = staff_client.post(f"{MODELS}train/", follow=True).content.decode()
    assert "A training is queued or running already" in again
    assert TrainedModel.objects.get() == queued


def test_a_training_shows_how_far_it_is(staff_client: Client, catalogue: None) -> None:
    staff_client.post(f"{MODELS}train/")
    TrainedModel.objects.update(claimed_at=timezone.now(), step="Fitting", progress=0.25)
    row = TrainedModel.objects.get()
    for path in (MODELS, f"{MODELS}{row.pk}/change/"):
        html = staff_client.get(path).content.decode()
        assert '<progress max="1" value="0.25" aria-label="training: fitting"></progress>' in html
        assert "25%" in html


def test_a_deleted_model_has_its_files_deleted_by_a_worker(
    staff_client: Client, active_model: TrainedModel
) -> None:
    train("svd")
    act(staff_client, MODELS, "delete_selected", active_model.pk, post="yes")
    assert not TrainedModel.objects.filter(pk=active_model.pk).exists()
    assert [task.func() for task in OrmQ.objects.all()] == ["recommendations.tasks.prune_models"]


def test_a_rating_changed_here_moves_the_mean_and_the_taste(
    staff_client: Client, alice: Viewer
) -> None:
    rating = alice.ratings.get(movie=1)
    before, version = Movie.objects.get(pk=1), alice.taste_version
    path = f"/admin/recommendations/rating/{rating.pk}/change/"
    data = {"stars": "0.5", "rated_at_0": "2020-01-01", "rated_at_1": "12:00:00"}
    assert staff_client.post(path, data).status_code == 302
    alice.refresh_from_db()
    assert alice.taste_version == version + 1
    assert Movie.objects.get(pk=1).stars_sum == pytest.approx(before.stars_sum - 4.5)
    act(staff_client, "/admin/recommendations/rating/", "delete_selected", rating.pk, post="yes")
    assert Movie.objects.get(pk=1).rating_count == before.rating_count - 1


def test_a_deleted_viewer_is_taken_out_of_the_means(staff_client: Client, alice: Viewer) -> None:
    before = Movie.objects.get(pk=1).rating_count
    act(staff_client, "/admin/recommendations/viewer/", "delete_selected", alice.pk, post="yes")
    assert not Rating.objects.filter(viewer=alice).exists()
    assert Movie.objects.get(pk=1).rating_count == before - 1


@pytest.mark.parametrize("action", [False, True])
def test_a_deleted_user_takes_the_ratings_out_of_the_means(
    staff_client: Client, alice: Viewer, action: bool
) -> None:
    assert alice.user
    before = Movie.objects.get(pk=1).rating_count
    if action:
        chosen = {"action": "delete_selected", "_selected_action": alice.user.pk, "post": "yes"}
        staff_client.post("/admin/auth/user/", chosen)
    else:
        staff_client.post(f"/admin/auth/user/{alice.user.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(username="alice").exists()
    assert Movie.objects.get(pk=1).rating_count == before - 1


def test_django_q_has_its_own_pages(staff_client: Client, done: Prediction) -> None:
    for name in ("schedule", "success", "failure", "ormq"):
        assert staff_client.get(f"/admin/django_q/{name}/").status_code == 200


def test_viewers_are_kept_out(alice_client: Client) -> None:
    assert alice_client.get(PREDICTIONS).status_code == 302


def act(client: Client, path: str, action: str, pk: int, **more: str) -> str:
    data = {"action": action, "_selected_action": str(pk), **more}
    return client.post(path, data, follow=True).content.decode()


def test_who_may_only_look_cannot_act(client: Client, done: Prediction) -> None:
    looker = User.objects.create_user("dora", password="a long secret", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(looker)
    assert client.get(PREDICTIONS).status_code == 200
    second = train("svd")
    act(client, MODELS, "activate", done.model_id or 0)
    assert TrainedModel.objects.active().get() == second
    act(client, PREDICTIONS, "retry", done.pk)
    assert Prediction.objects.count() == 1
    assert "Train a new model" not in client.get(MODELS).content.decode()
    assert client.post(f"{MODELS}train/").status_code == 403
    assert TrainedModel.objects.count() == 2


def test_a_title_changed_here_is_found(staff_client: Client, catalogue: None) -> None:
    Catalogue.objects.create(name="ml-test")
    assert not find_films("xylophone")
    data = {"title": "Xylophone", "country": "", "credits-TOTAL_FORMS": 0}
    data |= {"credits-INITIAL_FORMS": 0}
    path = "/admin/recommendations/movie/5/change/"
    assert staff_client.post(path, data | {"id": 5}).status_code == 302
    assert [movie.pk for movie in find_films("xylophone")] == [5]


@pytest.mark.parametrize("field", ["", "id"])
def test_a_form_may_name_no_field_to_come_back_to(staff_client: Client, field: str) -> None:
    path = f"/admin/auth/user/{staff_client.session[SESSION_KEY]}/delete/"
    assert staff_client.post(path, {"_to_field": field}).status_code == 302
    assert not User.objects.exists()
