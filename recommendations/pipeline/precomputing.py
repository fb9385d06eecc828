"""Computing home pages ahead, for viewers who were here lately: with what nobody waits for."""

import logging
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from recommendations.models import Mark, Prediction, Rating, Viewer
from recommendations.models.prediction import HOME
from recommendations.models.workers import BATCH
from recommendations.pipeline.requests import WAKE_PERIOD, active_model_id

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable

logger = logging.getLogger(__name__)

#: So many are asked for in one transaction, which locks SQLite for less than a page's patience.
CHUNK = 50

#: Never more than so many wait in the queue, unless somebody says otherwise.
BACKLOG = 200

#: Who was here within this span is computed for.
LATELY = timedelta(days=7)

LOOK_SECONDS = 0.25

Status = Prediction.Status


class NoModel(Exception):
    """No model is at work, so that there is nothing to compute with."""


def viewers(active_since: timedelta, *, imported: bool = False) -> QuerySet[Viewer]:
    """Those with something to go by who were here within the span.

    Imported viewers never come; when they are wanted, it is all of them.
    """
    chosen = Mark.objects.chosen().filter(viewer=OuterRef("pk"))
    known = Exists(Rating.objects.filter(viewer=OuterRef("pk"))) | Exists(chosen)
    is_imported = Q(kind=Viewer.Kind.IMPORTED)
    seen = Q(last_active_at__gte=timezone.now() - active_since) & ~is_imported
    return Viewer.objects.filter(known, seen | is_imported if imported else seen)


def stale(among: QuerySet[Viewer], model_id: int) -> QuerySet[Viewer]:
    """Those whose home page wants a run: what `Standing.wants_run` says of one, in one query."""
    runs = Prediction.objects.filter(viewer=OuterRef("pk"), key=HOME)
    current = Prediction.objects.filter(model=model_id, taste_version=OuterRef("taste_version"))
    before: Combinable = Coalesce(OuterRef("good"), 0)
    cooled_down = Now() - timedelta(seconds=settings.PREDICTION_COOL_DOWN)
    cooling = current.filter(pk=OuterRef("failed"), pk__gt=before, finished_at__gt=cooled_down)
    return among.alias(
        good=_newest(runs, Status.SUCCEEDED), failed=_newest(runs, Status.FAILED)
    ).filter(
        ~Exists(runs.in_flight()), ~Exists(current.filter(pk=OuterRef("good"))), ~Exists(cooling)
    )


def _newest(runs: QuerySet[Prediction], status: Status) -> Subquery:
    return Subquery(runs.filter(status=status).order_by("-pk").values("pk")[:1])


def ask(among: Sequence[int]) -> list[int]:
    """Queue a home run for each of these viewers that is stale: rows and tasks, or neither.

    A viewer whose row somebody holds right now is left out: they are here, and their page asks.
    """
    model_id = active_model_id()
    if model_id is None:
        raise NoModel
    with transaction.atomic():
        wanting = stale(Viewer.objects.filter(pk__in=among), model_id).order_by("pk")
        free = wanting.select_for_update(of=("self",), no_key=True, skip_locked=True)
        rows = [
            Prediction(
                viewer=viewer,
                key=HOME,
                model_id=model_id,
                taste_version=viewer.taste_version,
                queue=BATCH,
                wake_at=Now() + WAKE_PERIOD,
            )
            for viewer in free
        ]
        # A page may ask between the look and here; its run is as good as ours.
        Prediction.objects.bulk_create(rows, ignore_conflicts=True)
        return _wake({row.viewer_id for row in rows})


def _wake(among: set[int]) -> list[int]:
    """Enqueue the tasks of the rows that this transaction wrote, which have none yet."""
    queued = Prediction.objects.filter(viewer__in=among, key=HOME, status=Status.QUEUED)
    ours = list(queued.filter(task_id="", queue=BATCH).only("pk", "task_id"))
    basket = Basket()
    for row in ours:
        row.task_id = async_task(
            "recommendations.tasks.run_prediction", row.pk, cluster=BATCH, broker=basket
        )
    OrmQ.objects.bulk_create(basket.tasks)
    Prediction.objects.bulk_update(ours, ["task_id"])
    return [row.pk for row in ours]


@dataclass
class Basket:
    """Takes tasks as a broker does, for one statement that writes them all."""

    list_key: str = BATCH
    tasks: list[OrmQ] = field(default_factory=list)

    def enqueue(self, task: str) -> int:
        self.tasks.append(OrmQ(key=self.list_key, payload=task, lock=Now()))
        return len(self.tasks)


@dataclass
class Pace:
    """How fast to ask: with never more than `backlog` waiting, and `rate` a minute at most."""

    backlog: int = BACKLOG
    rate: float | None = None
    next_at: float = float("-inf")

    def room(self) -> int:
        """How many may be asked for now."""
        waiting = Prediction.objects.filter(queue=BATCH, status=Status.QUEUED).count()
        free = min(CHUNK, self.backlog - waiting)
        if self.rate is not None:
            due = time.monotonic() >= self.next_at
            free = min(free, math.ceil(self.rate / 60)) if due else 0
        return max(free, 0)

    def spend(self, asked: int) -> None:
        if self.rate is not None:
            self.next_at = max(self.next_at, time.monotonic()) + asked * 60 / self.rate


def ask_for_all(among: Sequence[int], pace: Pace) -> Iterator[tuple[int, list[int]]]:
    """Ask for these viewers' home pages, in chunks, at that pace.

    Yields how many viewers it is done with and which predictions it asked for; none, while it
    waits. Another call may go on where this one ended: who is fresh or in flight is skipped.
    """
    done = 0
    while done < len(among):
        chunk = among[done : done + pace.room()]
        asked = ask(chunk) if chunk else []
        pace.spend(len(asked))
        done += len(chunk)
        yield done, asked
        if not chunk:
            time.sleep(LOOK_SECONDS)


def wait_for(predictions: Sequence[int]) -> Iterator[int]:
    """Yields how many of these have ended, until all have."""
    wanted = set(predictions)
    ended = -1
    while ended < len(wanted):
        if ended >= 0:
            time.sleep(LOOK_SECONDS)
        oldest = min(wanted, default=0)
        running = Prediction.objects.in_flight().filter(pk__gte=oldest, key=HOME)
        ended = len(wanted - set(running.values_list("pk", flat=True)))
        yield ended


def failures(predictions: Sequence[int]) -> int:
    failed = Prediction.objects.filter(status=Status.FAILED, pk__gte=min(predictions, default=0))
    return len(set(predictions) & set(failed.values_list("pk", flat=True)))


def go_on(after: int = 0) -> int:
    """Ask for the next chunk of those who were here lately, and behind it for this again.

    That is how a task does it, which must not wait: it would keep the worker from the work.
    """
    model_id = active_model_id()
    if model_id is None:
        return 0
    wanting = stale(viewers(LATELY), model_id).filter(pk__gt=after).order_by("pk")
    chunk = list(wanting.values_list("pk", flat=True)[:CHUNK])
    if not chunk:
        return 0
    with transaction.atomic():
        asked = ask(chunk)
        async_task("recommendations.tasks.precompute", chunk[-1], cluster=BATCH)
    logger.info("%s home pages are computed ahead.", len(asked))
    return len(asked)
