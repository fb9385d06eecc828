"""Which film an entry means, when the viewer says so."""

from django.db import transaction

from recommendations.importers.exports.keeping import entry_of
from recommendations.importers.exports.report import ExportReport
from recommendations.importers.exports.storing import store
from recommendations.models import Movie, UnmatchedEntry
from recommendations.models.ratings_import import UnmatchedEntryQuerySet


@transaction.atomic
def choose(entry: UnmatchedEntry, movie: Movie) -> bool:
    """Store what the entry says for `movie`, and know it for the next import.

    False if what the viewer said of that film here counts more.
    """
    entry.viewer.lock()
    report = ExportReport()
    store(entry.viewer, {movie.pk: entry_of(entry)}, report)
    same_as(entry).update(movie=movie)
    return not (report.kept or report.marked_before)


def reject(entry: UnmatchedEntry) -> None:
    """None of the candidates is meant: they are not offered again."""
    rejected = sorted({*entry.rejected, *entry.candidates})
    same_as(entry).update(rejected=rejected, candidates=[])


def forget(entry: UnmatchedEntry) -> None:
    same_as(entry).delete()


def same_as(entry: UnmatchedEntry) -> UnmatchedEntryQuerySet:
    """The row, if it is still there: an import that ends meanwhile may have matched it."""
    return UnmatchedEntry.objects.filter(pk=entry.pk)
