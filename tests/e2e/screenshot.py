"""Takes the README's screenshot, of a site with the real ratings: docs/home.png.

python -m tests.e2e.screenshot
"""

import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.e2e.conftest import ML_LATEST_SMALL
from tests.e2e.running import ROOT, RunningSite
from tests.e2e.test_browser import CHROMIUM, FLAGS


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = RunningSite(Path(folder))
        site.start(str(ML_LATEST_SMALL))
        try:
            take(site.url, ROOT / "docs" / "home.png")
        finally:
            site.stop()


def take(url: str, path: Path) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = chromium.new_page(viewport={"width": 1280, "height": 860}, color_scheme="dark")
        page.goto(url)
        page.locator('form[action^="/browse-as/"] button').first.click()
        for shelf in page.locator(".shelf:visible").all():
            expect(shelf.locator("img").first).to_be_visible(timeout=20_000)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=path)
        chromium.close()


if __name__ == "__main__":
    main()
