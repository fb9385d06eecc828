"""The figures as Prometheus reads them.

What comes from the database is the same whichever process answers. Requests are counted by all
processes into PROMETHEUS_MULTIPROC_DIR, and left out without it.
"""

from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db.models import Count
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from recommendations.models import Prediction
from recommendations.operations.figures.overview import Overview, overview
from recommendations.operations.figures.problems import problems
from recommendations.operations.figures.runs import Percentiles, Runs, last_day
from recommendations.operations.figures.workers import QueueFigures


def exposition() -> bytes:
    registry = CollectorRegistry()
    registry.register(Figures())
    if settings.METRICS_FOLDER:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


class Figures(Collector):
    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        seen = overview()
        yield from of_queues(seen.queues)
        yield from of_workers(seen)
        yield by_status()
        yield from of_times({"1h": seen.hour, "24h": last_day()})
        yield from of_upkeep(seen)


def gauge(name: str, about: str, labels: Iterable[str] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"recsite_{name}", about, labels=list(labels))


def of_queues(queues: list[QueueFigures]) -> Iterator[Metric]:
    due = gauge("queue_due_tasks", "Tasks that a worker may take now", ["queue"])
    oldest = gauge("queue_oldest_seconds", "For how long the oldest of them is due", ["queue"])
    taken = gauge("queue_taken_tasks", "Tasks that are with a worker", ["queue"])
    paused = gauge("queue_paused", "1 while nothing is taken from the queue", ["queue"])
    for queue in queues:
        due.add_metric([queue.name], queue.due)
        oldest.add_metric([queue.name], queue.oldest_seconds or 0.0)
        taken.add_metric([queue.name], queue.taken)
        paused.add_metric([queue.name], queue.paused)
    return iter((due, oldest, taken, paused))


def of_workers(seen: Overview) -> Iterator[Metric]:
    number = gauge("workers", "Worker processes", ["queue", "state"])
    for queue in seen.queues:
        lost = sum(w.queue == queue.name and not w.alive for w in seen.workers)
        number.add_metric([queue.name, "busy"], queue.busy)
        number.add_metric([queue.name, "idle"], queue.workers - queue.busy)
        number.add_metric([queue.name, "lost"], lost)
    memory = gauge("worker_memory_bytes", "Memory that is the worker's alone", ["worker"])
    for worker in seen.workers:
        memory.add_metric([worker.name], worker.memory)
    return iter((number, memory))


def by_status() -> Metric:
    """Rows are kept for a while only, so that these numbers go down too."""
    rows = gauge("predictions", "Rows of predictions that are kept", ["status"])
    kept = Prediction.objects.order_by().values_list("status").annotate(count=Count("*"))
    counts = dict.fromkeys(Prediction.Status.values, 0) | dict(kept)
    for status, count in counts.items():
        rows.add_metric([status], count)
    return rows


def of_times(windows: dict[str, Runs]) -> Iterator[Metric]:
    ended = gauge("predictions_ended", "Predictions that ended in the window", ["window"])
    failed = gauge("predictions_failed", "Those of them that failed", ["window"])
    labels = ["queue", "window", "quantile"]
    wait = gauge("prediction_wait_seconds", "From being queued to a worker's claim", labels)
    run = gauge("prediction_run_seconds", "From the claim to the end", labels)
    for window, runs in windows.items():
        ended.add_metric([window], runs.finished)
        failed.add_metric([window], runs.failed)
        for queue, times in runs.by_queue.items():
            add_quantiles(wait, [queue, window], times.wait)
            add_quantiles(run, [queue, window], times.run)
    return iter((ended, failed, wait, run))


def add_quantiles(family: GaugeMetricFamily, labels: list[str], found: Percentiles) -> None:
    for quantile, value in (("0.5", found.p50), ("0.95", found.p95), ("0.99", found.p99)):
        if value is not None:
            family.add_metric([*labels, quantile], value)


def of_upkeep(seen: Overview) -> Iterator[Metric]:
    model = InfoMetricFamily("recsite_active_model", "The model at work")
    if seen.model:
        model.add_metric([], {"id": str(seen.model.id), "name": seen.model.name})
    late = gauge("schedule_late_seconds", "How late a schedule is", ["schedule"])
    for schedule in seen.schedules:
        late.add_metric([schedule.name], schedule.late_seconds)
    free = gauge("disk_free_bytes", "Free space where DATA_DIR is")
    free.add_metric([], seen.disk.free)
    wrong = gauge("problems", "What needs a person, as `manage.py status` says it", ["problem"])
    for code in sorted({problem.code for problem in problems(seen)}):
        wrong.add_metric([code], 1)
    return iter((model, late, free, wrong))
