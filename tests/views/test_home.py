"""The home page: at once, whatever the model costs."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from recommendations.middleware import catalogue
from recommendations.models import Credit, Movie, Person, Prediction, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.models.trained_model import films_of
from recommendations.pipeline.durations import durations, workers
from recommendations.shelves import HOME_SHELVES, QueryShelf
from recommendations.tasks import run_prediction
from recommendations.views.home.presenters import ShelfView
from tests.conftest import CRIME, LONG_AGO, ROMANCE, train

AGAIN = "watch-again"

EVERYBODYS = [shelf for shelf in HOME_SHELVES if isinstance(shelf, QueryShelf)]


@pytest.fixture
def cinephile(active_model: TrainedModel, alice: Viewer) -> Viewer:
    """Loved crime, some of it by one director, long ago; eleven films are little seen."""
    for film in range(5, 9):
        alice.rate(Movie.objects.get(pk=film), 5.0, LONG_AGO)
    varda = Person.objects.create(name="Agnès Varda")
    for film in [1, 2, 3, *range(60, 72)]:
        Credit.objects.create(movie_id=film, person=varda, role=Credit.Role.DIRECTOR)
    Movie.objects.filter(pk__in=range(30, 41)).update(rating_count=8)
    return alice


def shelves_of(client: Client, viewer: Viewer) -> list[ShelfView]:
    """Of the home page after the run."""
    assert viewer.user
    client.force_login(viewer.user)
    client.get("/")
    run_all()
    shown: list[ShelfView] = client.get("/").context["shelves"]
    return shown


def run_all() -> None:
    for row in Prediction.objects.in_flight():
        run_prediction(row.pk)


def films_of_page(html: str) -> list[str]:
    return re.findall(r'href="/films/(\d+)/"', html)


def test_a_stranger_sees_what_is_plain_sql_and_asks_for_nothing(
    client: Client, active_model: TrainedModel
) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert [shelf.slug for shelf in page.context["shelves"]] == [
        "popular",
        "new",
        "popular-crime",
        "popular-romance",
    ]
    assert all(shelf.cards for shelf in page.context["shelves"])
    assert not OrmQ.objects.exists()


def test_genres_are_for_those_whose_taste_is_not_known(
    client: Client, alice_client: Client, active_model: TrainedModel
) -> None:
    strangers = client.get("/").context["shelves"]
    assert [shelf.title for shelf in strangers[2:]] == ["Popular in crime", "Popular in romance"]
    assert all(card.movie.pk in CRIME for card in strangers[2].cards)
    alices = alice_client.get("/").context["shelves"]
    assert not [shelf.slug for shelf in alices if shelf.slug.startswith("popular-")]


def test_a_stranger_sees_no_film_twice(client: Client, active_model: TrainedModel) -> None:
    shelves = client.get("/").context["shelves"]
    films = [card.movie.pk for shelf in shelves for card in shelf.cards]
    assert len(films) == len(set(films))


def test_a_genre_with_hardly_a_film_left_has_no_shelf(
    client: Client, active_model: TrainedModel
) -> None:
    Movie.objects.filter(pk__in=ROMANCE).exclude(pk=41).update(rating_count=0)
    slugs = [shelf.slug for shelf in client.get("/").context["shelves"]]
    assert "popular-crime" in slugs
    assert "popular-romance" not in slugs
    assert client.get("/shelves/popular-crime/").status_code == 200


def test_the_invitation_leads_to_the_first_minute(
    client: Client, alice_client: Client, active_model: TrainedModel
) -> None:
    assert b'href="/start/"' in client.get("/").content
    assert b'href="/start/"' not in alice_client.get("/").content


def test_a_stranger_leaves_no_trace_on_get(client: Client, active_model: TrainedModel) -> None:
    viewers = Viewer.objects.count()
    client.get("/")
    client.get("/films/3/")
    client.get("/browse/?q=crime")
    assert Viewer.objects.count() == viewers
    assert "sessionid" not in client.cookies


def test_the_page_answers_before_its_predictions_exist(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    page = alice_client.get("/")
    states = {shelf.slug: shelf.state for shelf in page.context["shelves"]}
    assert states == {
        "top-picks": "waiting",
        "because-you-liked": "waiting",
        "because-you-liked-too": "waiting",
        "favourite": "waiting",
        "favourite-too": "waiting",
        "hidden-gems": "waiting",
        "popular": "ready",
        "new": "ready",
    }
    assert Prediction.objects.get().status == Prediction.Status.QUEUED
    assert OrmQ.objects.count() == 1
    assert "/fragments/shelves/?since=" in page.content.decode()
    assert '<a href="/shelves/top-picks/">' in page.content.decode()


def test_the_shelves_are_there_once_a_worker_has_run(
    alice_client: Client, active_model: TrainedModel
) -> None:
    alice_client.get("/")
    run_all()
    page = alice_client.get("/")
    assert {shelf.state for shelf in page.context["shelves"]} == {"ready"}
    assert b"load delay" not in page.content
    assert OrmQ.objects.count() == 1


def test_no_more_than_five_shelves_wait_in_sight(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    alice.rate(Movie.objects.get(pk=5), 5.0)
    page = alice_client.get("/")
    waiting = [shelf for shelf in page.context["shelves"] if shelf.state == "waiting"]
    assert [shelf.slug for shelf in waiting if shelf.unseen] == ["hidden-gems", "watch-again"]
    assert len(waiting) == 7
    assert page.content.decode().count('hx-get="/fragments/shelves/') == 1
    assert page.content.decode().count('class="scroller scroller-still"') == 5


def test_the_shelves_come_in_their_order(
    client: Client, cinephile: Viewer, short_shelves: None
) -> None:
    assert [(shelf.slug, shelf.title) for shelf in shelves_of(client, cinephile)] == [
        ("top-picks", "Top picks for you"),
        ("because-you-liked", "Because you liked Crime story #1"),
        ("because-you-liked-too", "Because you liked Crime story #2"),
        ("favourite", "More Crime"),
        ("favourite-too", "More by Agnès Varda"),
        ("hidden-gems", "Hidden gems"),
        ("watch-again", "Watch again"),
        ("popular", "Popular"),
        ("new", "New and well liked"),
    ]


def test_only_watch_again_shows_what_was_rated_and_no_film_is_shown_twice(
    client: Client, cinephile: Viewer, short_shelves: None
) -> None:
    shelves = shelves_of(client, cinephile)
    films = [card.movie.pk for shelf in shelves for card in shelf.cards]
    rated = set(cinephile.ratings.values_list("movie_id", flat=True))
    assert len(films) == len(set(films))
    for shelf in shelves:
        shown = {card.movie.pk for card in shelf.cards}
        assert shown <= rated if shelf.slug == "watch-again" else not shown & rated


def test_a_shelf_left_with_too_few_films_is_gone(
    client: Client, cinephile: Viewer, short_shelves: None
) -> None:
    assert AGAIN in [shelf.slug for shelf in shelves_of(client, cinephile)]
    cinephile.rate(Movie.objects.get(pk=20), 5.0)
    for film in range(1, 5):
        cinephile.unrate(Movie.objects.get(pk=film))
    seen = [shelf.slug for shelf in client.get("/").context["shelves"] if not shelf.unseen]
    assert AGAIN not in seen
    run_all()
    assert AGAIN not in [shelf.slug for shelf in client.get("/").context["shelves"]]


def test_no_film_is_on_the_page_twice_or_was_rated(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    alice_client.get("/")
    run_all()
    shelves = alice_client.get("/").context["shelves"]
    films = [card.movie.pk for shelf in shelves for card in shelf.cards]
    assert len(films) == len(set(films)) > 20
    assert not alice.ratings.filter(movie__in=films).exists()


def test_a_stale_shelf_is_shown_while_it_is_made_anew(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    alice_client.get("/")
    run_all()
    alice.rate(Movie.objects.get(pk=50), 4.0)
    page = alice_client.get("/")
    top = page.context["shelves"][0]
    assert (top.state, top.refreshing) == ("ready", True)
    assert top.cards
    assert "Your picks are being refreshed" in page.content.decode()
    assert Prediction.objects.in_flight().count() == 1


def test_a_film_rated_since_is_gone_from_the_stale_shelf(
    alice_client: Client, alice: Viewer, active_model: TrainedModel
) -> None:
    alice_client.get("/")
    run_all()
    picked = alice_client.get("/").context["shelves"][0].cards[0].movie
    alice.rate(picked, 4.0)
    page = alice_client.get("/")
    assert str(picked.pk) not in films_of_page(page.content.decode())


def test_head_asks_for_nothing(alice_client: Client, active_model: TrainedModel) -> None:
    assert alice_client.head("/").status_code == 200
    assert not Prediction.objects.exists()


def test_bots_ask_for_nothing(alice_client: Client, active_model: TrainedModel) -> None:
    page = alice_client.get("/", headers={"User-Agent": "Mozilla/5.0 (compatible; Somebot/2.1)"})
    assert page.status_code == 200
    assert not Prediction.objects.exists()


def test_a_viewer_without_ratings_asks_for_nothing(
    bob_client: Client, active_model: TrainedModel
) -> None:
    page = bob_client.get("/")
    assert [shelf.slug for shelf in page.context["shelves"]] == [
        "popular",
        "new",
        "popular-crime",
        "popular-romance",
    ]
    assert page.context["invitation"]
    assert not Prediction.objects.exists()


def test_without_a_model_the_page_says_so(alice_client: Client, alice: Viewer) -> None:
    page = alice_client.get("/")
    assert page.context["shelves"][0].state == "no_model"
    assert not Prediction.objects.exists()


def test_an_empty_catalogue_is_no_error(client: Client, db: None) -> None:
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("state", ["cold", "ready", "stale"])
def test_the_page_takes_few_queries_however_many_films_there_are(
    alice_client: Client, alice: Viewer, active_model: TrainedModel, state: str
) -> None:
    if state != "cold":
        alice_client.get("/")
        run_all()
    if state == "stale":
        alice.rate(Movie.objects.get(pk=50), 4.0)
    films_of(active_model.pk)  # read once by each process
    durations(HOME), workers()
    few = queries_of(alice_client)
    asking = 11  # a run is also counted, and so is the queue, twice
    assert len(few) <= 17 + (asking if state != "ready" else 0), "\n".join(few)
    Prediction.objects.in_flight().delete()
    for film in range(1000, 1040):
        Movie.objects.create(id=film, title=f"Film {film}", year=2019, rating_count=50)
    assert len(queries_of(alice_client)) == len(few)


def test_a_strangers_page_needs_one_query_a_shelf(client: Client, catalogue: None) -> None:
    client.get("/")  # which looks up whom to browse as, once in five minutes
    assert len(queries_of(client)) <= len(EVERYBODYS)


def queries_of(client: Client) -> list[str]:
    catalogue()  # looked up once a minute
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/").status_code == 200
    return [query["sql"] for query in captured.captured_queries]


def test_films_with_few_ratings_stay_out_of_the_shelves(client: Client, catalogue: None) -> None:
    Movie.objects.filter(pk=80).update(rating_count=9, stars_sum=45)
    page = client.get("/").content.decode()
    assert "/films/80/" not in page
    assert "/films/79/" in page


def test_the_shelf_page_shows_all_of_one_shelf(
    alice_client: Client, active_model: TrainedModel
) -> None:
    assert alice_client.get("/shelves/top-picks/").context["shelf"].state == "waiting"
    run_all()
    page = alice_client.get("/shelves/top-picks/")
    assert len(page.context["shelf"].cards) > 10
    assert alice_client.get("/shelves/popular/").context["shelf"].cards


def test_a_shelf_that_needs_ratings_is_not_found_without(client: Client, catalogue: None) -> None:
    assert client.get("/shelves/top-picks/").status_code == 404
    assert client.get("/shelves/popular/").status_code == 200
    assert client.get("/shelves/nonsense/").status_code == 404


def test_a_failed_run_says_so_and_offers_to_retry(alice_client: Client, alice: Viewer) -> None:
    train("broken")
    alice_client.get("/")
    with pytest.raises(RuntimeError):
        run_all()
    page = alice_client.get("/")
    assert page.context["shelves"][0].state == "failed"
    assert "Retry" in page.content.decode()
    assert "projector" not in page.content.decode()
    assert Prediction.objects.count() == 1
    assert alice_client.post("/retry/", {"key": HOME}).status_code == 302
    assert Prediction.objects.count() == 2


@pytest.mark.parametrize(
    "key", ["", "film:all", "318", "film:4040404", "film:٣", "film:" + "9" * 60, "film:", "home "]
)
def test_retrying_nonsense_is_not_found(
    alice_client: Client, active_model: TrainedModel, key: str
) -> None:
    assert alice_client.post("/retry/", {"key": key}).status_code == 404
    assert not Prediction.objects.exists()


def test_what_is_fresh_is_not_made_again(alice_client: Client, active_model: TrainedModel) -> None:
    alice_client.get("/")
    run_all()
    alice_client.post("/retry/", {"key": HOME})
    alice_client.post("/fragments/shelves/top-picks/retry/")
    assert Prediction.objects.count() == 1
    assert alice_client.get("/retry/").status_code == 405
