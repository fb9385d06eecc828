"""What a worker does with a prediction: claim it, compute it, store it."""

import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ctypes import c_longlong
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from recommendations import shelves, training
from recommendations.logs import bound
from recommendations.models import Prediction, Scores, TrainedModel, Viewer
from recommendations.models.marks import evidence
from recommendations.models.prediction import HOME, TASTE, Claim, film_of, lease
from recommendations.models.workers import worker_name
from recommendations.pipeline import nearest
from recommendations.pipeline.commits import forgettable
from recommendations.pipeline.lowering import Lowering
from recommendations.pipeline.requests import active_model_id, request

if TYPE_CHECKING:
    from django.db.models.expressions import CombinedExpression
    from numpy.typing import NDArray

    from recommendations.engine.contract import History, Model

logger = logging.getLogger(__name__)

#: The share of a home run that goes into scoring the films.
SCORING = 0.8

#: What a run has made is stored no more often, in seconds: most runs are done by then.
STORED_EACH = 0.25

#: What this process has at work.
_at_work: Claim | None = None

#: The prediction that this process has taken, or 0, in memory that may outlive it.
_taken = c_longlong(0)


class ClaimLost(Exception):
    """The prediction is not this worker's any more: its lease was reaped, or it was deleted."""


class NoActiveModel(Exception):
    """There is nothing to predict with."""


class ModelDeleted(Exception):
    """The model was deleted in the middle of the run; another one is at work."""


def run(prediction_id: int) -> None:
    """Compute one prediction, if it is still waiting to be computed.

    1. Claim it by compare-and-swap. A task that comes twice, late, or for a deleted row finds
       nothing to claim.
    2. Compute and store; every write is fenced by the claim.
    3. A database or a model that goes away in the middle is no fault of the run's, which another
       attempt repeats.
    4. Any other exception is final, a timeout too: the row fails with its traceback, and the
       exception goes on to Django-Q2, which records it.
    """
    with noted(prediction_id):
        claim = take(prediction_id)
        if claim:
            with bound(attempt=claim.attempt):
                complete(claim)


def note_in(memory: c_longlong) -> None:
    """Let who shares this memory know what is taken, should this process die."""
    global _taken  # noqa: PLW0603 (a process is one worker)
    _taken = memory


@contextmanager
def noted(prediction_id: int) -> Iterator[None]:
    _taken.value = prediction_id
    try:
        yield
    finally:
        _taken.value = 0


def complete(claim: Claim) -> None:
    started = time.monotonic()
    try:
        with at_work(claim):
            produce(claim)
    except ClaimLost:
        logger.warning("%s: not mine any more; its result is dropped.", claim)
    except (OperationalError, InterfaceError, ModelDeleted) as interruption:
        let_go(claim, traceback.format_exc())
        logger.warning("%s is interrupted: %s", claim, interruption)
        raise
    except BaseException as error:
        fail(claim, traceback.format_exc())
        logger.error("%s failed: %s", claim, error)  # noqa: TRY400 (the row keeps the traceback)
        raise
    else:
        logger.info("%s succeeded in %.2f s.", claim, time.monotonic() - started)


def take(prediction_id: int) -> Claim | None:
    """Claim a queued prediction. The attempt counts now: a killed worker counts nothing later."""
    queued = Prediction.objects.filter(pk=prediction_id, status=Prediction.Status.QUEUED)
    attempt = queued.values_list("attempt", flat=True).first()
    if attempt is None:
        return None
    with forgettable():
        claimed = queued.filter(attempt=attempt).update(
            status=Prediction.Status.RUNNING,
            attempt=attempt + 1,
            claimed_at=Now(),
            claimed_by=worker_name(),
            lease_expires_at=lease(),
        )
    # Nothing was updated: another worker got there first.
    return Claim(prediction_id, attempt + 1) if claimed else None


@contextmanager
def at_work(claim: Claim) -> Iterator[None]:
    global _at_work  # noqa: PLW0603 (a process has one run at a time)
    _at_work = claim
    try:
        yield
    finally:
        _at_work = None


