"""Predictions that go wrong, tasks that come twice or not at all, and nobody to do them."""

from tests.e2e.running import until
from tests.faults.service import PATIENCE, TIMEOUT, Service, gone

#: Tasks of the queue that nobody has done yet, beside those of schedules.
TASKS = "SELECT payload FROM django_q_ormq WHERE key = 'predictions'"


def queue_is_empty(service: Service) -> bool:
    return not service.query(TASKS)


def test_a_prediction_that_hangs_in_python(sqlite_service: Service) -> None:
    service = sqlite_service
    service.start("--queue", "predictions")
    service.fault("hang", guest=0)
    with service.watched():
        service.come(0)
        hung = service.busy_worker()
        service.come(1, 2)
        until(gone(hung), seconds=PATIENCE)
        service.until_done_once(1, 2)
    failed = service.predictions()[0]
    assert (failed["status"], failed["attempt"]) == ("failed", 1)
    assert f"Task exceeded maximum timeout value ({TIMEOUT} seconds)" in failed["error"]
    assert "could not be made" in service.visitor(0).open("/")
    until(
        lambda: len(service.workers()) == 2 and hung not in service.all_workers(), seconds=PATIENCE
    )
    assert "is replaced" not in service.log()


def test_a_prediction_that_hangs_in_c_code(postgres_service: Service) -> None:
    service = postgres_service
    service.start("--queue", "predictions", "--workers", "3")
    service.fault("hang-in-c", guest=0)
    with service.watched():
        service.come(0)
        hung = service.busy_worker()
        service.come(1, 2)
        until(gone(hung), seconds=PATIENCE)
        service.come(3, 4, 5)
        service.until_done_once(1, 2, 3, 4, 5)
    failed = service.predictions()[0]
    assert (failed["status"], failed["attempt"]) == ("failed", 3)
    assert failed["error"].startswith("Its worker died or fell silent")
    until(
        lambda: len(service.workers()) == 3 and hung not in service.all_workers(), seconds=PATIENCE
    )
    assert "is replaced" not in service.log()


def test_a_prediction_that_raises(sqlite_service: Service) -> None:
    service = sqlite_service
    service.start("--queue", "predictions")
    service.fault("fail", guest=0)
    with service.watched():
        service.come(0, 1)
        service.until_done_once(1)
        failed = service.predictions()[0]
        visitor = service.visitor(0)
        assert "could not be made" in visitor.open("/")
        service.no_fault()
        visitor.open("/fragments/shelves/top-picks/retry/", {})
        assert len(service.films(0)) > 5
    assert (failed["status"], failed["attempt"]) == ("failed", 1)
    assert failed["error"].startswith("Traceback")
    assert "RuntimeError: the projector is broken" in failed["error"]
    assert service.statuses() == ["failed", "succeeded", "succeeded"]
    assert service.worker_of(failed) in service.all_workers()


def test_a_task_that_returns_something_unpicklable(sqlite_service: Service) -> None:
    service = sqlite_service
    service.start("--queue", "predictions")
    with service.watched():
        service.shell(
            "from django_q.tasks import async_task\nasync_task('tests.algorithms.unpicklable')"
        )
        service.come(0, 1, 2)
        service.until_done_once(0, 1, 2)
        until(lambda: queue_is_empty(service), seconds=PATIENCE)
    done = service.query("SELECT func, success FROM django_q_task WHERE func LIKE 'tests%'")
    assert [(func, bool(success)) for func, success in done] == [
        ("tests.algorithms.unpicklable", False)
    ]


def test_a_worker_that_runs_out_of_memory(sqlite_service: Service) -> None:
    service = sqlite_service
    service.environment["WORKER_MEMORY_MB"] = "1024"
    service.start("--queue", "predictions")
    service.fault("eat-memory", guest=0)
    with service.watched():
        service.come(0)
        [failed] = service.until_done(1, "failed")
        service.come(1, 2, 3, 4)
        service.until_done_once(1, 2, 3, 4)
    assert "MemoryError" in failed["error"]
    assert service.worker_of(failed) in service.all_workers()


def test_tasks_delivered_twice_late_and_for_a_deleted_row(postgres_service: Service) -> None:
    service = postgres_service
    service.start_web()
    service.come(0, 1)
    service.query(f"CREATE TABLE delivered AS {TASKS}")
    deliver = (
        "INSERT INTO django_q_ormq (key, payload, lock)"
        " SELECT 'predictions', payload, CURRENT_TIMESTAMP FROM delivered"
    )
    service.query(deliver)
    service.query(deliver)
    deleted = service.guests[1].viewer
    service.query(f"DELETE FROM recommendations_prediction WHERE viewer_id = {deleted}")  # noqa: S608 (our own words)
    with service.watched():
        service.start_workers("--queue", "predictions")
        service.until_done_once(0)
        until(lambda: queue_is_empty(service), seconds=PATIENCE)
        service.query(deliver)
        until(lambda: queue_is_empty(service), seconds=PATIENCE)
        before = service.predictions()
        service.come(1)
        service.until_done_once(0, 1)
    assert [row["viewer_id"] for row in before] == [service.guests[0].viewer]
    assert "Traceback" not in service.log()


def test_no_worker_for_long_then_one(sqlite_service: Service) -> None:
    service = sqlite_service
    service.start_web()
    with service.watched():
        service.come(0)
        ago = (
            "datetime('now', '-1 minute')" if service.is_sqlite else "now() - interval '1 minute'"
        )
        service.query(
            f"UPDATE recommendations_prediction SET enqueued_at = {ago}, wake_at = {ago}"  # noqa: S608 (our own words)
        )
        visitor = service.visitor(0)
        assert "No worker is running" in visitor.open("/")
        assert "No worker is running" in visitor.open("/fragments/shelves/?top-picks=")
        service.start_workers("--queue", "predictions")
        service.until_done_once(0)
        assert "No worker is running" not in visitor.open("/")
        until(lambda: queue_is_empty(service), seconds=PATIENCE)
