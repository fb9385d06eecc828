"""What a worker does with a prediction, and what it does not do when the prediction is not its."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django_q.exceptions import TimeoutException
from django_q.models import OrmQ

from recommendations import shelves, training
from recommendations.engine.contract import Carrier, Explanation
from recommendations.engine.slow import SlowModel
from recommendations.models import Catalogue, Movie, Prediction, Scores, TrainedModel, Viewer
from recommendations.models.prediction import HOME, film_key
from recommendations.models.trained_model import films_of
from recommendations.pipeline import reaping, requests, runs
from recommendations.pipeline.runs import fill_shelf
from recommendations.shelves import SHOWN
from recommendations.tasks import run_prediction
from recommendations.training import keeping
from tests.algorithms import Interrupted
from tests.conftest import CRIME, LONG_AGO, train

Status = Prediction.Status


@pytest.fixture
def queued(active_model: TrainedModel, alice: Viewer) -> Prediction:
    return ask(alice)


@pytest.fixture
def interrupted(catalogue: None) -> Iterator[type[Interrupted]]:
    train("interrupted")
    yield Interrupted
    Interrupted.meanwhile = None


def ask(viewer: Viewer, key: str = HOME) -> Prediction:
    row = requests.ensure(viewer, key).in_flight
    assert row
    return row


def again(prediction: Prediction) -> Prediction:
    return Prediction.objects.get(pk=prediction.pk)


@pytest.fixture
def short_shelves(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few films are shown on each that the 40 that somebody may love are enough for all."""
    monkeypatch.setattr(shelves, "SHOWN", 8)


def test_a_home_run_fills_the_shelves_that_the_viewer_sees(
    queued: Prediction, short_shelves: None
) -> None:
    run_prediction(queued.pk)
    row = again(queued)
    assert (row.status, row.progress, row.error) == (Status.SUCCEEDED, 1, "")
    assert set(row.result) == {shelf.slug for shelf in shelves.model_shelves()}
    for slug in ("top-picks", "because-you-liked", "because-you-liked-too"):
        assert row.result[slug]["items"]
    assert row.queue_seconds is not None
    assert row.run_seconds is not None


