"""A real training cluster: trains what is queued, ends at once, and leaves no row behind."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.running import ROOT, RunningSite, still_alive, until

#: So many epochs take hours.
ENDLESS = ["--algorithm", "svd", "--param", "epochs=100000000"]


@pytest.fixture
def demo(copied: RunningSite, small_dataset: Path) -> Iterator[RunningSite]:
    copied.environment["TRAINING_LEASE"] = "4"
    with copied.started(small_dataset):
        yield copied


def newest(site: RunningSite) -> str:
    return site.shell("m = TrainedModel.objects.first(); print(m.pk, m.standing, '|', m.reason)")


def queue_endless(site: RunningSite) -> None:
    """Queue a training without end, and wait until it runs."""
    site.manage("train", "--queue", *ENDLESS)
    until(lambda: "training: fitting" in newest(site), seconds=60, every=0.5)


def test_a_queued_training_is_done_and_goes_to_work(demo: RunningSite) -> None:
    demo.manage("train", "--queue", "--algorithm", "svd", "--param", "epochs=5", "--force")
    until(lambda: newest(demo).startswith("2 active"), seconds=60, every=0.5)


def test_the_demo_ends_within_ten_seconds_of_a_training(demo: RunningSite) -> None:
    queue_endless(demo)
    demo.manage("train", "--queue", "--algorithm", "popularity")
    assert demo.process
    processes = psutil.Process(demo.process.pid).children(recursive=True)
    demo.process.terminate()
    assert demo.process.wait(timeout=10) == 0
    assert still_alive(processes) == []
    rows = demo.shell(
        "for m in TrainedModel.objects.filter(pk__gt=1): print(m.pk, m.standing, m.reason)"
    )
    assert rows.splitlines() == [
        "3 queued ",
        "2 failed Stopped: the process that trained it was told to end.",
    ]


def test_a_command_that_is_told_to_end_fails_its_row(demo: RunningSite) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "train", *ENDLESS]
    with subprocess.Popen(command, env=demo.env, stderr=subprocess.PIPE, text=True) as training:
        try:
            until(lambda: "training: fitting" in newest(demo), seconds=60, every=0.5)
            training.send_signal(signal.SIGTERM)
            _, said = training.communicate(timeout=20)
        finally:
            training.kill()
    assert training.returncode == 130
    assert said.splitlines()[-1] == "CommandError: Stopped: no model came of it."
    assert newest(demo).endswith("Stopped: the process that trained it was told to end.")
