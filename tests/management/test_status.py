"""`status` says what needs a person, by its exit code too, even when there is no database."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import Schedule

from recommendations.models import TrainedModel, Viewer, Worker
from tests.operations.rows import ended

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def healthy(active_model: TrainedModel, alice: Viewer) -> None:
    Worker.objects.create(host="here", pid=7, queue="predictions", cluster=6, beat_at=Now())
    Schedule.objects.update(next_run=timezone.now() + timedelta(minutes=1))
    ended(alice, 60, wait=0.25, run=1.5).save()
    ended(alice, 60, error="ValueError: no").save()


def status(*arguments: str) -> str:
    out = StringIO()
    call_command("status", *arguments, stdout=out)
    return out.getvalue()


def test_it_tells_all_there_is_to_see(healthy: None, active_model: TrainedModel) -> None:
    said = status()
    for wanted in ("here:7", "ValueError: no", "Reap predictions", f"svd {active_model.pk}"):
        assert wanted in said
    assert "0.25 s" in said


def test_it_says_why_somebody_is_needed(healthy: None) -> None:
    Worker.objects.all().delete()
    with pytest.raises(CommandError, match="No worker is alive for the queue predictions"):
        status()


def test_as_json_it_is_whole_and_ends_the_same(
    healthy: None, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = json.loads(status("--json"))
    assert figures["problems"] == []
    assert figures["workers"][0]["name"] == "here:7"
    assert figures["hour"]["by_queue"]["predictions"]["wait"]["count"] == 2
    assert len(figures["day"]["periods"]) == 24
    TrainedModel.objects.all().delete()
    out = StringIO()
    with pytest.raises(SystemExit) as ending:
        call_command("status", "--json", stdout=out)
    assert ending.value.code == 1
    assert [problem["code"] for problem in json.loads(out.getvalue())["problems"]] == ["no_model"]


def run(database_url: str, data_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "status", *arguments],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "recsite.settings",
            "DATABASE_URL": database_url,
            "DATA_DIR": str(data_dir),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_database_it_says_so_in_one_line(tmp_path: Path) -> None:
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    ended = run(away, tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "The database does not answer" in ended.stderr
    ended = run(away, tmp_path, "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout)["problems"][0]["code"] == "database"


def test_an_empty_database_wants_its_migrations(tmp_path: Path) -> None:
    ended = run(f"sqlite:///{tmp_path / 'empty.sqlite3'}", tmp_path)
    assert ended.returncode == 1
    assert "migrations are not applied" in ended.stderr
    assert "Traceback" not in ended.stderr
