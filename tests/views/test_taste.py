"""Your taste: figures against everybody's, years in review, and the nearest viewers."""

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from recommendations.models import (
    Credit,
    Mark,
    Movie,
    Person,
    Prediction,
    Rating,
    TrainedModel,
    Viewer,
)
from recommendations.models.prediction import TASTE
from recommendations.pipeline import requests
from recommendations.tasks import run_prediction

NEAREST = "/fragments/taste/nearest/"


@pytest.fixture
def four_years(alice: Viewer) -> Viewer:
    """Alice has rated before 2016 and after it, but not in 2015."""
    for film, stars, at in (
        (5, 4.5, datetime(2014, 2, 1, tzinfo=UTC)),
        (6, 4.0, datetime(2014, 2, 9, tzinfo=UTC)),
        (43, 2.5, datetime(2014, 11, 30, tzinfo=UTC)),
        (7, 4.5, datetime(2017, 1, 1, tzinfo=UTC)),
    ):
        alice.rate(Movie.objects.get(pk=film), stars, at)
    return alice


def find_nearest(viewer: Viewer) -> Prediction:
    row = requests.ensure(viewer, TASTE).in_flight
    assert row
    run_prediction(row.pk)
    return Prediction.objects.get(pk=row.pk)


def test_a_stranger_is_invited_to_rate(client: Client, catalogue: None) -> None:
    html = client.get("/taste/").content.decode()
    assert "Rate at least 5 films" in html
    assert "<svg" not in html.split("<main")[1]


def test_who_rated_too_few_films_is_invited_to_rate(bob_client: Client, bob: Viewer) -> None:
    for film in range(1, 5):
        bob.rate(Movie.objects.get(pk=film), 4.0)
    assert bob_client.get("/taste/").context["taste"] is None
    bob.rate(Movie.objects.get(pk=5), 4.0)
    assert bob_client.get("/taste/").context["taste"].count == 5
    assert "nobody" not in bob_client.get("/taste/").content.decode()


def test_ratings_over_time_have_no_gaps(alice_client: Client, four_years: Viewer) -> None:
    table = alice_client.get("/taste/").context["taste"].over_time.table
    assert table.head == ["Quarter", "Films", "Mean stars"]
    films = {name: (count, mean) for name, count, mean in table.rows}
    assert len(films) == 13
    assert films["2014 Q1"] == ("2", "4.2")
    assert films["2015 Q3"] == ("0", "–")
    assert films["2016 Q2"] == ("6", "3.7")


@pytest.mark.parametrize(
    ("first", "head", "periods"),
    [(2016, "Month", 9), (2012, "Quarter", 20), (1999, "Year", 18)],
)
def test_the_unit_of_time_suits_the_span(
    alice_client: Client, alice: Viewer, first: int, head: str, periods: int
) -> None:
    alice.rate(Movie.objects.get(pk=5), 4.0, datetime(first, 3, 1, tzinfo=UTC))
    alice.rate(Movie.objects.get(pk=6), 4.0, datetime(2016, 11, 1, tzinfo=UTC))
    table = alice_client.get("/taste/").context["taste"].over_time.table
    assert (table.head[0], len(table.rows)) == (head, periods)


def test_my_stars_are_beside_everybodys(
    alice_client: Client, active_model: TrainedModel, alice: Viewer
) -> None:
    stars = alice_client.get("/taste/").context["taste"].stars
    assert stars.table.head == ["Stars", "You", "Everybody"]
    shares = {half: (mine, theirs) for half, mine, theirs in stars.table.rows}
    assert shares["5.0"][0] == "67%"
    assert shares["1.0"][0] == "33%"
    assert sum(int(theirs.rstrip("%")) for _, theirs in shares.values()) in range(96, 105)
    assert shares["3.0"][1] == "0%"


def test_before_there_is_a_model_my_stars_stand_alone(alice_client: Client, alice: Viewer) -> None:
    stars = alice_client.get("/taste/").context["taste"].stars
    assert stars.table.head == ["Stars", "You"]
    assert not stars.others


def test_genres_are_held_against_what_everybody_gives_the_same_films(
    alice_client: Client, alice: Viewer
) -> None:
    lines = alice_client.get("/taste/").context["taste"].genres.lines
    everybody = [Movie.objects.get(pk=film).damped_mean for film in (1, 2, 3, 4)]
    crime, romance = lines
    assert (crime.name, crime.count, crime.is_more) == ("Crime", 4, True)
    assert crime.said == f"{5 - sum(everybody) / 4:+.1f}"
    assert (romance.name, romance.count, romance.is_more) == ("Romance", 2, False)


