"""Takes the README's screenshots, of a site with the real ratings, into docs/.

python -m tests.e2e.screenshot
"""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.browsing import browse_as_somebody, launch
from tests.e2e.conftest import ML_LATEST_SMALL
from tests.e2e.running import ROOT, RunningSite

DOCS = ROOT / "docs"
DESK = (1280, 860)
PHONE = (390, 800)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = RunningSite(Path(folder))
        site.start(str(ML_LATEST_SMALL))
        chromium = launch(playwright)
        try:
            take_desk(chromium, site)
            take_phone(chromium, site)
        finally:
            chromium.close()
            site.stop()


def take_desk(chromium: Browser, site: RunningSite) -> None:
    page = somebodys_home(chromium, site, DESK, "dark")
    take(page, "home")
    page.locator("#shelf-top-picks .card-link").nth(1).click()
    expect(page.locator("#film-prediction")).not_to_have_attribute("aria-busy", "true")
    take(page, "film")
    page.goto(f"{site.url}browse/?q=anderson")
    take(page, "browse")
    page.goto(f"{site.url}taste/")
    take(page, "taste")


def take_phone(chromium: Browser, site: RunningSite) -> None:
    take(somebodys_home(chromium, site, PHONE, "light"), "phone")


def somebodys_home(
    chromium: Browser, site: RunningSite, size: tuple[int, int], scheme: str
) -> Page:
    width, height = size
    page = chromium.new_page(viewport={"width": width, "height": height})
    page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
    browse_as_somebody(page, site)
    for shelf in page.locator(".shelf:visible").all():
        expect(shelf.locator("img").first).to_be_visible(timeout=20_000)
    return page


def take(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=DOCS / f"{name}.png")


if __name__ == "__main__":
    main()
