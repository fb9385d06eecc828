"""A small data set in MovieLens' own layout, with two tastes in it."""

from pathlib import Path

import numpy as np

FILMS, VIEWERS, SEEN = 60, 40, 45
TITLES = [
    "Midnight Ledger, The",
    "Paper Harbour",
    "Amélie's Garden",
    "A Quiet Heist",
    "Glass Tide",
]


def write_small_dataset(folder: Path) -> Path:
    """60 films and 40 viewers in csv files; half of the viewers love crime, half romance."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(11)
    genres = ["Crime|Thriller" if film % 2 else "Comedy|Romance" for film in range(FILMS)]
    write(
        folder / "movies.csv",
        "movieId,title,genres",
        [
            f'{film + 1},"{TITLES[film % 5]} {film + 1} ({1990 + film // 3})",{genres[film]}'
            for film in range(FILMS)
        ],
    )
    write(
        folder / "links.csv",
        "movieId,imdbId,tmdbId",
        [f"{film + 1},{100 + film:07},{200 + film}" for film in range(FILMS)],
    )
    write(folder / "tags.csv", "userId,movieId,tag,timestamp", ["1,1,heist,1500000000"])
    write(
        folder / "ratings.csv",
        "userId,movieId,rating,timestamp",
        [
            f"{viewer + 1},{film + 1},{stars(viewer, film, random)},{1_400_000_000 + film}"
            for viewer in range(VIEWERS)
            for film in sorted(random.choice(FILMS, SEEN, replace=False))
        ],
    )
    return folder


def stars(viewer: int, film: int, random: np.random.Generator) -> float:
    loved = viewer % 2 == film % 2
    return float(random.choice([4.0, 4.5, 5.0] if loved else [1.0, 2.0, 2.5]))


def write(path: Path, header: str, rows: list[str]) -> None:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
