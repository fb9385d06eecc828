"""Keeping a host's workers at work: a cluster for each queue, replaced when it stops working."""

import logging
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import psutil
from django.conf import settings
from django.db.models import F, Window
from django.db.models.functions import Now, RowNumber
from django_q.models import OrmQ, Success

from recommendations.models import PausedQueue, Prediction, Worker
from recommendations.models.workers import BATCH, PREDICTIONS, WorkerQuerySet
from recommendations.operations.broker import given_out, release, taken
from recommendations.operations.outages import surviving
from recommendations.operations.processes import SUPERVISED, Children
from recommendations.pipeline import imports, reaping, trainings

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0

#: Where releases before the supervised workers queued; what they signed ours cannot read.
FORMER_QUEUE = "recsite"

#: How long a cluster may take until its workers show a sign of life.
START_SECONDS = 60

#: A claim so short ago shows that somebody works.
JUST_NOW = timedelta(seconds=2)

#: A prediction that has waited so long should have been claimed by an idle worker.
WAITED = timedelta(seconds=3)

#: How long a cluster that is to be replaced may take to end: it has nothing at work.
IDLE_GRACE = 2.0

#: A cluster that keeps ending is started again a second after its start, then two, and so on.
LONGEST_BACK_OFF = 30.0

#: The setting by which a queue's cluster knows how many workers to start; training has one.
WORKERS_SETTING = {PREDICTIONS: "WORKERS", BATCH: "BATCH_WORKERS"}

#: So many results of good tasks are kept, of each schedule for itself: a daily one's last is not
#: pushed out by predictions.
RESULTS = 200

#: Rows of workers that other hosts left behind are forgotten after so long.
FORGET = timedelta(hours=1)


@dataclass
class Watch:
    """What one cluster is seen to do, or not to do."""

    queue: str
    pid: int
    started: float = field(default_factory=time.monotonic)
    idle_since: float | None = None
    done: int = -1

    @property
    def age(self) -> float:
        return time.monotonic() - self.started

    def trouble(self) -> str:
        """Why the cluster is to be replaced, or nothing."""
        workers = Worker.objects.of(self.pid)
        if not workers.exists():
            return "its workers never began" if self.age > START_SECONDS else ""
        if self.works(workers) or not self.is_due() or self.claims(workers):
            self.idle_since = None
            return ""
        self.idle_since = self.idle_since or time.monotonic()
        stalled = time.monotonic() - self.idle_since > settings.WORKER_STALL
        return "work is due, and it takes nothing" if stalled else ""

    def works(self, workers: WorkerQuerySet) -> bool:
        """Something was done since the last look, or some worker may be busy.

        A silent one may be: C code that keeps Python's lock lets no thread beat.
        """
        before, self.done = self.done, sum(workers.values_list("tasks_done", flat=True))
        busy = workers.alive().filter(busy_since__isnull=False)
        silent = workers.lost().filter(beat_at__gte=Now() - timeout(self.queue))
        living = any(lives(worker.pid) for worker in busy | silent)
        return living or self.done != before

    def claims(self, workers: WorkerQuerySet) -> bool:
        """Something was claimed just now, or is held by the living; rows say so at a beat only."""
        pids = {str(worker): worker.pid for worker in workers}
        theirs = Prediction.objects.filter(claimed_by__in=pids)
        held = theirs.filter(status=Prediction.Status.RUNNING, lease_expires_at__gte=Now())
        holders = held.values_list("claimed_by", flat=True)
        return theirs.filter(claimed_at__gte=Now() - JUST_NOW).exists() or any(
            lives(pids[holder]) for holder in holders
        )

    def is_due(self) -> bool:
        return given_out(self.queue).exists() or self.holds_back()

    def holds_back(self) -> bool:
        """Predictions wait whose tasks were taken, and only this cluster can have taken them.

        What is torn or stopped may leave them in the cluster's pipe, where nobody comes for them.
        """
        queued = Prediction.objects.filter(queue=self.queue, status=Prediction.Status.QUEUED)
        if not queued.filter(enqueued_at__lt=Now() - WAITED).exists():
            return False
        paused = PausedQueue.objects.filter(pk=self.queue).exists()
        return taken(self.queue).exists() and not paused and not self.has_company()

    def has_company(self) -> bool:
        others = Worker.objects.alive().filter(queue=self.queue)
        return others.exclude(pk__in=Worker.objects.of(self.pid).values("pk")).exists()


