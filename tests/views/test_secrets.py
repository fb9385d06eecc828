"""What is secret stays so: in logs, on error pages, in stored tracebacks, and in the admin."""

import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path, reverse
from pytest_django import Settings

from recommendations.models import Prediction, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.tasks import run_prediction
from recsite import urls
from tests.conftest import train
from tests.test_settings import manage, run_python
from tests.views.belongings import Belongings, furnish
from tests.views.test_walls import with_taste

pytestmark = pytest.mark.once

PASSWORD = "p4ssw0rd-of-alice"
MAIL_PASSWORD = "p4ssw0rd-of-mail"


def fail(request: HttpRequest) -> HttpResponse:
    """As a fault of ours would, with all that the request brings at hand."""
    password, everything = request.POST.get("password"), dict(request.META)
    raise RuntimeError(f"the projector is broken {bool(password and everything)}")


urlpatterns = [path("fail/", fail), path("", include("recsite.urls"))]
handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """All that the site writes to its log, with every logger at its most talkative."""
    root = logging.getLogger()
    console = next(each for each in root.handlers if type(each) is logging.StreamHandler)
    written, level = StringIO(), root.level
    usual = console.setStream(written)
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(level)
    console.setStream(usual)


@pytest.fixture
def hers(active_model: TrainedModel) -> Belongings:
    user = User.objects.create_user("alice", "alice@example.org", PASSWORD)
    return furnish(with_taste(Viewer.for_user(user)))


def signed_in(hers: Belongings) -> Client:
    client = Client(raise_request_exception=False)
    assert hers.viewer.user
    client.force_login(hers.viewer.user)
    client.get("/")
    return client


def secrets_of(client: Client, hers: Belongings) -> list[str]:
    token = client.cookies.get("csrftoken")
    assert hers.viewer.user
    return [
        PASSWORD,
        settings.SECRET_KEY,
        hers.viewer.user.password,
        *([token.value] if token else []),
        client.cookies["sessionid"].value,
        *map(str, (hers.viewer.feed_token, hers.noir.share_token, hers.night.token)),
        *(str(each).replace("-", "") for each in (hers.viewer.feed_token, hers.noir.share_token)),
    ]


def told_of(secrets: list[str], text: str) -> list[str]:
    return [secret for secret in secrets if secret in text]


# Failures of requests


@pytest.mark.urls(__name__)
def test_a_failing_request_tells_no_secret(hers: Belongings, logged: StringIO) -> None:
    client = signed_in(hers)
    answer = client.post("/fail/", {"password": PASSWORD}, headers={"Authorization": PASSWORD})
    assert answer.status_code == 500
    assert "the projector is broken" in logged.getvalue()
    secrets = secrets_of(client, hers)
    assert told_of(secrets, logged.getvalue() + answer.content.decode()) == []


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("account_login", {"login": "alice", "password": "wrong-" + PASSWORD}),
        ("account_login", {"login": "alice", "password": PASSWORD}),
        ("account_signup", {"username": "c", "password1": PASSWORD, "password2": PASSWORD}),
        ("account-email", {"email": "x", "password": PASSWORD}),
        ("account_change_password", {"oldpassword": PASSWORD, "password1": PASSWORD}),
        ("account-delete", {"password": PASSWORD}),
    ],
)
def test_no_password_is_logged_or_written_back(
    hers: Belongings, logged: StringIO, name: str, data: dict[str, str]
) -> None:
    client = signed_in(hers)
    secrets = [PASSWORD, settings.SECRET_KEY, client.cookies["sessionid"].value]
    answer = client.post(reverse(name), data)
    stranger = Client(raise_request_exception=False).post(reverse(name), data)
    written = answer.content.decode() + stranger.content.decode() + logged.getvalue()
    assert told_of(secrets, written) == []


