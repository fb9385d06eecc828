"""Who does more than anybody would waits; nothing is lost, and no other viewer notices."""

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import F
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ
from pytest_django import Settings

from recommendations.middleware import address_of
from recommendations.models import Movie, Prediction, RateCount, Rating, TrainedModel, Viewer
from recommendations.models.prediction import HOME, film_key
from recommendations.pipeline import limits, requests
from recommendations.pipeline.limits import Limit, TooOften
from recommendations.tasks import prune_rate_counts, run_prediction

TYPED = {"stars": "4.0"}
HOURLY = [(2, 3600)]


@pytest.fixture
def twice(settings: Settings) -> None:
    """Nothing may be done more than twice an hour."""
    settings.LIMIT_ACTIONS = settings.LIMIT_IMPORTS = settings.LIMIT_PREDICTIONS = HOURLY


def rate(client: Client, film: int) -> int:
    return client.post(f"/films/{film}/rate/", TYPED).status_code


# Actions


@pytest.mark.usefixtures("twice", "catalogue")
def test_the_third_rating_has_to_wait_and_says_for_how_long(client: Client) -> None:
    assert [rate(client, film) for film in (1, 2)] == [302, 302]
    page = client.post("/films/3/rate/", TYPED)
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 3600
    assert "That was too often" in page.content.decode()
    assert Rating.objects.filter(viewer__kind="guest").count() == 2


@pytest.mark.usefixtures("twice", "catalogue")
@pytest.mark.parametrize(
    "path", ["/films/3/mark/", "/lists/", "/controls/", "/nights/", "/account/delete/"]
)
def test_all_actions_count_together(client: Client, path: str) -> None:
    for film in (1, 2):
        rate(client, film)
    assert client.post(path, {"put": "seen", "name": "mine"}).status_code == 429


