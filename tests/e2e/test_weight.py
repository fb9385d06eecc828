"""What a home page weighs on the wire, every shelf of it filled, and whom it asks."""

import gzip
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.e2e.browsing import browse_as_somebody
from tests.e2e.running import RunningSite

#: Bytes of HTML, style sheet, htmx and icon.
MOST = 60_000

#: Shelves that a run fills, and those that are plain SQL.
SHELVES = 7


@pytest.fixture
def filled(browser: Browser, real_site: RunningSite) -> Iterator[BrowserContext]:
    """A browser without anything in its cache, whose viewer's shelves are filled."""
    with browser.new_context() as context:
        page = context.new_page()
        browse_as_somebody(page, real_site)
        expect(page.locator(".shelf[aria-busy=true]")).to_have_count(0, timeout=20_000)
        cookies = context.storage_state()
    with browser.new_context(storage_state=cookies) as context:
        yield context


def test_a_full_home_page_is_light_and_asks_nobody_else(
    filled: BrowserContext, real_site: RunningSite
) -> None:
    page = filled.new_page()
    weights: dict[str, int] = {}
    page.on(
        "requestfinished",
        lambda request: weights.update({request.url: request.sizes()["responseBodySize"]}),
    )
    with page.expect_event("requestfinished", lambda request: "favicon" in request.url):
        page.goto(real_site.url)
    page.wait_for_load_state("networkidle")

    assert page.locator(".shelf:visible").count() >= SHELVES
    assert {url for url in weights if not url.startswith(real_site.url)} == set()
    without_posters = {url: size for url, size in weights.items() if "/posters/" not in url}
    assert len(without_posters) == 4, "page, style sheet, htmx, icon"
    assert all(size > 0 for size in without_posters.values())
    assert sum(without_posters.values()) < MOST, without_posters


def test_pages_are_compressed_for_who_reads_that_alone(site: RunningSite) -> None:
    sent, plain = fetched(site.url, "gzip"), fetched(site.url, "identity")
    assert sent[0] == "gzip"
    assert b"<h1" in gzip.decompress(sent[1])
    assert plain[0] is None
    assert b"<h1" in plain[1]
    assert len(sent[1]) < len(plain[1]) / 3


def fetched(url: str, encoding: str) -> tuple[str | None, bytes]:
    """The answer's encoding, and its bytes as they were sent."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": encoding})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert "Accept-Encoding" in answer.headers["Vary"]
        return answer.headers["Content-Encoding"], answer.read()
