"""An account keeps what a guest did, is one's own on every device, and goes with all of it."""

import io
import json
import zipfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.e2e.running import RunningSite
from tests.e2e.stories import (
    PASSWORD,
    filled,
    open_film,
    rate_some,
    sign_in,
    sign_out,
    sign_up,
    titles,
    visitor,
)


def test_a_guests_ratings_go_along_into_an_account_and_later_ones_join_them(
    page: Page, real_site: RunningSite
) -> None:
    rated = rate_some(page, real_site, 5)
    page.goto(real_site.url)
    picks = titles(filled(page))
    name = sign_up(page, real_site)
    expect(page.locator(".notices")).to_contain_text("What you did as a guest is in your account")
    page.goto(real_site.url)
    assert titles(filled(page)) == picks
    assert len(ratings(page, real_site)) == 5

    sign_out(page)
    assert ratings(page, real_site) == {}
    for film, stars in ((rated[0], "1 star"), (rated[1], "4 stars"), ("Metropolis", "5 stars")):
        open_film(page, real_site, film)
        page.get_by_role("button", name=f"Rate {stars}", exact=True).click()
        expect(page.locator("#rating")).to_contain_text("You rated this")
    sign_in(page, real_site, name)
    expect(page.locator(".notices")).to_contain_text(
        "From your visit as a guest: 1 rating joined yours, 1 rating replaced older ones."
    )
    now = ratings(page, real_site)
    assert len(now) == 6
    assert (now[rated[0]], now[rated[1]], now["Metropolis"]) == ("1.0", "4.0", "5.0")


def test_a_tab_that_was_open_before_signing_in_elsewhere_does_no_harm(
    browser: Browser, real_site: RunningSite
) -> None:
    with visitor(browser) as tab:
        name = sign_up(tab, real_site)
        sign_out(tab)
        rate_some(tab, real_site, 1)
        open_film(tab, real_site, "Casablanca")
        sign_in(tab.context.new_page(), real_site, name)
        tab.get_by_role("button", name="Rate 2 stars").click()
        expect(tab.locator("main")).to_contain_text("please do that again")
        tab.get_by_role("button", name="Rate 4.5 stars").click()
        expect(tab.locator("#rating")).to_contain_text("You rated this ★ 4.5")
        assert ratings(tab, real_site)["Casablanca"] == "4.5"


def test_all_data_can_be_taken_along_and_then_deleted(
    page: Page, browser: Browser, real_site: RunningSite
) -> None:
    films = rate_some(page, real_site, 3)
    name = sign_up(page, real_site)
    page.goto(f"{real_site.url}account/")
    tables = zipfile.ZipFile(io.BytesIO(downloaded(page, "Tables (zip)")))
    rated = next(name for name in tables.namelist() if name.endswith("ratings.csv"))
    assert len(tables.read(rated).splitlines()) == 1 + len(films)
    everything = json.loads(downloaded(page, "Everything (JSON)"))
    assert {rating["title"].split(" (")[0] for rating in everything["ratings"]} >= set(films)

    page.get_by_role("link", name="Delete your account").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Delete everything").click()
    expect(page.locator(".notices")).to_contain_text("deleted")
    assert ratings(page, real_site) == {}
    with visitor(browser) as elsewhere:
        sign_in(elsewhere, real_site, name)
        expect(elsewhere.locator("main")).to_contain_text("not correct")


def downloaded(page: Page, link: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    return Path(download.value.path()).read_bytes()


def ratings(page: Page, site: RunningSite) -> dict[str, str]:
    """The stars of each film that whoever looks has rated."""
    page.goto(f"{site.url}lists/ratings/")
    rows = page.locator(".rated").all()
    return {
        row.get_by_role("heading").inner_text(): row.get_by_role("combobox").input_value()
        for row in rows
    }
