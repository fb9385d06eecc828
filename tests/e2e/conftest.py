"""Whole sites, each with a fresh database of the kind that the suite runs on."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browsing import CHROMIUM, launch
from tests.e2e.running import ROOT, RunningSite, until
from tests.movielens import write_small_dataset

ML_LATEST_SMALL = ROOT.parent / "shared" / "data" / "ml-latest-small.zip"


#: Makes the account and its session, as signing in would, and prints the session's key.
MEMBER = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
user = User.objects.create_user("member", "member@example.org", "a long secret")
Viewer.for_user(user).copy_taste(Viewer.objects.filter(kind="imported").first())
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.save()
print(session.session_key)
"""


@contextmanager
def fresh_database(like: str = "") -> Iterator[str]:
    """The URL of an empty database, or of a copy; "" for SQLite in the site's own data folder."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield ""
        return
    name, template = f"site_{uuid.uuid4().hex[:12]}", urlsplit(like).path.strip("/")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template or "template1"}"')
        yield server.replace("/postgres?", f"/{name}?")
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database_url() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture(scope="package")
def small_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_dataset(tmp_path_factory.mktemp("data") / "ml-tiny")


@pytest.fixture(scope="package")
def prepared(
    small_dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """A site that is ready to start, and never does: others start as copies of it."""
    with fresh_database() as database_url:
        site = RunningSite(tmp_path_factory.mktemp("prepared"), database_url)
        site.prepare(small_dataset, "hybrid")
        site.manage("collectstatic", "--no-input")
        yield site


@pytest.fixture
def copied(prepared: RunningSite, tmp_path: Path) -> Iterator[RunningSite]:
    """A site of its own for one test, ready to start."""
    with fresh_database(like=prepared.database_url) as database_url:
        folder = shutil.copytree(prepared.data_dir, tmp_path / "site")
        yield RunningSite(folder, database_url)


# One site, one real site and one browser for all files: starting them takes longer than most
# tests. Whoever looks at them is somebody new in each test.


@pytest.fixture(scope="package")
def site(small_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site of the small data set, whose model waits while a test closes its gate."""
    folder = tmp_path_factory.mktemp("site")
    # With a key, so that its pages carry TMDB's notice too.
    environment = {"SLOW_UNTIL": str(folder / "gate"), "TMDB_API_KEY": "0123456789abcdef"}
    with fresh_database() as database_url:
        running = RunningSite(folder, database_url, environment)
        running.open_gate()
        running.prepare(small_dataset, "slow", "factors=4")
        with running.started(small_dataset):
            yield running


@pytest.fixture
def gate(site: RunningSite) -> Iterator[Path]:
    """Open while it exists; closed, the model waits in the middle of a prediction."""
    yield site.open_gate()
    site.open_gate()


@pytest.fixture(scope="package")
def real_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site of real films with static files as they are deployed, and a model that is fast.

    Its ratings are real if ml-latest-small is at hand, and else those of the built-in sample.
    """
    dataset = ML_LATEST_SMALL if ML_LATEST_SMALL.exists() else "sample"
    environment = {"DJANGO_SETTINGS_MODULE": "tests.e2e.settings"}
    with fresh_database() as database_url:
        running = RunningSite(tmp_path_factory.mktemp("real"), database_url, environment)
        running.prepare(dataset, "ease")
        with running.started(dataset):
            yield running


@pytest.fixture(scope="package")
def member(site: RunningSite) -> str:
    """The session of an account on the site that has ratings, and their predictions."""
    session = site.shell(MEMBER)
    visitor = site.visitor(session)
    until(lambda: visitor.shelf_films("top-picks"), every=0.2)
    return session


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page on which nothing may be said in the console: a CSP violation is.

    But that Chromium leaves `autofocus` alone: what is swapped in is focused by htmx.
    """
    page = browser.new_page(color_scheme="dark")
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    yield page
    page.close()
    assert [said for said in heard if "Autofocus processing" not in said] == []
