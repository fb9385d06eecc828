"""After films were imported: what exports said of films that were not there then."""

from django.db import transaction

from recommendations.importers.exports.keeping import entry_of, keep, said_by_hand
from recommendations.importers.exports.matching import Films, match
from recommendations.importers.exports.reading import Placed
from recommendations.importers.exports.report import ExportReport
from recommendations.importers.exports.storing import store
from recommendations.models import UnmatchedEntry, Viewer


def rematch_all() -> int:
    """Match again all that waits for a film; returns how many entries found one."""
    if not UnmatchedEntry.objects.waiting().exists():
        return 0
    films = Films.of_catalogue()
    waiting = UnmatchedEntry.objects.waiting().values_list("viewer", flat=True)
    viewers = Viewer.objects.filter(pk__in=waiting).order_by("pk")
    return sum(rematch(viewer, films) for viewer in viewers)


@transaction.atomic
def rematch(viewer: Viewer, films: Films) -> int:
    viewer.lock()
    rows = list(viewer.unmatched.waiting().order_by("pk"))
    placed = [Placed("", 0, entry_of(row)) for row in rows]
    matching = match(placed, films, said_by_hand(viewer))
    store(viewer, {film: each.entry for film, each in matching.films.items()}, ExportReport())
    keep(viewer, matching, None)
    return len(matching.films) + len(matching.repeated)
