"""Workers and clusters that die, hang or stall: nothing is lost, nothing is done twice."""

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from tests.e2e.running import still_alive, until
from tests.faults.service import PATIENCE, STALL, Service, kill

#: So many epochs take hours.
ENDLESS = ["--queue", "--algorithm", "svd", "--param", "epochs=100000000"]

RUNNING = "SELECT id FROM recommendations_prediction WHERE status = 'running'"

TRAININGS = "SELECT state, error FROM recommendations_trainedmodel WHERE id > 1 ORDER BY id"


#: Far less than a lease of a minute.
SOON = 10


def until_ended(processes: list[psutil.Process]) -> None:
    until(lambda: not still_alive(processes), seconds=PATIENCE)


def test_a_worker_killed_in_the_middle(service: Service) -> None:
    service.start("--queue", "predictions")
    service.fault("wait", guest=0)
    with service.watched():
        service.come(0)
        kill(service.busy_worker())
        service.no_fault()
        service.until_done_once(0, attempt=2)


def test_workers_that_predict_have_the_model_before_anybody_comes(
    sqlite_service: Service,
) -> None:
    service = sqlite_service
    service.start_workers("--queue", "predictions", "--queue", "training", "--workers", "1")
    loaded = "SELECT queue, model_id FROM recommendations_worker"
    expected = {"predictions": 1, "training": None}
    until(lambda: dict(service.query(loaded)) == expected, seconds=PATIENCE)


def test_a_killed_workers_page_does_not_wait_for_its_lease(service: Service) -> None:
    service.environment["PREDICTION_LEASE"] = service.environment["PREDICTION_TIMEOUT"] = "60"
    service.start("--queue", "predictions")
    service.fault("wait", guest=0)
    with service.watched():
        service.come(0)
        kill(service.busy_worker())
        service.no_fault()
        until(lambda: service.statuses() == ["succeeded"], seconds=SOON)
        service.until_done_once(0, attempt=2)


def test_idle_workers_killed(service: Service) -> None:
    """What they waited for their successors get, in the same cluster."""
    service.start("--queue", "predictions")
    before = service.cluster().pid
    with service.watched():
        for guests in (0, 1), (2, 3):
            kill(*service.idle_workers(before))
            service.come(*guests)
            until(lambda: set(service.statuses()) == {"succeeded"}, seconds=SOON)
        service.until_done_once(*range(4))
    assert service.cluster().pid == before
    assert "is replaced" not in service.log()


def test_a_cluster_that_takes_nothing(service: Service) -> None:
    service.start("--queue", "predictions")
    before = service.cluster().pid
    service.idle_workers(before)
    sentinel = psutil.Process(before).children()[0]
    # It is started last of all.
    pusher = max(sentinel.children(), key=lambda child: child.pid)
    with service.watched():
        pusher.suspend()
        service.come(0, 1)
        service.until_replaced(before)
        service.until_done_once(0, 1)


def test_the_main_process_of_a_cluster_killed(sqlite_service: Service) -> None:
    service = sqlite_service
    service.start("--queue", "predictions")
    service.fault("wait", guest=0)
    with service.watched():
        service.come(0)
        service.claimed()
        before = service.cluster()
        family = [before, *before.children(recursive=True)]
        before.kill()
        until_ended(family)
        service.no_fault()
        service.until_done_once(0, attempt=2)
        service.until_replaced(before.pid)


@pytest.mark.parametrize("to", [os.kill, os.killpg])
def test_sigterm_to_a_cluster_in_the_middle(
    service: Service, to: Callable[[int, int], None]
) -> None:
    service.start("--queue", "predictions")
    service.fault("wait", guest=0)
    before = service.cluster().pid
    with service.watched():
        service.come(0)
        service.claimed()
        to(before, signal.SIGTERM)
        until(lambda: " stopping." in service.log(), seconds=PATIENCE)
        service.no_fault()
        service.until_done_once(0)
        service.until_replaced(before)
        service.come(1)
        service.until_done_once(0, 1)
    until(lambda: service.all_workers() == {pid for pid, _ in service.workers()}, seconds=PATIENCE)


def test_sigterm_to_runworkers_in_the_middle(sqlite_service: Service) -> None:
    service = sqlite_service
    service.environment["WORKER_GRACE"] = str(PATIENCE)
    service.start("--queue", "predictions")
    service.fault("wait", guest=0)
    with service.watched():
        service.come(0)
        service.claimed()
        family = service.family()
        [host] = service.hosts
        host.terminate()
        until(lambda: " stopping." in service.log(), seconds=PATIENCE)
        service.no_fault()
        assert host.wait(timeout=PATIENCE) == 0
        service.until_done_once(0)
    assert still_alive(family) == []
    assert service.all_workers() == set()