def test_ratings_that_do_not_contribute_are_not_everybodys(
    alice_client: Client, client: Client, alice: Viewer
) -> None:
    before = alice_client.get("/taste/").context["taste"].genres.table
    for film in (1, 2, 3, 4):
        client.post(f"/films/{film}/rate/", {"stars": "0.5"})
    assert alice_client.get("/taste/").context["taste"].genres.table == before


def test_the_most_unusual_opinions_come_first_and_need_support(
    alice_client: Client, alice: Viewer
) -> None:
    for film, mean, count in ((10, 1.0, 9), (11, 1.5, 500), (12, 1.4, 10), (13, 4.8, 300)):
        Movie.objects.filter(pk=film).update(rating_count=count, stars_sum=count * mean)
        alice.ratings.create(movie_id=film, stars=5.0 if mean < 2 else 0.5)
    taste = alice_client.get("/taste/").context["taste"]
    higher = [rating.movie_id for rating in taste.above]
    assert higher[:2] == [11, 12]
    assert 10 not in higher
    assert taste.below[0].movie_id == 13
    assert len(taste.above) == 5


def test_every_plot_says_in_words_and_in_numbers_what_it_shows(
    alice_client: Client, alice: Viewer
) -> None:
    html = alice_client.get("/taste/").content.decode()
    plots = html.split('<figure class="plot')[1:]
    assert len(plots) == 4
    for plot in plots:
        assert re.search(r'role="img"\s+aria-label="[^"]{20,}"', plot)
        assert plot.count("<tr>") >= 2
        assert '<th scope="col">' in plot
    assert " style=" not in html


