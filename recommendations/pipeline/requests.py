"""What a page needs of the pipeline: where a prediction stands, and to ask for one."""

import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet, Subquery
from django.db.models.functions import Now
from django.utils import timezone
from django_q.tasks import async_task

from recommendations.logs import bound
from recommendations.models import Prediction, TrainedModel, Viewer
from recommendations.models.prediction import SILENCE
from recommendations.models.workers import BATCH, PREDICTIONS
from recommendations.pipeline import limits
from recommendations.pipeline.patience import DatabaseBusy, impatient

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

#: Workers are woken again for a prediction that is still queued after so long; each further
#: wake-up waits twice as long, up to the longest.
WAKE_PERIOD = timedelta(seconds=60)


@dataclass(frozen=True)
class Standing:
    """All that a page or a fragment has to know about one viewer and key."""

    viewer: Viewer
    key: str
    model_id: int | None
    read_at: "datetime"
    in_flight: Prediction | None = None
    good: Prediction | None = None
    failed: Prediction | None = None
    put_off: bool = False
    """It was asked for too often, or too much is queued: the next poll asks again."""

    def is_current(self, prediction: Prediction) -> bool:
        """Made by the active model from the viewer's present ratings."""
        return (prediction.model_id, prediction.taste_version) == (
            self.model_id,
            self.viewer.taste_version,
        )

    @property
    def is_fresh(self) -> bool:
        return self.good is not None and self.is_current(self.good)

    @property
    def last_failed(self) -> bool:
        """Nothing good came after the newest failure, and nothing has changed since."""
        failed = self.failed
        if failed is None or self.in_flight or not self.is_current(failed):
            return False
        return self.good is None or failed.pk > self.good.pk

    @property
    def cooling_down(self) -> bool:
        if not (self.last_failed and self.failed and self.failed.finished_at):
            return False
        age = self.read_at - self.failed.finished_at
        return age < timedelta(seconds=settings.PREDICTION_COOL_DOWN)

    @property
    def wants_run(self) -> bool:
        if self.model_id is None or self.in_flight:
            return False
        return not (self.is_fresh or self.cooling_down)

    @property
    def can_be_hurried(self) -> bool:
        """It waits its turn among what is computed ahead, and now somebody looks."""
        row = self.in_flight
        if row is None:
            return False
        return row.status == Prediction.Status.QUEUED and row.queue == BATCH

    @property
    def is_worth_retrying(self) -> bool:
        """Something failed, if only one shelf, or what there is is stale."""
        if self.model_id is None or self.in_flight:
            return False
        return not self.is_fresh or self.last_failed or bool(self.good and self.good.has_errors)

    @property
    def needs_healing(self) -> bool:
        """The run in flight has lost its worker, or its wake-up seems to have been lost."""
        row = self.in_flight
        if row is None:
            return False
        due = row.lease_expires_at if row.status == Prediction.Status.RUNNING else row.wake_at
        return due is not None and due < self.read_at

    @property
    def waited(self) -> timedelta:
        """Since the run in flight was asked for."""
        return self.read_at - self.in_flight.requested_at if self.in_flight else timedelta()

    @property
    def at_work(self) -> timedelta:
        """Since the run in flight was claimed."""
        claimed_at = self.in_flight.claimed_at if self.in_flight else None
        return self.read_at - claimed_at if claimed_at else timedelta()

    @property
    def quiet(self) -> timedelta:
        """Since the run in flight was last queued or claimed."""
        row = self.in_flight
        return self.read_at - (row.claimed_at or row.enqueued_at) if row else timedelta()

    @cached_property
    def no_worker(self) -> bool:
        """Work has been due for a while, and nobody is there to do it."""
        return self.quiet > SILENCE and Prediction.objects.no_worker()


def active_model_id() -> int | None:
    return TrainedModel.objects.active().values_list("pk", flat=True).first()


def standing(viewer: Viewer, key: str) -> Standing:
    """Read where `key` stands for `viewer`: in one query, in two if nothing was ever asked."""
    active = TrainedModel.objects.active().values("pk")[:1]
    told = Prediction.objects.of(viewer, key).telling()
    rows: list[Any] = list(told.annotate(read_at=Now(), active_id=Subquery(active)))
    if not rows:
        return Standing(viewer, key, active_model_id(), timezone.now())
    now = Standing(viewer, key, rows[0].active_id, rows[0].read_at)
    for row in rows:
        match row.status:
            case Prediction.Status.SUCCEEDED:
                now = replace(now, good=row)
            case Prediction.Status.FAILED:
                now = replace(now, failed=row)
            case _:
                now = replace(now, in_flight=row)
    return now


