"""Settings: strict, documented, and right for what Django-Q2 does with them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from recommendations.models.workers import QUEUES
from recsite.environment import MAX_AGE, database, mail, rates

ROOT = Path(__file__).resolve().parent.parent


def run_python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "recsite.settings"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def manage(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    code = f"import sys; sys.argv = {['manage.py', *arguments]!r}; import manage; manage.main()"
    return run_python(code, **environment)


def test_a_queued_task_outlasts_those_ahead_of_it() -> None:
    for queue in (settings.Q_CLUSTER, *settings.Q_CLUSTER["ALT_CLUSTERS"].values()):
        assert queue["queue_limit"] == queue["workers"]
        assert queue["retry"] > queue["timeout"] * (queue["queue_limit"] / queue["workers"] + 1)


def test_the_queue_lives_in_the_same_database_as_the_predictions() -> None:
    assert settings.Q_CLUSTER["orm"] == "default"
    assert settings.Q_CLUSTER["ack_failures"]
    assert not settings.Q_CLUSTER["catch_up"]
    assert settings.Q_CLUSTER["save_limit"] == 0, "it would read all that it keeps at each result"


def test_each_queue_has_a_cluster() -> None:
    assert {settings.Q_CLUSTER["name"], *settings.Q_CLUSTER["ALT_CLUSTERS"]} == set(QUEUES)


def test_every_setting_is_in_the_readme() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "recsite/settings.py").read_text()))
    told = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert read
    assert read == told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("WORKERS", "0"),
        ("WORKERS", "two"),
        ("QUEUE_POLL", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("PREDICTION_LEASE", "soon"),
        ("DATABASE_URL", "mysql://root@localhost/films"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_POOL", "-1"),
        ("DATA_DIR", "/proc/nowhere"),
        ("TRAINING_TIMEOUT", "0"),
        ("MODELS_KEEP", "-1"),
        ("MODEL_STORAGE_URL", "ftp://films"),
        ("MODEL_STORAGE_URL", "s3://"),
        ("MODEL_STORAGE_URL", "s3://films?colour=red"),
        ("EMAIL_URL", "mail.example.org"),
        ("EMAIL_URL", "smtp://mail.example.org:many"),
        ("EMAIL_URL", "smtp://mail.example.org/?tls=perhaps"),
        ("EMAIL_URL", "smtp://mail.example.org/?tls=1&ssl=1"),
        ("TRUSTED_PROXIES", "-1"),
        ("LIMIT_ACTIONS", "often"),
        ("LIMIT_IMPORTS", "0/h"),
        ("LIMIT_PREDICTIONS", "60/m 1200/h"),
        ("LIMIT_QUEUE", "0"),
        ("TMDB_URL", "api.themoviedb.org"),
    ],
)
def test_a_bad_value_is_an_error_of_one_line_that_names_the_variable(
    name: str, value: str
) -> None:
    ended = manage("check", **{name: value})
    assert ended.returncode == 1
    assert name in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_of_two_rates_of_one_period_the_stricter_counts() -> None:
    assert rates("LIMIT_ACTIONS", "20/h, 10/h,5/m,") == [(10, 3600), (5, 60)]


@pytest.mark.parametrize(("shared", "kept"), [(0, MAX_AGE), (8, 0)])
def test_what_threads_share_none_of_them_keeps(shared: int, kept: int) -> None:
    config = database("postgresql://films@127.0.0.1/films", 1.5, shared)
    assert (config["SHARED"], config["CONN_MAX_AGE"]) == (shared, kept)
    assert config["DISABLE_SERVER_SIDE_CURSORS"] == bool(shared)
    assert "SHARED" not in database("sqlite:///films.sqlite3", 1.5, shared)


def test_mail_needs_an_address_to_come_from() -> None:
    ended = manage("check", EMAIL_URL="smtp://mail.example.org", DEFAULT_FROM_EMAIL="")
    assert ended.returncode == 1
    assert "DEFAULT_FROM_EMAIL" in ended.stderr


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 25, "", "", False, False)),
        ("smtp://mail.example.org/?ssl=1", ("mail.example.org", 465, "", "", False, True)),
        ("smtp://me:p%40ss@[::1]:2525/?tls=1", ("::1", 2525, "me", "p@ss", True, False)),
    ],
)
def test_the_mail_server_is_read_from_its_url(url: str, expected: tuple[object, ...]) -> None:
    told = mail(url, "films@example.org")
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    assert tuple(told[f"EMAIL_{name}"] for name in names) == expected


@pytest.mark.parametrize(
    ("path", "status", "most"), [("/account/login/", "200", 30), ("/browse-as/stop/", "302", 20)]
)
def test_two_processes_count_tries_together_once_the_site_is_migrated(
    tmp_path: Path, path: str, status: str, most: int
) -> None:
    environment = {"DATA_DIR": str(tmp_path), "DATABASE_URL": "", "DEBUG": "true"}
    environment["LIMIT_ACTIONS"] = "20/d"
    for _ in range(2):
        assert manage("migrate", "--verbosity=0", **environment).returncode == 0
    knock = f"""
