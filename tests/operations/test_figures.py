"""What an operator sees is what the rows say, on either database, and stays cheap."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task

from recommendations.models import PausedQueue, Prediction, TrainedModel, Viewer, Worker
from recommendations.operations.figures.failures import failures
from recommendations.operations.figures.overview import lately, overview
from recommendations.operations.figures.problems import problems
from recommendations.operations.figures.runs import last_day, last_hour
from recommendations.operations.figures.upkeep import schedules
from recommendations.operations.figures.workers import queues, workers
from tests.operations.rows import ended

TRACEBACK = "Traceback (most recent call last):\n  File x, line {}\n{}"


@pytest.fixture
def viewer(db: None) -> Viewer:
    return Viewer.objects.create(display_name="Guest")


def ago(seconds: float) -> datetime:
    return timezone.now() - timedelta(seconds=seconds)


def test_percentiles_are_those_of_the_runs_that_ended_in_time(viewer: Viewer) -> None:
    Prediction.objects.bulk_create(
        ended(viewer, ago=600, wait=number / 10, run=number) for number in range(1, 101)
    )
    Prediction.objects.bulk_create([ended(viewer, ago=2 * 3600, wait=999), ended(viewer, 10**6)])
    hour = last_hour()
    assert hour.finished == 100
    assert hour.per_minute == pytest.approx(100 / 60)
    found = hour.by_queue["predictions"]
    assert (found.wait.p50, found.wait.p95, found.wait.p99) == (5.0, 9.5, 9.9)
    assert (found.run.p50, found.run.p95, found.run.p99) == (50, 95, 99)
    assert last_day().finished == 101


def test_each_period_has_its_own_figures(viewer: Viewer) -> None:
    Prediction.objects.bulk_create(
        [
            *(ended(viewer, ago=60, run=2) for _ in range(3)),
            ended(viewer, ago=60, error="ValueError: no"),
            ended(viewer, ago=3500, run=4),
        ]
    )
    periods = last_hour().periods
    assert [period.finished for period in periods] == [1, *[0] * 10, 4]
    assert periods[-1].failed == 1
    assert periods[0].run.p50 == 4
    assert periods[5].run.p50 is None
    assert all(a.begins < b.begins for a, b in pairwise(periods))


def test_what_is_computed_ahead_is_told_apart(viewer: Viewer) -> None:
    Prediction.objects.bulk_create(
        [ended(viewer, 60, wait=0.2), ended(viewer, 60, wait=7200, queue="batch")]
    )
    hour = last_hour()
    assert hour.by_queue["predictions"].wait.p99 == pytest.approx(0.2)
    assert hour.by_queue["batch"].wait.p50 == pytest.approx(7200)
    assert hour.periods[-1].wait.count == 1


def test_runs_take_as_many_queries_for_many_rows_and_read_the_index_alone(viewer: Viewer) -> None:
    Prediction.objects.bulk_create(ended(viewer, ago=30 * number) for number in range(1000))
    with CaptureQueriesContext(connection) as captured:
        assert last_day().finished == 1000
    assert len(captured) == 3
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for query in captured.captured_queries:
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                assert "USING COVERING INDEX prediction_finished" in str(cursor.fetchall())


def test_the_same_errors_are_counted_together_by_their_last_line(viewer: Viewer) -> None:
    Prediction.objects.bulk_create(
        ended(viewer, number, error=TRACEBACK.format(number, "ValueError: no"))
        for number in range(1, 4)
    )
    Prediction.objects.bulk_create(
        [ended(viewer, 5, error="The worker was lost"), ended(viewer, 10**6, error="Long ago")]
    )
    TrainedModel.objects.create(algorithm="svd", state="failed", error="MemoryError")
    found = [(failure.kind, failure.reason, failure.count) for failure in failures()]
    assert found == [
        ("prediction", "ValueError: no", 3),
        ("prediction", "The worker was lost", 1),
        ("training", "MemoryError", 1),
    ]
    assert timezone.now() - failures()[0].last < timedelta(minutes=1)


def test_workers_are_alive_as_long_as_they_beat(worker: Worker) -> None:
    Worker.objects.create(
        host="there", pid=8, queue="training", cluster=6, beat_at=ago(3600), busy_since=ago(3700)
    )
    alive, lost = workers()
    assert (alive.name, alive.alive, alive.busy_seconds) == ("here:7", True, None)
    assert not lost.alive
    assert lost.beat_seconds == pytest.approx(3600, abs=60)
    assert lost.busy_seconds == pytest.approx(3700, abs=60)
    assert [queue.workers for queue in queues([alive, lost])] == [1, 0, 0]


def test_a_queue_is_as_deep_as_what_is_due_and_as_old_as_the_oldest(worker: Worker) -> None:
    for lock in (ago(40), ago(10), ago(-30)):
        OrmQ.objects.create(key="predictions", payload="x", lock=lock)
    PausedQueue.objects.create(name="batch", paused_by="charlie")
    predictions, training, batch = queues(workers())
    assert (predictions.due, predictions.taken) == (2, 1)
    assert predictions.oldest_seconds == pytest.approx(40, abs=20)
    assert (training.due, training.oldest_seconds, training.paused) == (0, None, False)
    assert (batch.paused, batch.paused_by) == (True, "charlie")


def test_a_schedule_tells_its_last_result_and_how_late_it_is(db: None) -> None:
    Schedule.objects.all().delete()
    for name, repeats in (("Late", -1), ("Off", 0)):
        Schedule.objects.create(name=name, func="f", next_run=ago(100), repeats=repeats)
    for number, success in enumerate((True, False)):
        when = ago(100 - number)
        Task.objects.create(
            id=number,
            name=number,
            func="f",
            group="Late",
            started=when,
            stopped=when,
            success=success,
        )
    late, off = schedules()
    assert late.late_seconds == pytest.approx(100, abs=60)
    assert late.succeeded is False
    assert (off.is_on, off.late_seconds, off.succeeded) == (False, 0.0, None)


def test_all_of_it_takes_a_few_queries(worker: Worker, viewer: Viewer) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            problems(overview())
            lately()
        return len(captured)

    few = count()
    Prediction.objects.bulk_create(ended(viewer, 5, error=f"E{n}") for n in range(50))
    for number in range(20):
        Worker.objects.create(host="there", pid=number, queue="batch", cluster=1)
        OrmQ.objects.create(key="batch", payload="x", lock=ago(5))
    assert count() <= few
    assert few <= 30


@pytest.fixture
def healthy(worker: Worker, active_model: TrainedModel) -> None:
    Schedule.objects.update(next_run=ago(-60))


def codes() -> list[str]:
    return [problem.code for problem in problems(overview())]


def test_a_healthy_site_needs_nobody(healthy: None) -> None:
    assert codes() == []


def test_it_needs_a_person_without_a_worker_that_is_expected(healthy: None) -> None:
    Worker.objects.update(beat_at=ago(3600))
    assert codes() == ["no_worker"]


def test_it_needs_a_person_without_a_worker_for_a_queue_that_has_work(healthy: None) -> None:
    OrmQ.objects.create(key="training", payload="x", lock=ago(1))
    assert codes() == ["no_worker"]


def test_it_needs_a_person_without_a_model(healthy: None) -> None:
    TrainedModel.objects.update(state="retired")
    assert codes() == ["no_model"]


def test_it_needs_a_person_when_nobody_takes_the_oldest_task(healthy: None) -> None:
    OrmQ.objects.create(key="predictions", payload="x", lock=ago(3000))
    assert codes() == ["too_old"]
    PausedQueue.objects.create(name="predictions")
    assert codes() == ["paused"]


def test_a_paused_queue_without_work_is_as_somebody_wanted_it(healthy: None) -> None:
    PausedQueue.objects.create(name="predictions")
    assert codes() == []


def test_it_needs_a_person_when_many_fail(healthy: None, viewer: Viewer) -> None:
    Prediction.objects.bulk_create(ended(viewer, 60, error="E") for _ in range(6))
    assert codes() == [], "too few runs to say"
    Prediction.objects.bulk_create(ended(viewer, 60) for _ in range(14))
    assert codes() == ["failing"]
    Prediction.objects.bulk_create(ended(viewer, 60) for _ in range(50))
    assert codes() == []


def test_it_needs_a_person_when_a_schedule_is_late(healthy: None) -> None:
    Schedule.objects.filter(name="Reap imports").update(next_run=ago(3000))
    assert codes() == ["schedule_late"]


def test_it_needs_a_person_when_the_disk_is_nearly_full(
    healthy: None, settings: LazySettings
) -> None:
    settings.ALERT_DISK_FREE_PERCENT = 100.1
    assert codes() == ["disk_full"]


def test_nobody_is_asked_for_who_is_not_expected(healthy: None, settings: LazySettings) -> None:
    Worker.objects.all().delete()
    settings.EXPECT_WORKERS = []
    assert codes() == []
