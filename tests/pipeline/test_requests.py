"""Asking for predictions: once, for those who have ratings, and not again while it is no use."""

import contextlib
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signals import pre_enqueue

from recommendations.models import Movie, Prediction, TrainedModel, Viewer
from recommendations.models.prediction import HOME, film_key
from recommendations.models.workers import BATCH, PREDICTIONS
from recommendations.pipeline import requests
from recommendations.pipeline.reaping import reap
from recommendations.tasks import run_prediction
from tests.conftest import train

Status = Prediction.Status


def test_a_request_is_one_queued_row_and_one_task(
    active_model: TrainedModel, alice: Viewer
) -> None:
    now = requests.ensure(alice, HOME)
    assert now.in_flight
    assert now.in_flight.status == Status.QUEUED
    assert now.in_flight.model_id == active_model.pk
    task = OrmQ.objects.get().task
    assert task["func"] == "recommendations.tasks.run_prediction"
    assert task["args"] == (now.in_flight.pk,)
    assert task["kwargs"] == {}
    assert task["id"] == Prediction.objects.get().task_id


def test_a_second_request_finds_the_first(active_model: TrainedModel, alice: Viewer) -> None:
    requests.ensure(alice, HOME)
    requests.ensure(alice, HOME)
    assert requests.request(alice, HOME, active_model.pk) is None
    assert Prediction.objects.count() == OrmQ.objects.count() == 1


def test_the_database_refuses_a_second_run_in_flight(
    active_model: TrainedModel, alice: Viewer
) -> None:
    first = requests.ensure(alice, HOME).in_flight
    assert first
    with pytest.raises(IntegrityError), transaction.atomic():
        Prediction.objects.create(
            viewer=alice, key=HOME, taste_version=0, wake_at=first.wake_at, status=Status.RUNNING
        )


def test_row_and_task_are_written_together_or_not_at_all(
    active_model: TrainedModel, alice: Viewer
) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        requests.request(alice, HOME, active_model.pk)
        raise RuntimeError
    assert not Prediction.objects.exists()
    assert not OrmQ.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_make_one_run(active_model: TrainedModel, alice: Viewer) -> None:
    def ask(_: int) -> None:
        with contextlib.closing(connection):
            requests.ensure(Viewer.objects.get(pk=alice.pk), HOME)

    with ThreadPoolExecutor(10) as tabs:
        list(tabs.map(ask, range(10)))
    assert Prediction.objects.count() == OrmQ.objects.count() == 1


def test_what_is_fresh_is_not_asked_for_again(active_model: TrainedModel, alice: Viewer) -> None:
    done(alice)
    assert requests.ensure(alice, HOME).is_fresh
    assert Prediction.objects.count() == 1


def test_a_rating_makes_it_stale(active_model: TrainedModel, alice: Viewer) -> None:
    done(alice)
    alice.rate(Movie.objects.get(pk=50), 2.5)
    now = requests.ensure(alice, HOME)
    assert now.good
    assert not now.is_fresh
    assert now.in_flight


def test_a_newly_activated_model_makes_it_stale(active_model: TrainedModel, alice: Viewer) -> None:
    done(alice)
    train("svd")
    assert requests.ensure(alice, HOME).in_flight


def test_without_a_model_nothing_is_asked_for(alice: Viewer) -> None:
    assert requests.ensure(alice, HOME).in_flight is None
    assert requests.retry(alice, HOME) is None
    assert not OrmQ.objects.exists()


def test_a_failure_is_not_repeated_until_it_has_cooled_down(
    catalogue: None, alice: Viewer
) -> None:
    train("broken")
    failed(alice)
    assert requests.ensure(alice, HOME).in_flight is None
    Prediction.objects.update(finished_at=Now() - timedelta(hours=1))
    assert requests.ensure(alice, HOME).in_flight


def test_a_failure_is_repeated_when_the_taste_or_the_model_changed(
    catalogue: None, alice: Viewer
) -> None:
    train("broken")
    failed(alice)
    alice.rate(Movie.objects.get(pk=50), 2.5)
    assert requests.ensure(alice, HOME).in_flight


def test_retry_inserts_a_new_row_at_once(catalogue: None, alice: Viewer) -> None:
    train("broken")
    first = failed(alice)
    again = requests.retry(alice, HOME)
    assert again
    assert again.pk != first.pk
    assert requests.retry(alice, HOME) is None


def test_discarding_ends_what_is_in_flight(active_model: TrainedModel, alice: Viewer) -> None:
    requests.ensure(alice, HOME)
    assert requests.discard(Prediction.objects.all(), "Discarded by charlie.") == 1
    prediction = Prediction.objects.get()
    assert (prediction.status, prediction.reason) == (Status.FAILED, "Discarded by charlie.")
    run_prediction(prediction.pk)
    prediction.refresh_from_db()
    assert prediction.status == Status.FAILED


def test_pruning_spares_the_newest_good_one_and_what_is_in_flight(
    active_model: TrainedModel, alice: Viewer
) -> None:
    for _ in range(4):
        done(alice)
        alice.rate(Movie.objects.get(pk=50), 2.5)
    requests.ensure(alice, HOME)
    Prediction.objects.update(finished_at=F("finished_at") - timedelta(days=90))
    assert Prediction.objects.prune(keep_runs=10, older_than=timedelta(days=30)) == 3
    assert list(Prediction.objects.values_list("status", flat=True)) == [
        Status.QUEUED,
        Status.SUCCEEDED,
    ]


