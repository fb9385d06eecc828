"""What browser tests share: the browser, and who looks at the site with it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Playwright,
    expect,
)

from tests.e2e.running import RunningSite, until

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


#: What htmx says of a request that it aborted; of one that failed it says "htmx:sendError", too.
GIVEN_UP = {"error: htmx:afterRequest", "error: htmx:sendAbort"}

# What takes longer than this on the busiest machine does not come at all.
expect.set_options(timeout=20_000)


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)


def sign_in(context: BrowserContext, site: RunningSite, session: str) -> None:
    """Give the browser an account's session, as signing in does; a stranger has none."""
    if session:
        context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])


@contextmanager
def silent_page(context: BrowserContext) -> Iterator[Page]:
    """A page on which nothing may be said in the console."""
    page = context.new_page()
    with silence(page):
        yield page
    page.close()


@contextmanager
def silence(page: Page) -> Iterator[None]:
    """Nothing may be said in the page's console: a CSP violation is.

    But that Chromium leaves `autofocus` alone, for what is swapped in is focused by htmx, and that
    htmx gave a request up for a newer one, which `hx-sync` asks of it.
    """
    heard: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        heard.append(f"{message.type}: {message.text}")

    def hear_error(error: Error) -> None:
        heard.append(str(error))

    page.on("console", hear)
    page.on("pageerror", hear_error)
    yield
    page.remove_listener("console", hear)
    page.remove_listener("pageerror", hear_error)
    said = [each for each in heard if "Autofocus processing" not in each]
    said = [each for each in said if each not in GIVEN_UP]
    assert said == [], said


def browse_as_somebody(page: Page, site: RunningSite) -> None:
    """Look at the site as a guest with the ratings of an imported viewer."""
    page.goto(site.url)
    with page.expect_navigation():
        page.locator('form[action^="/browse-as/"] button').first.click()


def height(shelf: Locator) -> float:
    """Of a shelf, which a poll may just be replacing: then it is in no place."""
    return until(shelf.bounding_box)["height"]
