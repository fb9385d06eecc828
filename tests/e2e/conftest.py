"""Whole sites, each with a fresh database of the kind that the suite runs on."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.e2e.running import ROOT, RunningSite
from tests.movielens import write_small_dataset

ML_LATEST_SMALL = ROOT.parent / "shared" / "data" / "ml-latest-small.zip"


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    """Empty for SQLite in the site's own data folder; else a new database on the same server."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield ""
        return
    name = f"site_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield server.replace("/postgres?", f"/{name}?")
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def small_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_dataset(tmp_path_factory.mktemp("data") / "ml-tiny")


@pytest.fixture(scope="module")
def site(
    database_url: str, small_dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """A running demo of the small data set, shared by the tests of one file."""
    running = RunningSite(tmp_path_factory.mktemp("site"), database_url)
    running.start(str(small_dataset))
    yield running
    running.stop()
