"""The exports by their header lines, and what one row of each says."""

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from django.utils import timezone

from recommendations.importers.report import BadRow
from recommendations.importers.rows import (
    LARGEST_ID,
    LONGEST_TITLE,
    STARS,
    half_stars,
    number,
    text,
)
from recommendations.importers.titles import title_and_year
from recommendations.models import UnmatchedEntry

Kind = UnmatchedEntry.Kind

#: Ids of IMDb are unique by themselves; what is none of a film must not be found by its title.
NOT_FILMS = {
    "musicvideo", "podcastepisode", "podcastseries", "tvepisode", "tvminiseries", "tvseries",
    "videogame",
}  # fmt: skip

#: Nobody exported a rating before; the zones of the earth are at most a day ahead.
FIRST_DAY = date(1990, 1, 1)
A_DAY = timedelta(days=1)
LAST_YEAR = 9999

#: The cells of a row by the names of their columns.
Cells = Mapping[str, str]


class Entry(NamedTuple):
    """One row of an export. Only a rating has `stars`; `day` is not always told."""

    title: str
    other_title: str
    year: int | None
    imdb_id: int | None
    movielens_id: int | None
    stars: float | None
    day: date | None
    is_film: bool = True
    kind: Kind = Kind.RATING

    @property
    def identity(self) -> str:
        """The same for all rows on one film."""
        named = f"{self.imdb_id}\n{self.movielens_id}\n{self.year}\n{self.title}"
        return hashlib.sha256(named.encode()).hexdigest()

    @property
    def weight(self) -> tuple[int, date]:
        """Of several on one film the heaviest counts."""
        return self.kind.rank, self.day or date.min

    def __str__(self) -> str:
        return f"{self.title} ({self.year})" if self.year else self.title


class Format(NamedTuple):
    """`unstarred` is what rows without stars say; None if the header does not tell."""

    name: str
    columns: set[str]
    entry: Callable[[Cells], Entry]
    unstarred: Kind | None = Kind.SEEN


def letterboxd(cells: Cells) -> Entry:
    return Entry(
        title=title_of(cells["name"]),
        other_title="",
        year=year_of(cells["year"]),
        imdb_id=None,
        movielens_id=None,
        stars=stars_of(cells.get("rating", "")),
        day=day_of(cells["date"]),
    )


def imdb(cells: Cells) -> Entry:
    kind = cells.get("titletype", "").replace(" ", "").casefold()
    return Entry(
        title=title_of(cells["title"]),
        other_title=cells.get("originaltitle", "")[:LONGEST_TITLE],
        year=year_of(cells.get("year", "")),
        imdb_id=number_of_title(text("Const", cells["const"], LONGEST_TITLE)),
        movielens_id=None,
        stars=stars_of_ten(cells.get("yourrating", "")),
        day=day_of(cells.get("daterated") or cells.get("created", "")),
        is_film=kind not in NOT_FILMS,
    )


def movielens(cells: Cells) -> Entry:
    title, year = title_and_year(title_of(cells["title"]))
    return Entry(
        title=title,
        other_title="",
        year=year,
        imdb_id=number_of_title(cells.get("imdbid", "")),
        movielens_id=number("movie id", cells["movieid"], LARGEST_ID),
        stars=stars_of(cells["rating"]),
        day=day_of(cells.get("date", "")),
    )


LETTERBOXD_FILM = {"date", "name", "year", "letterboxduri"}
RATINGS = Format("Letterboxd's ratings", LETTERBOXD_FILM | {"rating"}, letterboxd)
DIARY = Format("Letterboxd's diary", RATINGS.columns | {"watcheddate"}, letterboxd)
WATCHED = Format("Letterboxd's films seen or to be seen", LETTERBOXD_FILM, letterboxd, None)
IMDB = Format("IMDb's ratings", {"const", "yourrating", "title"}, imdb)
IMDB_LIST = Format(
    "IMDb's watchlist", {"position", "const", "created", "title"}, imdb, Kind.WATCHLIST
)
MOVIELENS = Format("MovieLens' ratings", {"movieid", "rating", "title"}, movielens)

#: Where several tell of a film, the earlier is believed.
FORMATS = [RATINGS, DIARY, WATCHED, IMDB, IMDB_LIST, MOVIELENS]


def column(name: str) -> str:
    """Spelt alike: "movie_id" and "movieId", "Letterboxd URI"."""
    return name.strip().replace("_", "").replace(" ", "").casefold()


def format_of(columns: Iterable[str]) -> Format | None:
    """Find the format by the header; of several the one with the most columns."""
    known = set(columns)
    fitting = [each for each in FORMATS if each.columns <= known]
    return max(fitting, key=lambda each: len(each.columns), default=None)


def title_of(written: str) -> str:
    # The report shows it on a terminal, which would obey.
    if any(unicodedata.category(letter) == "Cc" for letter in written):
        raise BadRow("title with control characters")
    return text("title", written, LONGEST_TITLE)


def year_of(digits: str) -> int | None:
    return number("year", digits, LAST_YEAR) if digits else None


def number_of_title(written: str) -> int | None:
    return number("IMDb id", written.removeprefix("tt"), LARGEST_ID) if written else None


def stars_of(written: str) -> float | None:
    return (STARS.get(written) or half_stars(written)) if written else None


def stars_of_ten(written: str) -> float | None:
    if not written:
        return None
    rating = number("rating", written, 10)
    if not rating:
        raise BadRow("rating 0 is out of range: 1 to 10")
    return rating / 2


def day_of(written: str) -> date | None:
    if not written:
        return None
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise BadRow(f"date {written[:40]!r} is not written YYYY-MM-DD") from None
    if not FIRST_DAY <= day <= timezone.localdate() + A_DAY:
        raise BadRow(f"date {written} is out of range: {FIRST_DAY} to today")
    return day
