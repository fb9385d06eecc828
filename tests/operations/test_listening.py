"""Who waits for a task hears of it at once from PostgreSQL, and misses nothing when it cannot."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import close_old_connections, connection, connections
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ
from django_q.tasks import async_task

from recommendations.models.workers import BATCH, PREDICTIONS
from recommendations.operations import listening
from recommendations.operations.broker import Broker

pytestmark = pytest.mark.django_db(transaction=True)

Taken = list[tuple[int, str]] | None


@pytest.fixture
def broker() -> Iterator[Broker]:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no notifications")
    broker = Broker(PREDICTIONS)
    yield broker
    broker.listener.close()


@pytest.fixture
def listening_broker(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Broker:
    """Left alone, it would look again in a minute only."""
    assert broker.dequeue() == []
    assert broker.listener.own is not None
    broker.listener.own.inc_thread_sharing()
    monkeypatch.setattr(listening, "LONGEST_WAIT", 60.0)
    return broker


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def dequeue(broker: Broker) -> Taken:
    """As a cluster does, again and again."""
    try:
        while not (taken := broker.dequeue()):
            pass
        return taken
    finally:
        broker.listener.close()
        connections.close_all()


def queue(name: str = PREDICTIONS) -> None:
    async_task("recommendations.tasks.answer", cluster=name)


def waits(taken: "Future[Taken]") -> bool:
    time.sleep(0.3)
    return not taken.done()


def test_a_task_that_is_queued_ends_the_wait(
    listening_broker: Broker, threads: ThreadPoolExecutor
) -> None:
    taken = threads.submit(dequeue, listening_broker)
    assert waits(taken)
    queue(BATCH)
    assert waits(taken)
    queue()
    assert len(taken.result(30) or []) == 1


def test_what_was_queued_between_two_looks_is_not_waited_for(listening_broker: Broker) -> None:
    queue()
    assert len(listening_broker.dequeue() or []) == 1


def test_a_connection_that_drops_is_opened_anew_and_nothing_is_missed(
    listening_broker: Broker, threads: ThreadPoolExecutor
) -> None:
    pid = listening_broker.listener.own.connection.info.backend_pid
    taken = threads.submit(dequeue, listening_broker)
    assert waits(taken)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    queue()
    assert len(taken.result(30) or []) == 1


@pytest.fixture
def unheard(broker: Broker) -> Iterator[None]:
    """Notifications are lost, as with a pooler that lends a connection to each transaction."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA deaf")
        cursor.execute(
            "CREATE FUNCTION deaf.pg_notify(text, text) RETURNS void LANGUAGE sql AS 'SELECT'"
        )
        cursor.execute("SET search_path TO deaf, public, pg_catalog")
        yield
        cursor.execute("RESET search_path")
        cursor.execute("DROP SCHEMA deaf CASCADE")


@pytest.mark.usefixtures("unheard")
def test_where_nothing_is_heard_the_queue_is_polled(broker: Broker) -> None:
    assert broker.dequeue() == []
    assert broker.listener.own is None
    with CaptureQueriesContext(connection) as captured:
        assert broker.dequeue() == []
    assert len(captured) == 1
    queue()
    assert len(broker.dequeue() or []) == 1


def test_an_idle_cluster_asks_once_in_a_wait(broker: Broker) -> None:
    for _ in range(2):
        assert broker.dequeue() == []
    began = time.monotonic()
    with CaptureQueriesContext(connection) as captured:
        for _ in range(2):
            assert broker.dequeue() == []
    assert len(captured) == 2
    assert time.monotonic() - began > 1.5 * listening.LONGEST_WAIT


def test_sqlite_is_polled() -> None:
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL tells")
    close_old_connections()
    broker = Broker(PREDICTIONS)
    assert broker.dequeue() == []
    queue()
    assert len(broker.dequeue() or []) == 1
    assert OrmQ.objects.count() == 1
