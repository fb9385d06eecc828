"""Exports of a few rows, and a catalogue of the films that they rate."""

from pathlib import Path

from recommendations.importers.exports.importing import import_ratings
from recommendations.importers.exports.reading import ExportFile
from recommendations.importers.exports.report import ExportReport
from recommendations.importers.titles import title_and_year
from recommendations.models import Mark, Movie, Rating, Viewer
from tests.importers.datasets import lines

FILMS = {
    1: ("Toy Story (1995)", 114709),
    2: ("Shawshank Redemption, The (1994)", 111161),
    3: ("City of Lost Children, The (Cité des enfants perdus, La) (1995)", 112682),
    4: ("Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)", None),
    5: ("Emma (1996)", 116191),
    6: ("Emma (1996)", 118308),
    7: ("The Fly (1985)", None),
    8: ("Fly, The (1987)", None),
    9: ("Moonlight", None),
}

LETTERBOXD = "Date,Name,Year,Letterboxd URI,Rating"
WATCHED = "Date,Name,Year,Letterboxd URI"
DIARY = "Date,Name,Year,Letterboxd URI,Rating,Rewatch,Tags,Watched Date"
IMDB = (
    "Const,Your Rating,Date Rated,Title,Original Title,URL,Title Type,IMDb Rating,"
    "Runtime (mins),Year,Genres,Num Votes,Release Date,Directors"
)
OLDER_IMDB = IMDB.replace("Original Title,", "")
IMDB_WATCHLIST = (
    "Position,Const,Created,Modified,Description,Title,Title Type,Year,Your Rating,Date Rated"
)
MOVIELENS = "movie_id,imdb_id,tmdb_id,rating,average_rating,title"


def make_films() -> None:
    for film, (raw, imdb_id) in FILMS.items():
        title, year = title_and_year(raw)
        Movie.objects.create(id=film, title=title, year=year, imdb_id=imdb_id)


def letterboxd(*rows: str) -> str:
    """Rows such as "Toy Story,1995,4.5", all of one day."""

    def row(short: str) -> str:
        name_and_year, _, stars = short.rpartition(",")
        return f"2024-03-01,{name_and_year},https://boxd.it/x,{stars}"

    return lines([row(short) for short in rows], LETTERBOXD)


def imdb(
    const: str, rating: str, title: str, year: str, *, kind: str = "Movie", header: str = IMDB
) -> str:
    cells = {
        "Const": const,
        "Your Rating": rating,
        "Date Rated": "2024-03-01",
        "Title": title,
        "Title Type": kind,
        "Year": year,
        "Genres": '"Comedy, Drama"',
    }
    return ",".join(cells.get(column, "") for column in header.split(","))


def brought(path: Path, content: str | bytes, viewer: Viewer) -> ExportReport:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return import_ratings(ExportFile.on_disk(path), viewer)


def stars_of(viewer: Viewer) -> dict[int, float]:
    return dict(Rating.objects.filter(viewer=viewer).values_list("movie_id", "stars"))


def marks_of(viewer: Viewer) -> dict[int, str]:
    return dict(Mark.objects.filter(viewer=viewer).values_list("movie_id", "kind"))
