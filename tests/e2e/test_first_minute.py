"""The first minute on real films: from what one likes, or from ratings elsewhere, to one's own."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.running import RunningSite
from tests.e2e.stories import changed, filled, letterboxd_zip, titles

#: Some of each, so that the picks have something to go by.
STARS = ["5 stars", "1 star", "4.5 stars", "2 stars"]


def test_a_stranger_says_what_they_like_and_finds_shelves_of_their_own(
    page: Page, real_site: RunningSite
) -> None:
    page.goto(real_site.url)
    for shelf in ("popular", "new"):
        expect(page.locator(f"#shelf-{shelf} .card").first).to_be_visible()

    page.get_by_role("link", name="Start with what you like").click()
    page.get_by_role("checkbox").nth(0).check()
    page.get_by_role("checkbox").nth(3).check()
    page.get_by_role("button", name="Continue").click()
    picks = page.locator("#picks li")
    expect(picks.get_by_role("link")).to_have_count(4)
    first_picks = titles(picks)

    asked = []
    for stars in STARS:
        question = page.locator("#question-title")
        asked.append(question.inner_text())
        page.get_by_role("button", name=f"Rate {stars}", exact=True).click()
        expect(question).not_to_have_text(asked[-1])
    assert len(set(asked)) == len(STARS)
    changed(picks, first_picks)

    page.get_by_role("link", name="Done, show my films").click()
    top_picks = titles(filled(page))
    assert len(top_picks) > 10
    assert not set(top_picks) & set(asked)
    expect(page.get_by_role("heading", name="Because you liked").first).to_be_visible()
    page.goto(f"{real_site.url}lists/ratings/")
    expect(page.get_by_text("4 films")).to_be_visible()


def test_ratings_from_letterboxd_become_picks_and_are_not_doubled(
    page: Page, real_site: RunningSite, tmp_path: Path
) -> None:
    export = letterboxd_zip(tmp_path)
    page.goto(real_site.url)
    page.get_by_role("main").get_by_role("link", name="Bring your ratings").click()
    bring(page, export)
    assert tally(page) == {
        "Ratings added": 3,
        "Marked as seen": 1,
        "Put on your watchlist": 2,
        "Further rows on the same films": 1,
        "Could be several films": 1,
        "Not in this catalogue": 1,
        "Could not be read": 1,
        "Rows read": 10,
    }
    expect(page.locator("#import-report")).to_contain_text("A Film That Nobody Made (2020)")
    expect(page.locator(".import-invalid")).to_contain_text("ratings.csv:7: rating 9")

    page.get_by_role("radio", name="Metropolis (1927)").check()
    page.get_by_role("button", name="Choose for Metropolis").click()
    expect(page.locator(".unmatched-settled")).to_contain_text("Metropolis (1927)")
    page.get_by_role("link", name="See your picks").click()
    assert not {"Toy Story", "The Matrix", "Psycho"} & set(titles(filled(page)))

    page.goto(f"{real_site.url}import/")
    bring(page, export)
    assert tally(page)["Ratings that were here already"] == 4
    assert not {"Ratings added", "Could be several films"} & tally(page).keys()
    for list_, films in (("ratings", 4), ("watchlist", 2), ("seen", 1)):
        page.goto(f"{real_site.url}lists/{list_}/")
        expect(page.locator(".page-head .reason").first).to_contain_text(f"{films} film")


def bring(page: Page, export: Path) -> None:
    page.get_by_label("Your export").set_input_files(export)
    page.get_by_role("button", name="Import").click()
    expect(page.locator("h1")).to_have_text(export.name)
    expect(page.locator(".import-tally")).to_be_visible()


def tally(page: Page) -> dict[str, int]:
    """What the report says became of the rows."""
    rows = page.locator(".import-tally :is(tbody, tfoot) tr").all()
    return {row.locator("th").inner_text(): int(row.locator("td").inner_text()) for row in rows}
