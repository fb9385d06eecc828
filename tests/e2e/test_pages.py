"""What is promised of every page: all of it works without scripts, and axe finds nothing."""

import urllib.error
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, Page, Response, expect

from tests.e2e.axe import assert_axe_finds_nothing
from tests.e2e.browsing import browse_as_somebody
from tests.e2e.running import RunningSite
from tests.e2e.visits import NO_PAGES, VISITS, Visit, named_urls, sample_path

#: Elements that HTMX acts upon when a reader does, rather than by themselves.
OPERATED = {"a", "button", "form", "input", "select", "textarea"}

Attributes = dict[str, str]


@dataclass
class Found(HTMLParser):
    """The forms of a page with what is in them, and what HTMX acts upon."""

    forms: list[Attributes] = field(default_factory=list)
    fields: list[set[str]] = field(default_factory=list)
    enhanced: list[tuple[str, Attributes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(given)
            self.fields.append(set())
        if tag in {"input", "button", "select", "textarea"} and self.fields:
            self.fields[-1].add(given.get("name", ""))
        if tag in OPERATED and {"hx-get", "hx-post"} & given.keys():
            self.enhanced.append((tag, given))


def status_of(site: RunningSite, path: str) -> int:
    try:
        site.visitor().open(path)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def test_every_page_is_in_the_list_of_visits(site: RunningSite) -> None:
    missing = [
        pattern.name
        for pattern in named_urls()
        if pattern.name not in NO_PAGES | {visit.name for visit in VISITS}
        and status_of(site, sample_path(pattern)) != 405  # an action takes no GET
    ]
    assert missing == [], "add them to VISITS in tests/e2e/visits.py"


def test_every_form_and_every_enhancement_works_without_htmx(plain: Response) -> None:
    found = Found()
    found.feed(plain.text())
    assert found.forms
    for form, fields in zip(found.forms, found.fields, strict=True):
        assert leads_somewhere(form.get("action", "")), f"no such action: {form}"
        assert form.get("method", "get").lower() in {"get", "post"}
        if form.get("method", "").lower() == "post":
            assert "csrfmiddlewaretoken" in fields, f"no token: {form}"
    for tag, given in found.enhanced:
        twin = given.get("action") or given.get("href") or given.get("formaction")
        assert twin or tag in {"input", "select"}, f"<{tag}> works with HTMX alone: {given}"


def leads_somewhere(address: str) -> bool:
    try:
        return bool(resolve(urlsplit(address).path))
    except Resolver404:
        return False


def test_every_page_is_whole_without_scripts(plain: Response) -> None:
    assert plain.status == 200
    assert "unsafe" not in plain.headers["content-security-policy"]
    page = plain.frame.page
    expect(page.locator("h1")).to_have_count(1)
    for busy in page.locator("[aria-busy=true]:visible").all():
        expect(busy.locator("a:visible, button:visible").first).to_be_visible()


def test_no_page_scrolls_sideways(visited: Page) -> None:
    assert_never_too_wide(visited)


def test_axe_finds_nothing(visited: Page, visit: Visit) -> None:
    if not visit.stays_busy:
        expect(visited.locator("[aria-busy=true]")).to_have_count(0)
    assert_axe_finds_nothing(visited)


def test_the_page_of_an_error_does_not_scroll_sideways(
    browser: Browser, site: RunningSite
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{site.url}nothing/")
        assert_never_too_wide(page)


def assert_never_too_wide(page: Page) -> None:
    for width in (320, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"at {width} px it is {overflow} px too wide"


def test_what_is_still_to_come_has_a_link_without_scripts(
    browser: Browser, site: RunningSite, gate: object
) -> None:
    with site.gate_closed(), browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        browse_as_somebody(page, site)
        busy = page.locator("[aria-busy=true]:visible")
        assert busy.count() > 2
        for each in busy.all():
            expect(each.get_by_role("link").first).to_be_visible()
        page.goto(f"{site.url}films/1/")
        expect(
            page.locator("#film-prediction[aria-busy=true]").get_by_role("link")
        ).to_be_visible()
