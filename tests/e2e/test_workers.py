"""A real cluster: from the enqueued task to the finished fragment, and through lost workers."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.running import RunningSite, until

LEASE = 2


@pytest.fixture
def slow_site(database_url: str, small_dataset: Path, tmp_path: Path) -> Iterator[RunningSite]:
    """A site whose model waits for a file `gate`, with leases of two seconds."""
    environment = {"SLOW_UNTIL": str(tmp_path / "gate"), "PREDICTION_LEASE": str(LEASE)}
    running = RunningSite(tmp_path, database_url, environment)
    running.prepare(small_dataset, "slow", "factors=4")
    with running.started(small_dataset):
        yield running


def test_from_the_enqueued_task_to_the_finished_fragment(site: RunningSite) -> None:
    visitor = site.visitor()
    assert "Top picks for you" in visitor.browse_as_somebody()
    films = until(lambda: visitor.shelf_films("top-picks"))
    assert len(films) > 5
    row = site.shell(
        "p = Prediction.objects.first(); print(p.status, p.attempt, p.queue_seconds < 10)"
    )
    assert row == "succeeded 1 True"


def test_a_worker_killed_in_the_middle_loses_nothing(slow_site: RunningSite) -> None:
    visitor = slow_site.visitor()
    visitor.browse_as_somebody()
    os.kill(until(lambda: busy_worker(slow_site)), signal.SIGKILL)
    (slow_site.data_dir / "gate").touch()
    assert visitor.open("/")
    films = until(lambda: visitor.shelf_films("top-picks"), seconds=40, every=0.5)
    assert len(films) > 5
    row = slow_site.shell("p = Prediction.objects.get(key='home'); print(p.status, p.attempt)")
    assert row == "succeeded 2"


def test_a_cluster_that_seized_up_is_replaced(copied: RunningSite, small_dataset: Path) -> None:
    with copied.started(small_dataset):
        for worker in idle_workers(copied):
            worker.kill()
        visitor = copied.visitor()
        visitor.browse_as_somebody()
        assert until(lambda: visitor.shelf_films("top-picks"), seconds=60, every=0.5)


def idle_workers(site: RunningSite) -> list[psutil.Process]:
    """Both workers, which the sentinel starts before its other children."""
    assert site.process
    children = psutil.Process(site.process.pid).children()
    cluster = next(child for child in children if "qcluster" in child.cmdline())
    (sentinel,) = cluster.children()
    return sorted(sentinel.children(), key=lambda process: process.pid)[:2]


def busy_worker(site: RunningSite) -> int | None:
    """The process that computes: the cluster's worker that has the model's files mapped."""
    assert site.process
    for process in psutil.Process(site.process.pid).children(recursive=True):
        if any("model-cache" in region.path for region in process.memory_maps()):
            return process.pid
    return None
