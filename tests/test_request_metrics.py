"""Requests are counted by all processes of gunicorn together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parent.parent

ASK = """
import django
django.setup()
from django.test import Client
client = Client()
for path in ("/healthz", "/healthz", "/robots.txt"):
    client.get(path, headers={"Host": "localhost"})
client.generic("NONSENSE", "/healthz")
"""

COUNT = """
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode())
"""


def run(code: str, tmp_path: Path, **environment: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ
        | {"DJANGO_SETTINGS_MODULE": "recsite.settings", "DATA_DIR": str(tmp_path)}
        | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "metrics").mkdir()
    return tmp_path / "metrics"


def test_two_processes_count_together(tmp_path: Path, folder: Path) -> None:
    for _ in range(2):
        run(ASK, tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder))
    counted = run(COUNT, tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder)).splitlines()
    assert 'recsite_http_request_seconds_count{method="GET",status="200"} 6.0' in counted
    assert 'recsite_http_request_seconds_count{method="other",status="405"} 2.0' in counted


def test_without_a_folder_nothing_is_counted(tmp_path: Path, folder: Path) -> None:
    run(ASK, tmp_path, PROMETHEUS_MULTIPROC_DIR="")
    assert list(folder.iterdir()) == []


def test_gunicorn_begins_with_an_empty_folder(tmp_path: Path, folder: Path) -> None:
    run(ASK, tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder))
    assert list(folder.iterdir())
    start = "import runpy; runpy.run_path('gunicorn.conf.py')['on_starting'](None)"
    run(start, tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder))
    assert list(folder.iterdir()) == []
