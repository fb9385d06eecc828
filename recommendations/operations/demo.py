"""The whole site on one machine: set up what is missing, then run the web and the workers."""

import logging
import os
import secrets
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django_q.tasks import async_task, fetch

from recommendations.models import Movie, TrainedModel, Viewer
from recommendations.operations.processes import Children

Say = Callable[[str], None]

#: How long the web server and the workers may take until they answer.
START_SECONDS = 60

#: The demo login starts from the taste of a viewer with about so many ratings.
DEMO_RATINGS = 150


class DemoError(Exception):
    """The demo cannot run; the message is the one line that says why and what to do."""


@dataclass(frozen=True)
class Site:
    host: str
    port: int
    workers: int

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"


def check_port(site: Site) -> None:
    family = socket.AF_INET6 if ":" in site.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((site.host, site.port))
    except (OSError, OverflowError) as error:
        raise DemoError(
            f"Cannot listen on {site.host}, port {site.port}: {error}. "
            f"Choose another one, such as: make demo PORT={8000 if site.port != 8000 else 8001}"
        ) from error


def set_up(dataset: str, say: Say) -> None:
    """Make what is missing: tables, ratings, a model, static files. A second time finds all."""
    call_command("migrate", verbosity=0, interactive=False)
    if not Movie.objects.exists():
        say("Importing ratings …")
        call_command("import_movielens", dataset)
    if not TrainedModel.objects.active().exists():
        say("Training a model …")
        call_command("train")
    call_command("collectstatic", verbosity=0, interactive=False)


def make_logins() -> dict[str, str]:
    """Make the demo and the staff login if they are missing; returns the new passwords."""
    users = get_user_model().objects
    passwords = {}
    for name in ("demo", "staff"):
        if users.filter(username=name).exists():
            continue
        passwords[name] = secrets.token_urlsafe(12)
        if name == "staff":
            users.create_superuser(name, password=passwords[name])
        else:
            give_taste(Viewer.for_user(users.create_user(name, password=passwords[name])))
    return passwords


def give_taste(viewer: Viewer) -> None:
    """Let the viewer start from what an imported one rated, so that there are picks at once."""
    imported = Viewer.objects.filter(kind=Viewer.Kind.IMPORTED).order_by("pk")[:100]
    if imported:
        viewer.copy_taste(min(imported, key=lambda v: abs(v.ratings.count() - DEMO_RATINGS)))


def start(site: Site, children: Children) -> None:
    """Start the web server and the workers, and wait until both answer."""
    logging.getLogger("django-q").setLevel(logging.WARNING)
    environment = {
        "BROWSE_AS": "true",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        "WORKERS": str(site.workers),
        "DATA_DIR": str(settings.DATA_DIR),
        "ALLOWED_HOSTS": ",".join({*settings.ALLOWED_HOSTS, site.host}),
    }
    python = [sys.executable, "-m"]
    bind = site.url.removeprefix("http://").rstrip("/")
    serve = ["gunicorn", "recsite.wsgi", "--bind", bind, "--workers", "2", "--threads", "4"]
    quiet = ["--graceful-timeout", "4", "--log-level", "warning", "--no-control-socket"]
    children.start("web server", [*python, *serve, *quiet], environment)
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    children.start("workers", [*manage, "qcluster"], environment)
    until(lambda: web_answers(site), children)
    task = async_task("recommendations.tasks.answer")
    until(lambda: fetch(task) is not None, children)


def until(answers: Callable[[], bool], children: Children) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers():
        if ended := children.ended():
            raise DemoError(f"The {ended} ended at once; the lines above say why.")
        if time.monotonic() > deadline:
            raise DemoError(f"The site did not answer within {START_SECONDS} s.")
        time.sleep(0.1)


def web_answers(site: Site) -> bool:
    try:
        with urllib.request.urlopen(site.url, timeout=5) as response:  # noqa: S310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
