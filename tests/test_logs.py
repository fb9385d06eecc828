"""Log lines: one an event, with ids, without secrets, in either form."""

import json
import logging
import logging.config
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django_q.conf import logger as django_q

from recommendations.logs import bound
from recommendations.models import MovieList, Prediction, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.models.workers import worker_name
from recommendations.pipeline import requests
from recommendations.tasks import run_prediction
from recsite import urls
from recsite.environment import logs


class Lines(StringIO):
    @property
    def written(self) -> list[str]:
        return self.getvalue().splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written]

    def about(self, logger: str) -> list[dict[str, Any]]:
        return [line for line in self.objects if line["logger"].endswith(logger)]


def configured(form: str) -> Iterator[Lines]:
    """The site's own handler, which writes where the test can read it."""
    lines, root = Lines(), logging.getLogger()
    before = root.handlers[:], root.level
    logging.config.dictConfig(logs(form, "INFO"))
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(lines)
    yield lines
    root.handlers = before[0]
    root.setLevel(before[1])


@pytest.fixture
def as_json() -> Iterator[Lines]:
    yield from configured("json")


@pytest.fixture
def as_text() -> Iterator[Lines]:
    yield from configured("text")


def broken(request: HttpRequest, token: str) -> HttpResponse:
    raise RuntimeError("the projector\nis broken")


urlpatterns = [path("broken/<uuid:token>/", broken), path("", include("recsite.urls"))]
handler500 = urls.handler500
SECRET = "6f3a0c52-8d3f-4a6c-9f0e-0123456789ab"


def test_a_request_is_one_line_without_its_query(as_json: Lines, alice_client: Client) -> None:
    alice_client.get("/lists/?q=private")
    [line] = as_json.about("request_log")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/lists/", 200)
    assert line["viewer"] == Viewer.objects.get(user__username="alice").pk
    assert line["ms"] > 0
    assert "private" not in as_json.getvalue()


def test_an_address_that_opens_a_door_is_not_written(as_json: Lines, alice: Viewer) -> None:
    films = MovieList.objects.create(viewer=alice, name="Noir")
    films.share()
    films.refresh_from_db()
    assert Client().get(f"/shared/{films.share_token}/").status_code == 200
    Client().get("/account/password/reset/key/1-abcdef-0123/")
    assert as_json.about("request_log")[0]["path"] == "/shared/…/"
    assert str(films.share_token) not in as_json.getvalue()
    assert "abcdef-0123" not in as_json.getvalue()


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-123", True), ("a\nb", False), ("", False), ("x" * 65, False), ("a b", False)],
)
def test_a_proxys_id_is_kept_if_it_is_sane(
    as_json: Lines, client: Client, db: None, *, given: str, kept: bool
) -> None:
    name = client.get("/robots.txt", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert (name == given) == kept
    assert name
    assert [line["request_id"] for line in as_json.about("request_log")] == [name]


def test_the_line_of_what_is_asked_for_carries_request_and_prediction(
    as_json: Lines, alice_client: Client, active_model: TrainedModel
) -> None:
    name = alice_client.get("/").headers["X-Request-ID"]
    row = Prediction.objects.get(key=HOME)
    [line] = [line for line in as_json.about("requests") if line.get("prediction") == row.pk]
    assert line["request_id"] == name


def test_a_worker_names_prediction_attempt_and_itself(
    as_json: Lines, alice: Viewer, active_model: TrainedModel
) -> None:
    row = requests.ensure(alice, HOME).in_flight
    assert row
    run_prediction(row.pk)
    [line] = as_json.about("runs")
    assert (line["prediction"], line["attempt"], line["worker"]) == (row.pk, 1, worker_name())
    assert "request_id" not in line


@pytest.mark.urls(__name__)
def test_a_failure_is_one_line_with_its_traceback_and_without_the_token(
    as_text: Lines, db: None
) -> None:
    Client(raise_request_exception=False).get(f"/broken/{SECRET}/?q=private")
    failure, access = as_text.written
    assert "RuntimeError: the projector | is broken" in failure
    assert "test_logs.py" in failure
    assert "/broken/…/" in failure
    assert "/broken/…/ 500" in access
    assert SECRET not in as_text.getvalue()
    assert "private" not in as_text.getvalue()


@pytest.mark.urls(__name__)
def test_as_json_a_failure_keeps_its_traceback(as_json: Lines, db: None) -> None:
    Client(raise_request_exception=False).get(f"/broken/{SECRET}/")
    [failure] = as_json.about("django.request")
    assert "RuntimeError" in failure["exc_info"]
    assert failure["request_id"] == as_json.about("request_log")[0]["request_id"]
    assert SECRET not in as_json.getvalue()


def test_nobody_writes_a_line_of_their_own_into_the_log(as_text: Lines) -> None:
    logging.getLogger("recommendations").warning("one\nINFO forged\r\n%s", "two\u2028three")
    assert len(as_text.written) == 1


def test_django_q2_writes_in_the_same_form(as_json: Lines) -> None:
    with bound(worker="here:7"):
        django_q.warning("Processing %s", "task")
    [line] = as_json.objects
    assert (line["logger"], line["message"]) == ("django-q", "Processing task")
    assert line["worker"] == "here:7"


def test_no_password_is_written(as_json: Lines, db: None) -> None:
    User.objects.create_user("dora", password="a long secret")
    fields = {"login": "dora", "password": "a long secret"}
    Client().post("/account/login/", fields)
    Client().post("/account/login/", fields | {"password": "a long guess"})
    assert as_json.about("request_log")
    assert "a long" not in as_json.getvalue()
