"""Django-Q2's cluster, with workers that show signs of life and end in order."""

import contextlib
import os
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from ctypes import c_longlong
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import RawValue
from typing import TYPE_CHECKING, Any

import psutil
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone
from django_q import cluster
from django_q.conf import Conf
from django_q.queues import Queue
from django_q.signals import post_execute_in_worker, pre_execute
from django_q.worker import worker

from recommendations.models import Prediction, Worker
from recommendations.models.workers import worker_name
from recommendations.operations import locks
from recommendations.operations.outages import surviving
from recommendations.operations.warming import warm_up
from recommendations.pipeline import reaping, runs
from recommendations.training import loading

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Dead:
    """A worker that was killed, and the prediction that it had taken, or 0."""

    pid: int
    taken: int

    def bury(self) -> None:
        """Give up at once what it had; whatever prevents that, the lease runs out by itself."""
        if not self.taken:
            return
        with surviving("What a dead worker held waits for its lease"):
            row = Prediction.objects.filter(pk=self.taken)
            if not reaping.bury([worker_name(self.pid)], row):
                reaping.wake_again(row)  # it may have died before its claim


@dataclass(frozen=True)
class Seat:
    """What a worker has from its sentinel, and shares with it."""

    main_process: int
    before: Dead | None = None
    taken: c_longlong = field(default_factory=lambda: RawValue(c_longlong, 0))


class Sentinel(cluster.Sentinel):  # type: ignore[misc]
    """Django-Q2's guard of the workers.

    It is their parent, so that it alone knows for certain that one has died, and which: the next
    worker is told, and gives up what that one held.

    SIGTERM is for the cluster's main process. One that is sent to the whole group would end the
    sentinel and what runs, and leave the main process waiting for them.
    """

    dead: Dead | None = None

    def start(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for queue in (self.task_queue, self.result_queue):
            locks.make_lasting(queue)
        super().start()

    def spawn_worker(self) -> None:
        timer, seat = locks.value("f", -1), Seat(self.parent_pid, self.dead)
        process = cluster.get_mp_context().Process(
            target=work, args=(seat, self.task_queue, self.result_queue, timer, self.timeout)
        )
        process.daemon = Conf.DAEMONIZE_WORKERS
        process.timer, process.seat = timer, seat
        self.pool.append(process)
        process.start()

    def reincarnate(self, process: Any) -> None:
        """Replace a child; a worker that has run out of time is killed, as it ignores SIGTERM."""
        if process in self.pool:
            if process.timer.value == 0:
                process.kill()
            self.dead = Dead(process.pid, process.seat.taken.value)
        super().reincarnate(process)
        self.dead = None


def install() -> None:
    """Make Django-Q2's cluster start our sentinel, for which it has no setting."""
    cluster.Sentinel = Sentinel


def work(seat: Seat, tasks: Queue, results: Queue, timer: Any, timeout: int) -> None:
    """What a worker process runs: Django-Q2's loop, beside a thread that shows it is alive."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    limit_memory()
    os.nice(settings.WORKER_NICE)
    runs.note_in(seat.taken)
    post_execute_in_worker.connect(make_storable)
    beat = Beat(seat.main_process)
    with beat.beating():
        if seat.before:
            seat.before.bury()
        with beat.busy(), guarded(timer, timeout):
            warm_up(Conf.CLUSTER_NAME, timeout)
        worker(tasks, results, timer, timeout)


@contextlib.contextmanager
def guarded(timer: Any, timeout: int) -> Iterator[None]:
    """Let the sentinel kill this worker as it does in a task, if not even an alarm ends it."""
    timer.value = timeout + 3
    try:
        yield
    finally:
        timer.value = -1


def limit_memory() -> None:
    """Let a runaway prediction fail by itself, before the system kills somebody for it."""
    if settings.WORKER_MEMORY_MB:
        size = settings.WORKER_MEMORY_MB * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))


def make_storable(task: dict[str, Any], **_: Any) -> None:
    """Fail a task whose result is neither a number nor a text.

    It would vanish on its way to Django-Q2's monitor, and the task come back for ever.
    """
    if not isinstance(task["result"], int | str | None):
        task["result"], task["success"] = f"Its result cannot be stored: {task['result']}", False


class Beat(threading.Thread):
    """Writes the worker's row, and keeps its claim."""

    def __init__(self, main_process: int) -> None:
        super().__init__(daemon=True, name="beat")
        self.main_process = main_process
        self.over = threading.Event()
        self.busy_since: datetime | None = timezone.now()  # with what comes before the first task
        self.done = 0
        self.started_at = timezone.now()

    @contextlib.contextmanager
    def beating(self) -> Iterator[None]:
        pre_execute.connect(self.begun)
        post_execute_in_worker.connect(self.ended)
        self.start()
        try:
            yield
        finally:
            self.over.set()
            self.join()

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        self.begun()
        try:
            yield
        finally:
            self.busy_since = None

    def begun(self, **_: Any) -> None:
        self.busy_since = timezone.now()

    def ended(self, **_: Any) -> None:
        self.busy_since = None
        self.done += 1

    def run(self) -> None:
        while True:
            self.write()
            with surviving("The lease is not extended"):
                runs.keep()
            if self.over.wait(settings.HEARTBEAT):
                break
        with surviving("The worker's row is left behind"):
            self.row().delete()
        connection.close()

    def write(self) -> None:
        with surviving("The worker's row is not written"):
            Worker.objects.update_or_create(
                host=socket.gethostname(),
                pid=os.getpid(),
                defaults={
                    "queue": Conf.CLUSTER_NAME,
                    "cluster": self.main_process,
                    "model_id": loading.in_memory(),
                    "memory": psutil.Process().memory_full_info().uss,
                    "tasks_done": self.done,
                    "busy_since": self.busy_since,
                    "started_at": self.started_at,
                    "beat_at": Now(),
                },
            )

    def row(self) -> Any:
        return Worker.objects.filter(host=socket.gethostname(), pid=os.getpid())
