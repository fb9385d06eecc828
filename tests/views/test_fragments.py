"""What HTMX polls, in each of its states."""

import re
import time
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from recommendations.engine.artifacts import ArtifactError
from recommendations.models import Movie, Prediction, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests, runs
from recommendations.tasks import run_prediction
from recommendations.views.home.news import News
from recommendations.views.home.presenters import ShelfView
from tests.algorithms import Interrupted
from tests.conftest import train

#: What a page asks that has these shelves, and has seen nothing of them.
TOP_PICKS = "/fragments/shelves/?top-picks="
LIKED = "/fragments/shelves/?because-you-liked="
FAVOURITE = "/fragments/shelves/?favourite="
RETRY = "/fragments/shelves/top-picks/retry/"
RETRY_LIKED = "/fragments/shelves/because-you-liked/retry/"


def poll_of(html: str) -> str:
    found = re.search(r'hx-get="([^"]+)"', html)
    assert found, html
    return unescape(found[1])


def shelf_in(answer: Any) -> ShelfView:
    """The shelf that the page is given anew."""
    [shelf] = answer.context["news"].changed
    assert isinstance(shelf, ShelfView)
    return shelf


def news_in(answer: Any) -> News:
    found = answer.context["news"]
    assert isinstance(found, News)
    return found


def run(viewer: Viewer) -> None:
    row = requests.ensure(viewer, HOME).in_flight
    assert row
    run_prediction(row.pk)


def running(lease: int = 9) -> None:
    """What is queued has just been claimed."""
    Prediction.objects.in_flight().update(
        status=Prediction.Status.RUNNING,
        claimed_at=Now(),
        lease_expires_at=Now() + timedelta(seconds=lease),
    )


def age(seconds: int) -> None:
    past = timedelta(seconds=seconds)
    Prediction.objects.update(
        requested_at=F("requested_at") - past, enqueued_at=F("enqueued_at") - past
    )


def test_waiting_polls_again(alice_client: Client, active_model: TrainedModel) -> None:
    answer = alice_client.get(TOP_PICKS)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert shelf_in(answer).state == "waiting"
    assert 'aria-busy="true"' in html
    assert 'hx-trigger="load delay:' in html
    assert 'hx-swap="outerHTML"' in html
    assert "no-store" in answer["Cache-Control"]


def test_what_has_not_changed_is_not_sent_again(
    alice_client: Client, active_model: TrainedModel
) -> None:
    again = alice_client.get(poll_of(alice_client.get(TOP_PICKS).content.decode()))
    assert (news_in(again).changed, news_in(again).gone) == ([], [])
    assert "<section" not in again.content.decode()


def test_polling_slows_down_with_age(alice_client: Client, active_model: TrainedModel) -> None:
    first = news_in(alice_client.get(TOP_PICKS)).poll
    age(30)
    running()
    again = alice_client.get(first.url)
    assert again.status_code == 200
    assert news_in(again).poll.delay in range(7_500, 9_000)
    assert first.delay and first.delay <= 300


