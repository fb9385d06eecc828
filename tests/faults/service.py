"""A service as operators run it: web server, `runworkers`, database; with plugs to pull."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.algorithms import replace
from tests.e2e.running import NICE, ROOT, Visitor, free_port, session_cookie, until

#: Leases and periods are settings; here they are seconds.
LEASE, REAP_PERIOD, STALL, TIMEOUT = 3, 1, 2, 8

SECONDS = {
    "WORKER_NICE": NICE,
    "HEARTBEAT": "0.5",
    "WORKER_STALL": str(STALL),
    "WORKER_GRACE": "6",
    "REAP_PERIOD": str(REAP_PERIOD),
    "PREDICTION_LEASE": str(LEASE),
    "PREDICTION_TIMEOUT": str(TIMEOUT),
    "TRAINING_LEASE": "3",
}

SCORED = "SELECT viewer_id FROM recommendations_scores ORDER BY viewer_id"

#: Generous, for slow machines: nothing is asserted about how long something took.
PATIENCE = 90


@dataclass(frozen=True)
class Answer:
    status: int
    seconds: float
    retry_after: str = ""


@dataclass(frozen=True)
class Guest:
    session: str
    viewer: int


def ends(process: "subprocess.Popen[bytes]") -> bool:
    """Wait for its end as it was told to, or kill it."""
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


@dataclass(eq=False)
class Service:
    folder: Path
    database_url: str
    guests: list[Guest]
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    web: "subprocess.Popen[bytes] | None" = None
    hosts: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    came: set[int] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def env(self) -> dict[str, str]:
        own = {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": "",
            "LOG_LEVEL": "INFO",
            "FAULT": str(self.fault_file),
        }
        return os.environ | SECONDS | own | self.environment

    @property
    def is_sqlite(self) -> bool:
        return not self.database_url

    @property
    def fault_file(self) -> Path:
        return self.folder / "fault"

    # Processes

    def start_web(self) -> None:
        serve = ["gunicorn", "recsite.wsgi", "--bind", f"127.0.0.1:{self.port}", "--threads", "8"]
        self.web = self.spawn("web", "-m", *serve, "--no-control-socket")
        until(self.answers, seconds=PATIENCE)

    def answers(self) -> bool:
        try:
            return self.get("/").status in {200, 503}
        except OSError:
            return False

    def start_workers(
        self, *arguments: str, environment: dict[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """One `runworkers`, as a host has it; waits until a worker of its own beats."""
        manage = str(ROOT / "manage.py")
        process = self.spawn("workers", manage, "runworkers", *arguments, environment=environment)
        self.hosts.append(process)
        until(lambda: self.clusters() & pids_below(process.pid), seconds=PATIENCE)
        return process

    def start(self, *arguments: str) -> None:
        """The web server and one `runworkers`, at the same time."""
        with ThreadPoolExecutor() as both:
            web = both.submit(self.start_web)
            self.start_workers(*arguments)
            web.result()

    def spawn(
        self, log: str, *command: str, environment: dict[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        with (self.folder / f"{log}.log").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, *command],
                env=self.env | (environment or {}),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def stop(self) -> None:
        processes = [*self.hosts, *([self.web] if self.web else [])]
        for process in processes:
            process.terminate()
        deaf = [process.args for process in processes if not ends(process)]
        self.hosts, self.web = [], None
        assert not deaf, f"had to be killed: {deaf}"

    def log(self, name: str = "workers") -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def cluster(self, queue: str = "predictions", host: int = 0) -> psutil.Process:
        """The main process of this queue's cluster, on the host that was started so early."""
        found = self.find_cluster(queue, host)
        assert found, f"no cluster of {queue} is running"
        return found

    def find_cluster(self, queue: str = "predictions", host: int = 0) -> psutil.Process | None:
        for child in psutil.Process(self.hosts[host].pid).children():
            with suppress(psutil.Error):  # it has just ended
                if child.environ().get("Q_CLUSTER_NAME") == queue:
                    return child
        return None

    def until_replaced(self, before: int) -> None:
        """Wait until another cluster does what that one did."""
        until(lambda: self.cluster_is_new(before), seconds=PATIENCE)
        assert "is replaced" in self.log()

    def cluster_is_new(self, before: int) -> bool:
        found = self.find_cluster()
        return found is not None and found.pid != before

    def idle_workers(self, cluster: int, number: int = 2) -> list[int]:
        """Process ids of a cluster's workers, once it has so many."""

        def found() -> list[int]:
            pids = [pid for pid, its in self.workers() if its == cluster]
            return pids if len(pids) == number else []

        return until(found, seconds=PATIENCE)

    def workers(self, queue: str = "predictions") -> list[tuple[int, int]]:
        """Process ids of the workers that say they work on this queue, and of their clusters."""
        rows = self.query("SELECT queue, pid, cluster FROM recommendations_worker")
        return [
            (pid, cluster)
            for name, pid, cluster in rows
            if name == queue and psutil.pid_exists(pid)
        ]

    def family(self) -> list[psutil.Process]:
        """All processes of all hosts."""
        pids = [pid for host in self.hosts for pid in (host.pid, *pids_below(host.pid))]
        return [psutil.Process(pid) for pid in pids]

    def clusters(self) -> set[int]:
        return {pid for (pid,) in self.query("SELECT cluster FROM recommendations_worker")}

    def all_workers(self) -> set[int]:
        return {pid for (pid,) in self.query("SELECT pid FROM recommendations_worker")}

    def manage(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        ended = subprocess.run(
            command, env=self.env, check=False, capture_output=True, text=True, timeout=300
        )
        assert not check or ended.returncode == 0, ended.stderr
        return ended

    def shell(self, code: str) -> str:
        return self.manage("shell", "--verbosity", "0", "--command", code).stdout.strip()

    # Faults of the model: see tests/algorithms.py

    def fault(self, kind: str, times: int | None = None, guest: int | None = None) -> None:
        """Let the model go wrong in this way: always or so often, for all or for one guest."""
        viewer = None if guest is None else self.guests[guest].viewer
        replace(self.fault_file, {"kind": kind, "times": times, "viewer": viewer})

    def no_fault(self) -> None:
        self.fault_file.unlink(missing_ok=True)

    # The database, without the site

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        if self.is_sqlite:
            path = self.folder / "recsite.sqlite3"
            with closing(sqlite3.connect(path, timeout=30)) as lite, lite:
                return lite.execute(sql).fetchall()
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return list(cursor.fetchall()) if cursor.description else []

    def predictions(self) -> list[dict[str, Any]]:
        """The home runs of the guests who came, oldest first."""
        names = ("id", "viewer_id", "status", "attempt", "queue", "error", "claimed_by")
        found = self.query(
            f"SELECT {', '.join(names)} FROM recommendations_prediction "  # noqa: S608 (our names)
            "WHERE key = 'home' ORDER BY id"
        )
        rows = [dict(zip(names, row, strict=True)) for row in found]
        return [row for row in rows if row["viewer_id"] in self.came]

    def statuses(self) -> list[str]:
        return [row["status"] for row in self.predictions()]

    # People

    def get(self, path: str, session: str = "", timeout: float = 30) -> Answer:
        request = urllib.request.Request(self.url.rstrip("/") + path)
        request.add_header("User-Agent", "tests")
        if session:
            request.add_header("Cookie", f"sessionid={session}")
        start = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                response.read()
                return Answer(response.status, time.monotonic() - start)
        except urllib.error.HTTPError as error:
            retry_after = error.headers.get("Retry-After", "")
            return Answer(error.code, time.monotonic() - start, retry_after)

    def visitor(self, number: int = 0) -> Visitor:
        """A guest with ratings who has no predictions yet."""
        visitor = Visitor(self.url)
        visitor.cookies.set_cookie(session_cookie(self.guests[number].session))
        return visitor

    def come(self, *numbers: int) -> None:
        """Let these guests open their home page, which asks for their predictions."""
        for number in numbers:
            guest = self.guests[number]
            self.came.add(guest.viewer)
            assert self.get("/", guest.session).status == 200

    def claimed(self) -> dict[str, Any]:
        """The prediction that a worker has at work, once there is one."""
        return until(
            lambda: next((row for row in self.predictions() if row["status"] == "running"), None),
            seconds=PATIENCE,
        )

    def busy_worker(self) -> int:
        """The process id of the worker that has a prediction at work."""
        return self.worker_of(self.claimed())

    def worker_of(self, prediction: dict[str, Any]) -> int:
        return int(prediction["claimed_by"].rpartition(":")[2])

    def until_done(self, number: int, status: str = "succeeded") -> list[dict[str, Any]]:
        """Wait until so many home runs ended like this, and none is left; returns all rows."""

        def done() -> list[dict[str, Any]] | None:
            rows = self.predictions()
            ended = [row for row in rows if row["status"] == status]
            open_ = [row for row in rows if row["status"] in {"queued", "running"}]
            return rows if len(ended) >= number and not open_ else None

        return until(done, seconds=PATIENCE, every=0.2)

    def until_done_once(self, *numbers: int, attempt: int = 1) -> None:
        """Wait until these guests have their films: each by one run of so many attempts."""
        viewers = sorted(self.guests[number].viewer for number in numbers)
        rows = [row for row in self.until_done(len(numbers)) if row["viewer_id"] in viewers]
        assert sorted(row["viewer_id"] for row in rows) == viewers
        assert {(row["status"], row["attempt"]) for row in rows} == {("succeeded", attempt)}
        scored = [viewer for (viewer,) in self.query(SCORED)]
        assert [viewer for viewer in scored if viewer in viewers] == viewers
        for number in numbers:
            assert len(self.films(number)) > 5

    def films(self, number: int, shelf: str = "top-picks") -> list[str]:
        """What is on a guest's shelf, once it is there."""
        visitor = self.visitor(number)
        return until(lambda: visitor.shelf_films(shelf), seconds=PATIENCE, every=0.3)

    @contextmanager
    def watched(self, *allowed: int) -> Iterator[list[Answer]]:
        """Ask for the home page again and again in the block; each must answer 200.

        Strangers ask, and the last two guests. `allowed` are other answers that are right
        while the database is away.
        """
        seen: list[Answer] = []
        over = threading.Event()

        def look() -> None:
            turn = 0
            while not over.is_set():
                session = self.guests[-1 - turn % 2].session if turn % 3 else ""
                seen.append(self.try_get(session))
                turn += 1
                over.wait(0.1)

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join()
        assert seen
        wrong = [each for each in seen if each.status not in {200, *allowed}]
        assert not wrong, wrong

    def try_get(self, session: str) -> Answer:
        try:
            return self.get("/", session)
        except OSError as error:
            return Answer(0, 0, re.sub(r"\s+", " ", str(error)))


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def pids_below(pid: int) -> set[int]:
    return {child.pid for child in psutil.Process(pid).children(recursive=True)}


def gone(pid: int) -> Callable[[], bool]:
    return lambda: (
        not psutil.pid_exists(pid) or (psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    )


def copy_folder(source: Path, target: Path) -> Path:
    return shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.log"))
