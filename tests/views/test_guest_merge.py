"""What a guest did goes into the account: by signing up, or by signing in to one that exists."""

import uuid
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recommendations.models import (
    FilmNight,
    Genre,
    ListEntry,
    Mark,
    Movie,
    MovieList,
    Prediction,
    Rating,
    RatingsImport,
    TasteControls,
    TrainedModel,
    UnmatchedEntry,
    Viewer,
)
from recommendations.models.merging import take_along
from recommendations.models.taste import recount
from recommendations.pipeline import runs
from recommendations.tasks import run_prediction

SECRET = "a long secret"
SIGN_UP = {"username": "carol", "password1": SECRET, "password2": SECRET}
BEFORE, AFTER = datetime(2015, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def untried(db: None) -> None:
    """Nobody has tried to sign in yet."""
    cache.clear()


def film(number: int) -> Movie:
    return Movie.objects.get(pk=number)


def rate(client: Client, number: int, stars: float) -> None:
    client.post(f"/films/{number}/rate/", {"stars": str(stars)})


def guest_of(client: Client) -> Viewer:
    return Viewer.objects.get(pk=client.session["guest"])


def sign_in(client: Client, name: str = "alice") -> str:
    """Sign in; returns what the next page says."""
    page = client.post("/account/login/", {"login": name, "password": SECRET}, follow=True)
    assert page.context["user"].username == name
    return page.content.decode()


def counted() -> dict[int, tuple[int, float]]:
    return {
        film: (count, stars)
        for film, count, stars in Movie.objects.values_list("pk", "rating_count", "stars_sum")
    }


def counts_are_right() -> bool:
    as_moved = counted()
    recount(Movie.objects.all())
    return as_moved == counted()


def test_signing_up_keeps_the_guest_and_its_ratings_count_from_now_on(
    client: Client, catalogue: None
) -> None:
    rate(client, 5, 4.5)
    rate(client, 6, 2)
    guest, before = guest_of(client), counted()
    page = client.post("/account/signup/", SIGN_UP, follow=True)
    assert "What you did as a guest is in your account now." in page.content.decode()
    carol = Viewer.objects.get(user__username="carol")
    assert (carol.pk, carol.kind, carol.display_name) == (guest.pk, "account", "carol")
    assert carol.taste_version == guest.taste_version
    assert counted()[5] == (before[5][0] + 1, before[5][1] + 4.5)
    assert counts_are_right()
    assert "guest" not in client.session


def test_signing_up_keeps_the_picks(client: Client, active_model: TrainedModel) -> None:
    for number in (1, 2, 3):
        rate(client, number, 5)
    prediction = Prediction.objects.get(key="home")
    run_prediction(prediction.pk)
    client.post("/account/signup/", SIGN_UP)
    carol = Viewer.objects.get(user__username="carol")
    assert carol.scores
    assert carol.predictions.filter(status=Prediction.Status.SUCCEEDED).exists()
    assert client.get("/").context["shelves"][0].slug == "top-picks"


def test_an_account_that_has_not_watched_yet_takes_the_guest(
    client: Client, catalogue: None
) -> None:
    User.objects.create_user("dave", password=SECRET)
    rate(client, 5, 4.5)
    guest = guest_of(client)
    sign_in(client, "dave")
    assert Viewer.objects.get(user__username="dave").pk == guest.pk


def test_of_two_ratings_the_newer_stays(client: Client, alice: Viewer) -> None:
    rate(client, 50, 3)
    guest = guest_of(client)
    guest.rate(film(1), 2.0, AFTER)
    guest.rate(film(2), 2.0, BEFORE)
    guest.rate(film(3), 5.0, AFTER)
    version = alice.taste_version
    said = sign_in(client)
    assert "1 rating joined yours" in said
    assert "1 rating replaced older ones" in said
    assert "1 rating gave way to newer ones here" in said
    stars = dict(alice.ratings.values_list("movie", "stars"))
    assert stars == {1: 2.0, 2: 5.0, 3: 5.0, 4: 5.0, 41: 1.0, 42: 1.0, 50: 3.0}
    assert alice.ratings.get(movie=1).rated_at == AFTER
    assert counts_are_right()
    alice.refresh_from_db()
    assert alice.taste_version == version + 1
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()


def test_new_picks_are_asked_for(
    client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    rate(client, 50, 3)
    client.post("/account/login/", {"login": "alice", "password": SECRET})
    assert alice.predictions.get().key == "home"


def test_a_copy_of_a_taste_counts_no_more_for_what_joins_it(client: Client, alice: Viewer) -> None:
    Viewer.objects.filter(pk=alice.pk).update(is_copy=True)
    recount(Movie.objects.all())
    rate(client, 50, 3)
    sign_in(client)
    assert counts_are_right()


def test_marks_come_along_and_what_was_seen_need_not_be_watched_for(
    client: Client, alice: Viewer
) -> None:
    rate(client, 50, 3)
    guest = guest_of(client)
    Mark.put(alice, film(7), Mark.Kind.WATCHLIST)
    Mark.put(alice, film(8), Mark.Kind.HIDDEN)
    Mark.put(guest, film(7), Mark.Kind.SEEN)
    Mark.put(guest, film(8), Mark.Kind.HIDDEN)
    Mark.put(guest, film(9), Mark.Kind.MORE)
    assert "2 marks came along" in sign_in(client)
    marks = sorted(alice.marks.values_list("movie", "kind"))
    assert marks == [(7, "seen"), (8, "hidden"), (9, "more")]


def test_lists_come_along_under_a_name_that_is_free(client: Client, alice: Viewer) -> None:
    rate(client, 50, 3)
    guest, token = guest_of(client), uuid.uuid4()
    long = "x" * 100
    for viewer, name in ((alice, "Best"), (alice, long), (guest, "Best (2)"), (guest, long)):
        MovieList.objects.create(viewer=viewer, name=name)
    best = MovieList.objects.create(viewer=guest, name="Best", share_token=token)
    ListEntry.objects.create(list=best, movie=film(9))
    assert "3 lists came along" in sign_in(client)
    names = set(alice.lists.values_list("name", flat=True))
    assert names == {"Best", "Best (2)", "Best (3)", long, "x" * 96 + " (2)"}
    shared = alice.lists.get(share_token=token)
    assert shared.name == "Best (3)"
    assert [entry.movie_id for entry in shared.entries.all()] == [9]


def test_imports_unmatched_entries_nights_controls_and_the_feed_come_along(
    client: Client, alice: Viewer, bob: Viewer
) -> None:
    rate(client, 50, 3)
    guest, feed = guest_of(client), uuid.uuid4()
    Viewer.objects.filter(pk=guest.pk).update(feed_token=feed)
    RatingsImport.objects.create(viewer=guest, file_name="a.zip", wake_at=timezone.now())
    for viewer, identity in ((guest, "1"), (guest, "2"), (alice, "2")):
        UnmatchedEntry.objects.create(
            viewer=viewer, kind="rating", title=f"Film {identity}", identity=identity
        )
    hosted = FilmNight.objects.create(host=guest)
    hosted.viewers.set([guest, bob])
    joined = FilmNight.objects.create(host=bob)
    joined.viewers.set([guest, alice, bob])
    TasteControls.objects.create(viewer=guest, leaning=2).without.set(Genre.objects.all()[:1])
    sign_in(client)
    alice.refresh_from_db()
    assert alice.imports.get().file_name == "a.zip"
    assert set(alice.unmatched.values_list("identity", flat=True)) == {"1", "2"}
    assert alice.nights_hosted.get() == hosted
    assert set(hosted.viewers.all()) == {alice, bob}
    assert set(joined.viewers.all()) == {alice, bob}
    assert alice.controls.leaning == 2
    assert alice.controls.without.count() == 1
    assert alice.feed_token == feed


def test_controls_of_the_account_stay(client: Client, alice: Viewer) -> None:
    rate(client, 50, 3)
    TasteControls.objects.create(viewer=alice, leaning=-1)
    TasteControls.objects.create(viewer=guest_of(client), leaning=2)
    sign_in(client)
    assert TasteControls.objects.get().leaning == -1


def test_all_that_hangs_on_a_viewer_is_known_to_the_merge() -> None:
    """Who adds to these names has to say in `merging` what becomes of a guest's."""
    hanging = {relation.get_accessor_name() for relation in Viewer._meta.related_objects}
    moved = {
        "ratings", "marks", "lists", "unmatched", "imports", "nights_hosted", "nights", "controls",
    }  # fmt: skip
    made_anew = {"predictions", "scores"}
    assert hanging == moved | made_anew


def test_who_browses_as_another_takes_along_only_what_is_their_own(
    client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    rate(client, 50, 3)
    heidi = Viewer.objects.filter(kind=Viewer.Kind.IMPORTED)[0]
    client.post(f"/browse-as/{heidi.pk}/")
    rate(client, 51, 3)
    sign_in(client)
    assert set(alice.ratings.values_list("movie", flat=True)) == {1, 2, 3, 4, 41, 42, 50}
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()
    assert not {"guest", "guest-away"} & set(client.session.keys())


def test_signing_up_while_browsing_as_another_keeps_the_guest_before(
    client: Client, active_model: TrainedModel
) -> None:
    rate(client, 50, 3)
    guest = guest_of(client)
    heidi = Viewer.objects.filter(kind=Viewer.Kind.IMPORTED)[0]
    client.post(f"/browse-as/{heidi.pk}/")
    client.post("/account/signup/", SIGN_UP)
    carol = Viewer.objects.get(user__username="carol")
    assert carol.pk == guest.pk
    assert not carol.is_copy
    assert not Viewer.objects.filter(is_copy=True).exists()


def test_a_page_of_the_guest_in_another_tab_rates_nothing_for_the_account(
    client: Client, alice: Viewer
) -> None:
    rate(client, 50, 3)
    guest = guest_of(client)
    sign_in(client)
    page = client.post("/films/60/rate/", {"stars": "4", "viewer": guest.pk}, follow=True)
    assert "You are somebody else here now, so nothing was rated." in page.content.decode()
    assert not alice.ratings.filter(movie=60).exists()
    assert not Viewer.objects.filter(kind=Viewer.Kind.GUEST).exists()


def test_a_prediction_in_flight_for_the_guest_is_let_go(
    client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    rate(client, 50, 3)
    claim = runs.take(Prediction.objects.get(viewer=guest_of(client)).pk)
    assert claim
    sign_in(client)
    with pytest.raises(runs.ClaimLost):
        runs.produce(claim)
    assert not Prediction.objects.filter(viewer__kind=Viewer.Kind.GUEST).exists()


def test_a_wrong_password_changes_nothing(client: Client, alice: Viewer) -> None:
    rate(client, 50, 3)
    guest = guest_of(client)
    client.post("/account/login/", {"login": "alice", "password": "wrong"})
    assert guest_of(client) == guest
    assert guest.ratings.count() == 1


def test_a_guest_who_is_an_account_by_now_is_taken_by_nobody_else(
    alice: Viewer, bob: Viewer
) -> None:
    """Of two tabs that sign in at once, the second finds no guest."""
    assert bob.user
    viewer, merged = take_along(bob.user, [alice.pk])
    assert viewer == bob
    assert not str(merged)
    assert alice.ratings.count() == 6


def test_many_ratings_take_as_few_statements_as_few(alice: Viewer) -> None:
    def statements(number: int) -> int:
        guest = Viewer.objects.create(display_name="Guest")
        Rating.objects.bulk_create(
            Rating(viewer=guest, movie_id=film, stars=3.0) for film in range(1, number)
        )
        assert alice.user
        with CaptureQueriesContext(connection) as captured:
            take_along(alice.user, [guest.pk])
        return len(captured)

    few = statements(10)
    Rating.objects.filter(viewer=alice).delete()
    assert statements(80) == few <= 50
