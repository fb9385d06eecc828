"""When a cluster is to be replaced, and when never, from what its workers say of themselves."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import OrmQ, Task
from django_q.tasks import async_task

from recommendations.models import PausedQueue, Prediction, TrainedModel, Viewer, Worker
from recommendations.models.prediction import HOME
from recommendations.models.workers import PREDICTIONS
from recommendations.operations import supervisor
from recommendations.operations.supervisor import START_SECONDS, Watch, forget_lost_workers
from recommendations.pipeline import requests, runs

#: The main process of the cluster that is watched; only its number matters here.
MAIN = 4_000_001


def worker(**changes: object) -> Worker:
    """A worker whose process lives: this one."""
    known = {"host": socket.gethostname(), "pid": os.getpid(), "queue": PREDICTIONS}
    return Worker.objects.create(**(known | {"cluster": MAIN} | changes))


def dead() -> int:
    """The number that a process had."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


@pytest.fixture
def watch(db: None) -> Watch:
    return Watch(PREDICTIONS, MAIN)


@pytest.fixture
def work_is_due(db: None) -> None:
    async_task("recommendations.tasks.answer", cluster=PREDICTIONS)


def after_a_stall(watch: Watch) -> str:
    """What is said once nothing was done for longer than `WORKER_STALL`."""
    watch.trouble()
    watch.trouble()
    if watch.idle_since is not None:
        watch.idle_since -= settings.WORKER_STALL + 1
    return watch.trouble()


def test_idle_workers_without_work_are_fine(watch: Watch) -> None:
    worker()
    assert after_a_stall(watch) == ""


def test_idle_workers_that_leave_work_lying_are_replaced(watch: Watch, work_is_due: None) -> None:
    worker()
    assert "takes nothing" in after_a_stall(watch)


def test_they_are_given_time_first(watch: Watch, work_is_due: None) -> None:
    worker()
    assert watch.trouble() == watch.trouble() == ""


def seconds_ago(seconds: float) -> object:
    return Now() - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(lambda: {"busy_since": seconds_ago(30)}, id="busy"),
        pytest.param(lambda: {"beat_at": seconds_ago(50)}, id="silent in C code"),
        pytest.param(
            lambda: {"busy_since": seconds_ago(55), "beat_at": seconds_ago(50)},
            id="busy and silent",
        ),
    ],
)
def test_a_busy_cluster_is_left_alone(
    watch: Watch, work_is_due: None, changes: Callable[[], dict[str, object]]
) -> None:
    worker(**changes())
    assert after_a_stall(watch) == ""


def test_silence_for_longer_than_a_run_may_take_is_no_work(
    watch: Watch, work_is_due: None
) -> None:
    worker(beat_at=seconds_ago(settings.PREDICTION_TIMEOUT + 5))
    assert "takes nothing" in after_a_stall(watch)


def test_a_dead_process_does_not_count_as_busy(watch: Watch, work_is_due: None) -> None:
    worker(pid=dead(), busy_since=seconds_ago(5))
    assert "takes nothing" in after_a_stall(watch)


def test_short_tasks_done_between_two_looks_are_work(watch: Watch, work_is_due: None) -> None:
    row = worker()
    watch.trouble()
    watch.trouble()
    assert watch.idle_since is not None
    watch.idle_since -= settings.WORKER_STALL + 1
    Worker.objects.filter(pk=row.pk).update(tasks_done=1)
    assert watch.trouble() == ""
    assert watch.idle_since is None


def test_a_paused_queue_is_no_reason(watch: Watch, work_is_due: None) -> None:
    worker()
    PausedQueue.objects.create(name=PREDICTIONS)
    assert after_a_stall(watch) == ""


def test_a_task_that_somebody_has_is_no_reason(watch: Watch, work_is_due: None) -> None:
    worker()
    OrmQ.objects.update(lock=Now() + timedelta(seconds=60))
    assert after_a_stall(watch) == ""


