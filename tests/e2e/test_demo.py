"""`make demo`: starts the whole site, ends all of it, and says clearly what it cannot do."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.e2e.running import ROOT, RunningSite, still_alive, until
from tests.movielens import write_small_dataset


@pytest.fixture
def demo(copied: RunningSite, small_dataset: Path) -> Iterator[RunningSite]:
    with copied.started(small_dataset):
        yield copied


def family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGTERM to the group", "twice"])
def test_every_process_ends_within_ten_seconds(demo: RunningSite, how: str) -> None:
    assert demo.process
    pid = demo.process.pid
    processes = family(pid)
    assert len(processes) > 5
    match how:
        case "SIGTERM":
            os.kill(pid, signal.SIGTERM)
        case "SIGINT":
            os.kill(pid, signal.SIGINT)
        case "SIGTERM to the group":
            os.killpg(pid, signal.SIGTERM)
        case "twice":
            os.killpg(pid, signal.SIGTERM)
            time.sleep(0.2)
            os.kill(pid, signal.SIGTERM)
    assert demo.process.wait(timeout=10) == 0
    assert still_alive(processes) == []


def test_a_second_start_redoes_nothing(demo: RunningSite, small_dataset: Path) -> None:
    rows = "print(Movie.objects.count(), TrainedModel.objects.count(), User.objects.count())"
    counted = demo.shell(f"from django.contrib.auth.models import User; {rows}")
    demo.stop()
    printed = demo.start(str(small_dataset))
    assert "Importing" not in printed
    assert "sign in as" not in printed
    assert demo.shell(f"from django.contrib.auth.models import User; {rows}") == counted


def test_the_first_start_prints_passwords_that_work(
    small_dataset: Path, tmp_path: Path, database_url: str
) -> None:
    site = RunningSite(tmp_path, database_url)
    printed = site.start(str(small_dataset))
    try:
        password = printed.split("sign in as demo")[1].split()[1]
        visitor = site.visitor()
        visitor.open("/account/login/")
        home = visitor.open("/account/login/", {"login": "demo", "password": password})
        assert "Top picks for you" in home
        assert until(lambda: visitor.shelf_films("top-picks"))
    finally:
        site.stop()


def test_when_a_child_ends_the_others_do_too(demo: RunningSite) -> None:
    assert demo.process
    processes = family(demo.process.pid)
    web = next(p for p in processes if "gunicorn" in " ".join(p.cmdline()))
    web.terminate()
    assert demo.process.wait(timeout=15) == 1
    assert still_alive(processes) == []
    demo.process = None


def test_a_busy_port_is_said_in_one_line(small_dataset: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = RunningSite(tmp_path).manage("demo", "--port", str(port), check=False)
    assert ended.returncode == 1
    assert f"port {port}" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_data_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    ended = RunningSite(blocked / "data").manage("demo", check=False)
    assert ended.returncode == 1
    assert "DATA_DIR" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_broken_data_set_is_said_in_one_line_and_leaves_nothing(
    tmp_path: Path, database_url: str
) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 not a zip")
    site = RunningSite(tmp_path / "data", database_url)
    ended = site.manage("demo", "--dataset", str(broken), check=False)
    assert ended.returncode == 1
    assert "broken.zip" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "[X]" not in site.manage("showmigrations").stdout


def test_another_data_set_than_the_one_loaded_is_refused(
    demo: RunningSite, tmp_path_factory: pytest.TempPathFactory
) -> None:
    demo.stop()
    other = write_small_dataset(tmp_path_factory.mktemp("other") / "ml-other")
    ended = demo.manage("demo", "--dataset", str(other), check=False)
    assert ended.returncode == 1
    assert "This site holds ml-tiny, not ml-other" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_a_port_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    ended = RunningSite(tmp_path).manage("demo", "--port", "99999", check=False)
    assert ended.returncode == 1
    assert "ports go from 1 to 65535" in ended.stderr


def test_a_database_that_is_away_is_said_in_one_line(tmp_path: Path) -> None:
    away = RunningSite(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing")
    ended = away.manage("prune_predictions", check=False)
    assert ended.returncode == 1
    assert "is it running" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_a_signal_to_make_ends_everything(
    database_url: str, small_dataset: Path, tmp_path: Path
) -> None:
    site = RunningSite(tmp_path, database_url)
    environment = site.env | {"PORT": str(site.port), "DATASET": str(small_dataset)}
    make = subprocess.Popen(
        ["make", "demo"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert make.stdout
    assert any("recsite is up" in line for line in make.stdout)
    processes = family(make.pid)
    make.terminate()
    make.wait(timeout=30)
    assert still_alive(processes) == []