def keep() -> None:
    """Extend the lease of what this process has at work: a worker that beats is not lost.

    What hangs is not done a second time beside it, and ends at its timeout.
    """
    if claim := _at_work:
        held = Prediction.objects.held(claim)
        held.filter(lease_expires_at__lt=lease()).update(lease_expires_at=lease())


def write(claim: Claim, **changes: Any) -> None:
    """Change the claimed row and extend its lease, or raise `ClaimLost`."""
    changes = {"lease_expires_at": lease()} | changes
    with forgettable():
        if Prediction.objects.held(claim).update(**changes) != 1:
            raise ClaimLost


def let_go(claim: Claim, error: str) -> None:
    """Let the claim run out now; while the database is away, it does so by itself."""
    with suppress(Error):
        reconnect()
        Prediction.objects.held(claim).update(error=error, lease_expires_at=Now())


def reconnect() -> None:
    if not connection.is_usable():
        connection.close()  # so that the next statement opens another


def fail(claim: Claim, error: str) -> None:
    reconnect()
    Prediction.objects.held(claim).update(
        status=Prediction.Status.FAILED,
        error=error,
        finished_at=Now(),
        lease_expires_at=Now(),
    )


def succeed(claim: Claim, result: dict[str, Any]) -> None:
    """Store the result and end the run; ask for its successor at once if it is stale already.

    The viewer's row is locked first, as a rating does: whichever comes second sees the other.
    """
    with transaction.atomic():
        prediction = Prediction.objects.held(claim).defer("result").first()
        if prediction is None:
            raise ClaimLost
        viewer = Viewer.objects.select_for_update().filter(pk=prediction.viewer_id).first()
        if viewer is None:
            raise ClaimLost
        write(
            claim,
            status=Prediction.Status.SUCCEEDED,
            result=result,
            progress=1,
            error="",
            finished_at=Now(),
            lease_expires_at=Now(),
        )
        made_from = (prediction.model_id, prediction.taste_version)
        now = (active_model_id(), viewer.taste_version)
        if made_from != now and now[0] is not None and viewer.has_taste():
            request(viewer, prediction.key, now[0], prediction.queue)


@dataclass
class Run:
    """One claimed prediction with all that it is computed from."""

    claim: Claim
    key: str
    viewer: Viewer
    model_id: int
    model: "Model"
    history: "History"
    lowering: Lowering
    result: dict[str, Any] = field(default_factory=dict)
    stored_at: float = field(default_factory=time.monotonic)

    def report(self, progress: float) -> None:
        """Store how far it is with the parts that are made, unless that was done just now."""
        if time.monotonic() - self.stored_at >= STORED_EACH:
            write(self.claim, result=self.result, progress=progress)
            self.stored_at = time.monotonic()


def produce(claim: Claim) -> None:
    run = begin(claim)
    if run.key == HOME:
        fill_home(run)
    elif run.key == TASTE:
        find_nearest(run)
    else:
        explain_film(run)
    succeed(claim, run.result)


def begin(claim: Claim) -> Run:
    """Gather what the run needs, and record the model and the taste version it really has.

    The version is read before the taste: a rating that falls between makes the run stale.
    """
    prediction = Prediction.objects.held(claim).select_related("viewer").first()
    if prediction is None:
        raise ClaimLost
    viewer = prediction.viewer
    loaded = training.load_active()
    if loaded is None:
        raise NoActiveModel("There is no active model; train one with manage.py train.")
    write(claim, model_id=loaded.pk, taste_version=viewer.taste_version, result={}, progress=0)
    known = evidence(viewer)
    history = loaded.model.history(list(known), list(known.values()))
    lowering = Lowering.of(viewer, loaded.model)
    return Run(claim, prediction.key, viewer, loaded.pk, loaded.model, history, lowering)


