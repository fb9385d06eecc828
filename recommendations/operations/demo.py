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
from django.db import connection, transaction
from django.utils import timezone
from django_q.tasks import async_task, fetch

from recommendations.importers.report import ImportFailed
from recommendations.importers.sources import find_dataset, open_dataset
from recommendations.models import Catalogue, Movie, Prediction, TrainedModel, Viewer
from recommendations.operations.processes import SUPERVISED, Children
from recommendations.pipeline import reaping

Say = Callable[[str], None]

#: How long running work may take when the demo ends.
WORKER_GRACE = 4

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
    if not 0 < site.port < 65_536:
        raise DemoError(f"--port: {site.port} is none; ports go from 1 to 65535.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            site.host, site.port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, ValueError) as error:
        # A host that cannot be written as a name is a ValueError.
        why = getattr(error, "strerror", None) or error
        raise DemoError(
            f"Cannot listen on {site.host}, port {site.port}: {why}. "
            "Choose another port or host, such as: make demo PORT=8001"
        ) from error


def check_dataset(dataset: str) -> None:
    """Refuse a data set that does not exist, or that is not the one in the database."""
    try:
        place = find_dataset(dataset)
        name = place if isinstance(place, str) else open_dataset(place).name
    except ImportFailed as error:
        raise DemoError(str(error)) from error
    tables = connection.introspection.table_names()
    loaded = Catalogue.objects.first() if Catalogue._meta.db_table in tables else None
    if loaded and loaded.name != name:
        raise DemoError(
            f"This site holds {loaded}, not {name}; leave DATASET away, choose another DATA_DIR, "
            f"or run: manage.py import_movielens {dataset} --replace"
        )


def set_up(dataset: str, say: Say) -> None:
    """Make what is missing: tables, ratings, a model, static files. A second time finds all."""
    if dataset != "auto":
        check_dataset(dataset)
    call_command("migrate", verbosity=0, interactive=False)
    if not Movie.objects.exists():
        say("Importing ratings …")
        call_command("import_movielens", dataset)
    if not TrainedModel.objects.active().exists():
        say("Training a model …")
        call_command("train")
    call_command("collectstatic", verbosity=0, interactive=False)


@transaction.atomic
def make_logins() -> dict[str, str]:
    """Make the demo and the staff login if they are missing; returns the new passwords.

    To be called when they can be shown at once: nothing else keeps them.
    """
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
        "WORKER_GRACE": str(WORKER_GRACE),
        SUPERVISED: "1",
        "DATA_DIR": str(settings.DATA_DIR),
        "ALLOWED_HOSTS": ",".join({*settings.ALLOWED_HOSTS, site.host}),
    }
    bind = site.url.removeprefix("http://").rstrip("/")
    serve = ["gunicorn", "recsite.wsgi", "--bind", bind, "--workers", "2", "--threads", "4"]
    quiet = ["--graceful-timeout", "4", "--log-level", "warning", "--no-control-socket"]
    children.start("web server", [sys.executable, "-m", *serve, *quiet], environment)
    manage = str(settings.BASE_DIR / "manage.py")
    work = [sys.executable, manage, "runworkers", "--workers", str(site.workers)]
    children.start("workers", work, environment)
    until(lambda: web_answers(site), children)
    await_workers(children)


def await_workers(children: Children) -> None:
    """Wait until a worker answers, having woken it for what was queued before."""
    reaping.wake_all()
    task = async_task("recommendations.tasks.answer")
    claimed = Prediction.objects.filter(claimed_at__gte=timezone.now())
    until(lambda: fetch(task) is not None or claimed.exists(), children)


def watch(children: Children) -> str:
    """Wait until a child ends, and return its name."""
    while (name := children.ended()) is None:
        time.sleep(1)
    return name


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
        # `Site.url` begins with http, so that no other scheme can be meant.
        with urllib.request.urlopen(site.url, timeout=5) as response:  # noqa: S310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
