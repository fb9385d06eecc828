"""Where tasks wait: given out once, by the database's clock, and not from a paused queue."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django_q.models import OrmQ
from django_q.tasks import async_task

from recommendations.models import PausedQueue
from recommendations.models.workers import BATCH, PREDICTIONS
from recommendations.operations.broker import Broker, due, release

HOUR = timedelta(hours=1)


@pytest.fixture
def broker(db: None) -> Broker:
    return Broker(PREDICTIONS)


@pytest.fixture
def task(broker: Broker) -> OrmQ:
    async_task("recommendations.tasks.answer", cluster=PREDICTIONS)
    found: OrmQ = OrmQ.objects.get()
    return found


def test_tasks_go_to_this_broker_and_to_the_queue_they_are_for(task: OrmQ) -> None:
    async_task("recommendations.tasks.answer", cluster=BATCH)
    assert [pk for pk, _ in Broker(PREDICTIONS).dequeue() or []] == [task.pk]
    assert [row.key for row in OrmQ.objects.order_by("pk")] == [PREDICTIONS, BATCH]


def test_a_task_is_given_out_once(broker: Broker, task: OrmQ) -> None:
    assert broker.queue_size() == 1
    assert broker.dequeue()
    assert not broker.dequeue()
    assert (broker.queue_size(), broker.lock_size()) == (0, 1)


def test_an_acknowledged_task_is_gone(broker: Broker, task: OrmQ) -> None:
    [(pk, _)] = broker.dequeue() or []
    broker.acknowledge(pk)
    assert not OrmQ.objects.exists()


def test_a_paused_queue_gives_nothing_out_until_it_is_resumed(broker: Broker, task: OrmQ) -> None:
    PausedQueue.objects.create(name=PREDICTIONS)
    assert not broker.dequeue()
    assert due(PREDICTIONS).exists()
    PausedQueue.objects.all().delete()
    assert Broker(PREDICTIONS).dequeue()


def test_another_queue_goes_on_while_one_is_paused(broker: Broker, task: OrmQ) -> None:
    PausedQueue.objects.create(name=BATCH)
    assert broker.dequeue()


def test_what_a_lost_cluster_took_can_be_released(broker: Broker, task: OrmQ) -> None:
    assert broker.dequeue()
    assert release(BATCH) == 0
    assert release(PREDICTIONS) == 1
    assert broker.dequeue()


@pytest.mark.parametrize(
    ("ahead", "given"),
    [
        pytest.param(timedelta(seconds=100), False, id="somebody has it"),
        pytest.param(HOUR, True, id="the clock was put back"),
    ],
)
def test_no_lock_outlasts_what_a_task_may_take(
    broker: Broker, task: OrmQ, ahead: timedelta, *, given: bool
) -> None:
    OrmQ.objects.update(lock=Now() + ahead)
    assert bool(broker.dequeue()) is given


@pytest.fixture
def no_table(transactional_db: None) -> Iterator[None]:
    """As far as a statement can tell, a database that is away."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_q_ormq RENAME TO django_q_away")
    yield
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_q_away RENAME TO django_q_ormq")


def test_a_database_that_does_not_answer_is_asked_again(
    no_table: None, caplog: pytest.LogCaptureFixture
) -> None:
    assert Broker(PREDICTIONS).dequeue() is None
    assert "cannot be read" in caplog.text
