"""Lost workers and lost wake-ups: what they held comes back, but not for ever."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django_q.models import OrmQ, Schedule

from recommendations.models import Prediction, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.models.workers import worker_name
from recommendations.pipeline import reaping, requests, runs, schedules
from recommendations.tasks import (
    clear_sessions,
    prune_guests,
    prune_predictions,
    reap_predictions,
    run_prediction,
)

Status = Prediction.Status


@pytest.fixture
def queued(active_model: TrainedModel, alice: Viewer) -> Prediction:
    row = requests.ensure(alice, HOME).in_flight
    assert row
    return row


def lose_worker(row: Prediction) -> None:
    """A worker claims the row and dies, and its lease runs out."""
    assert runs.take(row.pk)
    Prediction.objects.filter(pk=row.pk).update(lease_expires_at=Now() - timedelta(seconds=1))


def test_a_lost_lease_goes_back_to_the_queue_and_wakes_a_worker(queued: Prediction) -> None:
    lose_worker(queued)
    assert reap_predictions() == 1
    queued.refresh_from_db()
    assert (queued.status, queued.attempt) == (Status.QUEUED, 1)
    assert queued.queue_seconds is None
    assert OrmQ.objects.count() == 2
    run_prediction(queued.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.attempt) == (Status.SUCCEEDED, 2)


def test_a_good_lease_is_left_alone(queued: Prediction) -> None:
    runs.take(queued.pk)
    assert reaping.reap() == 0
    queued.refresh_from_db()
    assert queued.status == Status.RUNNING


def test_three_lost_leases_are_enough(queued: Prediction) -> None:
    for _ in range(3):
        lose_worker(queued)
        reaping.reap()
    queued.refresh_from_db()
    assert (queued.status, queued.attempt) == (Status.FAILED, 3)
    assert queued.reason == reaping.LOST
    run_prediction(queued.pk)
    assert Prediction.objects.in_flight().count() == 0


def test_what_a_dead_worker_held_does_not_wait_for_its_lease(queued: Prediction) -> None:
    runs.take(queued.pk)
    assert reaping.bury([worker_name()]) == 1
    queued.refresh_from_db()
    assert (queued.status, queued.attempt) == (Status.QUEUED, 1)
    run_prediction(queued.pk)
    queued.refresh_from_db()
    assert (queued.status, queued.attempt) == (Status.SUCCEEDED, 2)


def test_what_another_worker_holds_is_left_alone(queued: Prediction) -> None:
    runs.take(queued.pk)
    assert reaping.bury(["elsewhere:7"]) == 0
    queued.refresh_from_db()
    assert queued.status == Status.RUNNING


def test_what_a_dead_worker_did_not_claim_is_woken_for_again(queued: Prediction) -> None:
    assert reaping.wake_again(Prediction.objects.all()) == 1
    assert OrmQ.objects.count() == 2


def test_three_dead_workers_are_enough(queued: Prediction) -> None:
    for _ in range(3):
        assert runs.take(queued.pk)
        reaping.bury([worker_name()])
    queued.refresh_from_db()
    assert (queued.status, queued.attempt) == (Status.FAILED, 3)


def test_a_queued_row_is_woken_again_at_most_once_a_period(queued: Prediction) -> None:
    assert reaping.reap() == 0
    Prediction.objects.update(wake_at=Now() - timedelta(seconds=1))
    assert reaping.reap() == 1
    assert reaping.reap() == 0
    assert OrmQ.objects.count() == 2


def test_wake_ups_come_ever_more_seldom() -> None:
    periods = [reaping.wake_period(wakes).total_seconds() for wakes in (0, 1, 2, 3, 50)]
    assert periods == [60, 120, 240, 480, 960]


def test_many_wake_ups_of_one_row_run_it_once(queued: Prediction) -> None:
    for _ in range(3):
        Prediction.objects.update(wake_at=Now() - timedelta(seconds=1))
        reaping.reap()
    for task in OrmQ.objects.all():
        run_prediction(*task.task["args"])
    queued.refresh_from_db()
    assert (queued.status, queued.attempt) == (Status.SUCCEEDED, 1)


def test_no_worker_is_said_when_work_is_due_and_nobody_works(queued: Prediction) -> None:
    assert not Prediction.objects.no_worker()
    Prediction.objects.update(enqueued_at=Now() - timedelta(seconds=20))
    assert Prediction.objects.no_worker()


def test_a_busy_worker_is_a_worker(
    queued: Prediction, bob: Viewer, active_model: TrainedModel
) -> None:
    Prediction.objects.update(enqueued_at=Now() - timedelta(seconds=20))
    other = requests.request(bob, HOME, active_model.pk)
    assert other
    runs.take(other.pk)
    assert not Prediction.objects.no_worker()
    Prediction.objects.filter(pk=other.pk).update(
        claimed_at=Now() - timedelta(minutes=1), lease_expires_at=Now() + timedelta(seconds=9)
    )
    assert not Prediction.objects.no_worker()


def test_idle_guests_go_and_active_ones_stay(catalogue: None) -> None:
    active = Viewer.objects.create(display_name="Guest")
    idle = Viewer.objects.create(display_name="Guest")
    Viewer.objects.filter(pk=idle.pk).update(
        last_active_at=F("last_active_at") - timedelta(days=60)
    )
    imported = Viewer.objects.filter(kind=Viewer.Kind.IMPORTED)
    imported.update(last_active_at=F("last_active_at") - timedelta(days=600))
    assert prune_guests() == 1
    assert Viewer.objects.filter(pk=active.pk).exists()
    assert imported.count() == 30


def test_the_schedules_are_there_after_a_migration_and_call_real_tasks(db: None) -> None:
    names = {*schedules.SCHEDULES, *schedules.NIGHT_WORK}
    assert set(Schedule.objects.values_list("name", flat=True)) == names
    schedules.install()
    assert Schedule.objects.count() == len(names)
    assert prune_predictions() == 0
    clear_sessions()


def test_all_that_is_queued_is_woken_after_a_cluster_was_replaced(queued: Prediction) -> None:
    assert reaping.wake_all() == 1
    assert OrmQ.objects.count() == 2


def test_of_a_crowd_so_many_are_woken_at_once_those_that_waited_longest_first(
    queued: Prediction, alice: Viewer
) -> None:
    Prediction.objects.bulk_create(
        Prediction(
            viewer=alice,
            key=f"film:{number}",
            taste_version=1,
            wake_at=Now() - timedelta(seconds=number),
        )
        for number in range(1, reaping.WOKEN_AT_ONCE + 2)
    )
    assert reaping.reap() == reaping.WOKEN_AT_ONCE
    [left] = Prediction.objects.wake_due()
    assert left.key == "film:1"
    assert reaping.reap() == 1
    assert OrmQ.objects.count() == reaping.WOKEN_AT_ONCE + 2
