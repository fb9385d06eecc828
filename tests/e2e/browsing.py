"""What browser tests share: the browser, and who looks at the site with it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright

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

EMPTY_POSTER = '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="384"/>'


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)


def sign_in(context: BrowserContext, site: RunningSite, session: str) -> None:
    """Give the browser an account's session, as signing in does; a stranger has none."""
    if session:
        context.add_cookies([{"name": "sessionid", "value": session, "url": site.url}])


@contextmanager
def silent_page(context: BrowserContext) -> Iterator[Page]:
    """A page on which nothing may be said in the console: a CSP violation is.

    But that Chromium leaves `autofocus` alone, for what is swapped in is focused by htmx, and that
    htmx gave a request up for a newer one, which `hx-sync` asks of it.
    """
    page = context.new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    yield page
    page.close()
    said = [each for each in heard if "Autofocus processing" not in each]
    said = [each for each in said if each not in GIVEN_UP]
    assert said == [], said


def browse_as_somebody(page: Page, site: RunningSite) -> None:
    """Look at the site as a guest with the ratings of an imported viewer."""
    page.goto(site.url)
    with page.expect_navigation():
        page.locator('form[action^="/browse-as/"] button').first.click()


def without_drawings(page: Page) -> None:
    """Let the posters be empty: drawing them takes longer than the rest of a page."""
    page.route(
        "**/posters/**",
        lambda route: route.fulfill(body=EMPTY_POSTER, content_type="image/svg+xml"),
    )


def height(shelf: Locator) -> float:
    """Of a shelf, which a poll may just be replacing: then it is in no place."""
    return until(shelf.bounding_box)["height"]
