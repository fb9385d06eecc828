"""Browsing: filters, sorts, pages that go on, and what is said when nothing fits."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from django.db import connection
from django.db.models.functions import Lower
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations.browse import ORDERS, PAGE, Browsing, Sort, Wanted
from recommendations.models import (
    Catalogue,
    Credit,
    Genre,
    ListEntry,
    Mark,
    Movie,
    MovieList,
    Person,
    Scores,
    TrainedModel,
    Viewer,
)
from tests.conftest import CRIME, FILMS, ROMANCE


@pytest.fixture(autouse=True)
def version(db: None) -> None:
    Catalogue.objects.create(name="browsed")


@pytest.fixture
def scores(alice: Viewer, active_model: TrainedModel) -> Scores:
    """All films but the last; the higher the id, the better."""
    known = np.array(FILMS[:-1], np.int32)
    active_model.film_ids = known.tobytes()
    active_model.save()
    stars = np.linspace(1, 5, len(known)).astype(np.float16).tobytes()
    return Scores.objects.create(
        viewer=alice, model=active_model, taste_version=1, fit=stars, stars=stars
    )


def shown(client: Client, path: str = "/browse/", **asked: Any) -> list[Movie]:
    return [card.movie for card in client.get(path, asked).context["shelf"].cards]


def shown_ids(client: Client, path: str = "/browse/", **asked: Any) -> list[int]:
    return [movie.pk for movie in shown(client, path, **asked)]


def test_the_whole_catalogue_is_there_the_most_rated_first(
    client: Client, catalogue: None
) -> None:
    films = shown(client)
    assert len(films) == PAGE
    counts = [film.rating_count for film in films]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize(
    ("sort", "by"),
    [("liked", "damped_mean"), ("popular", "rating_count"), ("year", "year")],
)
def test_sorts_go_down(client: Client, catalogue: None, sort: str, by: str) -> None:
    values = [getattr(film, by) for film in shown(client, sort=sort)]
    assert values == sorted(values, reverse=True)


def test_titles_go_up_and_pages_go_on_where_the_last_ended(
    client: Client, catalogue: None
) -> None:
    Movie.objects.filter(pk=3).update(title="eXistenZ")
    titles = [film.title for film in shown(client, sort="title")]
    titles += [film.title for film in shown(client, sort="title", page=2)]
    in_order = Movie.objects.order_by(Lower("title"), "id").values_list("title", flat=True)
    assert titles == list(in_order)
    assert titles.index("eXistenZ") == len(titles) - 1 - len(ROMANCE)


def test_films_of_unknown_year_are_left_out_where_years_sort(
    client: Client, catalogue: None
) -> None:
    Movie.objects.create(id=700, title="Undated", rating_count=10_000)
    assert shown_ids(client)[0] == 700
    page = client.get("/browse/", {"sort": "year"})
    assert "Films of unknown year are left out" in page.content.decode()
    assert 700 not in [card.movie.pk for card in page.context["shelf"].cards]


def test_genre_and_decade_filter_together(client: Client, catalogue: None) -> None:
    films = shown(client, genre="Crime", decade="1960")
    assert {film.pk for film in films} == {film for film in CRIME if 1960 <= 1940 + film < 1970}


def test_search_redirects_for_good_with_its_query(client: Client, catalogue: None) -> None:
    answer = client.get("/search/", {"q": "the matrx & co"})
    assert answer.status_code == 301
    assert parse_qs(urlsplit(answer.headers["Location"]).query) == {"q": ["the matrx & co"]}
    assert client.get("/search/").headers["Location"] == "/browse/"


def test_a_search_is_sorted_by_relevance_and_filtered(client: Client, catalogue: None) -> None:
    Movie.objects.create(id=701, title="Zanzibar", year=1990)
    Movie.objects.create(id=702, title="Zanzibar Nights", year=1980, rating_count=9_999)
    Catalogue.touch()
    assert shown_ids(client, q="zanzibra") == [702, 701]
    assert shown_ids(client, q="zanzibar") == [701, 702]
    assert shown_ids(client, q="zanzibar", sort="popular") == [702, 701]
    assert shown_ids(client, q="zanzibar", decade="1980") == [702]


def test_the_people_whom_a_search_names_are_stated(client: Client, catalogue: None) -> None:
    for name, role in (("Akira Kurosawa", "director"), ("Toshiro Kurosawa", "cast")):
        Credit.objects.create(movie_id=5, person=Person.objects.create(name=name), role=role)
    Catalogue.touch()
    html = client.get("/browse/", {"q": "kurosawa"}).content.decode()
    assert "by Akira Kurosawa" in html
    assert "with Toshiro Kurosawa" in html


@pytest.mark.parametrize(
    ("rating", "expected"),
    [("rated", {1, 2, 3, 4, 41, 42}), ("4", {1, 2, 3, 4}), ("unrated", None)],
)
def test_my_ratings_filter(alice_client: Client, rating: str, expected: set[int] | None) -> None:
    found = set(shown_ids(alice_client, rating=rating))
    found |= set(shown_ids(alice_client, rating=rating, page=2))
    assert found == (expected or set(FILMS) - {1, 2, 3, 4, 41, 42})


def test_my_lists_filter(alice_client: Client, alice: Viewer) -> None:
    Mark.put(alice, Movie.objects.get(pk=7), Mark.Kind.WATCHLIST)
    Mark.put(alice, Movie.objects.get(pk=8), Mark.Kind.SEEN)
    own = MovieList.objects.create(viewer=alice, name="Rainy days")
    ListEntry.objects.create(list=own, movie_id=9)
    assert shown_ids(alice_client, list="watchlist") == [7]
    assert shown_ids(alice_client, list="seen") == [8]
    assert shown_ids(alice_client, list=own.pk) == [9]


def test_the_lists_of_somebody_else_are_not_there(alice_client: Client, bob: Viewer) -> None:
    his = MovieList.objects.create(viewer=bob, name="Secret list")
    ListEntry.objects.create(list=his, movie_id=9)
    page = alice_client.get("/browse/", {"list": his.pk})
    assert len(page.context["shelf"].cards) == PAGE
    assert f"There is no such choice: {his.pk}." in page.content.decode()
    assert "Secret list" not in page.content.decode()


def test_predicted_stars_sort_the_whole_catalogue(alice_client: Client, scores: Scores) -> None:
    found = shown_ids(alice_client, sort="predicted")
    found += shown_ids(alice_client, sort="predicted", page=2)
    assert found == list(reversed(FILMS[:-1]))


def test_predicted_stars_filter_with_the_rest(alice_client: Client, scores: Scores) -> None:
    page = alice_client.get("/browse/", {"stars": "4.5", "genre": "Romance", "sort": "title"})
    cards = page.context["shelf"].cards
    assert cards
    assert all(card.stars >= 4.5 for card in cards)
    titles = [card.movie.title for card in cards]
    assert titles == sorted(titles)
    assert "Films that nothing is predicted for are left out." in page.content.decode()


def test_a_stranger_is_told_what_needs_ratings(client: Client, catalogue: None) -> None:
    asked = {"sort": "predicted", "rating": "rated", "stars": "4", "genre": "Crime"}
    page = client.get("/browse/", asked)
    html = page.content.decode()
    assert "Predicted stars come once you have rated films." in html
    assert "Your ratings and lists come once you have rated a film." in html
    assert {card.movie.pk for card in page.context["shelf"].cards} == set(CRIME)
    assert 'name="rating"' not in html


def test_what_does_not_exist_is_said_beside_its_field_and_the_rest_counts(
    client: Client, catalogue: None
) -> None:
    asked = {"genre": "Opera<b>", "decade": "1960", "sort": "upside-down"}
    page = client.get("/browse/", asked)
    html = page.content.decode()
    assert "There is no such choice: Opera&lt;b&gt;." in html
    assert "There is no such choice: upside-down." in html
    assert {card.movie.year // 10 for card in page.context["shelf"].cards} == {196}
    assert 'aria-describedby="browse-genre_error"' in html


def test_empty_fields_do_not_stay_in_the_address(client: Client, catalogue: None) -> None:
    answer = client.get("/browse/?q=&genre=Crime&decade=&sort=title")
    assert answer.headers["Location"] == "/browse/?genre=Crime&sort=title"
    assert client.get("/browse/?q=&sort=").headers["Location"] == "/browse/"


def test_the_usual_sort_is_another_one_with_a_query(client: Client, catalogue: None) -> None:
    html = client.get("/browse/").content.decode()
    assert '<option value="" selected>Most rated</option>' in html
    html = client.get("/browse/", {"q": "crime"}).content.decode()
    assert '<option value="" selected>Best match</option>' in html


@pytest.mark.parametrize("page", ["0", "-3", "x", "9" * 30, "1.5", "²"])
def test_a_page_of_no_number_is_one_that_can_be_shown(
    client: Client, catalogue: None, page: str
) -> None:
    assert client.get("/browse/", {"page": page}).status_code == 200


def test_a_page_beyond_the_end_leads_back_to_the_first(client: Client, catalogue: None) -> None:
    html = client.get("/browse/", {"genre": "Crime", "page": "7"}).content.decode()
    assert "There are no more films" in html
    assert 'href="/browse/?genre=Crime"' in html


def test_when_nothing_fits_each_filter_can_be_loosened(client: Client, catalogue: None) -> None:
    Genre.objects.create(name="Western")
    html = client.get("/browse/", {"genre": "Western", "decade": "1960"}).content.decode()
    assert "No film is all of that" in html
    assert 'href="/browse/?decade=1960"' in html
    assert 'href="/browse/?genre=Western"' in html


def test_more_films_is_a_link_to_a_page_and_loads_its_fragment(
    client: Client, catalogue: None
) -> None:
    html = client.get("/browse/", {"sort": "title"}).content.decode()
    [link] = re.findall(r"<a[^>]*>More films</a>", html)
    assert 'href="/browse/?sort=title&amp;page=2"' in link
    assert 'hx-replace-url="/browse/?sort=title"' in link
    assert 'hx-get="/fragments/browse/on/?sort=title&amp;page=2"' in link


def test_the_fragment_has_the_films_of_its_page_and_ends_with_the_last(
    client: Client, catalogue: None
) -> None:
    page = client.get("/fragments/browse/on/", {"sort": "title", "page": "2"})
    assert len(page.context["shelf"].cards) == len(FILMS) - PAGE
    html = page.content.decode()
    assert "<html" not in html
    assert 'id="page-2"' in html
    assert "More films</a>" not in html
    assert "Films before" not in html


def test_a_copied_address_opens_at_its_page_and_goes_back(client: Client, catalogue: None) -> None:
    html = client.get("/browse/", {"page": "2"}).content.decode()
    [link] = re.findall(r"<a[^>]*>Films before</a>", html)
    assert 'href="/browse/"' in link
    assert 'hx-get="/fragments/browse/back/"' in link
    before = client.get("/fragments/browse/back/").content.decode()
    assert "More films</a>" not in before


def test_fragments_and_pages_are_not_kept_for_others(client: Client, catalogue: None) -> None:
    for path in ("/browse/", "/fragments/browse/on/", "/fragments/browse/back/"):
        assert "no-store" in client.get(path).headers["Cache-Control"]


def test_a_rated_film_shows_the_viewers_own_stars(
    alice_client: Client, alice: Viewer, client: Client
) -> None:
    alice.ratings.all().delete()
    first, second, *_ = shown(client)
    alice.rate(first, 4.0)
    alice.rate(second, 3.5)
    html = alice_client.get("/browse/").content.decode()
    assert set(re.findall(r"You: ★ [\d.]+", html)) == {"You: ★ 4", "You: ★ 3.5"}
    assert "You: ★" not in client.get("/browse/").content.decode()


def test_a_page_takes_few_queries_whatever_its_number(
    alice_client: Client, scores: Scores
) -> None:
    taken = []
    for asked in ({}, {"page": "2"}, {"sort": "predicted", "genre": "Crime", "rating": "unrated"}):
        with CaptureQueriesContext(connection) as captured:
            alice_client.get("/browse/", asked)
        taken.append(len(captured))
    assert max(taken) <= 14


@pytest.mark.parametrize("sort", ORDERS)
def test_a_sort_reads_its_page_from_an_index(catalogue: None, sort: Sort) -> None:
    films = Browsing(Wanted(sort=sort), None).films()
    page = films.order_by(*ORDERS[sort]).values_list("pk", flat=True)[10:20]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # The few films of a test would be sorted sooner than looked up.
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = page.explain()
    assert re.search(r"index\b.* movie_(popularity|liked|newest|title)", plan, re.IGNORECASE)
    assert not re.search(r"temp b-tree|\bSort\b", plan, re.IGNORECASE)
