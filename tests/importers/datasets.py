"""Tiny data sets of each layout of MovieLens: 120 films, and 20 viewers with 10 ratings each."""

import zipfile
from pathlib import Path

from recommendations.importers.rows import FLAGGED_GENRES

Files = dict[str, str | bytes]

SPECIAL_FILMS = {
    1: ("Toy Story (1995)", "Adventure|Animation|Children|Comedy|Fantasy"),
    2: ("Shawshank Redemption, The (1994)", "Crime|Drama"),
    3: ("Misérables, Les (1995)", "Drama|War"),
    4: ("Babylon 5", "Sci-Fi"),
    5: ("Green Mile (1999)", "(no genres listed)"),
}
FILMS = SPECIAL_FILMS | {
    number: (f"Film {number} (19{number % 90 + 10})", "Drama") for number in range(6, 121)
}
RATINGS = [
    (viewer, film, (viewer + film) % 5 + 1, 1_000_000_000 + film)
    for viewer in range(1, 21)
    for film in range(1, 11)
]


def lines(rows: list[str], header: str = "") -> str:
    return "".join(f"{row}\n" for row in ([header] if header else []) + rows)


def csv_files(changes: Files | None = None) -> Files:
    """What ml-latest-small looks like."""
    return {
        "movies.csv": lines(
            [f'{number},"{title}",{genres}' for number, (title, genres) in FILMS.items()],
            "movieId,title,genres",
        ),
        "ratings.csv": lines(
            [",".join(map(str, row)) for row in RATINGS], "userId,movieId,rating,timestamp"
        ),
        "links.csv": lines(
            ["1,0114709,862", "2,0111161,278", "3,0113828,"], "movieId,imdbId,tmdbId"
        ),
        "tags.csv": lines(
            ["1,1,Pixar,1139045764", '2,1," pixar",1139045765', "2,2,prison,1139045766"],
            "userId,movieId,tag,timestamp",
        ),
    } | (changes or {})


def dat_files(*, encoding: str, tags: bool) -> Files:
    """What ml-1m (Latin-1) and ml-10m (UTF-8, with tags) look like."""
    films = lines(
        [f"{number}::{title}::{old_genres(genres)}" for number, (title, genres) in FILMS.items()]
    )
    ratings = lines(["::".join(map(str, row)) for row in RATINGS])
    files: Files = {"movies.dat": films.encode(encoding), "ratings.dat": ratings}
    if tags:
        files["tags.dat"] = "1::1::Pixar::1139045764\n2::1::pixar::1139045765\n"
    return files


def old_genres(genres: str) -> str:
    return genres.replace("Children", "Children's")


def ml_100k_files() -> Files:
    """What ml-100k looks like: Latin-1, a column for each genre."""

    def row(number: int, title: str, genres: str) -> str:
        given = old_genres(genres).split("|")
        flags = "|".join("01"[genre in given] for genre in FLAGGED_GENRES)
        return f"{number}|{title}|01-Jan-1995||http://us.imdb.com/M/title-exact|{flags}"

    films = lines([row(number, title, genres) for number, (title, genres) in FILMS.items()])
    return {
        "u.item": films.encode("latin-1"),
        "u.data": lines(["\t".join(map(str, row)) for row in RATINGS]),
    }


def with_line(content: str | bytes, line: str | bytes) -> bytes:
    """Add one line at the end of a file."""
    return as_bytes(content) + as_bytes(line) + b"\n"


def as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def folder(path: Path, files: Files) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (path / name).write_bytes(as_bytes(content))
    return path


def zipped(path: Path, files: Files, inner: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{inner}/{name}" if inner else name, as_bytes(content))
    return path