def test_what_outlasts_the_grace_is_done_by_others(postgres_service: Service) -> None:
    service = postgres_service
    service.environment["WORKER_GRACE"] = "1"
    service.start("--queue", "predictions")
    service.fault("wait", guest=0)
    with service.watched():
        service.come(0)
        service.claimed()
        family = service.family()
        [host] = service.hosts
        host.terminate()
        assert host.wait(timeout=PATIENCE) == 0
        assert still_alive(family) == []
        service.no_fault()
        service.hosts.clear()
        service.start_workers("--queue", "predictions")
        service.until_done_once(0, attempt=2)


def test_runworkers_killed(sqlite_service: Service) -> None:
    """Its clusters end by themselves, in order."""
    service = sqlite_service
    service.start("--queue", "predictions")
    service.fault("wait", guest=0)
    with service.watched():
        service.come(0)
        service.claimed()
        family = service.family()
        [host] = service.hosts
        host.kill()
        host.wait()
        service.hosts.clear()
        until(lambda: " stopping." in service.log(), seconds=PATIENCE)
        service.no_fault()
        until_ended(family)
        service.until_done_once(0)
        service.start_workers("--queue", "predictions")
        service.come(1)
        service.until_done_once(0, 1)


def test_a_worker_that_stalls_past_its_lease_and_wakes(postgres_service: Service) -> None:
    service = postgres_service
    service.environment["PREDICTION_TIMEOUT"] = str(PATIENCE)
    service.start("--queue", "predictions")
    service.fault("wait", guest=0)
    with service.watched():
        service.come(0)
        stalled = service.busy_worker()
        os.kill(stalled, signal.SIGSTOP)
        service.no_fault()
        service.until_done_once(0, attempt=2)
        [before] = service.predictions()
        os.kill(stalled, signal.SIGCONT)
        until(lambda: "its result is dropped" in service.log(), seconds=PATIENCE)
        service.come(1, 2)
        service.until_done_once(1, 2)
    after = service.predictions()[0]
    assert after == before
    assert service.worker_of(after) != stalled


@pytest.mark.parametrize(
    ("kind", "times", "attempts"), [("stall", None, {1}), ("be-silent", 2, {1, 2})]
)
def test_a_busy_cluster_is_left_alone(
    sqlite_service: Service, kind: str, times: int | None, attempts: set[int]
) -> None:
    """Its workers are at work for longer than a stall and a lease, some with no sign of life."""
    service = sqlite_service
    service.environment["PREDICTION_TIMEOUT"] = str(PATIENCE)
    service.start("--queue", "predictions")
    before = service.cluster().pid
    service.fault(kind, times)
    with service.watched():
        service.come(*range(8))
        until(lambda: service.query(RUNNING), seconds=PATIENCE)
        time.sleep(3 * STALL)
        service.no_fault()
        rows = service.until_done(8)
    assert len({row["viewer_id"] for row in rows}) == len(rows) == 8
    assert {row["attempt"] for row in rows} <= attempts
    assert service.cluster().pid == before
    assert "is replaced" not in service.log()


def test_a_training_killed(sqlite_service: Service) -> None:
    """It is given up, once its lease has run out, and predictions never wait for it."""
    service = sqlite_service
    service.start("--queue", "predictions", "--queue", "training")
    service.manage("train", *ENDLESS)
    with service.watched():
        trainer = until(lambda: busy(service, "training"), seconds=PATIENCE)
        service.come(0)
        service.until_done_once(0)
        kill(trainer)
        [(_, error)] = until(lambda: trainings(service, "failed"), seconds=PATIENCE)
        assert "Its process was lost" in error
        service.manage("train", "--queue", "--algorithm", "svd", "--param", "epochs=5", "--force")
        until(lambda: trainings(service, "active"), seconds=PATIENCE)


def busy(service: Service, queue: str) -> int | None:
    rows = service.query(
        "SELECT pid, queue FROM recommendations_worker WHERE busy_since IS NOT NULL"
    )
    return next((pid for pid, name in rows if name == queue), None)


def trainings(service: Service, state: str) -> list[tuple[str, str]]:
    return [(found, error) for found, error in service.query(TRAININGS) if found == state]