def test_pruning_keeps_so_many_runs_of_each_viewer_and_key(
    active_model: TrainedModel, alice: Viewer
) -> None:
    for _ in range(5):
        done(alice)
        alice.rate(Movie.objects.get(pk=50), 2.5)
    newest = list(Prediction.objects.values_list("pk", flat=True)[:2])
    assert Prediction.objects.prune(keep_runs=2, older_than=timedelta(days=30)) == 3
    assert list(Prediction.objects.values_list("pk", flat=True)) == newest


def done(viewer: Viewer) -> Prediction:
    row = requests.ensure(viewer, HOME).in_flight
    assert row
    run_prediction(row.pk)
    row.refresh_from_db()
    assert row.status == Status.SUCCEEDED, row.error
    return row


def failed(viewer: Viewer) -> Prediction:
    row = requests.ensure(viewer, HOME).in_flight
    assert row
    with pytest.raises(RuntimeError, match="projector"):
        run_prediction(row.pk)
    row.refresh_from_db()
    assert row.status == Status.FAILED
    return row


def test_old_film_runs_are_pruned_whole(active_model: TrainedModel, alice: Viewer) -> None:
    for film in (5, 6):
        row = requests.ensure(alice, film_key(film)).in_flight
        assert row
        run_prediction(row.pk)
    done(alice)
    Prediction.objects.update(finished_at=Now() - timedelta(days=90))
    assert Prediction.objects.prune(keep_runs=10, older_than=timedelta(days=30)) == 2
    assert Prediction.objects.get().key == HOME


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has a single write lock")
@pytest.mark.django_db(transaction=True)
def test_a_page_does_not_wait_for_another_writer(
    active_model: TrainedModel, alice_client: Client, alice: Viewer
) -> None:
    long_ago = timezone.now() - timedelta(days=3)
    Viewer.objects.filter(pk=alice.pk).update(last_active_at=long_ago)
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
        other.execute("BEGIN IMMEDIATE")
        page = alice_client.get("/")
        assert page.status_code == 200
        assert page.context["shelves"][0].state == "waiting"
        assert page.context["poll"].delay
        assert not Prediction.objects.exists()
        other.rollback()
    alice_client.get(page.context["poll"].url)
    assert Prediction.objects.in_flight().count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection to lose")
@pytest.mark.django_db(transaction=True)
def test_a_rating_that_was_not_stored_is_not_said_to_be(
    active_model: TrainedModel, alice_client: Client, alice: Viewer
) -> None:
    def cut_the_line(sender: object, **_: object) -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [connection.settings_dict["NAME"]],
            )

    pre_enqueue.connect(cut_the_line)
    try:
        alice_client.raise_request_exception = False
        answer = alice_client.post("/fragments/films/50/rating/", {"stars": "4.5"})
    finally:
        pre_enqueue.disconnect(cut_the_line)
        connection.close()
    assert answer.status_code == 503
    assert not alice.ratings.filter(movie=50).exists()


class TestAhead:
    """What was queued to be computed ahead, before somebody came."""

    @pytest.fixture
    def ahead(self, active_model: TrainedModel, alice: Viewer) -> Prediction:
        asked = requests.request(alice, HOME, active_model.pk, BATCH)
        assert asked
        return asked

    def test_it_waits_in_a_queue_of_its_own(self, ahead: Prediction) -> None:
        assert OrmQ.objects.get().key == ahead.queue == BATCH

    def test_whoever_comes_is_served_with_the_others(
        self, ahead: Prediction, alice_client: Client
    ) -> None:
        alice_client.get("/")
        ahead.refresh_from_db()
        assert (ahead.queue, ahead.status) == (PREDICTIONS, Status.QUEUED)
        assert [task.key for task in OrmQ.objects.order_by("pk")] == [BATCH, PREDICTIONS]
        alice_client.get("/")
        assert OrmQ.objects.count() == 2
        run_prediction(ahead.pk)
        run_prediction(ahead.pk)
        ahead.refresh_from_db()
        assert (ahead.status, ahead.attempt) == (Status.SUCCEEDED, 1)

    def test_what_runs_already_is_left_alone(self, ahead: Prediction, alice: Viewer) -> None:
        Prediction.objects.update(status=Status.RUNNING, attempt=1, lease_expires_at=Now())
        requests.ensure(alice, HOME)
        assert OrmQ.objects.get().key == Prediction.objects.get().queue == BATCH

    def test_it_is_woken_and_repeated_in_its_own_queue(self, ahead: Prediction) -> None:
        Prediction.objects.update(wake_at=Now() - timedelta(seconds=1))
        assert reap() == 1
        Prediction.objects.update(
            status=Status.RUNNING, attempt=1, lease_expires_at=Now() - timedelta(seconds=1)
        )
        assert reap() == 1
        assert {task.key for task in OrmQ.objects.all()} == {BATCH}

    def test_it_says_nothing_of_the_workers_that_people_wait_for(self, ahead: Prediction) -> None:
        Prediction.objects.update(enqueued_at=Now() - timedelta(minutes=1))
        assert not Prediction.objects.no_worker()