def stored_on_the_way(row: Prediction, monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Which shelves others can read whenever one of them is about to be made."""
    seen: list[set[str]] = []

    def watched(*given: Any) -> dict[str, Any]:
        seen.append(set(again(row).result))
        return fill_shelf(*given)

    monkeypatch.setattr(runs, "fill_shelf", watched)
    run_prediction(row.pk)
    return seen


def test_a_slow_run_stores_each_shelf_when_it_is_made(
    queued: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "STORED_EACH", 0)
    slugs = [shelf.slug for shelf in shelves.model_shelves()]
    seen = stored_on_the_way(queued, monkeypatch)
    assert seen == [set(slugs[:made]) for made in range(len(slugs))]


def test_a_quick_run_stores_them_with_its_end(
    queued: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "STORED_EACH", 60)
    assert not any(stored_on_the_way(queued, monkeypatch))
    assert len(again(queued).result) == len(shelves.model_shelves())


def test_picks_follow_the_taste(queued: Prediction) -> None:
    run_prediction(queued.pk)
    items = again(queued).result["top-picks"]["items"]
    assert {item["movie"] for item in items[:8]} <= set(CRIME)
    assert all(set(item["because"]) <= {1, 2, 3, 4} for item in items)


def test_what_a_shelf_shows_is_on_no_other_and_was_not_rated(
    queued: Prediction, alice: Viewer
) -> None:
    run_prediction(queued.pk)
    result = again(queued).result
    films = [item["movie"] for part in result.values() for item in part["items"][:SHOWN]]
    assert len(films) == len(set(films))
    assert not alice.ratings.filter(movie__in=films).exists()


def test_no_shelf_has_more_than_two_films_of_a_franchise(
    active_model: TrainedModel, alice: Viewer
) -> None:
    rockies = range(5, 15)
    for film in rockies:
        Movie.objects.filter(pk=film).update(title=f"Rocky {film - 4}")
    Catalogue.objects.create(name="boxing")
    row = ask(alice)
    run_prediction(row.pk)
    result = again(row).result
    picked = {slug: {item["movie"] for item in part["items"]} for slug, part in result.items()}
    shown = {slug: len(films & set(rockies)) for slug, films in picked.items()}
    assert max(shown.values()) == shown["top-picks"] == 2
    assert len(picked["top-picks"]) > 50


def test_films_with_few_ratings_are_not_picked(active_model: TrainedModel, alice: Viewer) -> None:
    Movie.objects.filter(pk=7).update(rating_count=9)
    row = ask(alice)
    run_prediction(row.pk)
    films = [i["movie"] for part in again(row).result.values() for i in part["items"]]
    assert 7 not in films
    assert len(films) > 50


def test_the_scores_of_all_films_are_kept(
    queued: Prediction, active_model: TrainedModel, alice: Viewer
) -> None:
    run_prediction(queued.pk)
    scores = Scores.objects.get(viewer=alice)
    assert (scores.model_id, scores.taste_version) == (active_model.pk, alice.taste_version)
    fit = np.frombuffer(scores.fit, np.float16)
    assert len(fit) == len(films_of(active_model.pk)) == 80
    predicted = scores.predicted_stars([5, 55, 4040])
    assert predicted.keys() == {5, 55}
    assert predicted[5] > predicted[55]


def test_a_film_run_says_how_sure_it_is_and_why(active_model: TrainedModel, alice: Viewer) -> None:
    row = ask(alice, film_key(5))
    run_prediction(row.pk)
    film = again(row).result["film"]
    assert film["low"] <= film["stars"] <= film["high"]
    assert {tuple(each) for each in film["because"]} <= {(1, 5.0), (2, 5.0), (3, 5.0), (4, 5.0)}
    assert film["ratings"] == 6


@pytest.mark.parametrize("film", [5, 55])
def test_mostly_is_over_half_of_what_all_ratings_added(
    active_model: TrainedModel, alice: Viewer, film: int
) -> None:
    row = ask(alice, film_key(film))
    run_prediction(row.pk)
    result = again(row).result["film"]
    loaded = training.load_active()
    assert loaded
    history = loaded.model.history([1, 2, 3, 4, 41, 42], [5, 5, 5, 5, 1, 1])
    [(carriers, total)] = loaded.model.explain(history, np.array([film - 1], np.int32))
    named = [contribution for _, contribution in carriers[: len(result["because"])]]
    assert result["mostly"] == (sum(named) > total / 2)


def test_what_is_far_behind_the_first_reason_is_not_named() -> None:
    carriers = [Carrier(4, 1.0), Carrier(7, 0.5), Carrier(2, 0.1)]
    assert shelves.reasons(Explanation(carriers, total=2.0)) == carriers[:2]
    assert shelves.reasons(Explanation([], total=0.0)) == []


def test_a_model_that_does_not_fold_in_shows_the_trained_viewers_stars(catalogue: None) -> None:
    training.train("user_knn_means").activate()
    loaded, viewer = training.load_active(), Viewer.objects.earliest("pk")
    assert loaded
    assert isinstance(loaded.model, SlowModel)
    trained = loaded.model.trained_estimates(viewer.pk)
    home, film = ask(viewer), ask(viewer, film_key(5))
    run_prediction(home.pk)
    run_prediction(film.pk)
    stars = Scores.objects.get(viewer=viewer).predicted_stars([5, 55])
    expected = np.clip(trained[[4, 54]], 0.5, 5)
    assert list(stars.values()) == pytest.approx(expected, abs=0.01)
    assert again(film).result["film"]["stars"] == pytest.approx(expected[0], abs=0.01)


def test_a_film_that_the_model_does_not_know_is_said_to_be_so(
    active_model: TrainedModel, alice: Viewer
) -> None:
    Movie.objects.create(id=99, title="Brand new")
    row = ask(alice, film_key(99))
    run_prediction(row.pk)
    assert again(row).result == {"film": {"unknown": True}}


def test_a_viewer_without_ratings_can_be_run(active_model: TrainedModel, bob: Viewer) -> None:
    row = requests.request(bob, HOME, active_model.pk)
    assert row
    run_prediction(row.pk)
    assert again(row).status == Status.SUCCEEDED
    assert again(row).result["top-picks"]["items"]


def test_a_task_delivered_twice_runs_once(queued: Prediction) -> None:
    run_prediction(queued.pk)
    before = again(queued)
    run_prediction(queued.pk)
    assert again(queued).claimed_at == before.claimed_at
    assert again(queued).attempt == 1


def test_a_task_for_a_deleted_row_does_nothing(queued: Prediction) -> None:
    pk = queued.pk
    queued.delete()
    run_prediction(pk)
    run_prediction(123_456)


def test_only_one_of_two_workers_gets_the_claim(queued: Prediction) -> None:
    assert runs.take(queued.pk)
    assert runs.take(queued.pk) is None


def test_an_exception_is_final_and_keeps_its_traceback(catalogue: None, alice: Viewer) -> None:
    train("broken")
    row = ask(alice)
    with pytest.raises(RuntimeError):
        run_prediction(row.pk)
    assert again(row).status == Status.FAILED
    assert "Traceback" in again(row).error
    assert again(row).reason == "RuntimeError: the projector is broken"
    assert reaping.reap() == 0


def test_a_timeout_is_a_failure_too(interrupted: type[Interrupted], alice: Viewer) -> None:
    def time_out() -> None:
        raise TimeoutException("Task exceeded maximum timeout value (60 seconds)")

    interrupted.meanwhile = time_out
    row = ask(alice)
    with pytest.raises(TimeoutException):
        run_prediction(row.pk)
    assert again(row).status == Status.FAILED
    assert "60 seconds" in again(row).reason


def test_without_an_active_model_the_run_fails_and_says_so(queued: Prediction) -> None:
    TrainedModel.objects.update(state=TrainedModel.State.RETIRED)
    with pytest.raises(runs.NoActiveModel):
        run_prediction(queued.pk)
    assert "manage.py train" in again(queued).reason


def test_a_stalled_worker_that_wakes_after_its_lease_was_reaped_harms_nothing(
    interrupted: type[Interrupted], alice: Viewer
) -> None:
    row = ask(alice)

    def lose_the_lease_to_another_worker() -> None:
        Prediction.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
        assert reaping.reap() == 1
        run_prediction(row.pk)

    interrupted.meanwhile = lose_the_lease_to_another_worker
    run_prediction(row.pk)
    finished = again(row)
    assert (finished.status, finished.attempt) == (Status.SUCCEEDED, 2)
    assert Prediction.objects.count() == 1


def test_a_viewer_deleted_in_the_middle_of_a_run_is_no_error(
    interrupted: type[Interrupted], alice: Viewer
) -> None:
    row = ask(alice)
    interrupted.meanwhile = alice.delete
    run_prediction(row.pk)
    assert not Prediction.objects.exists()
    assert not Scores.objects.exists()


def test_a_rating_during_a_run_is_followed_by_a_successor(
    interrupted: type[Interrupted], alice: Viewer
) -> None:
    row = ask(alice)
    interrupted.meanwhile = lambda: alice.rate(Movie.objects.get(pk=50), 4.0)
    run_prediction(row.pk)
    assert again(row).status == Status.SUCCEEDED
    assert again(row).taste_version == alice.taste_version - 1
    successor = Prediction.objects.in_flight().get()
    assert successor.taste_version == alice.taste_version
    assert OrmQ.objects.count() == 2


def test_a_model_swapped_in_the_middle_of_a_run_is_followed_by_a_successor(
    interrupted: type[Interrupted], alice: Viewer
) -> None:
    row = ask(alice)
    interrupted.meanwhile = lambda: train("svd")
    run_prediction(row.pk)
    successor = Prediction.objects.in_flight().get()
    assert again(row).model != successor.model
    assert successor.model
    assert successor.model.algorithm == "svd"
    run_prediction(successor.pk)
    assert requests.standing(alice, HOME).is_fresh


def test_a_shelf_that_fails_leaves_the_others_alone(catalogue: None, alice: Viewer) -> None:
    train("forgetful")
    row = ask(alice)
    run_prediction(row.pk)
    assert again(row).status == Status.SUCCEEDED
    assert again(row).result["top-picks"]["items"]
    assert "no film is like another" in again(row).result["because-you-liked"]["error"]


def test_progress_extends_the_lease(catalogue: None, alice: Viewer) -> None:
    train("slow")
    row = ask(alice)
    claim = runs.take(row.pk)
    assert claim
    Prediction.objects.update(lease_expires_at=Now() + timedelta(seconds=1))
    before = again(row).lease_expires_at
    runs.write(claim, progress=0.5)
    after = again(row).lease_expires_at
    assert before
    assert after
    assert after > before + timedelta(seconds=5)


def test_the_two_favourites_are_the_dearest(
    active_model: TrainedModel, alice: Viewer, short_shelves: None
) -> None:
    alice.rate(Movie.objects.get(pk=45), 4.0)
    row = ask(alice)
    run_prediction(row.pk)
    result = again(row).result
    assert result["because-you-liked"]["title"] == "Because you liked Crime story #1"
    assert result["because-you-liked-too"]["title"] == "Because you liked Crime story #2"


def test_favourites_alone_fill_the_shelves_of_what_is_like_them(
    active_model: TrainedModel, bob: Viewer, short_shelves: None
) -> None:
    for film in (1, 2):
        bob.rate(Movie.objects.get(pk=film), 5.0)
    row = ask(bob)
    run_prediction(row.pk)

    for slug in ("because-you-liked", "because-you-liked-too"):
        assert len(again(row).result[slug]["items"]) > 3


def test_no_successor_is_asked_for_when_no_model_is_left(
    interrupted: type[Interrupted], alice: Viewer
) -> None:
    row = ask(alice)
    interrupted.meanwhile = lambda: TrainedModel.objects.update(state=TrainedModel.State.RETIRED)
    run_prediction(row.pk)
    assert Prediction.objects.get().status == Status.SUCCEEDED


def test_no_successor_is_asked_for_when_no_ratings_are_left(
    interrupted: type[Interrupted], alice: Viewer
) -> None:
    row = ask(alice)

    def take_all_back() -> None:
        for rating in alice.ratings.select_related("movie"):
            alice.unrate(rating.movie)

    interrupted.meanwhile = take_all_back
    run_prediction(row.pk)
    assert Prediction.objects.get().status == Status.SUCCEEDED


def test_a_model_that_is_silent_gets_its_whole_timeout(
    interrupted: type[Interrupted], alice: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupted, "reports_progress", False)
    row = ask(alice)
    leases = []

    def look() -> None:
        running = again(row)
        assert running.lease_expires_at
        assert running.claimed_at
        leases.append(running.lease_expires_at - running.claimed_at)

    interrupted.meanwhile = look
    run_prediction(row.pk)
    assert leases[0] >= timedelta(seconds=59)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection to lose")
@pytest.mark.django_db(transaction=True)
def test_a_run_whose_connection_is_lost_is_done_again(
    interrupted: type[Interrupted], alice: Viewer
) -> None:
    row = ask(alice)

    def cut_the_line() -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [connection.settings_dict["NAME"]],
            )

    interrupted.meanwhile = cut_the_line
    with pytest.raises(OperationalError):
        run_prediction(row.pk)
    assert again(row).status == Status.RUNNING
    assert "OperationalError" in again(row).error
    reaping.reap()
    run_prediction(row.pk)
    found = again(row)
    assert (found.status, found.attempt, found.error) == (Status.SUCCEEDED, 2, "")


def test_what_an_outage_said_is_kept_when_the_last_attempt_meets_it(
    interrupted: type[Interrupted], alice: Viewer
) -> None:
    row = ask(alice)

    def go_away() -> None:
        raise OperationalError("the server went away")

    for _ in range(reaping.ATTEMPTS):
        interrupted.meanwhile = go_away
        with pytest.raises(OperationalError):
            run_prediction(row.pk)
        Prediction.objects.filter(pk=row.pk).update(lease_expires_at=LONG_AGO)
        reaping.reap()
    assert again(row).status == Status.FAILED
    assert "the server went away" in again(row).error
    assert again(row).reason == reaping.LOST


def test_a_run_whose_model_is_deleted_is_done_by_the_one_at_work(
    interrupted: type[Interrupted], alice: Viewer
) -> None:
    row = ask(alice)
    old = TrainedModel.objects.active().get()

    def replace_the_model() -> None:
        train("svd")
        keeping.delete(TrainedModel.objects.get(pk=old.pk))

    interrupted.meanwhile = replace_the_model
    with pytest.raises(runs.ModelDeleted):
        run_prediction(row.pk)
    Prediction.objects.filter(pk=row.pk).update(lease_expires_at=LONG_AGO)
    reaping.reap()
    run_prediction(row.pk)
    found = again(row)
    assert (found.status, found.attempt) == (Status.SUCCEEDED, 2)
    assert found.model == TrainedModel.objects.active().get()
