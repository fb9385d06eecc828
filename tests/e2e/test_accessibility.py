"""Made for everyone: axe on what opens, the keyboard, screen readers, and calm for the eye."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.axe import RULES, WIDTHS, Scheme, assert_axe_finds_nothing, look
from tests.e2e.browsing import browse_as_somebody, sign_in
from tests.e2e.running import RunningSite

#: How the focus is seen: what is focused, and what is drawn around it. In a shelf that is not
#: focused itself, it is the button that pages.
FOCUSED = """() => {
    const focused = document.activeElement;
    const part = focused.matches(":focus-visible") ? null : "::scroll-button(right)";
    const style = getComputedStyle(focused, part);
    return {
        what: focused.id || focused.className || focused.tagName,
        outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
        in_sight: focused.getBoundingClientRect().height > 0,
    };
}"""

#: Counts what a screen reader is told from now on: changes of a region that hold any words.
LISTEN = """() => {
    window.heard = [];
    const status = document.querySelector("[role=status]");
    new MutationObserver(() => {
        if (status.textContent.trim()) window.heard.push(status.textContent.trim());
    }).observe(status, {childList: true, characterData: true, subtree: true});
}"""

#: Adds up, from the start of each page, how far what is seen moves by itself.
WATCH_SHIFTS = """
    window.shifted = 0;
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
            if (entry.hadRecentInput) continue;
            window.shifted += entry.value;
            for (const {node} of entry.sources) window.shifts.push(node?.outerHTML?.slice(0, 99));
        }
    }).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.parametrize(
    ("where", "path"), [("site", "nothing/"), ("real_site", "account/password/reset/")]
)
def test_axe_finds_nothing_on_the_pages_of_what_cannot_be(
    browser: Browser, request: pytest.FixtureRequest, where: str, path: str
) -> None:
    """An address that leads nowhere, and a forgotten password on a site that sends no mail."""
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(request.getfixturevalue(where).url + path)
        assert_axe_finds_nothing(page)


@pytest.mark.parametrize(
    ("path", "opened", "shown"),
    [
        ("", ".avatar", "#account-menu"),
        ("", ".card >> role=link[name=/Actions for/]", ".card >> role=group"),
        ("", "#controls summary", "#controls form"),
        ("films/1/", "#add-to-list summary", "#add-to-list form"),
    ],
)
def test_axe_finds_nothing_in_what_opens(
    page: Page, site: RunningSite, member: str, *, path: str, opened: str, shown: str
) -> None:
    sign_in(page.context, site, member)
    page.emulate_media(reduced_motion="reduce")
    page.goto(site.url + path)
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=20_000)
    page.locator(opened).first.click()
    expect(page.locator(shown).first).to_be_visible()
    assert_axe_finds_nothing(page)


def test_axe_finds_nothing_in_what_is_undone(page: Page, site: RunningSite, member: str) -> None:
    sign_in(page.context, site, member)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{site.url}lists/watchlist/")
    page.get_by_role("button", name="Remove").first.click()
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    assert_axe_finds_nothing(page)
    undo.click()
    expect(undo).to_have_count(0)


@pytest.mark.parametrize(("scheme", "wrong"), [("dark", "label"), ("light", "color-contrast")])
def test_axe_finds_what_is_wrong(
    page: Page, site: RunningSite, scheme: Scheme, wrong: str
) -> None:
    page.goto(f"{site.url}lists/")
    page.emulate_media(color_scheme=scheme)
    page.evaluate(Axe().axe_script)
    page.evaluate("document.querySelector('[type=search]').labels[0].remove()")
    page.evaluate("document.querySelector('[type=search]').placeholder = ''")
    page.evaluate("document.querySelector('.site-nav a').style.color = '#999'")
    found = look(page, RULES[scheme]).response["violations"]
    assert [violation["id"] for violation in found] == [wrong]


class Focus(NamedTuple):
    what: str
    outline: float
    in_sight: bool


def tab_through(page: Page, times: int) -> list[Focus]:
    """Where the focus goes; it is seen everywhere."""
    steps = []
    for _ in range(times):
        page.keyboard.press("Tab")
        steps.append(Focus(**page.evaluate(FOCUSED)))
    assert all(step.outline >= 2 and step.in_sight for step in steps), steps
    return steps


