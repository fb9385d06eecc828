"""Where tasks wait: Django-Q2's table, by the database's clock, with queues that can be paused."""

import logging
import time
from datetime import timedelta
from functools import cached_property

from django.conf import settings
from django.db import Error, connections
from django.db.models import Exists, Q, QuerySet
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

from recommendations.models import PausedQueue
from recommendations.operations.listening import Listener, announce
from recommendations.pipeline.commits import forgettable

logger = logging.getLogger(__name__)

#: How long to leave a database alone that did not answer.
SECONDS_AFTER_ERROR = 0.5

#: No lock lasts longer than `retry`; one that seems to was taken before the clock was put back.
TOLERANCE = timedelta(minutes=1)


class Broker(ORM):  # type: ignore[misc]
    """Django-Q2's ORM broker, made fit for several hosts and for a database that comes and goes.

    - What is due is decided by the database's clock, so that hosts need not agree on the time.
    - A paused queue gives nothing out.
    - Who waits for a task is told of it where the database can, and looks in between.
    - A database that does not answer is asked again soon; Django-Q2 would end the pusher, which
      starts anew ten seconds later.
    """

    @cached_property
    def listener(self) -> Listener:
        return Listener(self.list_key)

    def enqueue(self, task: str) -> int:
        queue = self.list_key or Conf.CLUSTER_NAME
        created = self.get_connection().create(key=queue, payload=task, lock=Now())
        announce(queue)
        pk: int = created.pk
        return pk

    def dequeue(self) -> list[tuple[int, str]] | None:
        try:
            self.get_connection()  # which leaves a connection behind that was lost
            taken = self._take()
        except Error as error:
            logger.warning("The queue %s cannot be read: %s", self.list_key, error)
            connections[Conf.ORM].close()
            time.sleep(SECONDS_AFTER_ERROR)
            return None
        if not taken:
            self.listener.wait()
        return taken

    def _take(self) -> list[tuple[int, str]]:
        """Lock what is due, by compare-and-swap: another cluster may be faster."""
        tasks = list(given_out(self.list_key).order_by("pk")[: Conf.BULK])
        if not tasks:
            return []
        # A lock that is forgotten gives its task out again, which does nothing.
        with forgettable(Conf.ORM):
            return [
                (task.pk, task.payload)
                for task in tasks
                if due(self.list_key).filter(pk=task.pk).update(lock=Now() + retry(self.list_key))
            ]

    def queue_size(self) -> int:
        return int(due(self.list_key).count())

    def lock_size(self) -> int:
        return int(OrmQ.objects.filter(key=self.list_key).count()) - self.queue_size()


def due(queue: str) -> QuerySet[OrmQ]:
    """The tasks of a queue that a cluster may take now."""
    waiting = Q(lock__lte=Now()) | Q(lock__gt=Now() + retry(queue) + TOLERANCE)
    tasks: QuerySet[OrmQ] = OrmQ.objects.using(Conf.ORM).filter(waiting, key=queue)
    return tasks


def given_out(queue: str) -> QuerySet[OrmQ]:
    """What is due, unless the queue is paused."""
    return due(queue).exclude(Exists(PausedQueue.objects.filter(pk=queue)))


def retry(queue: str) -> timedelta:
    """How long a task is its taker's own."""
    own = settings.Q_CLUSTER["ALT_CLUSTERS"].get(queue, settings.Q_CLUSTER)
    return timedelta(seconds=own["retry"])


def taken(queue: str) -> QuerySet[OrmQ]:
    """The tasks of a queue that clusters have taken and not acknowledged."""
    tasks: QuerySet[OrmQ] = OrmQ.objects.using(Conf.ORM).filter(key=queue, lock__gt=Now())
    return tasks


def release(queue: str) -> int:
    """Let other workers have what a cluster took that is gone; returns how many tasks.

    What others have at work is delivered twice, which does nothing: a task is only a wake-up.
    """
    return int(taken(queue).update(lock=Now()))
