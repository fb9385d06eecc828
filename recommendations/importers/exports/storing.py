"""Give a viewer the stars of an export, with a few statements however many they are."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from recommendations.importers.exports.report import ExportReport
from recommendations.importers.staging import batches
from recommendations.models import Movie, Rating, Viewer

BATCH = 2000


class Given(NamedTuple):
    stars: float
    day: date | None

    def replaces(self, rated_at: datetime) -> bool:
        """Whether this is not older than a rating of that time; what has no date is."""
        return self.day is not None and self.day >= timezone.localdate(rated_at)

    @property
    def rated_at(self) -> datetime:
        if self.day is None:
            return timezone.now()
        return timezone.make_aware(datetime.combine(self.day, time()))


Moves = dict[tuple[int, float], list[int]]


@transaction.atomic
def store(viewer: Viewer, given: Mapping[int, Given], report: ExportReport) -> None:
    """Add and replace ratings by the film; the taste version moves once, if any did."""
    viewer.lock()
    rated = {
        film: (stars, rated_at)
        for film, stars, rated_at in viewer.ratings.values_list("movie_id", "stars", "rated_at")
    }
    changes: dict[int, Given] = {}
    moves: Moves = defaultdict(list)
    for film, each in given.items():
        stars, rated_at = rated.get(film, (None, None))
        if stars is None or rated_at is None:
            report.added += 1
            moves[1, each.stars].append(film)
        elif stars == each.stars:
            report.unchanged += 1
            continue
        elif each.replaces(rated_at):
            report.replaced += 1
            moves[0, each.stars - stars].append(film)
        else:
            report.kept += 1
            continue
        changes[film] = each
    if changes:
        lock_films(changes)
        write(viewer, changes)
        move_counts(viewer, moves)
        viewer.taste_changed()


def lock_films(changes: Iterable[int]) -> None:
    """Lock them in one order, so that of two imports neither waits for the other for ever."""
    for batch in batches(sorted(changes), BATCH):
        films = Movie.objects.filter(pk__in=batch).order_by("pk")
        list(films.select_for_update(no_key=True).values_list("pk"))


def write(viewer: Viewer, changes: Mapping[int, Given]) -> None:
    Rating.objects.bulk_create(
        [
            Rating(viewer=viewer, movie_id=film, stars=each.stars, rated_at=each.rated_at)
            for film, each in changes.items()
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
