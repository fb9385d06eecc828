"""Give a viewer the stars and marks of an export, with a few statements however many they are."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time

from django.db import transaction
from django.utils import timezone

from recommendations.importers.exports.formats import Entry, Kind
from recommendations.importers.exports.report import ExportReport
from recommendations.importers.staging import batches
from recommendations.models import Mark, Movie, Rating, Viewer
from recommendations.models.marks import TAKEN_BACK_BY

BATCH = 2000

#: What an export says of films of the catalogue.
Given = Mapping[int, Entry]
Moves = dict[tuple[int, float], list[int]]


@transaction.atomic
def store(viewer: Viewer, given: Given, report: ExportReport) -> None:
    """Add and replace ratings, and mark what was seen or is wanted."""
    viewer.lock()
    store_ratings(viewer, of_kind(given, Kind.RATING), report)
    store_marks(viewer, given, report)


def of_kind(given: Given, kind: Kind) -> dict[int, Entry]:
    return {film: entry for film, entry in given.items() if entry.kind == kind}


def store_ratings(viewer: Viewer, given: Given, report: ExportReport) -> None:
    """Rate by the film; the taste version moves once, if any rating did."""
    rated = {
        film: (stars, rated_at)
        for film, stars, rated_at in viewer.ratings.values_list("movie_id", "stars", "rated_at")
    }
    changes: dict[int, Entry] = {}
    moves: Moves = defaultdict(list)
    for film, entry in given.items():
        assert entry.stars is not None
        stars, rated_at = rated.get(film, (None, None))
        if stars is None or rated_at is None:
            report.added += 1
            moves[1, entry.stars].append(film)
        elif stars == entry.stars:
            report.unchanged += 1
            continue
        elif replaces(entry, rated_at):
            report.replaced += 1
            moves[0, entry.stars - stars].append(film)
        else:
            report.kept += 1
            continue
        changes[film] = entry
    if changes:
        lock_films(changes)
        write(viewer, changes)
        move_counts(viewer, moves)
        unmark(viewer, changes, Mark.Kind)  # stars say more than any mark
        viewer.taste_changed()


def replaces(entry: Entry, rated_at: datetime) -> bool:
    """Whether this is not older than a rating of that time; what has no date is."""
    return entry.day is not None and entry.day >= timezone.localdate(rated_at)


def time_of(day: date | None) -> datetime:
    return timezone.make_aware(datetime.combine(day, time())) if day else timezone.now()


def store_marks(viewer: Viewer, given: Given, report: ExportReport) -> None:
    """Mark films as seen unless rated, and as wanted unless rated or seen."""
    known = set(viewer.ratings.values_list("movie_id", flat=True)) | marked(viewer, Kind.SEEN)
    seen = of_kind(given, Kind.SEEN)
    newly_seen = mark(viewer, Mark.Kind.SEEN, seen, known)
    unmark(viewer, newly_seen, TAKEN_BACK_BY[Mark.Kind.SEEN])
    wanted = of_kind(given, Kind.WATCHLIST)
    known |= marked(viewer, Kind.WATCHLIST) | set(newly_seen)
    newly_wanted = mark(viewer, Mark.Kind.WATCHLIST, wanted, known)
    report.seen += len(newly_seen)
    report.watchlist += len(newly_wanted)
    report.marked_before += len(seen) + len(wanted) - len(newly_seen) - len(newly_wanted)


def marked(viewer: Viewer, kind: Kind) -> set[int]:
    return set(viewer.marks.filter(kind=kind.value).values_list("movie_id", flat=True))


def mark(viewer: Viewer, kind: Mark.Kind, given: Given, known: Collection[int]) -> list[int]:
    """Mark the films that are not known; returns those."""
    films = [film for film in given if film not in known]
    Mark.objects.bulk_create(
        [
            Mark(viewer=viewer, movie_id=film, kind=kind, marked_at=time_of(given[film].day))
            for film in films
        ],
        batch_size=BATCH,
    )
    return films


def unmark(viewer: Viewer, films: Iterable[int], kinds: Iterable[Mark.Kind]) -> None:
    for batch in batches(films, BATCH):
        viewer.marks.filter(kind__in=kinds, movie__in=batch).delete()


def lock_films(changes: Iterable[int]) -> None:
    """Lock them in one order, so that of two imports neither waits for the other for ever."""
    for batch in batches(sorted(changes), BATCH):
        films = Movie.objects.filter(pk__in=batch).order_by("pk")
        list(films.select_for_update(no_key=True).values_list("pk"))


def write(viewer: Viewer, changes: Given) -> None:
    Rating.objects.bulk_create(
        [
            Rating(viewer=viewer, movie_id=film, stars=stars, rated_at=time_of(entry.day))
            for film, entry in changes.items()
            if (stars := entry.stars) is not None
        ],
        update_conflicts=True,
        unique_fields=["viewer", "movie"],
        update_fields=["stars", "rated_at"],
        batch_size=BATCH,
    )


def move_counts(viewer: Viewer, moves: Moves) -> None:
    for (ratings, stars), films in moves.items():
        for batch in batches(films, BATCH):
            viewer.count(batch, ratings, stars)