@pytest.fixture
def work_was_taken(work_is_due: None, active_model: TrainedModel, alice: Viewer) -> Prediction:
    """A task in the cluster's pipe, whose prediction nobody claims."""
    OrmQ.objects.all().delete()
    row = requests.ensure(alice, HOME).in_flight
    assert row
    OrmQ.objects.update(lock=Now() + timedelta(seconds=60))
    Prediction.objects.update(enqueued_at=seconds_ago(5))
    return row


def test_work_that_was_taken_and_is_left_lying_is_due(
    watch: Watch, work_was_taken: Prediction
) -> None:
    worker()
    assert "takes nothing" in after_a_stall(watch)


def test_workers_that_die_before_they_can_tell_are_no_work(
    watch: Watch, work_was_taken: Prediction
) -> None:
    worker(pid=dead())
    watch.trouble()
    watch.trouble()
    worker(pid=dead())
    assert "takes nothing" in after_a_stall(watch)


def elsewhere(row: Prediction) -> None:
    worker(host="elsewhere", cluster=MAIN + 1)


def paused(row: Prediction) -> None:
    PausedQueue.objects.create(name=PREDICTIONS)


def just_asked_for(row: Prediction) -> None:
    Prediction.objects.update(enqueued_at=seconds_ago(1))


def claimed_by_a_worker(row: Prediction) -> None:
    """Not the one that waits: the other's."""
    other = Viewer.objects.create(display_name="Bob")
    runs.take(Prediction.objects.create(viewer=other, key=HOME, taste_version=1, wake_at=Now()).pk)


def held_by_a_worker(row: Prediction) -> None:
    claimed_by_a_worker(row)
    Prediction.objects.exclude(pk=row.pk).update(claimed_at=seconds_ago(30))


@pytest.mark.parametrize(
    "so", [elsewhere, paused, just_asked_for, claimed_by_a_worker, held_by_a_worker]
)
def test_but_not_for_certain_when(
    so: Callable[[Prediction], None], watch: Watch, work_was_taken: Prediction
) -> None:
    worker()
    so(work_was_taken)
    assert after_a_stall(watch) == ""


def test_what_a_dead_worker_holds_is_no_work(watch: Watch, work_was_taken: Prediction) -> None:
    gone = worker(pid=dead())
    held_by_a_worker(work_was_taken)
    Prediction.objects.filter(status="running").update(claimed_by=str(gone))
    assert "takes nothing" in after_a_stall(watch)


def test_another_cluster_is_another_matter(watch: Watch) -> None:
    worker()
    worker(pid=1, cluster=MAIN + 1)
    assert watch.trouble() == ""


def test_a_cluster_may_take_its_time_to_begin(watch: Watch) -> None:
    assert watch.trouble() == ""
    watch.started = time.monotonic() - START_SECONDS - 1
    assert "never began" in watch.trouble()


def test_rows_of_dead_processes_are_forgotten(db: None) -> None:
    ended = dead()
    here = worker()
    worker(pid=ended)
    away = worker(host="elsewhere", pid=ended)
    worker(host="elsewhere", pid=1, beat_at=seconds_ago(2 * 3600))
    assert forget_lost_workers() == 2
    assert set(Worker.objects.all()) == {here, away}


def result(number: int, group: str | None = None, *, success: bool = True) -> str:
    """Of a task that ended so many minutes ago."""
    ended = timezone.now() - timedelta(minutes=number)
    told = {"func": "tasks.f", "started": ended, "stopped": ended, "success": success}
    return str(Task.objects.create(id=f"{group}-{number}", name="n", group=group, **told).pk)


def test_the_last_good_results_of_each_group_are_kept_and_all_failures(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "RESULTS", 2)
    kept = {result(number) for number in (1, 2)}
    kept |= {result(9000, "nightly"), result(50, success=False)}
    for number in (3, 4, 5):
        result(number)
    supervisor.reap()
    assert {task.pk for task in Task.objects.all()} == kept
