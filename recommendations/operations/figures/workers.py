"""Who works on which queue, and what waits in it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Min
from django_q.models import OrmQ

from recommendations.models import PausedQueue, Worker
from recommendations.models.workers import QUEUES
from recommendations.operations.broker import due
from recommendations.operations.figures.times import seconds


@dataclass(frozen=True)
class WorkerFigures:
    """`busy_seconds` is None while it waits for work; `memory` is in bytes that are its alone."""

    name: str
    host: str
    pid: int
    queue: str
    model: str
    memory: int
    tasks_done: int
    busy_seconds: float | None
    beat_seconds: float
    alive: bool


@dataclass(frozen=True)
class QueueFigures:
    """`due` tasks may be taken now, `taken` are with a worker or on their way to one."""

    name: str
    due: int
    oldest_seconds: float | None
    taken: int
    workers: int
    busy: int
    paused: bool
    paused_by: str


def workers() -> list[WorkerFigures]:
    alive = set(Worker.objects.alive().values_list("pk", flat=True))
    rows = Worker.objects.select_related("model").defer("model__film_ids")
    ages = rows.values_list("pk", seconds("busy_since"), seconds("beat_at"))
    found = {pk: (busy, beat) for pk, busy, beat in ages}
    return [figures_of(row, row.pk in alive, *found[row.pk]) for row in rows if row.pk in found]


def figures_of(row: Worker, alive: bool, busy: float | None, beat: float) -> WorkerFigures:
    return WorkerFigures(
        name=str(row),
        host=row.host,
        pid=row.pid,
        queue=row.queue,
        model=str(row.model or ""),
        memory=row.memory,
        tasks_done=row.tasks_done,
        busy_seconds=None if busy is None else max(busy, 0.0),
        beat_seconds=max(beat, 0.0),
        alive=alive,
    )


def queues(present: Iterable[WorkerFigures]) -> list[QueueFigures]:
    """All queues of the site, with those who work on them now."""
    paused = {row.name: row.paused_by for row in PausedQueue.objects.all()}
    tasks = OrmQ.objects.order_by().values("key").annotate(number=Count("*"))
    held = {row["key"]: row["number"] for row in tasks}
    alive = [worker for worker in present if worker.alive]
    number = Counter(worker.queue for worker in alive)
    busy = Counter(worker.queue for worker in alive if worker.busy_seconds is not None)
    figures = []
    for name in QUEUES:
        waiting, oldest = depth(name)
        figures.append(
            QueueFigures(
                name=name,
                due=waiting,
                oldest_seconds=oldest,
                taken=max(held.get(name, 0) - waiting, 0),
                workers=number[name],
                busy=busy[name],
                paused=name in paused,
                paused_by=paused.get(name, ""),
            )
        )
    return figures


def depth(queue: str) -> tuple[int, float | None]:
    """How many tasks are due, and for how many seconds the oldest of them."""
    found = due(queue).aggregate(number=Count("*"), oldest=seconds(Min("lock")))
    oldest = found["oldest"]
    return found["number"], None if oldest is None else max(oldest, 0.0)
