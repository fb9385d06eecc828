"""Who works on which queue, as the workers themselves say, and which queues are paused."""

import os
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from recommendations.models.trained_model import TrainedModel

if TYPE_CHECKING:
    from django.db.models.expressions import CombinedExpression

#: What somebody waits for; what fits models; what is computed ahead, for when they come.
PREDICTIONS, TRAINING, BATCH = QUEUES = ("predictions", "training", "batch")

#: A worker that has missed so many beats is taken for lost.
MISSED_BEATS = 4


def worker_name(pid: int | None = None) -> str:
    """This process, or another of this host, as claims and the operator's pages name it."""
    return f"{socket.gethostname()}:{pid or os.getpid()}"


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self) -> Self:
        return self.filter(beat_at__gte=_last_beat())

    def lost(self) -> Self:
        return self.filter(beat_at__lt=_last_beat())

    def of(self, cluster: int) -> Self:
        """The workers of one cluster of this host, by the process id of its main process."""
        return self.filter(host=socket.gethostname(), cluster=cluster)


def _last_beat() -> "CombinedExpression":
    return Now() - timedelta(seconds=MISSED_BEATS * settings.HEARTBEAT)


class Worker(models.Model):
    """One worker process, which writes its row anew at each beat and deletes it when it ends."""

    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField("process id")
    queue = models.CharField(max_length=50)
    cluster = models.PositiveIntegerField(help_text="Process id of its cluster's main process")
    model = models.ForeignKey(
        TrainedModel,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name="model in memory",
    )
    memory = models.PositiveBigIntegerField(default=0, help_text="Bytes that are its alone")
    tasks_done = models.PositiveBigIntegerField(default=0)
    busy_since = models.DateTimeField(null=True)
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["queue", "host", "pid"]
        constraints = [models.UniqueConstraint("host", "pid", name="one_row_a_worker")]

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"


class PausedQueue(models.Model):
    """A queue from which no worker takes anything: what is in it waits."""

    name = models.CharField(
        max_length=50, primary_key=True, choices=[(name, name) for name in QUEUES]
    )
    paused_at = models.DateTimeField(db_default=Now())
    paused_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(name__in=QUEUES), name="paused_queue_exists")
        ]

    def __str__(self) -> str:
        return self.name
