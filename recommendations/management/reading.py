"""The ratings that commands measure models on."""

from django.core.management.base import CommandError, OutputWrapper

from recommendations.engine.splits import RatingLog
from recommendations.evaluating import read_database, read_dataset
from recommendations.importers.report import BadRows, ImportFailed
from recommendations.management.progress import ProgressBar


def read_ratings(dataset: str | None, bar: ProgressBar, stderr: OutputWrapper) -> RatingLog:
    """Read the data set, or the database if there is none; rows that are skipped are shown.

    Raises CommandError.
    """
    if dataset is None:
        return read_database(bar.show)
    try:
        log, bad_rows = read_dataset(dataset, bar.show)
    except ImportFailed as failure:
        _show(failure.bad_rows, stderr)
        raise CommandError(str(failure)) from failure
    _show(bad_rows, stderr)
    return log


def _show(bad_rows: BadRows, stderr: OutputWrapper) -> None:
    for line in bad_rows.lines():
        stderr.write(line)
