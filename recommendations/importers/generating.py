"""Simulated data sets of any size, in MovieLens' layout, written block by block.

Films have a popularity with a long tail and a load on each of a few tastes, which are genres;
viewers are mixtures of tastes with a log-normal activity. Which film a viewer sees is drawn from
its popularity, bent by the taste; the stars are a level, two biases, how the film suits the
viewer, and chance. So the ratings have a low rank, and models find something to learn.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from recommendations.importers import layouts
from recommendations.importers.report import Progress, Step, silent
from recommendations.importers.rows import LARGEST_ID
from recommendations.importers.simulation import (
    FILES_BESIDE,
    apportion,
    in_steps,
    star_names,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float32]

TASTES = [
    "Action", "Children", "Comedy", "Crime", "Documentary", "Drama", "Horror", "Musical",
    "Romance", "Sci-Fi",
]  # fmt: skip

#: Popularity falls with the rank as (rank + films · BEND) ^ -FALL, about as in ml-25m.
FALL, BEND = 1.8, 0.01

#: How strongly a taste bends the popularity of the films that suit it.
PULL = 3.0

MEAN_STARS, QUALITY, BIAS, SUITING, NOISE = 3.3, 0.4, 0.4, 1.3, 0.75
MIXING = 0.25
ACTIVITY_SPREAD = 1.1

FIRST_YEAR, LAST_YEAR = 1930, 2014
FIRST_SECOND, LAST_SECOND = 1_420_070_400, 1_735_689_600  # 2015 to 2024
LONGEST_STAY = 4 * 365 * 24 * 3600

#: Ratings that are made at a time.
BLOCK = 200_000

#: Draws are repeated so often for who drew a film twice. Whoever sees so large a share of the
#: films, or still lacks some, gets them in one draw without replacement from all films.
ROUNDS = 12
MANY = 0.05

#: At most so much of all pairs of viewers and films can be rated.
DENSEST = 0.5

ROW = "%d,%d,%s,%d\n".__mod__


class Refused(ValueError):
    """Such a data set cannot be written; the message is the one line that says why."""


@dataclass(frozen=True)
class Size:
    viewers: int
    movies: int
    ratings: int

    def check(self) -> None:
        for what, count in (("viewer", self.viewers), ("movie", self.movies)):
            if not 1 <= count <= LARGEST_ID:
                raise Refused(f"There must be from 1 to {LARGEST_ID:,} {what}s, not {count:,}.")
        if self.ratings < self.viewers:
            raise Refused(
                f"{self.ratings:,} ratings are too few: each of {self.viewers:,} viewers has one."
            )
        most = int(DENSEST * self.viewers * self.movies)
        if self.ratings > most:
            raise Refused(
                f"{self.ratings:,} ratings are too many: {self.viewers:,} viewers and "
                f"{self.movies:,} movies can have {most:,}, half of all pairs."
            )


def generate(size: Size, seed: int, folder: Path, progress: Progress = silent) -> None:
    """Write a data set of exactly this size into `folder`, which appears when all is written.

    Every viewer has a rating, and every film if there are as many ratings as films. Raises
    Refused for an impossible size or seed and for a folder that holds something.
    """
    size.check()
    if seed < 0:
        raise Refused(f"A seed is a whole number from 0, not {seed}.")
    folder = folder.resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is there and not an empty folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    draft.mkdir()
    try:
        write(size, seed, draft, progress)
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft)
        raise


def write(size: Size, seed: int, folder: Path, progress: Progress) -> None:
    random = np.random.Generator(np.random.PCG64(seed))
    films = Films(size.movies, random)
    for name, content in FILES_BESIDE.items():
        (folder / name).write_text(content)
    with (folder / layouts.CSV.films.file).open("w", encoding="utf-8") as file:
        file.write(f"{layouts.CSV.films.header}\n")
        file.writelines(films.rows())
    with (folder / layouts.CSV.ratings.file).open("w", encoding="utf-8") as file:
        file.write(f"{layouts.CSV.ratings.header}\n")
        write_ratings(size, films, random, file, progress)


def write_ratings(
    size: Size, films: "Films", random: np.random.Generator, file: IO[str], progress: Progress
) -> None:
    activity = random.lognormal(0, ACTIVITY_SPREAD, size.viewers)
    counts = apportion(activity, size.ratings, 1, size.movies)
    step = Step("writing ratings", size.ratings, unit=" ratings")
    progress(step, done := 0)
    for first, last in blocks(counts):
        block = Block(films, counts[first:last], done, size.ratings, random)
        file.write("".join(block.rows(first + 1)))
        done += len(block.films_seen)
        progress(step, done)


def blocks(counts: "Ints") -> Iterator[tuple[int, int]]:
    """From one viewer to before another, with about so many ratings between them."""
    before = np.concatenate([[0], np.cumsum(counts)])
    first = 0
    while first < len(counts):
        fits = int(np.searchsorted(before, before[first] + BLOCK, side="right")) - 1
        last = min(max(fits, first + 1), len(counts))
        yield first, last
        first = last


class Films:
    """What is drawn once of all films.

    loads: (films, tastes), each film's of mean 0; odds: (tastes, films), each taste's of sum 1.
    `dealt` is the order in which each film is given to somebody, so that none is left over.
    """

    def __init__(self, count: int, random: np.random.Generator) -> None:
        self.count = count
        order = random.permutation(count)
        self.dealt = random.permutation(count)
        self.main = random.integers(len(TASTES), size=(count, 2))
        self.years = random.integers(FIRST_YEAR, LAST_YEAR + 1, count)
        self.loads = random.normal(0, 0.4, (count, len(TASTES))).astype(np.float32)
        for place in (0, 1):
            self.loads[np.arange(count), self.main[:, place]] += 1
        self.loads -= self.loads.mean(axis=1, keepdims=True)
        self.quality = random.normal(0, QUALITY, count).astype(np.float32)
        popularity = (order + 1 + count * BEND) ** -FALL
        bent = popularity[:, None] * np.exp(PULL * self.loads)
        self.odds: Floats = (bent / bent.sum(axis=0)).T.astype(np.float32)
        # Of all tastes in one row, those of taste k from k to k + 1: one search finds a film.
        steps = np.cumsum(self.odds, axis=1, dtype=np.float64)
        steps /= steps[:, -1:]
        self.ladder = (steps + np.arange(len(TASTES))[:, None]).ravel()

    def rows(self) -> Iterator[str]:
        for film in range(self.count):
            genres = "|".join(sorted({TASTES[taste] for taste in self.main[film]}))
            yield f"{film + 1},Film {film + 1} ({self.years[film]}),{genres}\n"

    def draw(self, tastes: "Ints", random: np.random.Generator) -> "Ints":
        """One film for each of `tastes`: (n,)."""
        found = np.searchsorted(self.ladder, tastes + random.random(len(tastes)), side="right")
        return np.asarray(np.minimum(found - tastes * self.count, self.count - 1))


def once(pairs: "Ints") -> "Ints":
    """Sorted, without repetitions; np.unique, which hashes, takes ten times as long."""
    pairs = np.sort(pairs)
    is_new = np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]
    return np.asarray(pairs[is_new])


class Block:
    """The ratings of a few viewers; `films_seen` and what belongs to it is by viewer and film."""

    def __init__(
        self,
        films: Films,
        counts: "Ints",
        before: int,
        ratings: int,
        random: np.random.Generator,
    ) -> None:
        self.films, self.counts, self.random = films, counts, random
        self.mixtures = random.dirichlet(np.full(len(TASTES), MIXING), len(counts))
        pairs = self.draw(self.dealt(before, ratings))
        self.viewers, self.films_seen = np.divmod(pairs, films.count)

    def dealt(self, before: int, ratings: int) -> "Ints":
        """The pairs that give each film a rating: films are spread evenly over all ratings."""
        films = self.films.count
        if ratings < films:
            return np.empty(0, np.int64)
        first, last = (
            -(-place * films // ratings) for place in (before, before + self.counts.sum())
        )
        places = np.arange(first, last) * ratings // films - before
        viewers = np.searchsorted(np.cumsum(self.counts), places, side="right")
        return np.sort(viewers * films + self.films.dealt[first:last])

    def draw(self, pairs: "Ints") -> "Ints":
        """Add pairs, as viewer · films + film, until each viewer has as many as they should."""
        light = np.where(self.counts < MANY * self.films.count, self.counts, 0)
        for _ in range(ROUNDS):
            lacking = np.maximum(light - self.have(pairs), 0)
            if not lacking.any():
                break
            viewers = np.repeat(np.arange(len(light)), lacking)
            seen = self.films.draw(self.tastes(viewers), self.random)
            pairs = once(np.concatenate([pairs, viewers * self.films.count + seen]))
        lacking = self.counts - self.have(pairs)
        added = [
            self.draw_from_all(viewer, pairs, lacking[viewer])
            for viewer in np.flatnonzero(lacking).tolist()
        ]
        return np.sort(np.concatenate([pairs, *added]))

    def have(self, pairs: "Ints") -> "Ints":
        return np.bincount(pairs // self.films.count, minlength=len(self.counts))

    def tastes(self, viewers: "Ints") -> "Ints":
        """A taste for each rating, drawn from the mixture of its viewer."""
        steps = np.cumsum(self.mixtures, axis=1)[:, :-1]
        above = self.random.random(len(viewers))[:, None] > steps[viewers]
        return np.asarray(above.sum(axis=1))

    def draw_from_all(self, viewer: int, pairs: "Ints", lacking: int) -> "Ints":
        """As many films as one viewer lacks: those of highest log odds plus Gumbel noise."""
        start = viewer * self.films.count
        odds = np.log(self.mixtures[viewer].astype(np.float32) @ self.films.odds + 1e-30)
        odds += self.random.gumbel(size=self.films.count)
        mine = pairs[slice(*np.searchsorted(pairs, [start, start + self.films.count]))]
        odds[mine - start] = -np.inf
        return start + np.argpartition(-odds, lacking - 1)[:lacking]

    def stars(self) -> "NDArray[np.float64]":
        bias = self.random.normal(0, BIAS, len(self.counts))
        leaning = (self.mixtures - 1 / len(TASTES)).astype(np.float32)
        suiting = np.einsum(
            "rt,rt->r", leaning[self.viewers], self.films.loads[self.films_seen], dtype=np.float64
        )
        return in_steps(
            MEAN_STARS
            + bias[self.viewers]
            + self.films.quality[self.films_seen]
            + SUITING * suiting
            + self.random.normal(0, NOISE, len(self.viewers))
        )

    def seconds(self) -> "Ints":
        joined = self.random.integers(FIRST_SECOND, LAST_SECOND - LONGEST_STAY, len(self.counts))
        stayed = LONGEST_STAY * self.random.random(len(self.counts)) ** 3
        share = self.random.random(len(self.viewers))
        return (joined[self.viewers] + stayed[self.viewers] * share).astype(np.int64)

    def rows(self, first_viewer: int) -> Iterator[str]:
        return map(
            ROW,
            zip(
                (self.viewers + first_viewer).tolist(),
                (self.films_seen + 1).tolist(),
                star_names(self.stars()),
                self.seconds().tolist(),
                strict=True,
            ),
        )
