"""Who walks through the site, and the steps that several walks take."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.running import RunningSite, until
from tests.importers.datasets import Files, lines, zipped
from tests.importers.exports.files import WATCHED, letterboxd

PASSWORD = "a long secret"

#: Of these the catalogue has one film each, and of *Metropolis* two; the last has too many stars.
RATED = letterboxd(
    "Toy Story,1995,4.5",
    "The Matrix,1999,5",
    "Fargo,1996,3",
    "Metropolis,,4",
    "A Film That Nobody Made,2020,4",
    "Alien,1979,9",
)
SEEN = lines(["2024-03-01,Psycho,1960,x", "2024-03-01,Toy Story,1995,x"], WATCHED)
WANTED = lines(["2024-03-01,Casablanca,1942,x", "2024-03-01,Vertigo,1958,x"], WATCHED)


def letterboxd_zip(folder: Path) -> Path:
    files: Files = {"ratings.csv": RATED, "watched.csv": SEEN, "watchlist.csv": WANTED}
    return zipped(folder / "letterboxd-somebody.zip", files)


@contextmanager
def visitor(browser: Browser, **options: Any) -> Iterator[Page]:
    """Somebody else with a browser of their own."""
    with browser.new_context(**options) as context:
        yield context.new_page()


def titles(cards: Locator) -> list[str]:
    """The films whose posters these are, in order."""
    posters: list[str] = cards.locator("img").evaluate_all("all => all.map(each => each.alt)")
    return posters


def open_film(page: Page, site: RunningSite, title: str) -> None:
    """Find a film as one does, by its title."""
    page.goto(f"{site.url}browse/")
    page.get_by_role("searchbox").fill(title)
    page.get_by_role("searchbox").press("Enter")
    page.locator(".card-link").filter(has=page.get_by_alt_text(title, exact=True)).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)


def rate_some(page: Page, site: RunningSite, count: int) -> list[str]:
    """Rate the first films that one is asked about; returns which films these were."""
    page.goto(f"{site.url}rate-next/")
    question, rated = page.locator("#question-title"), []
    for _ in range(count):
        rated.append(question.inner_text())
        page.get_by_role("button", name="Rate 4 stars").click()
        expect(question).not_to_have_text(rated[-1])
    return rated


def filled(page: Page) -> Locator:
    """The first shelf of the home page, once its films are there and are not being made anew."""
    shelf = page.locator("#shelf-top-picks")
    expect(shelf.locator(".card").first).to_be_visible()
    expect(shelf).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#refreshing progress")).to_have_count(0)
    page.wait_for_load_state()
    return shelf


def changed(cards: Locator, before: list[str]) -> list[str]:
    """The films that are there now, once they are others."""
    return until(lambda: now if (now := titles(cards)) and now != before else None)


def sign_up(page: Page, site: RunningSite) -> str:
    """Make an account of a name that nobody has; returns it."""
    name = f"lover{uuid.uuid4().hex[:8]}"
    page.goto(f"{site.url}account/signup/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("button", name=f"Menu of {name}")).to_be_visible()
    return name


def sign_in(page: Page, site: RunningSite, name: str) -> None:
    page.goto(f"{site.url}account/login/")
    page.get_by_label("User name or e-mail").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Menu of").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()
