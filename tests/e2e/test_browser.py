"""A real browser on a real site: placeholders, films, a rating, a refresh; without scripts too."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.e2e.running import RunningSite, until

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason="needs Chromium (on Debian: apt-get install chromium)"
)


@pytest.fixture(scope="module")
def site(
    shared_database_url: str, small_dataset: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningSite]:
    """A site whose model waits while a test closes its gate."""
    folder = tmp_path_factory.mktemp("site")
    environment = {"SLOW_UNTIL": str(folder / "gate")}
    running = RunningSite(folder, shared_database_url, environment)
    running.manage("migrate", "--verbosity", "0")
    running.manage("import_movielens", str(small_dataset))
    running.manage("train", "--algorithm", "slow", "--param", "factors=4")
    running.start(str(small_dataset))
    yield running
    running.stop()


@pytest.fixture
def gate(site: RunningSite) -> Path:
    """Open while it exists; closed, the model waits in the middle of a prediction."""
    gate = Path(site.environment["SLOW_UNTIL"])
    gate.touch()
    return gate


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page on which nothing may be said in the console: a CSP violation is."""
    page = browser.new_page(color_scheme="dark")
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    yield page
    page.close()
    assert heard == []


def browse_as_somebody(page: Page, site: RunningSite) -> None:
    page.goto(site.url)
    page.locator('form[action^="/browse-as/"] button').first.click()


def height(shelf: Locator) -> float:
    """Of a shelf, which a poll may just be replacing: then it is in no place."""
    return until(shelf.bounding_box)["height"]


def test_placeholders_then_films_then_a_rating_then_the_refresh(
    page: Page, site: RunningSite, gate: Path
) -> None:
    gate.unlink()
    browse_as_somebody(page, site)
    top_picks = page.locator("#shelf-top-picks")
    expect(top_picks).to_have_attribute("aria-busy", "true")
    expect(top_picks.locator(".skeleton").first).to_be_visible()
    waiting = height(top_picks)
    gate.touch()
    expect(top_picks.locator("img").first).to_be_visible(timeout=15_000)
    expect(page.locator("#status")).to_contain_text("ready", timeout=15_000)
    assert abs(waiting - height(top_picks)) <= 1, "the page moved when the films came"

    top_picks.locator("a[href^='/films/']").first.click()
    expect(page.locator("#film-prediction")).to_contain_text("likely", timeout=15_000)
    gate.unlink()
    page.get_by_role("button", name="Rate 4.5 stars").click()
    expect(page.locator("#rating")).to_contain_text("picks are being refreshed")
    expect(page.get_by_role("button", name="Rate 4.5 stars")).to_be_focused()

    page.goto(site.url)
    expect(page.locator("#refreshing")).to_contain_text("being refreshed")
    expect(page.locator("#shelf-top-picks img").first).to_be_visible()
    gate.touch()
    expect(page.locator("#refreshing")).to_contain_text("up to date", timeout=15_000)
    expect(page.locator("#shelf-top-picks")).not_to_have_attribute("aria-busy", "true")


def test_a_rating_can_be_taken_back(page: Page, site: RunningSite, gate: Path) -> None:
    page.goto(f"{site.url}films/1/")
    page.get_by_role("button", name="Rate 4.5 stars").click()
    expect(page.locator("#rating")).to_contain_text("4.5")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#rating")).to_contain_text("removed")


def test_the_next_film_page_still_works_after_going_back(
    page: Page, site: RunningSite, gate: Path
) -> None:
    browse_as_somebody(page, site)
    expect(page.locator("#shelf-top-picks img").first).to_be_visible(timeout=15_000)
    page.locator("#shelf-popular a[href^='/films/']").first.click()
    page.go_back()
    expect(page.locator("#shelf-top-picks h2")).to_contain_text("Top picks")
    expect(page.locator("body")).to_contain_text("Popular")


def test_all_of_it_works_without_scripts(browser: Browser, site: RunningSite, gate: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    browse_as_somebody(page, site)
    top_picks = page.locator("#shelf-top-picks")
    expect(top_picks).to_be_visible()
    for _ in range(30):
        if top_picks.locator("img").count():
            break
        page.wait_for_timeout(300)
        page.goto(site.url)
    expect(top_picks.locator("img").first).to_be_visible()
    top_picks.locator("a[href^='/films/']").first.click()
    page.get_by_role("button", name="Rate 3 stars").click()
    expect(page.locator("body")).to_contain_text("You rated")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("body")).to_contain_text("is unrated")
    page.get_by_role("searchbox").fill("amelies")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("img", name="Amélie's Garden").first).to_be_visible()
    context.close()


def test_the_admin_keeps_the_policy_too(page: Page, site: RunningSite, gate: Path) -> None:
    site.shell(
        "from django.contrib.auth.models import User;"
        "User.objects.create_superuser('operator', password='a long secret')"
    )
    page.goto(f"{site.url}admin/")
    page.get_by_label("Username").fill("operator")
    page.get_by_label("Password").fill("a long secret")
    page.get_by_role("button", name="Log in").click()
    for name in ("prediction", "trainedmodel", "movie", "viewer", "rating"):
        page.goto(f"{site.url}admin/recommendations/{name}/")
        expect(page.locator("#result_list")).to_be_visible()
    page.goto(f"{site.url}admin/recommendations/prediction/")
    page.locator("#result_list tbody a").first.click()
    expect(page.locator("main")).to_contain_text("Django-Q2 task")


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [320, 768, 1440])
def test_no_page_scrolls_sideways(
    browser: Browser, site: RunningSite, width: int, scheme: str
) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    for path in (
        "",
        "films/1/",
        "search/?q=quiet",
        "shelves/popular/",
        "account/login/",
        "nothing/",
    ):
        page.goto(site.url + path)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"/{path} is {overflow} px too wide"
    page.close()
