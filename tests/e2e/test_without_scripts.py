"""The same walks with JavaScript off: links, plain forms and loading a page again."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browsing import browse_as_somebody
from tests.e2e.running import RunningSite, until
from tests.e2e.stories import (
    letterboxd_zip,
    open_film,
    sign_in,
    sign_up,
    titles,
    visitor,
)


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A page of somebody new whose browser runs no scripts."""
    with visitor(browser, java_script_enabled=False) as page:
        yield page


def test_a_newcomer_rates_a_few_films_and_finds_picks(plain: Page, real_site: RunningSite) -> None:
    plain.goto(real_site.url)
    expect(plain.locator("#shelf-popular .card").first).to_be_visible()
    plain.get_by_role("link", name="Start with what you like").click()
    plain.get_by_role("checkbox").first.check()
    plain.get_by_role("button", name="Continue").click()
    question, asked = plain.locator("#question-title"), []
    for stars in ("5 stars", "1 star", "4.5 stars"):
        asked.append(question.inner_text())
        plain.get_by_role("button", name=f"Rate {stars}", exact=True).click()
        expect(question).not_to_have_text(asked[-1])
    plain.get_by_role("button", name="Haven’t seen it").click()
    expect(plain.locator(".question-place")).to_contain_text("5 of 8")
    plain.get_by_role("button", name="Undo the last answer").click()
    expect(plain.locator(".question-place")).to_contain_text("4 of 8")
    again_until_there(plain, plain.locator("#picks a"))
    with plain.expect_navigation():
        plain.get_by_role("link", name="Done, show my films").click()
    again_until_there(plain, top_picks(plain))
    assert not set(titles(top_picks(plain))) & set(asked)


def test_a_file_is_brought_and_a_film_is_chosen(
    plain: Page, real_site: RunningSite, tmp_path: Path
) -> None:
    plain.goto(f"{real_site.url}import/")
    plain.get_by_label("Your export").set_input_files(letterboxd_zip(tmp_path))
    plain.get_by_role("button", name="Import").click()
    expect(plain).to_have_url(re.compile("/imports/"))
    again_until_there(plain, plain.locator(".import-tally"))
    expect(plain.locator(".import-matched")).to_have_text("6")
    plain.get_by_role("radio", name="Metropolis (1927)").check()
    plain.get_by_role("button", name="Choose for Metropolis").click()
    expect(plain.locator(".notices")).to_contain_text("Metropolis (1927)")
    with plain.expect_navigation():
        plain.get_by_role("button", name="Forget A Film That Nobody Made").click()
    plain.goto(f"{real_site.url}import/unmatched/")
    expect(plain.get_by_text("Nothing is waiting")).to_be_visible()
    plain.goto(f"{real_site.url}lists/ratings/")
    expect(plain.locator(".rated")).to_have_count(4)
    plain.goto(real_site.url)
    again_until_there(plain, top_picks(plain))


def test_a_film_is_hidden_on_its_page_and_brought_back(
    plain: Page, real_site: RunningSite
) -> None:
    browse_as_somebody(plain, real_site)
    again_until_there(plain, top_picks(plain))
    film = titles(top_picks(plain))[0]
    plain.get_by_role("link", name=f"Actions for {film}", exact=True).click()
    expect(plain).to_have_url(re.compile(r"/films/\d+/#actions$"))
    plain.get_by_role("button", name="Not interested").click()
    expect(plain.locator(".notices")).to_contain_text(f"{film}: Not interested.")
    plain.goto(real_site.url)
    assert film not in titles(top_picks(plain))

    plain.goto(f"{real_site.url}lists/hidden/")
    plain.get_by_role("button", name=f"Bring back {film}").click()
    plain.get_by_role("button", name="Undo").click()
    plain.get_by_role("button", name=f"Bring back {film}").click()
    expect(plain.get_by_role("button", name="Undo")).to_be_visible()
    plain.goto(real_site.url)
    assert film in titles(top_picks(plain))


def test_the_catalogue_is_searched_filtered_and_paged(plain: Page, real_site: RunningSite) -> None:
    plain.goto(real_site.url)
    plain.get_by_role("searchbox").fill("the matirx")
    plain.get_by_role("searchbox").press("Enter")
    expect(plain.get_by_alt_text("The Matrix", exact=True)).to_be_visible()

    plain.goto(f"{real_site.url}browse/")
    plain.get_by_label("Genre").select_option("Comedy")
    plain.get_by_label("Decade").select_option("1990")
    plain.get_by_label("Sort by").select_option("Newest")
    with plain.expect_navigation(url=re.compile("genre=Comedy&decade=1990&sort=year$")):
        plain.get_by_role("button", name="Apply").click()
    with plain.expect_navigation(url=re.compile("genre=Comedy&sort=year$")):
        plain.get_by_role("link", name="Remove 1990s").click()
    first = titles(plain.locator(".card"))
    with plain.expect_navigation(url=re.compile("page=2$")):
        plain.get_by_role("link", name="More films").click()
    assert not set(titles(plain.locator(".card"))) & set(first)
    address = plain.url
    plain.locator(".card-link").last.click()
    plain.go_back()
    expect(plain).to_have_url(address)
    with plain.expect_navigation():
        plain.get_by_role("link", name="Films before").click()
    assert titles(plain.locator(".card")) == first


def test_a_guests_ratings_join_an_account(
    plain: Page, browser: Browser, real_site: RunningSite
) -> None:
    rate_plainly(plain, real_site, "Casablanca", "4 stars")
    name = sign_up(plain, real_site)
    expect(plain.locator(".notices")).to_contain_text("What you did as a guest is in your account")
    with visitor(browser, java_script_enabled=False) as guest:
        rate_plainly(guest, real_site, "Casablanca", "2.5 stars")
        rate_plainly(guest, real_site, "Metropolis", "5 stars")
        sign_in(guest, real_site, name)
        expect(guest.locator(".notices")).to_contain_text(
            "1 rating joined yours, 1 rating replaced older ones."
        )
        guest.goto(f"{real_site.url}lists/ratings/")
        expect(guest.locator(".rated")).to_have_count(2)
    plain.goto(f"{real_site.url}account/logout/")
    plain.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(plain.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()


def test_a_tab_from_before_signing_in_elsewhere_says_that_it_is_out_of_date(
    plain: Page, real_site: RunningSite
) -> None:
    name = sign_up(plain, real_site)
    plain.context.clear_cookies()
    open_film(plain, real_site, "Casablanca")
    sign_in(plain.context.new_page(), real_site, name)
    plain.get_by_role("button", name="Rate 2 stars", exact=True).click()
    expect(plain.get_by_role("heading", level=1)).to_contain_text("open for too long")
    rate_plainly(plain, real_site, "Casablanca", "4.5 stars")
    plain.goto(f"{real_site.url}lists/ratings/")
    expect(plain.locator(".rated")).to_have_count(1)


def rate_plainly(page: Page, site: RunningSite, film: str, stars: str) -> None:
    open_film(page, site, film)
    page.get_by_role("button", name=f"Rate {stars}", exact=True).click()
    expect(page.locator(".notices")).to_contain_text(f"You rated {film}")


def top_picks(page: Page) -> Locator:
    return page.locator("#shelf-top-picks .card-link")


def again_until_there(page: Page, wanted: Locator) -> None:
    """Load the page again and again, as one does who waits."""

    def there() -> bool:
        page.reload()
        return wanted.count() > 0

    until(there, every=0.5)
