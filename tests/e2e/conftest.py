"""Whole sites, each with a fresh database of the kind that the suite runs on."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.e2e.running import ROOT, RunningSite
from tests.movielens import write_small_dataset

ML_LATEST_SMALL = ROOT.parent / "shared" / "data" / "ml-latest-small.zip"


@contextmanager
def fresh_database() -> Iterator[str]:
    """Its URL; empty for SQLite in the site's own data folder."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield ""
        return
    name = f"site_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        yield server.replace("/postgres?", f"/{name}?")
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database_url() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def shared_database_url() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="module")
def small_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_dataset(tmp_path_factory.mktemp("data") / "ml-tiny")


@pytest.fixture(scope="module")
def site(
    shared_database_url: str, small_dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """A running demo of the small data set, shared by the tests of one file."""
    running = RunningSite(tmp_path_factory.mktemp("site"), shared_database_url)
    running.start(str(small_dataset))
    yield running
    running.stop()
