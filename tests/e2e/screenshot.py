"""Takes the README's screenshot, of a site with the real ratings: docs/home.png.

python -m tests.e2e.screenshot
"""

import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.e2e.browsing import browse_as_somebody, launch
from tests.e2e.conftest import ML_LATEST_SMALL
from tests.e2e.running import ROOT, RunningSite


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = RunningSite(Path(folder))
        site.start(str(ML_LATEST_SMALL))
        try:
            take(site, ROOT / "docs" / "home.png")
        finally:
            site.stop()


def take(site: RunningSite, path: Path) -> None:
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        page = chromium.new_page(viewport={"width": 1280, "height": 860}, color_scheme="dark")
        browse_as_somebody(page, site)
        for shelf in page.locator(".shelf:visible").all():
            expect(shelf.locator("img").first).to_be_visible(timeout=20_000)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=path)
        chromium.close()


if __name__ == "__main__":
    main()