def test_progress_is_shown(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    row = requests.ensure(alice, HOME).in_flight
    assert row
    claim = runs.take(row.pk)
    assert claim
    runs.write(claim, progress=0.4)
    html = alice_client.get(TOP_PICKS).content.decode()
    assert re.search(r'<progress[^>]+value="0.4"', html)


def test_ready_ends_the_polling_and_tells_screen_readers(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    html = alice_client.get(TOP_PICKS).content.decode()
    assert html.count("<img") > 10
    assert "load delay" not in html
    assert 'id="status"' in html
    assert "Your picks are ready." in html


def test_only_the_first_shelf_says_that_picks_are_ready(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    html = alice_client.get(LIKED).content.decode()
    assert "<img" in html
    assert "Your picks are ready" not in html


def test_picks_are_not_called_ready_while_their_successors_are_made(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    alice.rate(Movie.objects.get(pk=50), 4.0)
    assert "Your picks are ready" not in alice_client.get(TOP_PICKS).content.decode()


def test_stale_keeps_polling_while_its_successor_is_in_flight(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    alice.rate(Movie.objects.get(pk=50), 4.0)
    answer = alice_client.get(TOP_PICKS)
    assert shelf_in(answer).refreshing
    assert shelf_in(answer).cards
    assert "load delay" in answer.content.decode()
    run_prediction(Prediction.objects.in_flight().get().pk)
    assert "load delay" not in alice_client.get(TOP_PICKS).content.decode()


def test_a_shelf_is_ready_while_the_run_still_fills_the_next(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    done = Prediction.objects.get()
    done.result.pop("because-you-liked")
    Prediction.objects.update(
        status=Prediction.Status.RUNNING,
        result=done.result,
        lease_expires_at=Now() + timedelta(seconds=9),
    )
    assert shelf_in(alice_client.get(TOP_PICKS)).state == "ready"
    waiting = alice_client.get(LIKED)
    assert shelf_in(waiting).state == "waiting"
    assert news_in(waiting).poll.delay


def test_failed_is_an_honest_200_and_offers_to_retry(alice_client: Client, alice: Viewer) -> None:
    train("broken")
    with pytest.raises(RuntimeError):
        run(alice)
    answer = alice_client.get(TOP_PICKS)
    assert answer.status_code == 200
    assert shelf_in(answer).state == "failed"
    assert news_in(answer).poll.delay is None
    again = alice_client.post(RETRY)
    assert again.context["shelf"].state == "waiting"
    assert Prediction.objects.in_flight().count() == 1


def test_a_shelf_that_turns_out_empty_goes_without_a_trace(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    assert shelf_in(alice_client.get(FAVOURITE)).state == "waiting"
    run(alice)
    assert news_in(alice_client.get(FAVOURITE)).gone == ["favourite"]
    html = alice_client.get(FAVOURITE).content.decode()
    assert '<section id="shelf-favourite" hx-swap-oob="delete">' in html
    assert "shelf-favourite" not in alice_client.get("/").content.decode()


def test_an_empty_shelf_that_is_made_anew_polls_unseen_and_appears_when_it_has_films(
    alice_client: Client,
    alice: Viewer,
    active_model: TrainedModel,
    short_shelves: None,
) -> None:
    run(alice)
    for film in (10, 11):
        alice.rate(Movie.objects.get(pk=film), 5.0)
    shelf = alice_client.get("/").context["shelves"][3]
    assert (shelf.slug, shelf.unseen) == ("favourite", True)
    html = alice_client.get(FAVOURITE).content.decode()
    assert "hidden" in html
    assert "<h2" not in html
    again = poll_of(html)
    assert not news_in(alice_client.get(again)).changed
    run_prediction(Prediction.objects.in_flight().get().pk)
    assert "More " in alice_client.get(again).content.decode()


def test_one_shelf_can_fail_alone(alice_client: Client, alice: Viewer) -> None:
    train("forgetful")
    run(alice)
    assert shelf_in(alice_client.get(TOP_PICKS)).state == "ready"
    failed = alice_client.get(LIKED)
    assert shelf_in(failed).state == "failed"
    alice_client.post(RETRY_LIKED)
    assert Prediction.objects.in_flight().count() == 1


def test_no_model_says_so_and_keeps_asking(alice_client: Client, alice: Viewer) -> None:
    answer = alice_client.get(TOP_PICKS)
    assert shelf_in(answer).state == "no_model"
    assert "hx-trigger" in answer.content.decode()


def test_no_worker_says_so_and_keeps_asking(
    alice_client: Client, active_model: TrainedModel
) -> None:
    alice_client.get(TOP_PICKS)
    age(20)
    answer = alice_client.get(TOP_PICKS)
    assert shelf_in(answer).state == "no_worker"
    assert "No worker is running" in answer.content.decode()
    assert "hx-trigger" in answer.content.decode()


def test_after_minutes_it_stops_asking_and_offers_to_ask_again(
    alice_client: Client, active_model: TrainedModel
) -> None:
    alice_client.get(TOP_PICKS)
    long_ago = int(time.time()) - 601
    answer = alice_client.get(f"{TOP_PICKS}&since={long_ago}")
    assert shelf_in(answer).state == "timed_out"
    assert news_in(answer).poll.delay is None
    again = alice_client.post(RETRY)
    assert again.context["shelf"].state == "waiting"
    assert again.headers["HX-Trigger"] == '{"shelves-changed": {}}'
    assert news_in(alice_client.get(poll_of(answer.content.decode()))).poll.delay
    assert Prediction.objects.count() == 1


def test_a_poll_brings_a_lost_run_back(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    row = requests.ensure(alice, HOME).in_flight
    assert row
    runs.take(row.pk)
    Prediction.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    assert shelf_in(alice_client.get(TOP_PICKS)).state == "waiting"
    row.refresh_from_db()
    assert (row.status, row.attempt) == (Prediction.Status.QUEUED, 1)


def test_the_banner_goes_when_the_refresh_is_done(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    alice.rate(Movie.objects.get(pk=50), 4.0)
    html = alice_client.get("/fragments/refreshing/").content.decode()
    assert "You rated Romance story #50" in html
    assert alice_client.get(poll_of(html)).status_code == 204
    run_prediction(Prediction.objects.in_flight().get().pk)
    assert "up to date" in alice_client.get("/fragments/refreshing/").content.decode()


def test_the_film_prediction_comes_with_its_reasons(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    fragment = "/fragments/films/5/prediction/"
    assert alice_client.get(fragment).context["prediction"].state == "waiting"
    run_prediction(Prediction.objects.get().pk)
    prediction = alice_client.get(fragment).context["prediction"]
    assert prediction.state == "ready"
    assert prediction.low <= prediction.stars <= prediction.high
    assert {movie.pk for movie, _ in prediction.because} <= {1, 2, 3, 4}


def test_the_film_prediction_can_be_retried(
    alice_client: Client, active_model: TrainedModel
) -> None:
    TrainedModel.objects.update(checksum="lost")
    alice_client.get("/fragments/films/5/prediction/")
    with pytest.raises(ArtifactError):
        run_prediction(Prediction.objects.get().pk)
    answer = alice_client.get("/fragments/films/5/prediction/")
    assert answer.context["prediction"].state == "failed"
    again = alice_client.post("/fragments/films/5/prediction/retry/")
    assert again.context["prediction"].state == "waiting"


def test_a_viewer_without_ratings_is_told_to_rate(
    bob_client: Client, active_model: TrainedModel
) -> None:
    answer = bob_client.get("/fragments/films/5/prediction/")
    assert answer.context["prediction"].state == "needs_ratings"
    assert not Prediction.objects.exists()


def test_a_viewer_without_ratings_gets_no_run_for_a_shelf(
    bob_client: Client, active_model: TrainedModel
) -> None:
    bob_client.get(TOP_PICKS)
    assert not Prediction.objects.exists()


@pytest.mark.parametrize(
    "path", [TOP_PICKS, "/fragments/refreshing/", "/fragments/films/5/prediction/"]
)
def test_one_who_is_nobody_any_more_is_sent_to_the_home_page(
    client: Client, active_model: TrainedModel, path: str
) -> None:
    answer = client.get(path, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/shelves/nonsense/",
        "/fragments/films/4040/prediction/",
    ],
)
def test_what_does_not_exist_is_not_found(
    alice_client: Client, catalogue: None, path: str
) -> None:
    assert alice_client.get(path).status_code == 404


def test_fragments_are_read_not_posted(alice_client: Client, active_model: TrainedModel) -> None:
    assert alice_client.post(TOP_PICKS).status_code == 405
    assert alice_client.get(RETRY).status_code == 405


def test_a_page_of_the_former_release_is_loaded_anew(alice_client: Client) -> None:
    answer = alice_client.get("/fragments/shelves/top-picks/?since=1&seen=waiting-0-1000")
    assert answer.headers["HX-Refresh"] == "true"
    assert "no-store" in answer["Cache-Control"]


def test_polling_goes_on_when_a_worker_comes_after_a_long_time(
    alice_client: Client, active_model: TrainedModel
) -> None:
    alice_client.get(TOP_PICKS)
    age(3600)
    idle = alice_client.get(TOP_PICKS)
    assert shelf_in(idle).state == "no_worker"
    running()
    busy = alice_client.get(news_in(idle).poll.url)
    assert shelf_in(busy).state == "waiting"


def test_what_waits_for_nobody_does_not_ask_for_ever(
    alice_client: Client, active_model: TrainedModel
) -> None:
    alice_client.get(TOP_PICKS)
    age(3600)
    answer = alice_client.get(f"{TOP_PICKS}&since={int(time.time()) - 601}")
    assert shelf_in(answer).state == "timed_out"


@pytest.mark.parametrize("since", ["", "soon", "-1e9", "9" * 30, "nan"])
def test_a_nonsense_beginning_is_taken_for_now(
    alice_client: Client, active_model: TrainedModel, since: str
) -> None:
    answer = alice_client.get(f"{TOP_PICKS}&since={since}&seen=x")
    assert shelf_in(answer).state == "waiting"


def test_a_shelf_of_a_run_that_is_stale_already_keeps_polling(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    Prediction.objects.update(status=Prediction.Status.RUNNING)
    running()
    alice.rate(Movie.objects.get(pk=50), 4.0)
    answer = alice_client.get(TOP_PICKS)
    shelf = shelf_in(answer)
    assert (shelf.state, shelf.refreshing) == ("ready", True)
    assert news_in(answer).poll.delay


def test_newer_films_are_never_taken_for_those_shown(alice_client: Client, alice: Viewer) -> None:
    train("interrupted")
    run(alice)
    alice.rate(Movie.objects.get(pk=50), 4.0)
    shown = news_in(alice_client.get(TOP_PICKS)).poll
    first = Prediction.objects.in_flight().get()
    Interrupted.meanwhile = lambda: alice.rate(Movie.objects.get(pk=51), 4.0)
    run_prediction(first.pk)
    assert Prediction.objects.in_flight().get().pk != first.pk
    assert shelf_in(alice_client.get(shown.url)).slug == "top-picks"


def test_a_retry_of_one_shelf_wakes_the_others_that_failed(
    alice_client: Client, alice: Viewer
) -> None:
    train("broken")
    with pytest.raises(RuntimeError):
        run(alice)
    page = alice_client.get("/")
    assert 'hx-trigger="shelves-changed from:body"' in page.content.decode()
    answer = alice_client.post(RETRY)
    assert answer.headers["HX-Trigger"] == '{"shelves-changed": {}}'
    others = news_in(alice_client.get(page.context["poll"].url))
    assert {shelf.state for shelf in others.changed} == {"waiting"}
    assert len(others.changed) == 6
    assert others.poll.delay


def test_a_stale_shelf_says_when_nobody_refreshes_it(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    alice.rate(Movie.objects.get(pk=50), 4.0)
    alice_client.get(TOP_PICKS)
    past = Now() - timedelta(seconds=60)
    Prediction.objects.update(enqueued_at=past, claimed_at=None, lease_expires_at=None)
    assert "waiting for a worker" in alice_client.get(TOP_PICKS).content.decode()
    assert "No worker is running" in alice_client.get("/").content.decode()


def test_a_film_prediction_that_could_not_be_refreshed_says_so(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    fragment = "/fragments/films/5/prediction/"
    alice_client.get(fragment)
    run_prediction(Prediction.objects.get().pk)
    alice.rate(Movie.objects.get(pk=50), 4.0)
    TrainedModel.objects.update(checksum="lost")
    alice_client.get(fragment)
    with pytest.raises(ArtifactError):
        run_prediction(Prediction.objects.in_flight().get().pk)
    html = alice_client.get(fragment).content.decode()
    assert "likely" in html
    assert "could not be refreshed" in html
    assert "Retry" in html


@pytest.mark.parametrize("path", [TOP_PICKS, "/fragments/films/5/prediction/"])
def test_head_asks_for_nothing(
    alice_client: Client, active_model: TrainedModel, path: str
) -> None:
    assert alice_client.head(path).status_code == 200
    assert not Prediction.objects.exists()


def test_a_refresh_that_failed_is_not_called_done(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    alice.rate(Movie.objects.get(pk=50), 4.0)
    TrainedModel.objects.update(checksum="lost")
    alice_client.get("/")
    with pytest.raises(ArtifactError):
        run_prediction(Prediction.objects.in_flight().get().pk)
    banner = alice_client.get("/fragments/refreshing/").content.decode()
    assert "up to date" not in banner
    assert "could not be refreshed" in alice_client.get("/").content.decode()


def test_a_refreshing_shelf_is_left_as_it_is_until_there_are_other_films(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    run(alice)
    alice.rate(Movie.objects.get(pk=50), 4.0)
    poll = news_in(alice_client.get(TOP_PICKS)).poll
    running()
    for progress in (0.2, 0.4, 0.6):
        Prediction.objects.in_flight().update(progress=progress)
        assert not news_in(alice_client.get(poll.url)).changed


def test_a_retried_shelf_waits_and_may_fail_again(alice_client: Client, alice: Viewer) -> None:
    train("forgetful")
    run(alice)
    assert alice_client.post(RETRY_LIKED).context["shelf"].state == "waiting"
    run_prediction(Prediction.objects.in_flight().get().pk)
    html = alice_client.get(LIKED).content.decode()
    assert "could not be made" in html


def test_current_picks_are_not_called_stale_when_a_retry_fails(
    alice_client: Client, alice: Viewer
) -> None:
    train("forgetful")
    run(alice)
    alice_client.post(RETRY_LIKED)
    Prediction.objects.in_flight().update(
        status=Prediction.Status.FAILED, error="lost", finished_at=Now()
    )
    assert not shelf_in(alice_client.get(TOP_PICKS)).refresh_failed


def test_a_film_that_was_unknown_is_asked_for_again_after_a_training(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    Movie.objects.create(id=99, title="Brand new")
    fragment = "/fragments/films/99/prediction/"
    alice_client.get(fragment)
    run_prediction(Prediction.objects.get().pk)
    assert alice_client.get(fragment).context["prediction"].poll is None
    for viewer in Viewer.objects.filter(kind=Viewer.Kind.IMPORTED):
        viewer.rate(Movie.objects.get(pk=99), 4.0 if viewer.pk % 2 else 2.0)
    train("svd")
    stale = alice_client.get(fragment).context["prediction"]
    assert (stale.state, bool(stale.poll)) == ("unknown_film", True)
    run_prediction(Prediction.objects.in_flight().get().pk)
    assert alice_client.get(stale.poll.url).context["prediction"].state == "ready"
