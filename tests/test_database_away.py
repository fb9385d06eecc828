"""While PostgreSQL is away the site says so soon, and does not wait for it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: What the site answers, and how long it takes, in a process of its own.
ASK = """
import django, json, sys, time
django.setup()
from django.test import Client
client = Client(raise_request_exception=False, headers={"Host": "localhost"})
client.get("/healthz")
answers = {}
for path in sys.argv[1:]:
    started = time.monotonic()
    answer = client.get(path, headers={"Host": "localhost"})
    answers[path] = {
        "status": answer.status_code,
        "seconds": time.monotonic() - started,
        "retry": answer.headers.get("Retry-After"),
        "said": answer.content.decode(),
        "cookies": len(answer.cookies),
    }
print(json.dumps(answers))
"""


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Takes connections and says nothing, as a machine does that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"postgresql://nobody@127.0.0.1:{server.getsockname()[1]}/nothing"


@pytest.fixture(params=["0", "8"], ids=["of its own", "shared"], autouse=True)
def connection(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection for each thread, and those that threads share."""
    monkeypatch.setenv("DATABASE_POOL", request.param)


def ask(database_url: str, data_dir: Path, *paths: str) -> tuple[dict[str, Any], str]:
    environment = {
        "DJANGO_SETTINGS_MODULE": "recsite.settings",
        "DATABASE_URL": database_url,
        "DATA_DIR": str(data_dir),
        "LOG_LEVEL": "INFO",
        "DATABASE_CONNECT_SECONDS": "0.5",
    }
    ended = subprocess.run(
        [sys.executable, "-c", ASK, *paths],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    answers: dict[str, Any] = json.loads(ended.stdout)
    return answers, ended.stderr


def test_a_server_that_hangs_is_given_up_soon(silent_server: str, tmp_path: Path) -> None:
    """PostgreSQL's own library would wait for two minutes."""
    started = time.monotonic()
    answers, lines = ask(silent_server, tmp_path, "/", "/films/1/", "/readyz")
    assert time.monotonic() - started < 60
    for path in ("/", "/films/1/"):
        assert (answers[path]["status"], answers[path]["retry"]) == (503, "10")
        assert "Back in a moment" in answers[path]["said"]
    assert answers["/readyz"]["status"] == 503
    assert answers["/readyz"]["said"] == "database: it does not answer\n"
    assert "no connection within 0.5 s" in lines


def test_a_refused_connection_costs_a_line_and_no_traceback(tmp_path: Path) -> None:
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    answers, lines = ask(away, tmp_path, "/", "/healthz", "/metrics")
    assert answers["/"]["status"] == 503
    assert answers["/"]["cookies"] == 0
    assert answers["/healthz"]["status"] == 200
    assert answers["/metrics"]["status"] == 503
    assert "Traceback" not in lines
    written = [line for line in lines.splitlines() if line.startswith("20")]
    failure, access, metrics = written
    assert "Connection refused" in failure
    assert "GET / 503" in access
    assert "GET /metrics 503" in metrics
