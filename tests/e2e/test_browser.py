"""A real browser on a real site: placeholders, films, a rating, a refresh; without scripts too."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import browse_as_somebody, height
from tests.e2e.running import RunningSite, until


def test_placeholders_then_films_then_a_rating_then_the_refresh(
    page: Page, site: RunningSite, gate: Path
) -> None:
    gate.unlink()
    browse_as_somebody(page, site)
    top_picks = page.locator("#shelf-top-picks")
    expect(top_picks).to_have_attribute("aria-busy", "true")
    expect(top_picks.locator(".skeleton").first).to_be_visible()
    waiting = height(top_picks)
    gate.touch()
    expect(top_picks.locator("img").first).to_be_visible(timeout=15_000)
    expect(page.locator("#status")).to_contain_text("ready", timeout=15_000)
    assert abs(waiting - height(top_picks)) <= 1, "the page moved when the films came"

    top_picks.locator("a[href^='/films/']").first.click()
    expect(page.locator("#film-prediction")).to_contain_text("likely", timeout=15_000)
    gate.unlink()
    page.get_by_role("button", name="Rate 4.5 stars").click()
    expect(page.locator("#rating")).to_contain_text("picks are being refreshed")
    expect(page.get_by_role("button", name="Rate 4.5 stars")).to_be_focused()

    page.goto(site.url)
    expect(page.locator("#refreshing")).to_contain_text("being refreshed")
    expect(page.locator("#shelf-top-picks img").first).to_be_visible()
    gate.touch()
    expect(page.locator("#refreshing")).to_contain_text("up to date", timeout=15_000)
    expect(page.locator("#shelf-top-picks")).not_to_have_attribute("aria-busy", "true")


def test_a_film_is_dealt_with_on_its_poster(page: Page, site: RunningSite, gate: Path) -> None:
    browse_as_somebody(page, site)
    card = page.locator("#shelf-top-picks .card").first
    expect(card.locator("img")).to_be_visible(timeout=15_000)
    poster = until(card.locator(".poster").bounding_box)
    menu, done = card.get_by_role("group"), card.locator(".card-done")
    card.get_by_role("link", name="Actions for").focus()
    page.keyboard.press("Enter")
    expect(menu.get_by_role("button", name="Close")).to_be_focused()
    over = until(menu.bounding_box)
    assert (over["width"], over["height"]) == (poster["width"], poster["height"])
    menu.get_by_role("button", name="Close").click()
    expect(card.get_by_role("link", name="Actions for")).to_be_focused()
    page.keyboard.press("Enter")
    menu.get_by_role("button", name="Less like this").click()
    expect(done.get_by_role("button", name="Undo")).to_be_focused()
    expect(page.locator("#refreshing")).to_contain_text("New picks are ready", timeout=15_000)
    expect(done).to_contain_text("Less like this")
    page.keyboard.press("Enter")
    expect(card.get_by_role("link", name="Actions for")).to_be_focused()
    expect(page.locator("#status")).to_contain_text("undone")


def test_no_film_is_twice_on_a_page_that_filled_in_by_itself(
    page: Page, site: RunningSite, gate: Path
) -> None:
    gate.unlink()
    browse_as_somebody(page, site)
    gate.touch()
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=20_000)
    page.wait_for_load_state("networkidle")
    films = page.locator(".card-link").evaluate_all("links => links.map(link => link.href)")
    assert len(films) == len(set(films)) > 10


def test_a_rating_can_be_taken_back(page: Page, site: RunningSite, gate: Path) -> None:
    page.goto(f"{site.url}films/1/")
    page.get_by_role("button", name="Rate 4.5 stars").click()
    expect(page.locator("#rating")).to_contain_text("4.5")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#rating")).to_contain_text("removed")


def test_the_next_film_page_still_works_after_going_back(
    page: Page, site: RunningSite, gate: Path
) -> None:
    browse_as_somebody(page, site)
    expect(page.locator("#shelf-top-picks img").first).to_be_visible(timeout=15_000)
    page.locator("#shelf-popular a[href^='/films/']").first.click()
    page.go_back()
    expect(page.locator("#shelf-top-picks h2")).to_contain_text("Top picks")
    expect(page.locator("body")).to_contain_text("Popular")


def test_all_of_it_works_without_scripts(browser: Browser, site: RunningSite, gate: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    browse_as_somebody(page, site)
    top_picks = page.locator("#shelf-top-picks")
    expect(top_picks).to_be_visible()
    for _ in range(30):
        if top_picks.locator("img").count():
            break
        page.wait_for_timeout(300)
        page.goto(site.url)
    expect(top_picks.locator("img").first).to_be_visible()
    top_picks.locator("a[href^='/films/']").first.click()
    page.get_by_role("button", name="Rate 3 stars").click()
    expect(page.locator("body")).to_contain_text("You rated")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("body")).to_contain_text("is unrated")
    page.get_by_role("searchbox").fill("amelies")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("img", name="Amélie's Garden").first).to_be_visible()
    context.close()


@pytest.mark.usefixtures("gate", "member")  # of whom there are predictions
def test_the_admin_keeps_the_policy_too(page: Page, site: RunningSite) -> None:
    site.shell(
        "from django.contrib.auth.models import User;"
        "User.objects.create_superuser('operator', password='a long secret')"
    )
    page.goto(f"{site.url}admin/")
    page.get_by_label("User name or e-mail").fill("operator")
    page.get_by_label("Password").fill("a long secret")
    page.locator("main").get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{site.url}admin/")
    for name in ("prediction", "trainedmodel", "movie", "viewer", "rating"):
        page.goto(f"{site.url}admin/recommendations/{name}/")
        expect(page.locator("#result_list")).to_be_visible()
    page.goto(f"{site.url}admin/recommendations/prediction/")
    page.locator("#result_list tbody a").first.click()
    expect(page.locator("main")).to_contain_text("Django-Q2 task")
    act_in_the_admin(page, site)


def act_in_the_admin(page: Page, site: RunningSite) -> None:
    """Filter, choose, act; look films up in a form, and see a date chosen: all by its scripts."""
    page.goto(f"{site.url}admin/recommendations/prediction/")
    page.locator("#changelist-filter").get_by_role("link", name="succeeded").click()
    expect(page).to_have_url(re.compile("status__exact=succeeded"))
    page.locator("#action-toggle").check()
    expect(page.locator(".action-counter")).not_to_contain_text(re.compile("^0 of"))
    page.locator("select[name=action]").select_option("discard")
    page.locator("#changelist-form").get_by_role("button", name="Go").click()
    expect(page.locator(".messagelist")).to_contain_text("Discarded 0")
    page.goto(f"{site.url}admin/recommendations/rating/add/")
    page.locator(".field-movie .select2-selection").click()
    expect(page.locator(".select2-results__option").first).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".field-rated_at").get_by_role("link", name="Today").click()
    expect(page.locator("#id_rated_at_0")).not_to_have_value("")
