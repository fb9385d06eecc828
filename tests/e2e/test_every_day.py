"""What a film lover does on any evening, on real films."""

import re

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browsing import browse_as_somebody
from tests.e2e.running import RunningSite
from tests.e2e.stories import changed, filled, open_film, rate_some, titles, visitor

#: When which runs were asked for, of all who look at the site.
RUNS = "print(sorted(Prediction.objects.values_list('pk', 'requested_at')))"


def test_stars_on_a_films_page_and_on_a_poster_make_other_shelves(
    page: Page, real_site: RunningSite
) -> None:
    browse_as_somebody(page, real_site)
    film, another = titles(filled(page))[:2]
    card_of(page, film).locator(".card-link").click()
    page.get_by_role("button", name="Rate 5 stars").click()
    expect(page.locator("#rating")).to_contain_text("You rated this ★ 5.0")
    page.goto(real_site.url)
    expect(page.get_by_role("heading", name=f"Because you liked {film}")).to_be_visible()
    assert film not in titles(filled(page))

    act_on(card_of(page, another), "Rate 5 stars")
    page.locator("#refreshing").get_by_role("link", name="Show them").click()
    expect(page.get_by_role("heading", name=f"Because you liked {another}")).to_be_visible()
    assert another not in titles(filled(page))


def test_what_is_of_no_interest_goes_at_once_and_may_come_back(
    page: Page, real_site: RunningSite
) -> None:
    browse_as_somebody(page, real_site)
    film = titles(filled(page))[0]
    card = card_of(page, film)
    act_on(card, "Not interested")
    expect(card.locator(".card-done")).to_contain_text("Not interested")
    card.get_by_role("button", name="Undo").click()
    expect(card.get_by_role("link", name="Actions for")).to_be_focused()
    act_on(card, "Not interested")
    expect(card.get_by_role("button", name="Undo")).to_be_focused()
    page.reload()
    assert film not in titles(filled(page))

    page.goto(f"{real_site.url}lists/hidden/")
    page.get_by_role("button", name=f"Bring back {film}").click()
    expect(page.locator(".kept")).to_contain_text("Brought back")
    page.goto(real_site.url)
    assert film in titles(filled(page))


def test_browsing_finds_filters_and_goes_on_and_an_address_leads_to_the_same_place(
    page: Page, browser: Browser, real_site: RunningSite
) -> None:
    page.goto(f"{real_site.url}browse/")
    page.get_by_role("searchbox").fill("the matirx")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_alt_text("The Matrix", exact=True)).to_be_visible()

    page.goto(f"{real_site.url}browse/")
    page.get_by_label("Genre").select_option("Comedy")
    expect(page).to_have_url(re.compile("genre=Comedy"))
    page.get_by_label("Decade").select_option("1990")
    expect(page.get_by_role("list", name="Filters")).to_contain_text("1990s")
    page.get_by_label("Sort by").select_option("Newest")
    expect(page).to_have_url(re.compile("genre=Comedy&decade=1990&sort=year$"))
    years = page.locator(".year").all_inner_texts()
    assert years == sorted(years, reverse=True)
    assert {year[:3] for year in years} == {"199"}
    with page.expect_navigation(url=re.compile("genre=Comedy&sort=year$")):
        page.get_by_role("link", name="Remove 1990s").click()
    films = titles(page.locator(".card"))

    for number in (2, 3):
        page.locator(f"a#page-{number}").scroll_into_view_if_needed()
        expect(page.locator(f"li#page-{number}")).to_be_attached()
    expect(page).to_have_url(re.compile("page=2$"))
    shown = titles(page.locator(".card"))
    assert len(set(shown)) == len(shown) == 3 * len(films)

    with visitor(browser) as friend:
        friend.goto(page.url)
        second = titles(friend.locator(".card"))[: len(films)]
        assert second == shown[len(films) :][: len(films)]
        friend.get_by_role("link", name="Films before").click()
        expect(friend.locator("li#page-1")).to_be_attached()
        assert titles(friend.locator(".card"))[: 2 * len(films)] == shown[: 2 * len(films)]

    card = page.locator(".card-link").nth(2 * len(films) - 1)
    address = page.url
    film = card.get_attribute("href") or ""
    card.click()
    expect(page).to_have_url(re.compile(f"{film}$"))
    page.go_back()
    expect(page).to_have_url(address)
    expect(page.locator(f".card-link[href='{film}']")).to_be_in_viewport()


