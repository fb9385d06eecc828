"""From the file to the viewer's ratings."""

from pathlib import Path

from recommendations.importers.exports.matching import match
from recommendations.importers.exports.reading import read_export
from recommendations.importers.exports.report import ExportReport
from recommendations.importers.exports.storing import Given, store
from recommendations.models import Viewer


def import_ratings(path: Path, viewer: Viewer) -> ExportReport:
    """Give `viewer` the ratings of an export. Raises ImportFailed if the file is none."""
    report = ExportReport()
    placed = read_export(path, report.invalid)
    with_stars = [each for each in placed if each.entry.stars is not None]
    report.without_stars = len(placed) - len(with_stars)
    given = {
        film: Given(entry.stars, entry.day)
        for film, (_, _, entry) in match(with_stars, report).items()
        if entry.stars is not None
    }
    store(viewer, given, report)
    return report