def test_an_unknown_host_tells_no_secret(hers: Belongings, logged: StringIO) -> None:
    client = signed_in(hers)
    answer = client.get("/", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 400
    assert "Invalid HTTP_HOST" in logged.getvalue()
    assert told_of(secrets_of(client, hers), logged.getvalue() + answer.content.decode()) == []


def test_a_link_to_a_new_password_is_not_logged(db: None, logged: StringIO) -> None:
    path = reverse("account_reset_password_from_key", args=["1", "abc-0123456789abcdef"])
    Client(raise_request_exception=False, enforce_csrf_checks=True).post(path)
    assert "/password/reset/key/…" in logged.getvalue()
    assert "0123456789abcdef" not in logged.getvalue()


@pytest.mark.parametrize("name", ["feed", "shared-list", "night"])
def test_what_fails_at_a_secret_address_does_not_log_the_address(
    hers: Belongings, logged: StringIO, name: str
) -> None:
    client = signed_in(hers)
    gone = uuid4()
    assert client.get(reverse(name, args=[gone])).status_code == 404
    token = hers.arguments(name)["token"]
    assert client.delete(reverse(name, args=[token])).status_code == 405
    assert told_of([str(gone), str(token)], logged.getvalue()) == []
    assert "…/ 405" in logged.getvalue()


# Failures of workers


def test_the_traceback_that_is_stored_tells_no_secret(hers: Belongings, logged: StringIO) -> None:
    train("broken")
    Prediction.objects.all().delete()
    row = requests.ensure(hers.viewer, HOME).in_flight
    assert row
    with pytest.raises(RuntimeError):
        run_prediction(row.pk)
    row.refresh_from_db()
    assert "the projector is broken" in row.error
    client = signed_in(hers)
    assert told_of(secrets_of(client, hers), row.error + logged.getvalue()) == []


def test_a_mail_server_that_refuses_tells_no_password(
    settings: Settings, logged: StringIO
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "me", MAIL_PASSWORD
    with pytest.raises(OSError) as failure:
        send_mail("x", "y", "a@example.org", ["b@example.org"])
    assert told_of([MAIL_PASSWORD], str(failure.value) + logged.getvalue()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", f"postgresql://me:{PASSWORD}@127.0.0.1:1/films"),
        ("DATABASE_URL", f"mysql://me:{PASSWORD}@127.0.0.1:1/films"),
        ("DATABASE_URL", f"postgresql://me:{PASSWORD}@127.0.0.1:many/films"),
        ("EMAIL_URL", f"smtp://me:{PASSWORD}@127.0.0.1:many/"),
        ("EMAIL_URL", f"smtp://me:{PASSWORD}@127.0.0.1/?tls=perhaps"),
        ("MODEL_STORAGE_URL", f"s3://me:{PASSWORD}@films/?colour=red"),
        ("TMDB_URL", f"ftp://me:{PASSWORD}@127.0.0.1/"),
        ("LIMIT_ACTIONS", PASSWORD),
    ],
)
def test_settings_that_are_refused_are_not_repeated(tmp_path: Path, name: str, value: str) -> None:
    ended = manage("migrate", **{"DATA_DIR": str(tmp_path), name: value})
    assert ended.returncode != 0
    assert PASSWORD not in ended.stdout + ended.stderr


def test_a_database_that_is_away_tells_no_password(tmp_path: Path) -> None:
    code = """
import django
django.setup()
from django.test import Client
answer = Client(raise_request_exception=False).get("/", headers={"Host": "localhost"})
print(answer.status_code, answer.content.decode(), answer.headers)
"""
    away = f"postgresql://me:{PASSWORD}@127.0.0.1:1/nothing"
    ended = run_python(code, DATA_DIR=str(tmp_path), DATABASE_URL=away, LOG_LEVEL="DEBUG")
    assert ended.stdout.startswith("503")
    assert PASSWORD not in ended.stdout + ended.stderr


# The admin


def pages_of_the_admin() -> Iterator[str]:
    yield reverse("admin:index")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        for row in model._default_manager.order_by("-pk")[:4]:
            yield reverse(f"{name}_change", args=[row.pk])
            yield reverse(f"{name}_history", args=[row.pk])
            yield reverse(f"{name}_delete", args=[row.pk])


def test_no_page_of_the_admin_tells_a_secret(hers: Belongings, staff_client: Client) -> None:
    client = signed_in(hers)
    told, secrets = [], secrets_of(client, hers)
    for page in pages_of_the_admin():
        html = staff_client.get(page).content.decode()
        told += [f"{page} tells {secret}" for secret in told_of(secrets, html)]
    assert told == []


def test_sessions_are_not_in_the_admin() -> None:
    assert Session not in admin.site._registry
