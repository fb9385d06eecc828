"""Where tasks wait: Django-Q2's table, by the database's clock, with queues that can be paused."""

import logging
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error, connections
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

from recommendations.models import PausedQueue

logger = logging.getLogger(__name__)

#: How long to leave a database alone that did not answer, and for how long to believe that a
#: queue is or is not paused.
SECONDS_AFTER_ERROR = 0.5
SECONDS_OF_PAUSE = 1.0

#: No lock lasts longer than `retry`; one that seems to was taken before the clock was put back.
TOLERANCE = timedelta(minutes=1)


class Broker(ORM):  # type: ignore[misc]
    """Django-Q2's ORM broker, made fit for several hosts and for a database that comes and goes.

    - What is due is decided by the database's clock, so that hosts need not agree on the time.
    - A paused queue gives nothing out.
    - A database that does not answer is asked again soon; Django-Q2 would end the pusher, which
      starts anew ten seconds later.
    """

    _paused = False
    _asked_at = float("-inf")

    def enqueue(self, task: str) -> int:
        created = self.get_connection().create(
            key=self.list_key or Conf.CLUSTER_NAME, payload=task, lock=Now()
        )
        pk: int = created.pk
        return pk

    def dequeue(self) -> list[tuple[int, str]] | None:
        try:
            taken = [] if self.is_paused() else self._take()
        except Error as error:
            logger.warning("The queue %s cannot be read: %s", self.list_key, error)
            connections[Conf.ORM].close()
            time.sleep(SECONDS_AFTER_ERROR)
            return None
        if not taken:
            time.sleep(Conf.POLL)
        return taken

    def is_paused(self) -> bool:
        if time.monotonic() - self._asked_at > SECONDS_OF_PAUSE:
            self.get_connection()  # which leaves a connection behind that was lost
            self._paused = PausedQueue.objects.filter(pk=self.list_key).exists()
            self._asked_at = time.monotonic()
        return self._paused

    def _take(self) -> list[tuple[int, str]]:
        """Lock what is due, by compare-and-swap: another cluster may be faster."""
        return [
            (task.pk, task.payload)
            for task in list(due(self.list_key).order_by("pk")[: Conf.BULK])
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


def retry(queue: str) -> timedelta:
    """How long a task is its taker's own."""
    own = settings.Q_CLUSTER["ALT_CLUSTERS"].get(queue, settings.Q_CLUSTER)
    return timedelta(seconds=own["retry"])


def release(queue: str) -> int:
    """Let other workers have what a cluster took that is gone; returns how many tasks.

    What others have at work is delivered twice, which does nothing: a task is only a wake-up.
    """
    taken: Any = OrmQ.objects.filter(key=queue, lock__gt=Now())
    return int(taken.update(lock=Now()))