def ensure(viewer: Viewer, key: str) -> Standing:
    """Ask for `key` if it is missing or stale, and say where it stands.

    The caller knows that there is something to go by. While another writer locks the database,
    and while too much is asked for, it is left to the next poll to ask.
    """
    now = standing(viewer, key)
    if now.can_be_hurried:
        return hurried(now)
    return asked_for(now) if now.wants_run else now


def asked_for(now: Standing) -> Standing:
    """Ask for a run as long as its viewer may, and there is room in the queue."""
    try:
        with impatient():
            limits.refuse_prediction(now.viewer)
            asked = counted_request(now)
    except DatabaseBusy:
        said = "%s for viewer %s is not asked for yet: the database is locked."
        logger.warning(said, now.key, now.viewer.pk)
        return now
    except (limits.TooOften, limits.Crowded) as refusal:
        said = "%s for viewer %s is put off: %r"
        logger.info(said, now.key, now.viewer.pk, refusal)
        return replace(now, put_off=True)
    if asked is None:
        return standing(now.viewer, now.key)
    return replace(now, in_flight=asked, read_at=asked.requested_at)


@transaction.atomic
def counted_request(now: Standing) -> Prediction | None:
    asked = request(now.viewer, now.key, now.model_id)
    if asked:
        limits.count_prediction(now.viewer)
    return asked


def request(
    viewer: Viewer, key: str, model_id: int | None, queue: str = PREDICTIONS
) -> Prediction | None:
    """Queue one run and one task that wakes a worker for it: both or neither.

    None means that a run is in flight already: another tab was first.
    """
    try:
        with transaction.atomic():
            prediction = Prediction.objects.create(
                viewer=viewer,
                key=key,
                model_id=model_id,
                taste_version=viewer.taste_version,
                queue=queue,
                wake_at=Now() + WAKE_PERIOD,
            )
            wake(prediction.pk, queue)
    except IntegrityError:
        return None
    prediction.wake_at = prediction.enqueued_at + WAKE_PERIOD
    with bound(prediction=prediction.pk, viewer=viewer.pk):
        logger.info("%s is asked for.", key)
    return prediction


def hurried(now: Standing) -> Standing:
    """Let what is computed ahead be computed now, unless the database is locked at the moment."""
    with suppress(DatabaseBusy), impatient():
        assert now.in_flight
        hurry(now.in_flight)
    return now


def hurry(prediction: Prediction) -> None:
    """Put what was queued to be computed ahead among what somebody waits for."""
    queued = Prediction.objects.filter(pk=prediction.pk, status=Prediction.Status.QUEUED)
    with transaction.atomic():
        if queued.filter(queue=BATCH).update(
            queue=PREDICTIONS, enqueued_at=Now(), wakes=0, wake_at=Now() + WAKE_PERIOD
        ):
            wake(prediction.pk)


def retry(viewer: Viewer, key: str) -> Prediction | None:
    """Ask again at once for what failed or is stale; leave alone what is fresh or in flight."""
    now = standing(viewer, key)
    return asked_for(now).in_flight if now.is_worth_retrying else None


def retry_for_operator(viewer: Viewer, key: str) -> Prediction | None:
    """The same, however much was asked for."""
    now = standing(viewer, key)
    return request(viewer, key, now.model_id) if now.is_worth_retrying else None


def wake(prediction_id: int, queue: str = PREDICTIONS) -> None:
    """Enqueue the task that makes a worker look at this prediction."""
    task_id = async_task("recommendations.tasks.run_prediction", prediction_id, cluster=queue)
    Prediction.objects.filter(pk=prediction_id).update(task_id=task_id)


def discard(rows: QuerySet[Prediction], reason: str) -> int:
    """End what is in flight among `rows`; a worker that still computes one loses its claim."""
    in_flight = rows.filter(status__in=Prediction.Status.in_flight())
    return in_flight.update(
        status=Prediction.Status.FAILED, error=reason, finished_at=Now(), lease_expires_at=None
    )