import django
django.setup()
from django.test import Client
answers = [Client(headers={{"Host": "localhost"}}).post("{path}") for _ in range(16)]
print(*(answer.status_code for answer in answers))
"""
    answers = [run_python(knock, **environment).stdout.split() for _ in range(2)]
    assert answers == [[status] * 16, [status] * (most - 16) + ["429"] * (32 - most)]


def test_over_https_everything_is_kept_to_https(tmp_path: Path) -> None:
    environment = {"DATA_DIR": str(tmp_path), "DATABASE_URL": "", "HTTPS": "true"}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"  # whose files need no collecting
    assert manage("migrate", "--verbosity=0", **environment).returncode == 0
    code = """
import django
django.setup()
from django.contrib.auth.models import User
from django.test import Client
User.objects.create_user("alice", password="a long secret")
plain = Client(headers={"Host": "localhost"})
print(plain.get("/").headers["Location"])
secure = Client(headers={"Host": "localhost", "X-Forwarded-Proto": "https"})
page = secure.get("/account/login/")
print(page.headers["Strict-Transport-Security"])
signed_in = secure.post("/account/login/", {"login": "alice", "password": "a long secret"})
print(signed_in.cookies["sessionid"].OutputString())
print(page.cookies["csrftoken"].OutputString())
"""
    ended = run_python(code, **environment)
    moved, transport, session, token = ended.stdout.splitlines()
    assert moved == "https://localhost/"
    assert transport == "max-age=31536000"
    assert {"HttpOnly", "Secure", "SameSite=Lax"} <= set(session.split("; "))
    assert {"Secure", "SameSite=Lax"} <= set(token.split("; "))


def test_without_the_packages_for_s3_it_is_said_what_to_install(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["storages"] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "storages" else find(name, *more)
sys.argv = ["manage.py", "check"]
import manage
manage.main()
"""
    ended = run_python(code, DATA_DIR=str(tmp_path), MODEL_STORAGE_URL="s3://films/models")
    assert ended.returncode == 1
    assert re.fullmatch(r"manage.py: MODEL_STORAGE_URL: .*requirements-s3\.txt\.\n", ended.stderr)


def test_the_secret_is_made_once_and_kept_to_its_owner(tmp_path: Path) -> None:
    code = "from django.conf import settings; print(settings.SECRET_KEY)"
    environment = {"DATA_DIR": str(tmp_path), "SECRET_KEY": ""}
    first = run_python(code, **environment).stdout
    assert len(first) > 50
    assert run_python(code, **environment).stdout == first
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("given", "expected"), [("", "[]"), ("old, older ,", "['old', 'older']"), (" , ", "[]")]
)
def test_no_former_secret_is_empty(given: str, expected: str) -> None:
    code = "from django.conf import settings; print(settings.SECRET_KEY_FALLBACKS)"
    assert run_python(code, SECRET_KEY_FALLBACKS=given).stdout.strip() == expected


def test_the_web_process_imports_neither_surprise_nor_scipy(tmp_path: Path) -> None:
    code = """
import sys
from recsite.wsgi import application
from django.urls import get_resolver
get_resolver().url_patterns
import recommendations.views.home.pages, recommendations.views.home.fragments
heavy = {"surprise", "scipy", "joblib", "recommendations.training", "recommendations.tasks"}
print(sorted(heavy & set(sys.modules)))
"""
    ended = run_python(code, DATA_DIR=str(tmp_path))
    assert ended.stdout.strip() == "[]", ended.stderr


def test_while_the_database_is_away_the_site_says_so(tmp_path: Path) -> None:
    code = """
import django
django.setup()
from django.test import Client
answer = Client(raise_request_exception=False).get("/", headers={"Host": "localhost"})
print(answer.status_code, answer.headers["Retry-After"], b"Back in a moment" in answer.content)
"""
    away = "postgresql://nobody@127.0.0.1:1/nothing"
    ended = run_python(code, DATA_DIR=str(tmp_path), DATABASE_URL=away)
    assert ended.stdout.strip() == "503 10 True", ended.stderr
