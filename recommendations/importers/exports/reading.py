"""An export as it was brought: one csv, or a zip with several; what is in it is streamed."""

import csv
import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import NamedTuple

from recommendations.importers.exports.formats import (
    FORMATS,
    Cells,
    Entry,
    Format,
    Kind,
    column,
    format_of,
)
from recommendations.importers.exports.report import ExportReport
from recommendations.importers.report import BadRow, ImportFailed
from recommendations.importers.sources import LONGEST_LINE, members_inside, readable
from recommendations.models import RatingsImport

Contents = RatingsImport.Contents

MEGABYTE = 1_000_000
LARGEST = 20 * MEGABYTE
MOST_ROWS = 100_000

WHAT_TO_DO = (
    "give the zip that Letterboxd exports or a csv out of it, "
    "or the csv of ratings that IMDb or MovieLens exports"
)


class Undecided(ImportFailed):
    """Neither the header nor the file's name tells what rows without stars say."""


class ExportFile(NamedTuple):
    """What somebody brought, and what they say of its rows without stars."""

    name: str
    content: bytes
    contents: Contents = Contents.AUTO

    @classmethod
    def on_disk(cls, path: Path, contents: Contents = Contents.AUTO) -> "ExportFile":
        with readable(path, WHAT_TO_DO), path.open("rb") as stream:
            return cls(path.name, stream.read(LARGEST + 1), contents)


class Placed(NamedTuple):
    """An entry, and where it was read."""

    file: str
    line: int
    entry: Entry


class Table(NamedTuple):
    """`unstarred` is what rows without stars say; None if they are to be left out."""

    file: str
    format: Format
    columns: list[str]
    rows: Iterator["NumberedRow"]
    unstarred: Kind | None


NumberedRow = tuple[int, list[str] | BadRow]
Chosen = dict[str, Placed]


def read_export(export: ExportFile, report: ExportReport) -> list[Placed]:
    """Read one entry for each film; what cannot be used is counted in `report`.

    Of several rows on a film one with stars counts, of the format that knows best, and of
    these the latest. Raises ImportFailed if the file is no export or too large.
    """
    chosen: Chosen = {}
    for table in tables_in(export):
        choose(chosen, entries_of(table, export, report))
    report.repeated += report.rows - report.left_out - report.invalid.count - len(chosen)
    return list(chosen.values())


def tables_in(export: ExportFile) -> list[Table]:
    """Look at the headers, and at no row; raises ImportFailed if the file is no export."""
    files = list(files_of(export))
    tables = [table for file, content in files if (table := table_of(export, file, content))]
    if not tables:
        raise ImportFailed(
            f"{export.name} is no export of ratings that is known here: {WHAT_TO_DO}."
        )
    return sorted(tables, key=lambda table: FORMATS.index(table.format))


def choose(chosen: Chosen, entries: Iterable[Placed]) -> None:
    """Add what a table says of films of which no table before it said as much."""
    latest: Chosen = {}
    for placed in entries:
        film = placed.entry.identity
        if film not in latest or placed.entry.weight >= latest[film].entry.weight:
            latest[film] = placed
    for film, placed in latest.items():
        if film not in chosen or chosen[film].entry.kind.rank < placed.entry.kind.rank:
            chosen[film] = placed


def entries_of(table: Table, export: ExportFile, report: ExportReport) -> Iterator[Placed]:
    for line, row in table.rows:
        report.rows += 1
        if report.rows > MOST_ROWS:
            raise ImportFailed(f"{export.name} has more than {MOST_ROWS:,} rows: split it.")
        try:
            entry = table.format.entry(cells_of(table.columns, row))
        except BadRow as why:
            report.invalid.add(table.file, line, why)
            continue
        if entry.stars is not None:
            yield Placed(table.file, line, entry)
        elif table.unstarred:
            yield Placed(table.file, line, entry._replace(kind=table.unstarred))
        else:
            report.left_out += 1


