"""An export on the disk: one csv, or a zip with several; whatever is in it, it stays small."""

import csv
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from recommendations.importers.exports.formats import (
    FORMATS,
    Cells,
    Entry,
    Format,
    column,
    format_of,
)
from recommendations.importers.report import BadRow, BadRows, ImportFailed
from recommendations.importers.sources import LONGEST_LINE, members_inside, readable

MEGABYTE = 1_000_000
LARGEST = 20 * MEGABYTE
MOST_ROWS = 100_000

WHAT_TO_DO = (
    "give the zip that Letterboxd exports or a csv out of it, "
    "or the csv of ratings that IMDb or MovieLens exports"
)

#: Its header is that of the films seen, but these are still to be seen.
WATCHLIST = "watchlist.csv"


class Placed(NamedTuple):
    """An entry, and where it was read."""

    file: str
    line: int
    entry: Entry


class Table(NamedTuple):
    file: str
    format: Format
    columns: list[str]
    rows: Iterator["NumberedRow"]


NumberedRow = tuple[int, list[str] | BadRow]
Chosen = dict[tuple[object, ...], Placed]


def read_export(path: Path, bad_rows: BadRows) -> list[Placed]:
    """Read one entry for each film; what cannot be used is added to `bad_rows`.

    Of several rows on a film one with stars counts, of the format that knows best, and of
    these the latest. Raises ImportFailed if the file is no export or too large.
    """
    tables = [table for file, content in files_of(path) if (table := table_of(file, content))]
    if not tables:
        raise ImportFailed(f"{path} is no export of ratings that is known here: {WHAT_TO_DO}.")
    tables.sort(key=lambda table: FORMATS.index(table.format))
    chosen: Chosen = {}
    left = MOST_ROWS
    for table in tables:
        rows = list(islice(table.rows, left + 1))
        left -= len(rows)
        if left < 0:
            raise ImportFailed(f"{path} has more than {MOST_ROWS:,} rows: split it.")
        choose(chosen, entries_of(table, rows, bad_rows))
    return list(chosen.values())


def choose(chosen: Chosen, entries: Iterable[Placed]) -> None:
    """Add what a table says of films that no table before it gave stars."""
    latest: Chosen = {}
    for placed in entries:
        film = placed.entry.film
        if film not in latest or weight(placed) >= weight(latest[film]):
            latest[film] = placed
    for film, placed in latest.items():
        if film not in chosen or chosen[film].entry.stars is None:
            chosen[film] = placed


def weight(placed: Placed) -> tuple[bool, date]:
    return placed.entry.stars is not None, placed.entry.day or date.min


def entries_of(table: Table, rows: Iterable[NumberedRow], bad_rows: BadRows) -> Iterator[Placed]:
    for line, row in rows:
        try:
            yield Placed(table.file, line, table.format.entry(cells_of(table.columns, row)))
        except BadRow as why:
            bad_rows.add(table.file, line, why)


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


def table_of(file: str, content: bytes) -> Table | None:
    """Look at the header of a csv; None if it is none of an export."""
    if b"\0" in content:
        raise ImportFailed(f"{file} holds NUL bytes, as no csv in UTF-8 does: {WHAT_TO_DO}.")
    rows = rows_of(file, content.decode("utf-8-sig", errors="surrogateescape"))
    _, header = next(rows, (0, []))
    columns = [] if isinstance(header, BadRow) else [column(name) for name in header]
    found = format_of(columns)
    return Table(file, found, columns, rows) if found else None


def rows_of(file: str, text: str) -> Iterator[NumberedRow]:
    """Stream the rows that are not blank, with the line that each begins at."""
    reader = csv.reader(short_lines(file, text), strict=True)
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


def short_lines(file: str, text: str) -> Iterator[str]:
    for number, line in enumerate(StringIO(text, newline=""), 1):
        if len(line) > LONGEST_LINE:
            raise ImportFailed(f"{file}:{number}: longer than {LONGEST_LINE:,} characters.")
        yield line


def files_of(path: Path) -> Iterator[tuple[str, bytes]]:
    """Stream the names and contents of the csv, or of those in the zip."""
    with readable(path, WHAT_TO_DO), path.open("rb") as stream:
        content = stream.read(LARGEST + 1)
        refuse_large(path, len(content))
        if content.startswith(b"PK"):
            yield from files_in(path)
        else:
            yield path.name, content


def files_in(path: Path) -> Iterator[tuple[str, bytes]]:
    """Stream the csv files at the top of a zip.

    Letterboxd keeps in folders what was deleted, what is liked, and lists.
    """
    with zipfile.ZipFile(path) as archive:
        members = [
            member
            for member in members_inside(path, archive, WHAT_TO_DO)
            if member.filename.endswith(".csv")
            and member.filename.isprintable()
            and "/" not in member.filename
        ]
        if not members:
            raise ImportFailed(f"{path} has no csv outside of its folders: {WHAT_TO_DO}.")
        refuse_large(path, sum(member.file_size for member in members))
        for member in members:
            if member.filename != WATCHLIST:
                yield member.filename, unpacked(path, archive, member)


def unpacked(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Unpack no more than the size that the zip tells, which may be a lie."""
    # The other methods unpack without a bound, however little is asked for.
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ImportFailed(f"{path} is packed in an uncommon way: {WHAT_TO_DO}.")
    with archive.open(member) as stream:
        return stream.read(member.file_size + 1)


def refuse_large(path: Path, size: int) -> None:
    if size > LARGEST:
        raise ImportFailed(f"{path} is larger than {LARGEST // MEGABYTE} MB: {WHAT_TO_DO}.")
