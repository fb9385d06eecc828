"""MovieLens in each of its layouts, all or nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from django.db import transaction

from recommendations.importers.download import download
from recommendations.importers.enriching import enrich
from recommendations.importers.exports.rematching import rematch_all
from recommendations.importers.films import FILMS
from recommendations.importers.layouts import Row, Table
from recommendations.importers.loading import (
    clear_away,
    delete_films_but,
    write_films,
    write_links,
)
from recommendations.importers.report import (
    BadRow,
    BadRows,
    ImportFailed,
    ImportReport,
    Progress,
    Step,
    silent,
)
from recommendations.importers.sources import Dataset, find_dataset, open_dataset
from recommendations.importers.staging import refresh_statistics, write_stars, write_tags
from recommendations.models import Catalogue, Movie
from recommendations.models.taste import recount

#: The share of a file's rows that may be bad.
TOLERATED = 0.01

#: Progress is told once in so many lines.
PACE = 5_000

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def import_movielens(
    source: str | Path, *, replace: bool = False, progress: Progress = silent
) -> ImportReport:
    """Import a folder, a zip, or a data set by name. Nothing is written if it fails."""
    started = monotonic()
    place, instead_because = find_dataset(str(source)), ""
    if isinstance(place, str):
        refuse_another(place, replace=replace)
        try:
            place = download(place, progress)
        except ImportFailed as failure:
            if source != "auto" or Catalogue.objects.exists():
                raise
            place, instead_because = FILMS, str(failure)
    dataset = open_dataset(place)
    with transaction.atomic():
        report = load(dataset, replace=replace, progress=progress)
    report.rematched = rematch_all()
    report.instead_because = instead_because
    report.seconds = monotonic() - started
    return report


def refuse_another(name: str, *, replace: bool) -> None:
    loaded = Catalogue.objects.first()
    if loaded and loaded.name != name and not replace:
        raise ImportFailed(
            f"This database holds {loaded}, and it can hold one data set: "
            f"add --replace to put {name} in its place."
        )


def load(dataset: Dataset, *, replace: bool, progress: Progress) -> ImportReport:
    reading = Reading(dataset, progress)
    report = ImportReport(dataset.name, simulated=dataset.simulated, bad_rows=reading.bad_rows)
    replacing = take_catalogue(dataset, replace=replace)
    if replacing:
        clear_away(progress)
    load_films(reading, report, replacing=replacing)
    load_ratings(reading, report)
    report.enriched = enrich()
    refresh_statistics()
    recount(Movie.objects.all())
    return report


def take_catalogue(dataset: Dataset, *, replace: bool) -> bool:
    """Write the data set's name and kind; return whether there is an old one to be replaced.

    This locks the catalogue: of two imports at once the second waits, and meets the first's.
    """
    _, created = Catalogue.objects.get_or_create(id=1, defaults={"name": dataset.name})
    catalogue = Catalogue.objects.select_for_update().get()
    refuse_another(dataset.name, replace=replace)
    catalogue.name, catalogue.simulated = dataset.name, dataset.simulated
    catalogue.save()
    return replace and not created


def load_films(reading: "Reading", report: ImportReport, *, replacing: bool) -> None:
    layout = reading.dataset.layout
    write_films(reading.rows(layout.films), reading.known, replacing=replacing)
    report.movies = len(reading.known)
    if not report.movies:
        raise ImportFailed(f"{layout.films.file} holds no films.")
    if replacing:
        delete_films_but(reading.known)
    if layout.links:
        write_links(reading.rows(layout.links))


def load_ratings(reading: "Reading", report: ImportReport) -> None:
    layout = reading.dataset.layout
    called = "Simulated viewer" if reading.dataset.simulated else "Viewer"
    rows = reading.rows(layout.ratings)
    report.ratings, report.viewers = write_stars(rows, called, reading.progress)
    if not report.ratings:
        raise ImportFailed(f"{layout.ratings.file} holds no ratings.")
    if layout.tags:
        report.tags = write_tags(reading.rows(layout.tags))


@dataclass
class Reading:
    """A data set being read: the films seen so far, and what was bad."""

    dataset: Dataset
    progress: Progress
    known: set[int] = field(default_factory=set)
    bad_rows: BadRows = field(default_factory=BadRows)

    def rows(self, table: Table[Row]) -> Iterator[Row]:
        """Stream the good rows; over 1 % bad ones end the import when the file ends."""
        read, bad_before = 0, self.bad_rows.count
        for number, line in self.numbered_lines(table):
            read += 1
            try:
                row = table.row(line, self.known)
            except BadRow as why:
                self.bad_rows.add(table.file, number, why)
            else:
                yield row
        bad = self.bad_rows.count - bad_before
        if bad > read * TOLERATED:
            raise ImportFailed(
                f"{bad:,} of {read:,} rows of {table.file} are bad, and at most "
                f"{TOLERATED:.0%} may be: nothing was written.",
                self.bad_rows,
            )

    def numbered_lines(self, table: Table[Row]) -> Iterator[tuple[int, bytes]]:
        """Stream the lines below the header that are not blank."""
        for number, line in enumerate(self.lines(table.file), 1):
            if number == 1 and table.header:
                if not table.is_headed_by(line.removeprefix(BYTE_ORDER_MARK)):
                    raise ImportFailed(f"{table.file}:1: the header must be {table.header}.")
            elif not line.isspace():
                yield number, line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line

    def lines(self, file: str) -> Iterator[bytes]:
        step = Step(f"reading {file}", self.dataset.sizes[file])
        done = 0
        self.progress(step, done)
        for number, line in enumerate(self.dataset.lines(file), 1):
            done += len(line)
            yield line
            if number % PACE == 0:
                self.progress(step, done)
        self.progress(step, step.total)
