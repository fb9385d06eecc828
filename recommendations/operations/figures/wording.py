"""Figures in words, for the page and the terminal."""

from recommendations.operations.figures.runs import Percentiles
from recommendations.operations.figures.upkeep import ModelFigures, ScheduleFigures
from recommendations.operations.figures.workers import QueueFigures, WorkerFigures

NONE = "–"

UNITS = [("d", 86_400), ("h", 3_600), ("min", 60)]


def duration(seconds: float | None) -> str:
    """As exact as one wants to know: 0.12 s, 45 s, 7 min, 3 h."""
    if seconds is None:
        return NONE
    for unit, size in UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2f} s"


def size(number: float) -> str:
    """Of memory or a disk."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def state(worker: WorkerFigures) -> str:
    if not worker.alive:
        return "lost"
    if worker.busy_seconds is None:
        return "idle"
    return f"busy for {duration(worker.busy_seconds)}"


def queue_state(queue: QueueFigures) -> str:
    if queue.paused:
        return f"paused by {queue.paused_by}" if queue.paused_by else "paused"
    return "open"


def quantiles(found: Percentiles) -> list[str]:
    return [duration(value) for value in (found.p50, found.p95, found.p99)]


def schedule_state(schedule: ScheduleFigures) -> str:
    if not schedule.is_on:
        return "off"
    return f"late by {duration(schedule.late_seconds)}" if schedule.late_seconds else "on time"


def last_result(schedule: ScheduleFigures) -> str:
    if schedule.last_ended is None:
        return "none yet"
    return "succeeded" if schedule.succeeded else "failed"


def model(found: ModelFigures | None) -> str:
    if found is None:
        return "none"
    rmse = "" if found.rmse is None else f", RMSE {found.rmse:.3f}"
    return f"{found.name}, from {found.ratings_used:,} ratings{rmse}"
