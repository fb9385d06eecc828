"""What the pages of imports are given: how far one is, and what has no film yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import Case, Prefetch, When
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.utils import timezone

from recommendations.models import Credit, Movie, RatingsImport, UnmatchedEntry
from recommendations.models.prediction import SILENCE
from recommendations.pipeline.states import PATIENCE
from recommendations.views.polling import IDLE_RHYTHM, RHYTHM, Poll

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recommendations.models.ratings_import import UnmatchedEntryQuerySet

Status = RatingsImport.Status

#: Entries that a report shows of each kind; the page of all of them has the others.
SHOWN = 20
ON_A_PAGE = 50

DIRECTOR = Credit.Role.DIRECTOR

#: What is said of the counts of a report.
OUTCOMES = {
    "added": "Ratings added",
    "replaced": "Ratings that replaced older ones",
    "unchanged": "Ratings that were here already",
    "kept": "Left as it is here, where you rated later",
    "seen": "Marked as seen",
    "watchlist": "Put on your watchlist",
    "marked_before": "Seen, rated or on the watchlist already",
    "repeated": "Further rows on the same films",
    "ambiguous": "Could be several films",
    "not_found": "Not in this catalogue",
    "left_out": "Left out, as they have no stars",
    "invalid": "Could not be read",
}


@dataclass(frozen=True)
class OpenEntry:
    """An entry without a film, with the films that it could mean."""

    entry: UnmatchedEntry
    candidates: list[tuple[Movie, str]]

    @property
    def films(self) -> list[Movie]:
        return [movie for movie, _ in self.candidates]


@dataclass(frozen=True)
class Unmatched:
    """Some of the entries without a film, and how many there are."""

    entries: list[OpenEntry]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.entries)


@dataclass(frozen=True)
class ImportView:
    """One import in its present state."""

    row: RatingsImport
    now: datetime
    since: datetime
    ambiguous: Unmatched | None = None
    not_found: Unmatched | None = None

    @property
    def state(self) -> str:
        if not self.row.is_in_flight:
            return str(self.row.status)
        if self.now - self.since > PATIENCE:
            return "timed_out"
        waited = self.now - self.row.requested_at
        if self.row.status == Status.QUEUED and not self.row.attempt and waited > SILENCE:
            return "no_worker"
        if self.row.status == Status.RUNNING and self.row.progress == 1:
            return "storing"
        return str(self.row.status)

    @property
    def poll(self) -> Poll | None:
        if not self.row.is_in_flight or self.state == "timed_out":
            return None
        delay, every = self.rhythm
        seen = f"{self.state}-{self.percent}-{every}"
        path = reverse("fragment-import", args=[self.row.pk])
        return Poll(path, int(self.since.timestamp()), seen, delay, every)

    @property
    def rhythm(self) -> tuple[int, int]:
        if self.state == "no_worker":
            return IDLE_RHYTHM
        age = self.now - self.row.requested_at
        return next((delay, every) for limit, delay, every in RHYTHM if age < limit)

    @property
    def percent(self) -> int:
        return round(100 * self.row.progress)

    @property
    def tally(self) -> list[tuple[str, int]]:
        """What became of the rows; all of these together are the rows read."""
        report = self.row.report | {"invalid": self.row.report["invalid"]["count"]}
        return [(told, report[outcome]) for outcome, told in OUTCOMES.items() if report[outcome]]


def import_view(row: RatingsImport, since: datetime | None = None) -> ImportView:
    now = timezone.now()
    view = ImportView(row, now, since or now)
    if row.status != Status.SUCCEEDED:
        return view
    entries = UnmatchedEntry.objects.filter(brought_by=row)
    return ImportView(row, now, view.since, first(entries.ambiguous()), first(entries.not_found()))


def first(entries: "UnmatchedEntryQuerySet") -> Unmatched:
    return Unmatched(opened(entries[:SHOWN]), entries.count())


def opened(entries: "Iterable[UnmatchedEntry]") -> list[OpenEntry]:
    """The entries with their candidates, which are read together."""
    entries = list(entries)
    ids = {film for entry in entries for film in entry.candidates}
    credits_ = Prefetch("credits", Credit.objects.select_related("person"))
    films = Movie.objects.prefetch_related("genres", credits_).in_bulk(ids)
    told = {film: (movie, facts(movie)) for film, movie in films.items()}
    return [
        OpenEntry(entry, [told[film] for film in entry.candidates if film in told])
        for entry in entries
    ]


def facts(movie: Movie) -> str:
    """What tells a film from another of its name and year."""
    directors = [each.person.name for each in movie.credits.all() if each.role == DIRECTOR]
    genres = [genre.name for genre in movie.genres.all()]
    rated = f"{movie.rating_count:,} rating{pluralize(movie.rating_count)}"
    return " · ".join(filter(None, [", ".join(directors), ", ".join(genres), rated]))


def page_of(entries: "UnmatchedEntryQuerySet", number: str | None) -> "Page[OpenEntry]":
    """One page of the entries without a film, those to be chosen by hand first."""
    nothing_to_choose = Case(When(candidates=[], then=1), default=0)
    ordered = entries.waiting().order_by(nothing_to_choose, "title", "year", "pk")
    page: Page[Any] = Paginator(ordered, ON_A_PAGE).get_page(number)
    page.object_list = opened(page.object_list)
    return page
