"""How MovieLens wrote its data sets over the years."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from recommendations.importers import rows
from recommendations.importers.report import BadRow
from recommendations.importers.rows import Fields, Film, GivenStars, GivenTag, Known, Link

Row = TypeVar("Row", Film, Link, GivenStars, GivenTag)


@dataclass(frozen=True)
class Table(Generic[Row]):
    """One file, and how a line of it becomes a row, given the ids of the films."""

    file: str
    columns: int
    decode: Callable[[bytes], str]
    split: Callable[[str], Fields]
    read: Callable[[Fields, Known], Row]
    header: str = ""

    def row(self, line: bytes, known: Known) -> Row:
        fields = self.split(self.text(line))
        if len(fields) != self.columns:
            raise BadRow(f"{len(fields)} columns instead of {self.columns}")
        return self.read(fields, known)

    def text(self, line: bytes) -> str:
        text = self.decode(line).rstrip("\r\n")
        # PostgreSQL has no way to store it.
        if "\0" in text:
            raise BadRow("a NUL character")
        return text

    def is_headed_by(self, line: bytes) -> bool:
        try:
            fields = self.split(self.text(line))
        except BadRow:
            return False
        return ",".join(field.strip() for field in fields).lower() == self.header.lower()


@dataclass(frozen=True)
class Layout:
    films: Table[Film]
    ratings: Table[GivenStars]
    links: Table[Link] | None = None
    tags: Table[GivenTag] | None = None

    @property
    def files(self) -> list[str]:
        tables = (self.films, self.ratings, self.links, self.tags)
        return [table.file for table in tables if table]


def utf8(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise BadRow(f"not UTF-8 (byte {error.start + 1} of the line)") from None


def latin1(line: bytes) -> str:
    return line.decode("latin-1")


def utf8_or_latin1(line: bytes) -> str:
    """Decode ml-1m, which GroupLens wrote in Latin-1 and others share recoded."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return latin1(line)


def split_csv(line: str) -> Fields:
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error:
        raise BadRow("broken quotes") from None


def split_at(mark: str) -> Callable[[str], Fields]:
    return lambda line: line.split(mark)


#: ml-latest-small, ml-latest, ml-20m, ml-25m, ml-32m
CSV = Layout(
    films=Table("movies.csv", 3, utf8, split_csv, rows.film, "movieId,title,genres"),
    ratings=Table(
        "ratings.csv", 4, utf8, split_csv, rows.given_stars, "userId,movieId,rating,timestamp"
    ),
    links=Table("links.csv", 3, utf8, split_csv, rows.link, "movieId,imdbId,tmdbId"),
    tags=Table("tags.csv", 4, utf8, split_csv, rows.given_tag, "userId,movieId,tag,timestamp"),
)

ML_100K = Layout(
    films=Table("u.item", 24, latin1, split_at("|"), rows.flagged_film),
    ratings=Table("u.data", 4, latin1, split_at("\t"), rows.given_stars),
)

ML_1M = Layout(
    films=Table("movies.dat", 3, utf8_or_latin1, split_at("::"), rows.film),
    ratings=Table("ratings.dat", 4, utf8_or_latin1, split_at("::"), rows.given_stars),
)

ML_10M = Layout(
    films=Table("movies.dat", 3, utf8, split_at("::"), rows.film),
    ratings=Table("ratings.dat", 4, utf8, split_at("::"), rows.given_stars),
    tags=Table("tags.dat", 4, utf8, split_at("::"), rows.given_tag),
)


def layout_of(name: str, files: set[str]) -> Layout | None:
    """Say how the data set `name` is written, from the files that it has."""
    if files & {"movies.csv", "ratings.csv"}:
        return CSV
    if files & {"u.item", "u.data"}:
        return ML_100K
    if files & {"movies.dat", "ratings.dat"}:
        is_10m = "tags.dat" in files or name.lower().startswith("ml-10m")
        return ML_10M if is_10m else ML_1M
    return None
