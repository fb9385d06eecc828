"""Trainings that the training cluster does: asking for one, and healing what it left."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django_q.tasks import async_task

from recommendations.models import TrainedModel
from recommendations.models.clocks import LONGEST_WAKE_PERIOD
from recommendations.models.trained_model import training_lease
from recommendations.models.workers import TRAINING

logger = logging.getLogger(__name__)

#: The cluster is woken again for a training that is still queued after so long, and then each
#: time that it has waited twice as long.
WAKE_PERIOD = timedelta(minutes=2)

LOST = "Its process was lost: it gave no sign of life until its lease ran out."


@transaction.atomic
def ask(
    algorithm: str,
    parameters: Mapping[str, Any],
    activation: TrainedModel.Activation = TrainedModel.Activation.UNLESS_WORSE,
) -> TrainedModel:
    """Queue one training: a row and the task that does it, both or neither."""
    record = TrainedModel.objects.create(
        algorithm=algorithm,
        parameters=dict(parameters),
        activation=activation,
        wake_at=Now() + WAKE_PERIOD,
    )
    _wake(record.pk)
    return record


def ask_for_default() -> TrainedModel | None:
    """Queue a training of the default algorithm, unless one is queued or running already.

    When the active model is of the same algorithm, its parameters are kept.
    """
    reap()
    if TrainedModel.objects.unfinished().exists():
        return None
    active = TrainedModel.objects.active().defer("film_ids").first()
    same = active is not None and active.algorithm == settings.DEFAULT_ALGORITHM
    return ask(settings.DEFAULT_ALGORITHM, active.parameters if active and same else {})


def _wake(pk: int) -> None:
    task_id = async_task("recommendations.tasks.train_model", pk, cluster=TRAINING)
    TrainedModel.objects.filter(pk=pk).update(task_id=task_id)


def reap() -> int:
    """Give up each training whose lease ran out; wake the cluster for the forgotten ones.

    Returns how many rows were changed. Any number may reap at once: each row is changed once.
    """
    # Those that live extend their lease before it runs out again.
    TrainedModel.objects.lease_jumped().update(lease_expires_at=training_lease())
    lost = TrainedModel.objects.lease_expired().values_list("pk", flat=True)
    forgotten = TrainedModel.objects.wake_due().only("pk", "created_at", "wake_at")
    return sum(map(_give_up, lost)) + sum(map(_wake_again, forgotten))


def _give_up(pk: int) -> bool:
    same = TrainedModel.objects.lease_expired().filter(pk=pk)
    with transaction.atomic():
        failed = same.update(state=TrainedModel.State.FAILED, error=LOST, checksum="")
        if failed:
            logger.error("Training %s failed: %s", pk, LOST)
            prune()  # what it had stored has no name now
    return bool(failed)


def _wake_again(row: TrainedModel) -> bool:
    same = TrainedModel.objects.wake_due().filter(pk=row.pk, wake_at=row.wake_at)
    with transaction.atomic():
        waited = max(timezone.now() - row.created_at, WAKE_PERIOD)
        due = same.update(wake_at=Now() + min(waited, LONGEST_WAKE_PERIOD))
        if due:
            _wake(row.pk)
    return bool(due)


def prune() -> None:
    """Let a worker delete the files that no model's row names any more."""
    async_task("recommendations.tasks.prune_models")
