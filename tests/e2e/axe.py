"""Whether axe finds anything wrong with a page, in either scheme, narrow and wide."""

from itertools import product
from typing import Literal

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Scheme = Literal["dark", "light"]

#: What axe looks at in each scheme: by tags all there is, then by name what colours can spoil.
RULES: dict[Scheme, list[str]] = {
    "dark": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "light": ["color-contrast", "link-in-text-block"],
}
WIDTHS = [360, 1280]

#: Leaves behind what was found well: naming each element of it takes longer than looking.
RUN = """async (options) => {
    const {violations} = await axe.run(options);
    return {violations};
}"""


def assert_axe_finds_nothing(page: Page) -> None:
    """In either scheme, narrow and wide; of what colours do not change, once is enough."""
    page.evaluate(Axe().axe_script)
    for width, (scheme, rules) in product(WIDTHS, RULES.items()):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        results = look(page, rules)
        assert not results.violations_count, f"{scheme}, {width}: {results.generate_report()}"


def look(page: Page, rules: list[str]) -> AxeResults:
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    return AxeResults(page.evaluate(RUN, options))
