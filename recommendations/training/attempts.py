"""The life of one training: claim its row, fit, compare, store; or fail, and leave nothing."""

import logging
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from recommendations.engine.progress import Steps, unwatched
from recommendations.engine.ratings import UnusableRatings
from recommendations.models import Neighbours, TrainedModel
from recommendations.models.trained_model import training_lease
from recommendations.stopping import Stopped, stopped_with_the_cluster
from recommendations.training import comparing, storing
from recommendations.training.algorithms import TrainingFailed, unfitted
from recommendations.training.fitting import Fitted, fit
from recommendations.training.taste_groups import taste_groups

if TYPE_CHECKING:
    from recommendations.engine.contract import Model
    from recommendations.engine.ratings import Ratings
    from recommendations.training.comparing import Verdict

logger = logging.getLogger(__name__)

Activation = TrainedModel.Activation

#: Similar films that are stored of each film.
SIMILAR = 24

WRITTEN_AT_ONCE = 1000

#: Progress within a step is written no more often.
SECONDS_BETWEEN_REPORTS = 1.0

STOPPED = "Stopped: the process that trained it was told to end."


#: What a fit raises when it is the ratings or the parameters that are to blame.
TOO_MUCH_ASKED = (UnusableRatings, FloatingPointError, OverflowError, MemoryError)


class TrainingLost(Exception):
    """The training is not this process's any more: its row was failed, or deleted."""


def train(
    algorithm: str = settings.DEFAULT_ALGORITHM,
    parameters: Mapping[str, object] | None = None,
    progress: Steps = unwatched,
    activation: Activation = Activation.NEVER,
) -> TrainedModel:
    """Fit a model to the ratings in the database and register it, ready to be activated.

    Raises TrainingFailed for what whoever asks can mend. Whatever is raised once the fit has
    begun is kept in the model's row, which is then FAILED; the active model stays at work.
    """
    model = unfitted(algorithm, parameters or {})
    record = TrainedModel.objects.create(
        algorithm=algorithm,
        parameters=model.parameters.named(),
        activation=activation,
        claimed_at=Now(),
        lease_expires_at=training_lease(),
    )
    _attempt(record, model, progress)
    record.refresh_from_db()
    return record


def run(pk: int) -> None:
    """Do a training that was queued, if it is still waiting to be done.

    A task that comes twice, late, or for a deleted row finds nothing to claim.
    """
    claimed = False
    try:
        with stopped_with_the_cluster():
            claimed = _claim(pk)
            if claimed:
                _run_claimed(TrainedModel.objects.get(pk=pk))
    except TrainingLost:
        logger.warning("Training %s: not mine any more; its result is dropped.", pk)
    except Stopped:
        if not claimed:
            raise SystemExit from None  # the task was not done: it must not be acknowledged
        logger.warning("Training %s was stopped.", pk)


def _claim(pk: int) -> bool:
    queued = TrainedModel.objects.queued().filter(pk=pk)
    return bool(queued.update(claimed_at=Now(), lease_expires_at=training_lease()))


def _run_claimed(record: TrainedModel) -> None:
    try:
        model = unfitted(record.algorithm, record.parameters)
    except TrainingFailed as error:
        _fail(record, str(error))
        raise
    _write(record, parameters=model.parameters.named())
    _attempt(record, model, unwatched)


def _attempt(record: TrainedModel, model: "Model", progress: Steps) -> None:
    try:
        with _beating(record.pk):
            _train(record, model, _reporting(record, progress))
    except BaseException as error:
        _fail(record, STOPPED if isinstance(error, Stopped) else traceback.format_exc())
        storing.delete_unless_named(record.checksum)
        if isinstance(error, TOO_MUCH_ASKED):
            raise TrainingFailed(str(error) or "There is not enough memory.") from error
        raise


