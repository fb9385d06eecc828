"""From the file to the viewer's ratings and marks."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from recommendations.importers.exports.keeping import keep, said_by_hand
from recommendations.importers.exports.matching import Films, Matching, match, silent
from recommendations.importers.exports.reading import ExportFile, read_export
from recommendations.importers.exports.report import ExportReport
from recommendations.importers.exports.storing import store
from recommendations.models import RatingsImport, Viewer


@dataclass
class Reading:
    """What an export says, before anything of it is stored."""

    viewer: Viewer
    matching: Matching
    report: ExportReport

    @transaction.atomic
    def store(self, brought_by: RatingsImport | None = None) -> None:
        """Give the viewer what was matched, and keep the rest. Again it changes nothing."""
        self.viewer.lock()
        given = {film: each.entry for film, each in self.matching.films.items()}
        store(self.viewer, given, self.report)
        keep(self.viewer, self.matching, brought_by)


def read(
    export: ExportFile, viewer: Viewer, progress: Callable[[float], None] = silent
) -> Reading:
    """Find the films of an export. Raises ImportFailed if the file is none."""
    report = ExportReport()
    placed = read_export(export, report)
    films, said = Films.of_catalogue(), said_by_hand(viewer)
    matching = match(placed, films, said, progress)
    tell(report, matching, films)
    return Reading(viewer, matching, report)


def tell(report: ExportReport, matching: Matching, films: Films) -> None:
    report.repeated += len(matching.repeated)
    for placed, meant in matching.ambiguous:
        told = f"{placed.entry}: {films.described(meant)}"
        report.ambiguous.add(placed.file, placed.line, told)
    for placed in matching.not_found:
        report.not_found.add(placed.file, placed.line, placed.entry)


def import_ratings(export: ExportFile, viewer: Viewer) -> ExportReport:
    """Give `viewer` what an export says. Raises ImportFailed if the file is none."""
    reading = read(export, viewer)
    reading.store()
    return reading.report
