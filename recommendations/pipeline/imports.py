"""A file of ratings that a viewer brought: asking for it to be read, reading it, healing."""

import logging
import traceback
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import (
    Error,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.db.models.functions import Now
from django.utils import timezone
from django_q.tasks import async_task

from recommendations.importers.exports.importing import Reading, read
from recommendations.importers.exports.reading import Contents, ExportFile
from recommendations.importers.report import ImportFailed
from recommendations.models import RatingsImport, Viewer
from recommendations.models.clocks import LONGEST_WAKE_PERIOD
from recommendations.models.prediction import HOME
from recommendations.models.ratings_import import RatingsImportQuerySet, import_lease
from recommendations.pipeline import requests

logger = logging.getLogger(__name__)

Status = RatingsImport.Status

#: Workers are woken again for an import that is still queued after so long, and then each time
#: that it has waited twice as long.
WAKE_PERIOD = timedelta(seconds=60)

#: An import whose worker was lost so many times is given up.
ATTEMPTS = 3

LOST = f"The worker was lost {ATTEMPTS} times in the middle of this import."
OUR_FAULT = "Something went wrong on our side, and nothing was stored. You can try it again."


class ClaimLost(Exception):
    """The import is not this worker's any more: its lease was reaped, or it was deleted."""


class Claim(NamedTuple):
    """What a worker holds while an import is its own: all later writes name it."""

    import_id: int
    attempt: int


def ask(viewer: Viewer, export: ExportFile) -> RatingsImport | None:
    """Queue one import and one task that wakes a worker for it: both or neither.

    None means that another of this viewer's is in flight.
    """
    try:
        with transaction.atomic():
            row = RatingsImport.objects.create(
                viewer=viewer,
                file_name=export.name,
                content=export.content,
                contents=export.contents,
                wake_at=Now() + WAKE_PERIOD,
            )
            _wake(row.pk)
    except IntegrityError:
        return None
    return row


def _wake(pk: int) -> None:
    task_id = async_task("recommendations.tasks.import_ratings", pk)
    RatingsImport.objects.filter(pk=pk).update(task_id=task_id)


def run(import_id: int) -> None:
    """Read and store one import, if it is still waiting for that.

    A task that comes twice, late, or for a deleted row finds nothing to claim. All is stored in
    one transaction with the row's success, so that an attempt that is lost has changed nothing.
    """
    claim = take(import_id)
    if claim is None:
        return
    try:
        produce(claim)
    except ClaimLost:
        logger.warning("%s: not mine any more; its result is dropped.", claim)
    except (OperationalError, InterfaceError) as outage:
        let_go(claim, traceback.format_exc())
        logger.warning("%s is interrupted: %s", claim, outage)
        raise
    except ImportFailed as failure:
        fail(claim, str(failure))
    except BaseException as error:
        fail(claim, OUR_FAULT, traceback.format_exc())
        logger.error("%s failed: %s", claim, error)  # noqa: TRY400 (the row keeps the traceback)
        raise


def take(import_id: int) -> Claim | None:
    """Claim a queued import. The attempt counts now: a killed worker counts nothing later."""
    queued = RatingsImport.objects.filter(pk=import_id, status=Status.QUEUED)
    attempt = queued.values_list("attempt", flat=True).first()
    if attempt is None:
        return None
    claimed = queued.filter(attempt=attempt).update(
        status=Status.RUNNING, attempt=attempt + 1, lease_expires_at=import_lease()
    )
    # Nothing was updated: another worker got there first.
    return Claim(import_id, attempt + 1) if claimed else None


def produce(claim: Claim) -> None:
    row = RatingsImport.objects.held(*claim).select_related("viewer").first()
    if row is None:
        raise ClaimLost
    export = ExportFile(row.file_name, bytes(row.content), Contents(row.contents))

    def tell(share: float) -> None:
        write(claim, progress=share)

    reading = read(export, row.viewer, tell)
    write(claim, progress=1)
    store(claim, row, reading)


@transaction.atomic
def store(claim: Claim, row: RatingsImport, reading: Reading) -> None:
    reading.store(row)
    write(
        claim,
        status=Status.SUCCEEDED,
        content=b"",
        error="",
        report=reading.report.as_json(),
        finished_at=Now(),
        lease_expires_at=None,
    )
    if row.viewer.ratings.exists():
        requests.ensure(row.viewer, HOME)


def write(claim: Claim, **changes: Any) -> None:
    """Change the claimed row and extend its lease, or raise `ClaimLost`."""
    changes = {"lease_expires_at": import_lease()} | changes
    if RatingsImport.objects.held(*claim).update(**changes) != 1:
        raise ClaimLost


def let_go(claim: Claim, error: str) -> None:
    """Let the claim run out now: that the database went away is not the file's fault."""
    with suppress(Error):
        reconnect()
        RatingsImport.objects.held(*claim).update(error=error, lease_expires_at=Now())


def reconnect() -> None:
    if not connection.is_usable():
        connection.close()  # so that the next statement opens another


def fail(claim: Claim, message: str, error: str = "") -> None:
    reconnect()
    _end(RatingsImport.objects.held(*claim), message, error)


def _end(rows: RatingsImportQuerySet, message: str, error: str) -> int:
    return rows.update(
        status=Status.FAILED,
        message=message,
        error=error,
        content=b"",
        finished_at=Now(),
        lease_expires_at=None,
    )


def reap(rows: RatingsImportQuerySet | None = None) -> int:
    """Repeat or give up each import of `rows` whose lease ran out; wake for the forgotten ones.

    Returns how many rows were moved. Any number may reap at once: each row is moved once.
    """
    rows = RatingsImport.objects.all() if rows is None else rows
    lost = rows.lease_expired().values_list("pk", "attempt")
    moved = sum(_lease_lost(Claim(pk, attempt)) for pk, attempt in lost)
    return moved + sum(_wake_again(row) for row in rows.wake_due().defer("content"))


def wake_all() -> int:
    """Wake for all that is queued: what was to wake their workers is gone."""
    queued = RatingsImport.objects.filter(status=Status.QUEUED)
    queued.update(wake_at=Now() - timedelta(seconds=1))
    return reap(queued)


def _lease_lost(claim: Claim) -> bool:
    same = RatingsImport.objects.held(*claim).lease_expired()
    if claim.attempt >= ATTEMPTS:
        return bool(_end(same, OUR_FAULT, LOST))
    with transaction.atomic():
        queued = same.update(status=Status.QUEUED, progress=0, wake_at=Now() + WAKE_PERIOD)
        if queued:
            _wake(claim.import_id)
            logger.warning("%s lost its worker; queued again.", claim)
    return bool(queued)


def _wake_again(row: RatingsImport) -> bool:
    same = RatingsImport.objects.wake_due().filter(pk=row.pk, wake_at=row.wake_at)
    with transaction.atomic():
        waited = max(timezone.now() - row.requested_at, WAKE_PERIOD)
        due = same.update(wake_at=Now() + min(waited, LONGEST_WAKE_PERIOD))
        if due:
            _wake(row.pk)
    return bool(due)