def lives(pid: int) -> bool:
    """Whether it runs; who is dead has a number until the parent looks."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def timeout(queue: str) -> timedelta:
    own = settings.Q_CLUSTER["ALT_CLUSTERS"].get(queue, settings.Q_CLUSTER)
    return timedelta(seconds=own["timeout"])


class Supervisor:
    """Runs a cluster for each queue until it is stopped; leaving the block ends them all.

    Clusters are sessions of their own: SIGTERM goes to each main process alone, which lets
    running work end. What has not ended after the grace is killed, and its leases run out.
    """

    def __init__(self, workers: Mapping[str, int]) -> None:
        self.workers = workers
        self.children = Children(grace=settings.WORKER_GRACE)
        self.watches: dict[str, Watch] = {}
        self.ended: dict[int, str] = {}
        self.replaced = dict.fromkeys(workers, 0)
        self.reaped_at = time.monotonic()
        self.database_was_away = False

    def run(self) -> None:
        """Start and watch over the clusters; ends by an exception only."""
        with self.children:
            for queue, workers in self.workers.items():
                self.start(queue, workers)
            while True:
                time.sleep(LOOK_SECONDS)
                self.look()

    def start(self, queue: str, workers: int) -> None:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
        environment = {"Q_CLUSTER_NAME": queue, SUPERVISED: "1"}
        if queue in WORKERS_SETTING:
            environment[WORKERS_SETTING[queue]] = str(workers)
        self.children.start(queue, command, environment)
        self.watches[queue] = Watch(queue, self.children.running[queue].pid)

    def look(self) -> None:
        for queue, watch in self.watches.copy().items():
            code = self.children.running[queue].poll()
            if code is None:
                with surviving("The workers are not watched", self.note_outage):
                    if trouble := watch.trouble():
                        self.replace(queue, trouble)
            elif watch.age > self.back_off(queue):
                self.replace(queue, f"its main process ended ({code})")
        with surviving("Nothing is reaped", self.note_outage):
            self.heal()

    def note_outage(self) -> None:
        self.database_was_away = True

    def back_off(self, queue: str) -> float:
        return min(2.0 ** self.replaced[queue], LONGEST_BACK_OFF)

    def replace(self, queue: str, why: str) -> None:
        logger.error("The cluster of the queue %s is replaced: %s.", queue, why)
        self.replaced[queue] = self.replaced[queue] + 1 if self.began_lately(queue) else 0
        self.ended[self.watches[queue].pid] = queue
        self.children.restart(queue, IDLE_GRACE)
        self.watches[queue] = Watch(queue, self.children.running[queue].pid)

    def began_lately(self, queue: str) -> bool:
        return self.watches[queue].age < START_SECONDS

    def heal(self) -> None:
        """Hand out anew what a replaced cluster or an outage has lost, and reap once a period."""
        for cluster, queue in self.ended.copy().items():
            release(queue)
            Worker.objects.of(cluster).delete()
            del self.ended[cluster]
        if self.database_was_away:
            reaping.wake_all()  # a worker that was woken in vain does not come again
            self.database_was_away = False
        if time.monotonic() - self.reaped_at > settings.REAP_PERIOD:
            self.reaped_at = time.monotonic()
            reap()


def reap() -> int:
    """Bring back what lost workers held, and forget the workers; returns how many rows moved."""
    moved = take_over() + reaping.reap() + imports.reap() + trainings.reap()
    moved += forget_lost_workers()
    forget_results()
    return moved


def forget_results() -> None:
    """Delete what Django-Q2 has kept of good tasks, but for the last ones of each group."""
    latest = Window(RowNumber(), partition_by="group", order_by=F("stopped").desc())
    old = Success.objects.order_by().annotate(place=latest).filter(place__gt=RESULTS)
    Success.objects.filter(pk__in=old.values("pk")).delete()


def take_over() -> int:
    """Wake our workers for what an older release, not stopped yet, has woken its own for."""
    if not OrmQ.objects.filter(key=FORMER_QUEUE).delete()[0]:
        return 0
    return reaping.wake_all() + imports.wake_all()


def forget_lost_workers() -> int:
    """Delete the rows of this host's dead processes, and of others' that are long silent."""
    here = Worker.objects.filter(host=socket.gethostname())
    dead = [row.pk for row in here if not lives(row.pid)]
    silent = Worker.objects.filter(beat_at__lt=Now() - FORGET)
    return int((here.filter(pk__in=dead) | silent).delete()[0])