def test_the_page_takes_few_queries_for_ten_thousand_ratings(
    alice_client: Client, active_model: TrainedModel, alice: Viewer
) -> None:
    find_nearest(alice)
    few = count_queries(alice_client)
    films = [
        Movie(id=1000 + n, title=f"Film {n}", year=1920 + n % 100, rating_count=50, stars_sum=150)
        for n in range(10_000)
    ]
    Movie.objects.bulk_create(films, batch_size=2000)
    Rating.objects.bulk_create(
        [
            Rating(
                viewer=alice,
                movie=film,
                stars=1 + n % 9 / 2,
                rated_at=datetime(1998 + n % 20, 1 + n % 12, 5, tzinfo=UTC),
            )
            for n, film in enumerate(films)
        ],
        batch_size=2000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the database does by itself, a minute later
    assert count_queries(alice_client) <= few <= 20


def count_queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/taste/").status_code == 200
    return len(captured)


def test_a_year_in_review(alice_client: Client, four_years: Viewer) -> None:
    Movie.objects.filter(pk__in=(5, 6)).update(runtime=90)
    director = Person.objects.create(name="Agnès Varda")
    for film in (5, 6):
        Credit.objects.create(movie_id=film, person=director, role=Credit.Role.DIRECTOR)
    page = alice_client.get("/taste/2014/").context["page"]
    review = page.review
    assert (review.count, page.hours) == (3, 3)
    assert review.mean == pytest.approx(11 / 3)
    assert [rating.movie_id for rating in review.best] == [5, 6, 43]
    assert (review.first.movie_id, review.last.movie_id) == (5, 43)
    assert [month.count for month in review.months] == [0, 2, *[0] * 8, 1, 0]
    assert [(kind, group.name) for kind, group in page.favourites] == [("director", "Agnès Varda")]


def test_years_lead_to_their_neighbours_and_skip_the_empty(
    alice_client: Client, four_years: Viewer
) -> None:
    page = alice_client.get("/taste/2016/").context["page"]
    assert (page.before, page.after) == (2014, 2017)
    html = alice_client.get("/taste/2014/").content.decode()
    assert 'href="/taste/2016/"' in html
    assert 'rel="prev"' not in html
    assert 'href="/taste/2014/"' in alice_client.get("/taste/").content.decode()


@pytest.mark.parametrize("year", ["2015", "0", "99999", "99999999999999999999"])
def test_a_year_without_ratings_is_a_404(
    alice_client: Client, four_years: Viewer, year: str
) -> None:
    assert alice_client.get(f"/taste/{year}/").status_code == 404


def test_a_stranger_has_no_years(client: Client, four_years: Viewer) -> None:
    assert client.get("/taste/2016/").status_code == 404


class TestNearest:
    def test_the_page_asks_for_them_and_does_not_wait(
        self, alice_client: Client, active_model: TrainedModel, alice: Viewer
    ) -> None:
        page = alice_client.get("/taste/")
        assert page.context["nearest"].state == "waiting"
        assert [row.key for row in alice.predictions.all()] == ["taste"]
        assert 'aria-busy="true"' in page.content.decode()

    def test_a_bot_asks_for_nothing(
        self, alice_client: Client, active_model: TrainedModel, alice: Viewer
    ) -> None:
        alice_client.get("/taste/", headers={"User-Agent": "Googlebot/2.1"})
        assert not alice.predictions.exists()

    def test_they_are_named_with_what_we_love_and_what_i_have_not_seen(
        self, alice_client: Client, active_model: TrainedModel, alice: Viewer
    ) -> None:
        find_nearest(alice)
        answer = alice_client.get(NEAREST)
        nearest = answer.context["nearest"]
        assert nearest.state == "ready"
        first = nearest.viewers[0]
        assert re.fullmatch(r"Viewer \d+", first.name)
        assert {movie.pk for movie in first.both} <= {1, 2, 3, 4}
        rated = set(alice.ratings.values_list("movie_id", flat=True))
        assert first.theirs
        assert not rated & {card.movie.pk for near in nearest.viewers for card in near.theirs}
        assert "hx-trigger" not in answer.content.decode()
        assert "are found" in answer.content.decode()

    def test_the_name_of_an_account_is_not_told(
        self, alice_client: Client, active_model: TrainedModel, alice: Viewer, bob: Viewer
    ) -> None:
        bob.display_name = "Bob the secret"
        bob.save()
        for rating in alice.ratings.select_related("movie"):
            bob.rate(rating.movie, rating.stars)
        find_nearest(alice)
        html = alice_client.get(NEAREST).content.decode()
        assert "A member here" in html
        assert "Bob the secret" not in html

    def test_what_i_rate_or_mark_since_is_not_offered(
        self, alice_client: Client, active_model: TrainedModel, alice: Viewer
    ) -> None:
        find_nearest(alice)
        offered = [
            card.movie
            for near in alice_client.get(NEAREST).context["nearest"].viewers
            for card in near.theirs
        ]
        Mark.put(alice, offered[0], Mark.Kind.SEEN)
        alice.rate(offered[1], 2.0)
        still = {
            card.movie
            for near in alice_client.get(NEAREST).context["nearest"].viewers
            for card in near.theirs
        }
        assert still == set(offered[2:])

    def test_what_has_not_changed_is_not_sent_again(
        self, alice_client: Client, active_model: TrainedModel
    ) -> None:
        poll = alice_client.get(NEAREST).context["nearest"].poll
        assert alice_client.get(poll.url).status_code == 204

    def test_a_failure_can_be_retried_with_scripts_and_without(
        self, alice_client: Client, active_model: TrainedModel, alice: Viewer
    ) -> None:
        row = requests.ensure(alice, TASTE).in_flight
        assert row
        requests.discard(Prediction.objects.filter(pk=row.pk), "The projector broke.")
        html = alice_client.get(NEAREST).content.decode()
        assert "could not be found" in html
        assert "Retry" in html
        assert alice_client.post(f"{NEAREST}retry/").context["nearest"].state == "waiting"
        requests.discard(Prediction.objects.all(), "The projector broke.")
        assert alice_client.post("/retry/", {"key": "taste"}).status_code == 302
        assert Prediction.objects.in_flight().get().key == "taste"

    def test_no_model_is_said(self, alice_client: Client, alice: Viewer) -> None:
        assert alice_client.get(NEAREST).context["nearest"].state == "no_model"
        assert "No model has been trained" in alice_client.get("/taste/").content.decode()

    def test_a_stranger_who_polls_goes_home(self, client: Client, catalogue: None) -> None:
        assert client.get(NEAREST).headers["HX-Redirect"] == "/"


def test_a_film_that_nobody_else_rated_and_of_no_year_breaks_nothing(
    client: Client, catalogue: None
) -> None:
    """A guest's ratings do not count, so such films have no mean."""
    for film in range(900, 905):
        Movie.objects.create(id=film, title="Unknown")
        client.post(f"/films/{film}/rate/", {"stars": "3.5"})
    taste = client.get("/taste/").context["taste"]
    assert taste.count == 5
    assert not (taste.decades.lines or taste.genres.lines or taste.above or taste.below)
