"""What needs a person, in words, by thresholds that are settings."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from recommendations.models.workers import PREDICTIONS
from recommendations.operations.figures.overview import Overview


@dataclass(frozen=True)
class Problem:
    """`code` is for machines and never changes its meaning."""

    code: str
    text: str


def problems(seen: Overview) -> list[Problem]:
    found = (
        no_migrations,
        no_model,
        no_worker,
        paused,
        too_old,
        failing,
        schedule_late,
        disk_full,
    )
    return [problem for look in found for problem in look(seen)]


def no_migrations(seen: Overview) -> Iterator[Problem]:
    if missing := seen.unapplied_migrations:
        text = f"{len(missing)} migrations are not applied, first {missing[0]}: manage.py migrate."
        yield Problem("migrations", text)


def no_model(seen: Overview) -> Iterator[Problem]:
    if seen.model is None:
        yield Problem("no_model", "No model is active: manage.py train makes one.")


def no_worker(seen: Overview) -> Iterator[Problem]:
    """Nobody is there for a queue that has work, or that is expected to have workers."""
    for queue in seen.queues:
        if not queue.workers and (queue.due or queue.name in settings.EXPECT_WORKERS):
            waiting = f", and {queue.due} tasks wait" if queue.due else ""
            text = f"No worker is alive for the queue {queue.name}{waiting}: manage.py runworkers."
            yield Problem("no_worker", text)


def paused(seen: Overview) -> Iterator[Problem]:
    for queue in seen.queues:
        if queue.paused and queue.due:
            text = f"The queue {queue.name} is paused, and {queue.due} tasks wait in it."
            yield Problem("paused", text)


def too_old(seen: Overview) -> Iterator[Problem]:
    """For predictions somebody waits; what trains or is computed ahead has time."""
    for queue in seen.queues:
        age = queue.oldest_seconds or 0.0
        if queue.name == PREDICTIONS and not queue.paused and age > settings.ALERT_QUEUE_AGE:
            text = f"The oldest task of the queue {queue.name} has waited for {age:.0f} s."
            yield Problem("too_old", text)


def failing(seen: Overview) -> Iterator[Problem]:
    hour = seen.hour
    enough = hour.finished >= settings.ALERT_FAILURE_RUNS
    if enough and 100 * hour.failure_rate > settings.ALERT_FAILURE_PERCENT:
        text = f"{hour.failed} of {hour.finished} predictions failed within the last hour."
        yield Problem("failing", text)


def schedule_late(seen: Overview) -> Iterator[Problem]:
    late = [row for row in seen.schedules if row.late_seconds > settings.ALERT_SCHEDULE_LATE]
    if late:
        worst = max(late, key=lambda row: row.late_seconds)
        others = f", and {len(late) - 1} more" if len(late) > 1 else ""
        text = f"The schedule {worst.name!r} is {worst.late_seconds:.0f} s late{others}."
        yield Problem("schedule_late", text)


def disk_full(seen: Overview) -> Iterator[Problem]:
    disk = seen.disk
    if disk.free_percent < settings.ALERT_DISK_FREE_PERCENT:
        text = f"The disk of {disk.path} is nearly full: {disk.free_percent:.0f} % is free."
        yield Problem("disk_full", text)
