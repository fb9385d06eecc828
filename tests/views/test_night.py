"""Film night: a host, a link, up to five viewers, and films that suit them all."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recommendations import nights
from recommendations.models import (
    FilmNight,
    Mark,
    Movie,
    Prediction,
    Rating,
    Scores,
    TrainedModel,
    Viewer,
)
from recommendations.models.prediction import HOME
from recommendations.models.trained_model import films_of
from recommendations.pipeline import requests
from recommendations.tasks import run_prediction
from tests.conftest import CRIME, ROMANCE

Rater = Callable[[str], tuple[Client, Viewer]]


@pytest.fixture
def rater(catalogue: None) -> Rater:
    """Makes a member who loves romance as alice loves crime."""

    def make(name: str) -> tuple[Client, Viewer]:
        user = User.objects.create_user(name)
        viewer, client = Viewer.for_user(user), Client()
        client.force_login(user)
        for film in (45, 46, 47, 48):
            viewer.rate(Movie.objects.get(pk=film), 5.0)
        viewer.rate(Movie.objects.get(pk=5), 1.5)
        return client, viewer

    return make


@pytest.fixture
def night(alice: Viewer) -> FilmNight:
    return FilmNight.start(alice)


def path(night: FilmNight) -> str:
    return f"/nights/{night.token}/"


def fragment(night: FilmNight) -> str:
    return f"/fragments/nights/{night.token}/"


def score(viewer: Viewer) -> None:
    row = requests.ensure(viewer, HOME).in_flight
    assert row
    run_prediction(row.pk)


def predict(viewer: Viewer, model: TrainedModel, stars: dict[int, float]) -> None:
    """Such stars for these films, and 1 for all others."""
    films = films_of(model.pk)
    given = np.ones(len(films), np.float16)
    for film, value in stars.items():
        given[np.searchsorted(films, film)] = value
    Scores.objects.update_or_create(
        viewer=viewer,
        defaults={
            "model": model,
            "taste_version": viewer.taste_version,
            "fit": given.tobytes(),
            "stars": given.tobytes(),
        },
    )


def found(viewers: list[Viewer]) -> list[nights.Pick]:
    return nights.picks(list(Viewer.objects.filter(pk__in=[v.pk for v in viewers]).order_by("pk")))


class TestPeople:
    def test_a_host_starts_a_night_and_gets_a_link(
        self, alice_client: Client, alice: Viewer
    ) -> None:
        started = alice_client.post("/nights/")
        night = FilmNight.objects.get()
        assert started.headers["Location"] == path(night)
        assert list(night.viewers.all()) == [alice]
        html = alice_client.get(path(night)).content.decode()
        assert f"http://testserver/nights/{night.token}/" in html
        assert path(night) in alice_client.get("/nights/").content.decode()

    def test_who_opens_the_link_can_join(self, night: FilmNight, rater: Rater) -> None:
        client, viewer = rater("carol")
        page = client.get(path(night))
        assert "alice invites you" in page.content.decode()
        assert "They do not see your ratings" in page.content.decode()
        assert not night.has(viewer)
        client.post(f"{path(night)}join/")
        assert night.has(viewer)
        assert "Who watches" in client.get(path(night)).content.decode()

    def test_a_guest_joins_under_a_name_of_their_own(
        self, client: Client, night: FilmNight
    ) -> None:
        for film in range(50, 55):
            client.post(f"/films/{film}/rate/", {"stars": "4.0"})
        client.post(f"{path(night)}join/", {"name": "  Dora  "})
        assert [viewer.display_name for viewer in night.members()] == ["alice", "Dora"]

    def test_too_long_a_name_is_refused_beside_the_field(
        self, client: Client, night: FilmNight
    ) -> None:
        for film in range(50, 55):
            client.post(f"/films/{film}/rate/", {"stars": "4.0"})
        html = client.post(f"{path(night)}join/", {"name": "x" * 41}).content.decode()
        assert "at most 40 characters" in html
        assert "x" * 41 in html
        assert night.viewers.count() == 1

    def test_an_account_keeps_its_name(self, night: FilmNight, rater: Rater) -> None:
        client, viewer = rater("carol")
        client.post(f"{path(night)}join/", {"name": "alice"})
        viewer.refresh_from_db()
        assert viewer.display_name == "carol"

    def test_two_guests_without_a_name_are_told_apart(
        self, alice_client: Client, night: FilmNight
    ) -> None:
        for _ in range(2):
            night.join(Viewer.objects.create(display_name="Guest"))
        page = alice_client.get(path(night)).context["page"]
        assert [member.name for member in page.members] == ["alice", "Guest", "Guest 2"]

    def test_who_rated_too_few_films_is_told_so(
        self, client: Client, bob_client: Client, night: FilmNight
    ) -> None:
        for each in (client, bob_client):
            assert "Rate a few films first" in each.get(path(night)).content.decode()
            refused = each.post(f"{path(night)}join/", follow=True)
            assert "Rate at least 5 films first" in refused.content.decode()
            assert each.post("/nights/", follow=True).redirect_chain == [("/nights/", 302)]
        assert FilmNight.objects.get().viewers.count() == 1

    def test_a_sixth_finds_no_seat(self, night: FilmNight, rater: Rater) -> None:
        for number in range(4):
            assert night.join(Viewer.objects.create(display_name=f"Guest {number}"))
        client, viewer = rater("carol")
        assert "is full" in client.get(path(night)).content.decode()
        refused = client.post(f"{path(night)}join/", follow=True)
        assert "is full" in refused.content.decode()
        assert not night.has(viewer)

    def test_joining_twice_takes_one_seat(self, night: FilmNight, rater: Rater) -> None:
        client, _ = rater("carol")
        client.post(f"{path(night)}join/")
        client.post(f"{path(night)}join/")
        assert night.viewers.count() == 2

    def test_a_guest_of_the_night_leaves(self, night: FilmNight, rater: Rater) -> None:
        client, viewer = rater("carol")
        night.join(viewer)
        client.post(f"{path(night)}leave/")
        assert not night.has(viewer)
        assert client.get(fragment(night)).headers["HX-Redirect"] == path(night)

    def test_the_host_removes_people_and_nobody_else_does(
        self, alice_client: Client, alice: Viewer, night: FilmNight, rater: Rater
    ) -> None:
        carol_client, carol = rater("carol")
        _, dave = rater("dave")
        night.join(carol)
        night.join(dave)
        assert carol_client.post(f"{path(night)}remove/{dave.pk}/").status_code == 404
        assert alice_client.post(f"{path(night)}remove/{alice.pk}/").status_code == 404
        alice_client.post(f"{path(night)}remove/{dave.pk}/")
        assert night.members() == [alice, carol]

    def test_the_host_ends_the_night(
        self, alice_client: Client, night: FilmNight, rater: Rater
    ) -> None:
        client, viewer = rater("carol")
        night.join(viewer)
        assert client.post(f"{path(night)}end/").status_code == 404
        assert alice_client.post(f"{path(night)}leave/").status_code == 404
        alice_client.post(f"{path(night)}end/")
        assert not FilmNight.objects.exists()
        assert client.get(fragment(night)).headers["HX-Redirect"] == "/nights/"

    @pytest.mark.parametrize("action", ["", "join/", "leave/", "end/", "retry/", "remove/1/"])
    def test_without_the_right_link_there_is_no_night(
        self, alice_client: Client, night: FilmNight, action: str
    ) -> None:
        other = f"/nights/{uuid.uuid4()}/{action}"
        answer = alice_client.post(other) if action else alice_client.get(other)
        assert answer.status_code == 404

    @pytest.mark.parametrize("action", ["leave/", "end/", "retry/"])
    def test_who_does_not_watch_changes_nothing(
        self, client: Client, night: FilmNight, rater: Rater, action: str
    ) -> None:
        carol_client, _ = rater("carol")
        assert carol_client.post(path(night) + action).status_code == 404
        assert client.post(path(night) + action).status_code == 404
        assert night.viewers.count() == 1

    def test_a_night_is_over_after_thirty_days(
        self, alice_client: Client, night: FilmNight
    ) -> None:
        FilmNight.objects.update(created_at=timezone.now() - timedelta(days=31))
        assert alice_client.get(path(night)).status_code == 404
        assert path(night) not in alice_client.get("/nights/").content.decode()

    def test_old_nights_go_when_a_new_one_is_started(
        self, alice: Viewer, night: FilmNight
    ) -> None:
        FilmNight.objects.update(created_at=timezone.now() - timedelta(days=31))
        kept = FilmNight.start(alice)
        assert list(FilmNight.objects.all()) == [kept]


class TestFilms:
    def test_the_least_content_decides_and_then_the_mean(
        self, active_model: TrainedModel, alice: Viewer, rater: Rater
    ) -> None:
        _, carol = rater("carol")
        predict(alice, active_model, {10: 5.0, 11: 3.5, 12: 3.5, 13: 2.0})
        predict(carol, active_model, {10: 2.5, 11: 3.5, 12: 4.5, 13: 2.0})
        picks = found([alice, carol])
        assert [pick.movie.pk for pick in picks[:4]] == [12, 11, 10, 13]
        assert (picks[0].lowest, picks[0].mean) == (3.5, 4.0)

    def test_a_film_is_a_risk_for_whom_it_is_far_below_their_usual_stars(
        self, active_model: TrainedModel, alice: Viewer, rater: Rater
    ) -> None:
        _, carol = rater("carol")  # gives 4.3 on average, alice 3.67
        predict(alice, active_model, {10: 3.5, 11: 4.5})
        predict(carol, active_model, {10: 3.5, 11: 4.0})
        risks = {pick.movie.pk: pick.risks for pick in found([alice, carol])}
        assert risks[10] == [carol]
        assert risks[11] == []

    def test_what_somebody_knows_or_does_not_want_is_left_out(
        self, active_model: TrainedModel, alice: Viewer, rater: Rater
    ) -> None:
        _, carol = rater("carol")
        for viewer in (alice, carol):
            predict(viewer, active_model, dict.fromkeys((1, 5, 10, 11, 12, 13), 5.0))
        Mark.put(alice, Movie.objects.get(pk=10), Mark.Kind.SEEN)
        Mark.put(carol, Movie.objects.get(pk=11), Mark.Kind.HIDDEN)
        Mark.put(carol, Movie.objects.get(pk=12), Mark.Kind.WATCHLIST)
        picks = {pick.movie.pk: pick.lowest for pick in found([alice, carol])}
        assert [film for film, lowest in picks.items() if lowest == 5] == [12, 13]

    def test_films_with_few_ratings_and_a_third_of_a_series_are_left_out(
        self, active_model: TrainedModel, alice: Viewer, rater: Rater
    ) -> None:
        _, carol = rater("carol")
        for viewer in (alice, carol):
            predict(viewer, active_model, dict.fromkeys((10, 11, 12, 13, 14), 5.0))
        for number, film in enumerate((10, 11, 12), start=1):
            Movie.objects.filter(pk=film).update(title=f"Rocky {number}")
        Movie.objects.filter(pk=13).update(rating_count=9)
        best = [pick.movie.pk for pick in found([alice, carol]) if pick.lowest == 5]
        assert best == [10, 11, 14]

    def test_scores_of_different_models_meet_in_the_films_that_both_know(
        self, active_model: TrainedModel, alice: Viewer, rater: Rater
    ) -> None:
        _, carol = rater("carol")
        few = np.array([10, 20, 70], np.int32)
        older = TrainedModel.objects.create(algorithm="svd", film_ids=few.tobytes())
        predict(alice, active_model, {10: 3.0, 20: 4.0, 30: 5.0, 70: 2.0})
        predict(carol, older, {10: 3.0, 20: 4.0, 70: 2.0})
        assert [pick.movie.pk for pick in found([alice, carol])] == [20, 10, 70]


class TestPage:
    @pytest.fixture
    def carol(self, rater: Rater, night: FilmNight) -> Viewer:
        _, viewer = rater("carol")
        night.join(viewer)
        return viewer

    def test_alone_one_waits_for_others(
        self, alice_client: Client, night: FilmNight, active_model: TrainedModel
    ) -> None:
        page = alice_client.get(path(night))
        assert "Nobody has joined yet" in page.content.decode()
        assert page.context["page"].poll

    def test_it_asks_for_everybodys_picks_and_says_whose_are_awaited(
        self,
        alice_client: Client,
        night: FilmNight,
        active_model: TrainedModel,
        alice: Viewer,
        carol: Viewer,
    ) -> None:
        score(alice)
        page = alice_client.get(path(night)).context["page"]
        assert [member.state for member in page.members] == ["ready", "waiting"]
        assert not page.picks
        row = Prediction.objects.in_flight().get()
        assert (row.viewer, row.key) == (carol, HOME)
        run_prediction(row.pk)
        ready = alice_client.get(page.poll.url)
        assert ready.status_code == 200
        assert len(ready.context["page"].picks) == nights.PICKS
        assert "at least" in ready.content.decode()

    def test_picks_are_films_that_nobody_has_rated(
        self,
        alice_client: Client,
        night: FilmNight,
        active_model: TrainedModel,
        alice: Viewer,
        carol: Viewer,
    ) -> None:
        score(alice)
        score(carol)
        page = alice_client.get(path(night)).context["page"]
        films = {pick.movie.pk for pick, _ in page.picks}
        assert films <= {*CRIME, *ROMANCE}
        assert not Rating.objects.filter(viewer__in=[alice, carol], movie__in=films).exists()

    def test_what_has_not_changed_is_not_sent_again(
        self,
        alice_client: Client,
        night: FilmNight,
        active_model: TrainedModel,
        alice: Viewer,
        carol: Viewer,
    ) -> None:
        score(alice)
        score(carol)
        poll = alice_client.get(path(night)).context["page"].poll
        assert alice_client.get(poll.url).status_code == 204
        night.join(Viewer.objects.create(display_name="Guest"))
        assert alice_client.get(poll.url).status_code == 200

    def test_stale_picks_are_shown_while_they_are_refreshed(
        self,
        alice_client: Client,
        night: FilmNight,
        active_model: TrainedModel,
        alice: Viewer,
        carol: Viewer,
    ) -> None:
        score(alice)
        score(carol)
        carol.rate(Movie.objects.get(pk=60), 0.5)
        page = alice_client.get(path(night))
        assert page.context["page"].picks
        assert "being refreshed" in page.content.decode()

    def test_a_failure_is_said_and_anybody_there_can_retry(
        self,
        alice_client: Client,
        night: FilmNight,
        active_model: TrainedModel,
        alice: Viewer,
        carol: Viewer,
    ) -> None:
        score(alice)
        requests.ensure(carol, HOME)
        requests.discard(Prediction.objects.filter(viewer=carol), "The projector broke.")
        assert "picks could not be made" in alice_client.get(path(night)).content.decode()
        alice_client.post(f"{path(night)}retry/")
        assert Prediction.objects.in_flight().get().viewer == carol

    def test_ratings_of_others_are_nowhere_on_the_page(
        self,
        alice_client: Client,
        night: FilmNight,
        active_model: TrainedModel,
        alice: Viewer,
        carol: Viewer,
    ) -> None:
        score(alice)
        score(carol)
        html = alice_client.get(path(night)).content.decode()
        assert all(str(rating.movie) not in html for rating in carol.ratings.all())
        assert "no-store" in alice_client.get(path(night)).headers["Cache-Control"]
        assert " style=" not in html

    def test_a_full_night_takes_few_queries(
        self, alice_client: Client, night: FilmNight, active_model: TrainedModel, rater: Rater
    ) -> None:
        for name in ("carol", "dave", "erin", "frank"):
            _, viewer = rater(name)
            night.join(viewer)
        for viewer in night.members():
            score(viewer)
        alice_client.get(path(night))
        with CaptureQueriesContext(connection) as captured:
            assert len(alice_client.get(path(night)).context["page"].picks) == nights.PICKS
        assert len(captured) <= 15

    def test_without_a_model_it_says_so(
        self, alice_client: Client, night: FilmNight, carol: Viewer
    ) -> None:
        assert "waiting for a first model" in alice_client.get(path(night)).content.decode()

    def test_a_stranger_sees_the_invitation_and_nothing_else(
        self, client: Client, night: FilmNight, carol: Viewer
    ) -> None:
        html = client.get(path(night)).content.decode()
        assert "invites you" in html
        assert "carol" not in html
        assert client.get(fragment(night)).headers["HX-Redirect"] == "/"
