"""Whole sites, each with a fresh database of the kind that the suite runs on."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, Page, Response, sync_playwright

from tests.e2e import rows
from tests.e2e.browsing import CHROMIUM, launch, sign_in, silence, silent_page
from tests.e2e.running import ROOT, RunningSite, until
from tests.e2e.visits import VISITS, Visit, Who
from tests.movielens import write_small_dataset

ML_LATEST_SMALL = ROOT.parent / "shared" / "data" / "ml-latest-small.zip"


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


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is made by whichever process needs it first, and copied by all."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def prepared_site(
    made_once: Path, site: RunningSite, dataset: str | Path, algorithm: str, *parameters: str
) -> Iterator[RunningSite]:
    """The site with data and model; those of a database server are its own, others are copies."""
    with fresh_database() as site.database_url:
        if site.database_url:
            site.prepare(dataset, algorithm, *parameters)
        else:
            made = made_once / algorithm
            with made.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not made.exists():
                    half = replace(site, data_dir=made.with_suffix(".half"))
                    half.prepare(dataset, algorithm, *parameters)
                    half.data_dir.rename(made)
            shutil.copytree(made, site.data_dir, dirs_exist_ok=True)
        yield site


@pytest.fixture(scope="package")
def small_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_dataset(tmp_path_factory.mktemp("data") / "ml-tiny")


@pytest.fixture(scope="package")
def prepared(
    made_once: Path, small_dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """A site that is ready to start, and never does: others start as copies of it."""
    new = RunningSite(tmp_path_factory.mktemp("prepared"))
    with prepared_site(made_once, new, small_dataset, "hybrid") as site:
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
def site(
    made_once: Path, small_dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """A site of the small data set, whose model waits while a test closes its gate."""
    folder = tmp_path_factory.mktemp("site")
    environment = {
        "SLOW_UNTIL": str(folder / "gate"),
        # So that its pages carry TMDB's notice, and offer a mail to who forgot their password.
        "TMDB_API_KEY": "0123456789abcdef",
        "EMAIL_URL": "smtp://127.0.0.1:9",
        "DEFAULT_FROM_EMAIL": "films@example.org",
    }
    new = RunningSite(folder, environment=environment)
    new.open_gate()
    with (
        prepared_site(made_once, new, small_dataset, "slow", "factors=4") as running,
        running.started(small_dataset),
    ):
        yield running


@pytest.fixture
def gate(site: RunningSite) -> Iterator[Path]:
    """Open while it exists; closed, the model waits in the middle of a prediction."""
    yield site.open_gate()
    site.open_gate()


@pytest.fixture(scope="package")
def real_site(made_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site of real films with static files as they are deployed, and a model that is fast.

    Its ratings are real if ml-latest-small is at hand, and else those of the built-in sample.
    """
    dataset = ML_LATEST_SMALL if ML_LATEST_SMALL.exists() else "sample"
    environment = {"DJANGO_SETTINGS_MODULE": "tests.e2e.settings"}
    new = RunningSite(tmp_path_factory.mktemp("real"), environment=environment)
    with prepared_site(made_once, new, dataset, "ease") as running, running.started(dataset):
        yield running


@pytest.fixture(scope="package")
def sessions(site: RunningSite) -> dict[Who, str]:
    """The sessions of those who look at the site, who has ratings with their predictions made."""
    member, newcomer = site.shell(rows.ACCOUNTS).split()
    visitor = site.visitor(member)
    until(lambda: visitor.shelf_films("top-picks"), every=0.2)
    return {"stranger": "", "newcomer": newcomer, "member": member}


@pytest.fixture(scope="package")
def member(sessions: dict[Who, str]) -> str:
    return sessions["member"]


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
    """A page of somebody new, on which nothing may be said in the console."""
    with browser.new_context(color_scheme="dark") as context, silent_page(context) as page:
        yield page


# Starting a page takes four times as long as what is looked at on it: whoever looks at all pages
# does so in one window, where the posters of one page are at hand for the next.


@pytest.fixture(scope="package", params=VISITS, ids=str)
def visit(request: pytest.FixtureRequest) -> Visit:
    """Each page in turn; all tests that look at it do so before the next one comes."""
    visit: Visit = request.param
    return visit


@contextmanager
def windows(
    browser: Browser, site: RunningSite, sessions: dict[Who, str], **options: Any
) -> Iterator[dict[Who, Page]]:
    with ExitStack() as stack:
        contexts = {who: stack.enter_context(browser.new_context(**options)) for who in sessions}
        for who, session in sessions.items():
            sign_in(contexts[who], site, session)
        yield {who: context.new_page() for who, context in contexts.items()}


@pytest.fixture(scope="package")
def scripted(
    browser: Browser, site: RunningSite, sessions: dict[Who, str]
) -> Iterator[dict[Who, Page]]:
    with windows(browser, site, sessions, reduced_motion="reduce") as pages:
        yield pages


@pytest.fixture(scope="package")
def scriptless(
    browser: Browser, site: RunningSite, sessions: dict[Who, str]
) -> Iterator[dict[Who, Page]]:
    with windows(browser, site, sessions, java_script_enabled=False) as pages:
        yield pages


@pytest.fixture(scope="package")
def visited(scripted: dict[Who, Page], site: RunningSite, visit: Visit) -> Iterator[Page]:
    """The page of a visit, for tests that only look; nothing may be said in its console."""
    page = scripted[visit.who]
    page.emulate_media(color_scheme="dark")
    with silence(page):
        page.goto(visit.url(site))
        yield page


@pytest.fixture(scope="package")
def plain(scriptless: dict[Who, Page], site: RunningSite, visit: Visit) -> Response:
    """What answers a visit without scripts."""
    answer = scriptless[visit.who].goto(visit.url(site))
    assert answer
    return answer
