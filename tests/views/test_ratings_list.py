"""All ratings of a viewer: searched, sorted, paged, and changed in place."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations.models import Movie, Prediction, Rating, TrainedModel, Viewer

LONG_AGO = datetime(2016, 5, 4, tzinfo=UTC)


def films(client: Client, query: str = "") -> list[int]:
    page = client.get(f"/lists/ratings/{query}")
    return [rating.movie_id for rating in page.context["listing"].rows]


def rate(viewer: Viewer, film: int, stars: float, day: int) -> None:
    viewer.rate(Movie.objects.get(pk=film), stars, datetime(2020, 1, day, tzinfo=UTC))


@pytest.fixture
def three(bob: Viewer) -> Viewer:
    """Bob, with three ratings."""
    rate(bob, 50, 2.0, 1)
    rate(bob, 10, 4.5, 2)
    rate(bob, 30, 3.0, 3)
    return bob


def test_ratings_are_sorted_as_asked(bob_client: Client, three: Viewer) -> None:
    assert films(bob_client) == [30, 10, 50]
    assert films(bob_client, "?sort=first") == [50, 10, 30]
    assert films(bob_client, "?sort=stars") == [10, 30, 50]
    assert films(bob_client, "?sort=fewest") == [50, 30, 10]
    assert films(bob_client, "?sort=title") == [10, 30, 50]
    assert films(bob_client, "?sort=year") == [50, 30, 10]
    assert films(bob_client, "?sort=nonsense&page=x&stars=x") == [30, 10, 50]


def test_ratings_are_sorted_by_what_others_gave(bob_client: Client, three: Viewer) -> None:
    shown = Movie.objects.in_bulk(films(bob_client, "?sort=mean"))
    means = [movie.mean_stars or 0 for movie in shown.values()]
    assert films(bob_client, "?sort=mean") == sorted(
        shown, key=lambda film: -(shown[film].mean_stars or 0)
    )
    assert len(set(means)) == 3


def test_ratings_are_found_by_title_and_stars(bob_client: Client, three: Viewer) -> None:
    assert films(bob_client, "?q=romance") == [50]
    assert films(bob_client, "?q=crime+story") == [30, 10]
    assert films(bob_client, "?stars=4.5") == [10]
    assert films(bob_client, "?stars=4.5&q=romance") == []
    html = bob_client.get("/lists/ratings/?stars=4.5&q=romance").content.decode()
    assert "0 of 3" in html
    assert "Nothing here matches" in html


def test_ratings_are_only_ones_own(
    bob_client: Client, alice_client: Client, three: Viewer
) -> None:
    assert set(films(bob_client)).isdisjoint(films(alice_client))


def test_a_rating_is_changed_in_place(
    bob_client: Client, three: Viewer, active_model: TrainedModel
) -> None:
    answer = bob_client.post(
        "/fragments/lists/ratings/10/", {"stars": "1.5", "next": "/lists/ratings/?page=2"}
    )
    html = answer.content.decode()
    assert three.ratings.get(movie=10).stars == 1.5
    assert '<option value="1.5" selected>' in html
    assert 'value="/lists/ratings/?page=2"' in html
    assert "Crime story #10: ★ 1.5." in html
    assert Prediction.objects.get(viewer=three).key == "home"


def test_without_htmx_one_comes_back_to_the_same_page(
    bob_client: Client, three: Viewer, active_model: TrainedModel
) -> None:
    here = "/lists/ratings/?sort=title&page=1"
    page = bob_client.post("/lists/ratings/10/", {"stars": "1.5", "next": here}, follow=True)
    assert page.redirect_chain == [(here, 302)]
    assert three.ratings.get(movie=10).stars == 1.5
    answer = bob_client.post("/lists/ratings/10/", {"stars": "2", "next": "//evil.example"})
    assert answer.headers["Location"] == "/lists/ratings/"


@pytest.mark.parametrize("prefix", ["", "/fragments"])
def test_stars_that_cannot_be_given_change_nothing(
    bob_client: Client, three: Viewer, prefix: str
) -> None:
    for stars in ("9", "x", "nan"):
        page = bob_client.post(f"{prefix}/lists/ratings/10/", {"stars": stars}, follow=True)
        assert "in halves" in page.content.decode()
        page = bob_client.post(
            f"{prefix}/lists/ratings/10/restore/",
            {"stars": stars, "rated_at": "yesterday"},
            follow=True,
        )
        assert "in halves" in page.content.decode()
    assert three.ratings.get(movie=10).stars == 4.5


@pytest.mark.parametrize("prefix", ["", "/fragments"])
def test_a_removed_rating_comes_back_as_it_was(
    bob_client: Client, three: Viewer, active_model: TrainedModel, prefix: str
) -> None:
    before = three.ratings.get(movie=10)
    page = bob_client.post(f"{prefix}/lists/ratings/10/", {"stars": ""}, follow=True)
    assert not three.ratings.filter(movie=10).exists()
    html = page.content.decode()
    assert 'action="/lists/ratings/10/restore/"' in html
    fields = {"stars": "4.5", "rated_at": before.rated_at.isoformat()}
    for name, value in fields.items():
        assert f'name="{name}" value="{value}"' in html
    page = bob_client.post(f"{prefix}/lists/ratings/10/restore/", fields, follow=True)
    assert "Crime story #10: ★ 4.5." in page.content.decode()
    after = three.ratings.get(movie=10)
    assert (after.stars, after.rated_at) == (before.stars, before.rated_at)


def test_nothing_is_rated_in_the_future(bob_client: Client, three: Viewer) -> None:
    fields = {"stars": "4.5", "rated_at": "2999-01-01T00:00:00+00:00"}
    bob_client.post("/lists/ratings/11/restore/", fields)
    assert three.ratings.get(movie=11).rated_at < datetime(2999, 1, 1, tzinfo=UTC)


def test_somebody_else_rates_nothing(client: Client, three: Viewer) -> None:
    data = {"stars": "1", "viewer": three.pk}
    page = client.post("/lists/ratings/10/", data, follow=True)
    assert "nothing was rated" in page.content.decode()
    assert client.post("/lists/ratings/10/restore/", data).status_code == 404
    answer = client.post("/fragments/lists/ratings/10/", data)
    assert answer.headers["HX-Redirect"] == "/"
    assert three.ratings.get(movie=10).stars == 4.5
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()


def test_a_page_drawn_for_another_account_rates_nothing(
    bob_client: Client, alice: Viewer, three: Viewer
) -> None:
    data = {"stars": "1", "viewer": alice.pk}
    answer = bob_client.post("/fragments/lists/ratings/10/", data)
    assert answer.headers["HX-Redirect"] == "/lists/ratings/"
    assert three.ratings.get(movie=10).stars == 4.5


def test_many_ratings_take_no_more_queries_than_one(bob_client: Client, bob: Viewer) -> None:
    rate(bob, 10, 4.5, 2)
    for query in ("", "?q=crime&sort=mean&stars=4.5"):
        bob_client.get(f"/lists/ratings/{query}")
        with CaptureQueriesContext(connection) as one:
            assert films(bob_client, query) == [10]
        give_many(bob, 100)
        with CaptureQueriesContext(connection) as many:
            assert len(films(bob_client, query)) == 60
        assert len(many) == len(one)
        bob.ratings.exclude(movie=10).delete()


def give_many(viewer: Viewer, count: int) -> None:
    extra = [Movie(id=1000 + number, title=f"Crime {number}x") for number in range(count)]
    Movie.objects.bulk_create(extra, ignore_conflicts=True)
    Rating.objects.bulk_create(
        Rating(viewer=viewer, movie=movie, stars=4.5, rated_at=LONG_AGO) for movie in extra
    )


def test_ten_thousand_ratings_have_pages(bob_client: Client, bob: Viewer) -> None:
    give_many(bob, 10_000)
    page = bob_client.get("/lists/ratings/?sort=title&page=2")
    html = page.content.decode()
    assert page.context["listing"].page.paginator.num_pages == 167
    assert 'rel="prev"' in html
    assert 'rel="next"' in html
    assert "sort=title&amp;page=167" in html
