"""A whole site in processes of its own: `manage.py demo` on a free port, and what to ask it."""

import http.cookiejar
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent.parent


#: Tests that run side by side leave nothing to workers that stand back as far as by default.
NICE = "1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(look: Callable[[], T | None], seconds: float = 30, every: float = 0.1) -> T:
    """The first truthy thing that `look` returns; fails if there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        assert time.monotonic() < deadline, f"nothing after {seconds} s"
        time.sleep(every)


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs: one that has ended stays listed until init asks how."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def still_alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if is_alive(process)]


@dataclass
class Visitor:
    """Somebody with cookies and no JavaScript."""

    url: str
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def open(self, path: str, data: dict[str, str] | None = None) -> str:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        body = (
            urllib.parse.urlencode(data | {"csrfmiddlewaretoken": self.token}).encode()
            if data is not None
            else None
        )
        request = urllib.request.Request(
            urllib.parse.urljoin(self.url, path),
            body,
            {"User-Agent": "tests", "Referer": self.url},
        )
        with opener.open(request, timeout=20) as response:
            text: str = response.read().decode()
            return text

    @property
    def token(self) -> str:
        return next(cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken")

    def browse_as_somebody(self) -> str:
        home = self.open("/")
        path = re.search(r'action="(/browse-as/\d+/)"', home)
        assert path, "nobody to browse as"
        return self.open(path[1], {})

    def shelf_films(self, slug: str) -> list[str]:
        """Film links in a shelf's fragment, once it has any."""
        return self.films_at(f"/fragments/shelves/?{slug}=")

    def films_at(self, path: str) -> list[str]:
        return re.findall(r'href="(/films/\d+/)"', self.open(path))


def session_cookie(value: str) -> http.cookiejar.Cookie:
    return http.cookiejar.Cookie(
        version=0,
        name="sessionid",
        value=value,
        port=None,
        port_specified=False,
        domain="127.0.0.1",
        domain_specified=False,
        domain_initial_dot=False,
        path="/",
        path_specified=True,
        secure=False,
        expires=None,
        discard=True,
        comment=None,
        comment_url=None,
        rest={},
    )


@dataclass(eq=False)
class RunningSite:
    """`manage.py demo` with a data folder of its own, and a database of its own."""

    data_dir: Path
    database_url: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[str] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def env(self) -> dict[str, str]:
        own = {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATA_DIR": str(self.data_dir),
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "",
            "WORKER_NICE": NICE,
        }
        return os.environ | own | self.environment

    def manage(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(
            command, env=self.env, check=check, capture_output=True, text=True, timeout=300
        )

    def shell(self, code: str) -> str:
        """Run code where all models are imported, and return what it printed."""
        return self.manage("shell", "--verbosity", "0", "--command", code).stdout.strip()

    def start(self, dataset: str) -> str:
        """Start the demo, wait until it is up, and return what it printed."""
        command = [sys.executable, str(ROOT / "manage.py"), "demo", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--dataset", dataset],
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout
        printed = ""
        for line in self.process.stdout:
            printed += line
            if "recsite is up" in line:
                return printed
        raise AssertionError(f"the demo ended: {printed}")

    def prepare(self, dataset: str | Path, algorithm: str, *parameters: str) -> None:
        """Make database and model, so that the demo finds them made."""
        self.manage("migrate", "--verbosity", "0")
        self.manage("import_movielens", str(dataset))
        given = [each for parameter in parameters for each in ("--param", parameter)]
        self.manage("train", "--algorithm", algorithm, *given)

    @contextmanager
    def started(self, dataset: str | Path) -> Iterator[None]:
        self.start(str(dataset))
        try:
            yield
        finally:
            self.stop()

    def open_gate(self) -> Path:
        """Let a slow model go on; it waits while the file that is returned is not there."""
        gate = Path(self.environment["SLOW_UNTIL"])
        gate.touch()
        return gate

    @contextmanager
    def gate_closed(self) -> Iterator[Path]:
        """Let a slow model wait in the block, or until the gate is touched."""
        gate = self.open_gate()
        gate.unlink()
        try:
            yield gate
        finally:
            gate.touch()

    def stop(self) -> int:
        """End the demo as an operator would; returns its exit code."""
        if self.process is None:
            return 0
        self.process.terminate()
        code = self.process.wait(timeout=20)
        self.process = None
        return code

    def visitor(self, session: str = "") -> Visitor:
        """Somebody new, or whose session this is."""
        visitor = Visitor(self.url)
        if session:
            visitor.cookies.set_cookie(session_cookie(session))
        return visitor