@pytest.mark.usefixtures("twice", "catalogue")
def test_a_fragment_is_told_so_and_stays_as_it_is(client: Client) -> None:
    for film in (1, 2):
        rate(client, film)
    answer = client.post("/fragments/films/3/rating/", TYPED, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert answer.headers["HX-Reswap"] == "none"
    assert int(answer.headers["Retry-After"]) > 0
    assert re.search(r'id="refusal".*hx-swap-oob', answer.content.decode())
    assert 'id="rating"' not in answer.content.decode()


@pytest.mark.usefixtures("twice", "catalogue")
def test_a_new_guest_at_the_same_address_is_no_way_around_it(client: Client) -> None:
    for film in (1, 2):
        rate(Client(), film)
    assert rate(Client(), 3) == 429
    assert rate(Client(REMOTE_ADDR="192.0.2.7"), 3) == 302


@pytest.mark.usefixtures("twice")
def test_an_account_is_counted_by_itself(alice_client: Client, bob_client: Client) -> None:
    assert [rate(alice_client, film) for film in (5, 6, 7)] == [302, 302, 429]
    assert rate(bob_client, 5) == 302
    assert rate(Client(), 5) == 302


@pytest.mark.usefixtures("twice")
def test_looking_is_never_counted(alice_client: Client) -> None:
    for _ in range(4):
        assert alice_client.get("/lists/").status_code == 200
    assert rate(alice_client, 5) == 302


@pytest.mark.usefixtures("twice")
def test_staff_at_work_is_not_counted(staff_client: Client, active_model: TrainedModel) -> None:
    for _ in range(4):
        path = "/admin/recommendations/trainedmodel/train/"
        assert staff_client.post(path).status_code == 302


@pytest.mark.usefixtures("twice")
def test_imports_are_counted_apart(alice_client: Client) -> None:
    def bring() -> int:
        file = SimpleUploadedFile("ratings.csv", b"Name,Year,Rating\nTwin,1990,3\n")
        return alice_client.post("/import/", {"file": file}).status_code

    assert 429 not in {bring(), bring()}
    assert bring() == 429
    assert rate(alice_client, 5) == 302


@pytest.mark.usefixtures("catalogue")
def test_the_next_period_begins_anew(client: Client, settings: Settings) -> None:
    settings.LIMIT_ACTIONS = [(2, 24 * 3600), (1, 24 * 3600 - 1)]
    assert [rate(client, film) for film in (1, 2)] == [302, 429]
    RateCount.objects.update(period=F("period") - 1)
    assert [rate(client, film) for film in (1, 2)] == [302, 429]
    assert set(RateCount.objects.values_list("done", flat=True)) == {1}


@pytest.mark.usefixtures("twice", "catalogue")
def test_counts_of_the_past_are_forgotten(client: Client) -> None:
    rate(client, 1)
    assert prune_rate_counts() == 0
    RateCount.objects.update(period=F("period") - 1)
    assert prune_rate_counts() == 1


@pytest.mark.usefixtures("twice", "catalogue")
def test_a_limit_that_is_not_set_is_none(client: Client, settings: Settings) -> None:
    settings.LIMIT_ACTIONS = []
    assert {rate(client, film) for film in range(1, 6)} == {302}


# Addresses


@pytest.mark.parametrize(
    ("proxies", "forwarded", "told"),
    [
        (0, "6.6.6.6", "192.0.2.1"),
        (1, "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        (2, "6.6.6.6, 198.51.100.7, 10.0.0.1", "198.51.100.7"),
        (2, "6.6.6.6", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "nonsense", "unknown"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:198.51.100.7", "198.51.100.7"),
    ],
)
def test_the_address_is_what_the_trusted_proxies_say(
    settings: Settings, proxies: int, forwarded: str, told: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    asked = RequestFactory().get(
        "/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="192.0.2.1"
    )
    assert address_of(asked) == told


def test_a_request_that_came_around_a_proxy_is_no_error_of_ours(
    settings: Settings, client: Client, db: None
) -> None:
    settings.TRUSTED_PROXIES = 2
    page = client.post("/account/login/", {}, headers={"X-Forwarded-For": "6.6.6.6"})
    assert page.status_code == 200


# Predictions


@pytest.fixture
def guest(active_model: TrainedModel) -> Viewer:
    return with_taste("192.0.2.1")


def with_taste(address: str) -> Viewer:
    viewer = Viewer.objects.create(display_name="Guest")
    viewer.rate(Movie.objects.get(pk=1), 5.0)
    viewer.asks_from = address
    return viewer


@pytest.mark.usefixtures("twice")
def test_guests_of_one_address_cannot_fill_the_queue(guest: Viewer) -> None:
    asked = [requests.ensure(with_taste("192.0.2.1"), HOME) for _ in range(5)]
    assert [bool(now.in_flight) for now in asked] == [True, True, False, False, False]
    assert [now.put_off for now in asked] == [False, False, True, True, True]
    assert OrmQ.objects.count() == Prediction.objects.count() == 2
    assert requests.ensure(with_taste("198.51.100.7"), HOME).in_flight


@pytest.mark.usefixtures("twice")
def test_an_account_cannot_either(alice: Viewer, active_model: TrainedModel) -> None:
    alice.asks_from = "192.0.2.1"
    for film in (10, 11):
        assert requests.ensure(alice, film_key(film)).in_flight
    assert requests.retry(alice, film_key(12)) is None
    assert requests.ensure(alice, film_key(12)).put_off
    assert requests.ensure(with_taste("192.0.2.1"), HOME).in_flight


@pytest.mark.usefixtures("twice")
def test_what_an_operator_asks_for_is_asked_for(alice: Viewer, active_model: TrainedModel) -> None:
    for film in (10, 11, 12):
        assert requests.retry_for_operator(alice, film_key(film))


def test_a_run_that_is_there_already_is_not_counted(guest: Viewer, settings: Settings) -> None:
    settings.LIMIT_PREDICTIONS = [(1, 3600)]
    for _ in range(3):
        assert requests.ensure(guest, HOME).in_flight
    run_prediction(Prediction.objects.get().pk)
    assert requests.ensure(guest, HOME).is_fresh


def test_a_full_queue_takes_no_more_until_it_is_worked_off(
    guest: Viewer, settings: Settings
) -> None:
    settings.LIMIT_QUEUE = 1
    first = requests.ensure(guest, HOME).in_flight
    second = with_taste("198.51.100.7")
    assert requests.ensure(second, HOME).put_off
    assert first
    run_prediction(first.pk)
    assert requests.ensure(second, HOME).in_flight


@pytest.fixture
def put_off(alice: Viewer, active_model: TrainedModel, settings: Settings) -> Viewer:
    """Nothing more is queued until the test says so."""
    requests.ensure(with_taste("198.51.100.7"), HOME)
    settings.LIMIT_QUEUE = 1
    return alice


def test_a_page_that_is_put_off_says_so_and_its_next_poll_asks(
    put_off: Viewer, alice_client: Client, settings: Settings
) -> None:
    html = alice_client.get("/").content.decode()
    assert "waiting for its turn" in html
    assert "shelf-popular" in html
    assert not put_off.predictions.exists()
    poll = re.search(r'hx-get="(/fragments/shelves/[^"]+)"', html)
    assert poll
    path = poll[1].replace("&amp;", "&")
    assert not alice_client.get(path).context["news"].changed
    settings.LIMIT_QUEUE = 500
    answer = alice_client.get(path)
    assert "working" in answer.content.decode()
    assert put_off.predictions.in_flight().exists()


def test_what_is_shown_stays_and_goes_on_asking(
    alice: Viewer, alice_client: Client, active_model: TrainedModel, settings: Settings
) -> None:
    requests.ensure(alice, HOME)
    run_prediction(Prediction.objects.get().pk)
    requests.ensure(with_taste("198.51.100.7"), HOME)
    settings.LIMIT_QUEUE = 1
    rate(alice_client, 5)
    html = alice_client.get("/").content.decode()
    assert re.search(r'hx-get="/fragments/refreshing/\?', html)
    assert 'id="shelf-top-picks-row"' in html


@pytest.mark.usefixtures("put_off")
@pytest.mark.parametrize(
    "path", ["/", "/films/10/", "/taste/", "/rate-next/", "/shelves/top-picks/"]
)
def test_every_page_answers_while_the_queue_is_full(alice_client: Client, path: str) -> None:
    assert alice_client.get(path).status_code == 200


def test_looking_again_writes_nothing(alice_client: Client, active_model: TrainedModel) -> None:
    alice_client.get("/")
    with CaptureQueriesContext(connection) as captured:
        assert alice_client.get("/").status_code == 200
    assert not [query for query in captured if "ratecount" in query["sql"]]


@pytest.mark.usefixtures("put_off")
def test_who_is_put_off_writes_nothing(alice_client: Client) -> None:
    alice_client.get("/")
    with CaptureQueriesContext(connection) as captured:
        assert alice_client.get("/").status_code == 200
    assert not [query for query in captured if re.match("INSERT|UPDATE|DELETE", query["sql"])]


# Processes and locks


@pytest.mark.django_db(transaction=True)
def test_those_who_come_at_once_are_each_counted(settings: Settings) -> None:
    settings.LIMIT_ACTIONS = [(10, 24 * 3600)]

    def knock(_: int) -> bool:
        try:
            limits.count(Limit.ACTIONS, "address:192.0.2.1")
        except TooOften:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(knock, range(40))) == 10


@pytest.fixture
def another_writer(transactional_db: None) -> Iterator[None]:
    """Somebody who holds SQLite's only write lock."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no such lock")
    name = str(connection.settings_dict["NAME"])
    with contextlib.closing(sqlite3.connect(name, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_while_another_writes_an_action_is_let_through_uncounted(
    settings: Settings, client: Client, another_writer: None
) -> None:
    settings.LIMIT_ACTIONS = [(1, 24 * 3600)]
    assert [client.post("/browse-as/stop/").status_code for _ in range(3)] == [302] * 3


@pytest.mark.django_db(transaction=True)
def test_a_flood_that_is_refused_waits_for_no_lock(settings: Settings, client: Client) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("the lock is PostgreSQL's")
    settings.LIMIT_ACTIONS = [(1, 24 * 3600)]
    assert client.post("/browse-as/stop/").status_code == 302
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "host", "port")
    with psycopg.connect(**{key: parameters[key] for key in names if key in parameters}) as other:
        other.execute("SELECT FROM recommendations_ratecount FOR UPDATE")
        assert client.post("/browse-as/stop/").status_code == 429