def test_the_controls_bend_the_picks_at_once_and_without_a_run(
    page: Page, real_site: RunningSite
) -> None:
    browse_as_somebody(page, real_site)
    usual = titles(filled(page))
    cards = page.locator("#shelf-top-picks .card")
    runs = real_site.shell(RUNS)
    page.locator("#controls summary").click()
    page.get_by_label("From mainstream to niche").fill("3")
    niche = changed(cards, usual)
    page.get_by_label("From", exact=True).fill("1980")
    page.get_by_label("To", exact=True).fill("1989")
    page.get_by_role("button", name="Apply").click()
    of_the_eighties = changed(cards, niche)
    assert {year[:3] for year in cards.locator(".year").all_inner_texts()} == {"198"}
    page.get_by_role("checkbox", name="Action").check()
    calm = changed(cards, of_the_eighties)
    page.reload()
    expect(page.locator("#controls")).to_contain_text("1980")
    page.locator("#controls summary").click()
    page.get_by_role("button", name="Reset").click()
    assert changed(cards, calm) == usual
    assert real_site.shell(RUNS) == runs


def test_a_list_is_made_filled_shared_and_withdrawn(
    page: Page, browser: Browser, real_site: RunningSite
) -> None:
    page.goto(f"{real_site.url}lists/")
    page.get_by_label("Name").fill("Rainy days")
    page.get_by_role("button", name="Make the list").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rainy days")
    address = page.url
    open_film(page, real_site, "Casablanca")
    page.locator("#add-to-list summary").click()
    page.get_by_label("One of your lists").select_option("Rainy days")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#add-to-list")).to_contain_text("On Rainy days")

    page.goto(address)
    page.get_by_role("button", name="Share by link").click()
    link = page.get_by_label("Whoever has this link").input_value()
    with visitor(browser) as friend:
        friend.goto(link)
        expect(friend.get_by_role("heading", level=1)).to_have_text("Rainy days")
        assert titles(friend.locator(".card")) == ["Casablanca"]
        assert friend.request.get(address).status == 404
        page.get_by_role("button", name="Stop sharing").click()
        expect(page.get_by_role("button", name="Share by link")).to_be_visible()
        assert friend.request.get(link).status == 404


def test_a_film_to_be_seen_comes_up_tonight_and_picks_come_as_a_feed(
    page: Page, browser: Browser, real_site: RunningSite
) -> None:
    browse_as_somebody(page, real_site)
    film = titles(filled(page))[0]
    card = card_of(page, film)
    act_on(card, "Watchlist")
    expect(card.locator(".card-done")).to_contain_text("On your watchlist")
    page.goto(f"{real_site.url}lists/watchlist/")
    assert titles(page.locator(".kept")) == [film]
    page.get_by_role("link", name="Choose one for tonight").click()
    expect(page.locator(".tonight")).to_contain_text(film)

    page.goto(f"{real_site.url}lists/")
    page.get_by_role("button", name="Get my feed").click()
    address = page.get_by_label("Address of your feed").input_value()
    with visitor(browser) as reader:
        feed = reader.request.get(address)
        assert feed.headers["content-type"].startswith("application/rss+xml")
        assert feed.text().count("<item>") > 5


def test_two_who_join_a_film_night_see_the_same_picks(
    page: Page, browser: Browser, real_site: RunningSite
) -> None:
    with visitor(browser) as friend:
        for each in (page, friend):
            rate_some(each, real_site, 5)
        page.goto(f"{real_site.url}nights/")
        page.get_by_label("Name").fill("Ada")
        page.get_by_role("button", name="Start a film night").click()
        expect(page.locator("#night")).to_contain_text("Nobody has joined yet")
        friend.goto(page.get_by_label("Link to share").input_value())
        expect(friend.get_by_role("heading", level=1)).to_contain_text("Ada invites you")
        friend.get_by_label("Name").fill("Ben")
        friend.get_by_role("button", name="Join").click()
        expect(friend.locator("#night .card")).to_have_count(12)
        page.reload()
        expect(page.locator(".people")).to_contain_text("Ben")
        expect(page.locator("#night .card")).to_have_count(12)
        assert titles(page.locator(".card")) == titles(friend.locator(".card"))


def card_of(page: Page, film: str) -> Locator:
    return page.locator("#shelf-top-picks .card").filter(
        has=page.get_by_alt_text(film, exact=True)
    )


def act_on(card: Locator, action: str) -> None:
    """Open the menu over a poster, and choose."""
    card.get_by_role("link", name="Actions for").click()
    card.get_by_role("button", name=action, exact=True).click()