def test_the_keyboard_reaches_header_shelf_and_card_and_the_focus_is_seen(
    page: Page, site: RunningSite, member: str, gate: object
) -> None:
    sign_in(page.context, site, member)
    page.goto(site.url)
    page.wait_for_load_state("networkidle")
    reached = [step.what for step in tab_through(page, 20)]
    wanted = ["skip", "brand", "site-search", "shelf-top-picks-row"]
    places = [reached.index(what) for what in wanted]
    assert places == sorted(places)
    assert any(what.startswith("top-picks-") for what in reached[places[-1] :])

    page.locator("#shelf-top-picks .card-link").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#rating")).to_be_visible()
    assert "rate-1" in [step.what for step in tab_through(page, 30)]


def test_the_skip_link_leads_past_the_header(page: Page, site: RunningSite) -> None:
    page.goto(site.url)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_menu_opens_and_closes_with_the_keyboard(
    page: Page, site: RunningSite, member: str
) -> None:
    sign_in(page.context, site, member)
    page.goto(f"{site.url}account/")
    button = page.get_by_role("button", name="Menu of member")
    menu = page.get_by_role("navigation", name="You")
    button.focus()
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    assert [step.what for step in tab_through(page, 1)] == ["A"]
    expect(menu.get_by_role("link").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()


def test_a_rating_is_given_with_the_keyboard_alone(
    page: Page, site: RunningSite, gate: object
) -> None:
    page.goto(f"{site.url}films/3/")
    page.locator("#rate-7").focus()
    page.keyboard.press("Space")
    expect(page.locator("#rating")).to_contain_text("You rated this ★ 3.5")
    expect(page.locator("#rate-7")).to_be_focused()
    expect(page.locator("#rate-7")).to_have_attribute("aria-pressed", "true")


def test_filling_shelves_are_announced_once(page: Page, site: RunningSite, gate: object) -> None:
    with site.gate_closed():
        browse_as_somebody(page, site)
        busy = page.locator(".shelf[aria-busy=true]")
        expect(busy).not_to_have_count(0)
        expect(page.locator("[role=status]")).to_have_count(1)
        page.evaluate(LISTEN)
    expect(busy).to_have_count(0, timeout=20_000)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.heard") == ["Your picks are ready."]
    expect(page.locator(".shelf [aria-live], .shelf [role=status]")).to_have_count(0)


@contextmanager
def fragments_held_back(page: Page) -> Iterator[None]:
    """No shelf hears from the site in the block; all do when it ends."""
    held: list[Route] = []
    holding = True
    page.route("**/fragments/**", lambda each: held.append(each) if holding else each.continue_())
    yield
    holding = False
    for route in held:
        route.continue_()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_moves_when_shelves_fill(
    browser: Browser, real_site: RunningSite, width: int
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.add_init_script(WATCH_SHIFTS)
        busy = page.locator(".shelf[aria-busy=true]:visible")
        with fragments_held_back(page):
            browse_as_somebody(page, real_site)
            expect(busy).to_have_count(5)
        expect(busy).to_have_count(0, timeout=20_000)
        page.wait_for_load_state("networkidle")
        assert page.locator(".shelf:visible").count() > 5
        assert page.evaluate("window.shifted") < 0.02, page.evaluate("window.shifts")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_who_wants_no_movement_sees_none(
    browser: Browser, site: RunningSite, gate: object, motion: Literal["reduce", "no-preference"]
) -> None:
    with site.gate_closed(), browser.new_context(reduced_motion=motion) as context:
        page = context.new_page()
        browse_as_somebody(page, site)
        expect(page.locator(".skeleton").first).to_be_visible()
        moving = page.evaluate("document.getAnimations().length")
        assert (moving == 0) is (motion == "reduce")


def test_with_forced_colours_the_stars_still_tell_what_was_given(
    browser: Browser, site: RunningSite, gate: object
) -> None:
    with browser.new_context(forced_colors="active") as context:
        page = context.new_page()
        page.goto(f"{site.url}films/4/")
        page.locator("#rate-5").click()
        expect(page.locator("#rating .on")).to_have_count(5)
        colour = "(star) => getComputedStyle(star).color"
        on, off = (page.locator(each).evaluate(colour) for each in ("#rate-5", "#rate-6"))
        assert on != off
