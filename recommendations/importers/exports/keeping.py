"""What of an export has found no film is kept for the viewer, once for each film."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from recommendations.importers.exports.formats import Entry, Kind
from recommendations.importers.exports.matching import Matching, Said, SaidByHand
from recommendations.importers.staging import batches
from recommendations.models import RatingsImport, UnmatchedEntry, Viewer

BATCH = 500

#: So many films that could be meant are offered.
OFFERED = 20


def said_by_hand(viewer: Viewer) -> SaidByHand:
    told = viewer.unmatched.exclude(movie=None, rejected=[])
    rows = told.values_list("identity", "movie", "rejected")
    return {identity: Said(film, frozenset(rejected)) for identity, film, rejected in rows}


def entry_of(row: UnmatchedEntry) -> Entry:
    return Entry(
        title=row.title,
        other_title=row.other_title,
        year=row.year,
        imdb_id=row.imdb_id,
        movielens_id=row.movielens_id,
        stars=row.stars,
        day=row.day,
        is_film=row.is_film,
        kind=Kind(row.kind),
    )


class Kept(NamedTuple):
    """What a row says that another import may change."""

    kind: str
    stars: float | None
    day: date | None
    candidates: list[int]

    def added_to(self, entry: Entry) -> Entry:
        """Of what this and the entry say, the heavier."""
        before = entry._replace(kind=Kind(self.kind), stars=self.stars, day=self.day)
        return max(entry, before, key=lambda each: each.weight)

    def is_the_same(self, entry: Entry, candidates: list[int]) -> bool:
        said = (entry.kind, entry.stars, entry.day, candidates)
        return said == (self.kind, self.stars, self.day, self.candidates)


def keep(viewer: Viewer, matching: Matching, brought_by: RatingsImport | None) -> None:
    """Write down what was not matched; what was kept before and is matched now goes.

    The caller has locked the viewer.
    """
    rows = viewer.unmatched.order_by().values_list("identity", *Kept._fields)
    before = {identity: Kept(*said) for identity, *said in rows}
    matched = [each.entry.identity for each in [*matching.films.values(), *matching.repeated]]
    forget_matched(viewer, [identity for identity in matched if identity in before])
    left_over = {
        each.entry.identity: (each.entry, sorted(films)[:OFFERED])
        for each, films in [*matching.ambiguous, *((each, ()) for each in matching.not_found)]
    }
    write(
        row
        for identity, (entry, candidates) in left_over.items()
        if (row := news_of(viewer, entry, candidates, before.get(identity)))
    )
    if brought_by:
        note_import(viewer, left_over, brought_by)


def news_of(
    viewer: Viewer, entry: Entry, candidates: list[int], before: Kept | None
) -> UnmatchedEntry | None:
    if before:
        entry = before.added_to(entry)
        if before.is_the_same(entry, candidates):
            return None
    fields = {name: getattr(entry, name) for name in Entry._fields}
    return UnmatchedEntry(viewer=viewer, identity=entry.identity, candidates=candidates, **fields)


def note_import(viewer: Viewer, identities: Iterable[str], brought_by: RatingsImport) -> None:
    for batch in batches(identities, BATCH):
        viewer.unmatched.filter(identity__in=batch).update(brought_by=brought_by)


def write(rows: Iterable[UnmatchedEntry]) -> None:
    UnmatchedEntry.objects.bulk_create(
        list(rows),
        update_conflicts=True,
        unique_fields=["viewer", "identity"],
        update_fields=["kind", "stars", "day", "candidates"],
        batch_size=BATCH,
    )


def forget_matched(viewer: Viewer, identities: list[str]) -> None:
    """A film chosen by hand stays known for the next time."""
    for batch in batches(identities, BATCH):
        viewer.unmatched.waiting().filter(identity__in=batch).delete()