def cells_of(columns: list[str], row: list[str] | BadRow) -> Cells:
    if isinstance(row, BadRow):
        raise row
    if len(row) != len(columns):
        raise BadRow(f"{len(row)} columns, and the header has {len(columns)}")
    try:
        "".join(row).encode()
    except UnicodeEncodeError:
        raise BadRow("not written in UTF-8") from None
    return dict(zip(columns, map(str.strip, row), strict=True))


def table_of(export: ExportFile, file: str, content: bytes) -> Table | None:
    """Look at the header of a csv; None if it is none of an export."""
    if b"\0" in content:
        raise ImportFailed(f"{file} holds NUL bytes, as no csv in UTF-8 does: {WHAT_TO_DO}.")
    rows = rows_of(file, content)
    _, header = next(rows, (0, []))
    columns = [] if isinstance(header, BadRow) else [column(name) for name in header]
    found = format_of(columns)
    return Table(file, found, columns, rows, unstarred(export, file, found)) if found else None


def unstarred(export: ExportFile, file: str, found: Format) -> Kind | None:
    """What rows without stars say. What is told of a zip counts where its files do not tell."""
    if export.contents == Contents.RATINGS:
        return None
    told = None if export.contents == Contents.AUTO else Kind(export.contents.value)
    by_itself = found.unstarred or kind_by_name(file)
    kind = by_itself or told if is_zip(export.content) else told or by_itself
    if kind is None:
        raise Undecided(f"{file} could be films seen or a watchlist: say what is in it.")
    return kind


def kind_by_name(file: str) -> Kind | None:
    """Letterboxd's watched.csv and watchlist.csv have the same header."""
    named = (("watchlist", Kind.WATCHLIST), ("watched", Kind.SEEN))
    return next((kind for name, kind in named if name in file.casefold()), None)


def rows_of(file: str, content: bytes) -> Iterator[NumberedRow]:
    """Stream the rows that are not blank, with the line that each begins at."""
    reader = csv.reader(short_lines(file, content), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, BadRow(str(error))
        else:
            if row:
                yield line, row


def short_lines(file: str, content: bytes) -> Iterator[str]:
    text = TextIOWrapper(
        BytesIO(content), encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    number = 0
    while line := text.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise ImportFailed(f"{file}:{number}: longer than {LONGEST_LINE:,} characters.")
        yield line


def is_zip(content: bytes) -> bool:
    return content.startswith(b"PK")


def files_of(export: ExportFile) -> Iterator[tuple[str, bytes]]:
    """Stream the names and contents of the csv, or of those in the zip."""
    refuse_large(export.name, len(export.content))
    if is_zip(export.content):
        with readable(Path(export.name), WHAT_TO_DO):
            yield from files_in(export)
    else:
        yield export.name, export.content


def files_in(export: ExportFile) -> Iterator[tuple[str, bytes]]:
    """Stream the csv files at the top of a zip.

    Letterboxd keeps in folders what was deleted, what is liked, and lists.
    """
    with zipfile.ZipFile(BytesIO(export.content)) as archive:
        members = [
            member
            for member in members_inside(Path(export.name), archive, WHAT_TO_DO)
            if member.filename.endswith(".csv")
            and member.filename.isprintable()
            and "/" not in member.filename
        ]
        if not members:
            raise ImportFailed(f"{export.name} has no csv outside of its folders: {WHAT_TO_DO}.")
        refuse_large(export.name, sum(member.file_size for member in members))
        for member in members:
            yield member.filename, unpacked(export, archive, member)


def unpacked(export: ExportFile, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Unpack no more than the size that the zip tells, which may be a lie."""
    # The other methods unpack without a bound, however little is asked for.
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ImportFailed(f"{export.name} is packed in an uncommon way: {WHAT_TO_DO}.")
    with archive.open(member) as stream:
        return stream.read(member.file_size + 1)


def refuse_large(name: str, size: int) -> None:
    if size > LARGEST:
        raise ImportFailed(f"{name} is larger than {LARGEST // MEGABYTE} MB: {WHAT_TO_DO}.")