def fill_home(run: Run) -> None:
    """Score all films once, then fill the shelves in page order."""
    scored = score_films(run)
    wanted = shelves.model_shelves()
    for done, shelf in enumerate(wanted, start=1):
        run.result[shelf.slug] = fill_shelf(shelf, scored)
        run.report(SCORING + (1 - SCORING) * done / len(wanted))


def score_films(run: Run) -> "shelves.Scored":
    scores = run.lowering.of_scores(score(run))
    stars = run.lowering.of_stars(run.model.predict_stars(run.history, user=run.viewer.pk)).stars
    with forgettable():
        write(run.claim, progress=SCORING)
        # Locked, as the scores name it.
        if (
            not TrainedModel.objects.select_for_update(no_key=True)
            .filter(pk=run.model_id)
            .exists()
        ):
            raise ModelDeleted(f"Model {run.model_id} was deleted.")
        found = Scores(
            viewer=run.viewer,
            model_id=run.model_id,
            taste_version=run.viewer.taste_version,
            fit=scores.astype(np.float16).tobytes(),
            stars=stars.astype(np.float16).tobytes(),
        )
        found.replace()
    return shelves.Scored.of(run.viewer, run.model, run.history, scores, stars)


def score(run: Run) -> "NDArray[np.floating]":
    """Score every film; a model that reports nothing gets its whole timeout."""
    if not run.model.reports_progress:
        write(run.claim, lease_expires_at=whole_timeout())
        return run.model.score(run.history, run.viewer.pk)

    def report(done: int, total: int) -> None:
        run.report(SCORING * done / total)

    return run.model.score(run.history, run.viewer.pk, report)


def whole_timeout() -> "CombinedExpression":
    """The lease of C code that may keep Python's lock: no beat extends it."""
    return Now() + timedelta(seconds=settings.PREDICTION_TIMEOUT)


def fill_shelf(shelf: shelves.ModelShelf, scored: shelves.Scored) -> dict[str, Any]:
    """Pick the shelf's films; those it shows are not free for the shelves below.

    A failure stays its own.
    """
    try:
        picked = shelf.fill(scored)
        stored = picked.as_json(scored)
    except Exception as error:
        logger.exception("The shelf %s could not be filled.", shelf.slug)
        return {"error": f"{type(error).__name__}: {error}"}
    scored.take(picked.films[: shelves.SHOWN])
    return stored


def explain_film(run: Run) -> None:
    """Say what one film would get from the viewer, how sure that is, and what carried it."""
    wanted = film_of(run.key)
    film = int(np.searchsorted(run.model.film_ids, wanted or 0))
    if film == len(run.model.film_ids) or run.model.film_ids[film] != wanted:
        run.result["film"] = {"unknown": True}
        return
    if not run.model.reports_progress:
        write(run.claim, lease_expires_at=whole_timeout())
    asked = np.array([film], np.int32)
    predicted = run.model.predict_stars(run.history, asked, run.viewer.pk)
    predicted = run.lowering.of_stars(predicted, asked)
    part = {
        "stars": round(float(predicted.stars[0]), 2),
        "low": round(float(predicted.low[0]), 2),
        "high": round(float(predicted.high[0]), 2),
    }
    run.result["film"] = part | explanation(run, film)


def find_nearest(run: Run) -> None:
    run.result["nearest"] = nearest.nearest(run.viewer)


def explanation(run: Run, film: int) -> dict[str, Any]:
    """What carried a film, and whether it is over half of what all that is known added.

    Stars are given for what was rated; a film that was chosen has none.
    """
    rated = dict(run.viewer.ratings.values_list("movie_id", "stars"))
    known = run.model.film_ids[run.history.films].tolist()
    asked = np.array([film], np.int32)
    [explained] = run.model.explain(run.history, asked, shelves.REASONS)
    named = shelves.reasons(explained)
    return {
        "because": [[known[place], rated.get(known[place])] for place, _ in named],
        "mostly": sum(weight for _, weight in named) > explained.total / 2,
        "ratings": sum(film in rated for film in known),
        "chosen": sum(film not in rated for film in known),
    }