def _train(record: TrainedModel, model: "Model", progress: Steps) -> None:
    fitted = fit(model, progress)
    record.checksum = _store(record, fitted)
    verdict = None
    if record.activation == Activation.UNLESS_WORSE:
        verdict = comparing.judge(fitted, progress)
    _register(record, fitted, verdict)


def _store(record: TrainedModel, fitted: Fitted) -> str:
    """Store the artifact, once the row names it: what no row names may be deleted at any time."""
    with tempfile.TemporaryDirectory() as folder:
        record.checksum = fitted.model.save(Path(folder), fitted.metrics)
        _write(record, checksum=record.checksum, step="Storing", progress=0)
        storing.store(Path(folder), record.checksum)
    return record.checksum


@transaction.atomic
def _register(record: TrainedModel, fitted: Fitted, verdict: "Verdict | None") -> None:
    """Make the model ready, and put it to work if it is to be, in one step."""
    _write(
        record,
        state=TrainedModel.State.READY,
        fit_seconds=fitted.seconds,
        metrics=fitted.metrics | (verdict.as_metrics() if verdict else {}),
        ratings_used=len(fitted.ratings),
        film_ids=fitted.model.film_ids.astype(np.int32).tobytes(),
        taste_groups=taste_groups(fitted.model),
        stars_given=_stars_given(fitted.ratings),
        step="",
        progress=1,
    )
    rows = _neighbours(record, fitted)
    while batch := list(islice(rows, WRITTEN_AT_ONCE)):
        Neighbours.objects.bulk_create(batch)
    if record.activation == Activation.ALWAYS or (verdict and verdict.stands()):
        record.activate()


def _stars_given(ratings: "Ratings") -> list[int]:
    """How many ratings gave each of 0.5 to 5."""
    halves = np.rint(2 * ratings.stars).astype(int)
    return [int(count) for count in np.bincount(halves, minlength=11)[1:]]


def _neighbours(record: TrainedModel, fitted: Fitted) -> Iterator[Neighbours]:
    model = fitted.model
    for film, film_id in enumerate(model.film_ids.tolist()):
        similar = [int(model.film_ids[other]) for other, _ in model.similar(film, SIMILAR)]
        liked = model.film_ids[fitted.also_liked[film]].tolist()
        if similar or liked:
            yield Neighbours(model=record, movie_id=film_id, films=similar, also_liked=liked)


# The row, while the training runs.


def _write(record: TrainedModel, **changes: Any) -> None:
    """Change the row and extend its lease; raises TrainingLost if it is not training any more."""
    running = TrainedModel.objects.running().filter(pk=record.pk)
    if not running.update(**{"lease_expires_at": training_lease()} | changes):
        raise TrainingLost(f"{record} was deleted or given up while it was trained.")


def _fail(record: TrainedModel, error: str) -> None:
    if not connection.is_usable():
        connection.close()  # so that the next statement opens another
    TrainedModel.objects.running().filter(pk=record.pk).update(
        state=TrainedModel.State.FAILED, error=error, checksum=""
    )


def _reporting(record: TrainedModel, progress: Steps) -> Steps:
    """Steps that are also written to the row: each at its begin, then once a second at most."""
    step, written_at = "", 0.0

    def report(now: str, done: int, total: int) -> None:
        nonlocal step, written_at
        progress(now, done, total)
        if now != step or time.monotonic() - written_at >= SECONDS_BETWEEN_REPORTS:
            step, written_at = now, time.monotonic()
            _write(record, step=now, progress=done / total if total else 0)

    return report


@contextmanager
def _beating(pk: int) -> Iterator[None]:
    """Extend the lease from a thread of its own, also while a library is silent for long."""
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(pk, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(pk: int, done: threading.Event) -> None:
    try:
        while not done.wait(settings.TRAINING_LEASE / 4):
            try:
                TrainedModel.objects.running().filter(pk=pk).update(
                    lease_expires_at=training_lease()
                )
            except (OperationalError, InterfaceError):
                connection.close()  # so that the next beat opens another
    finally:
        connection.close()
