"""What Surprise's algorithms are given to fit, read from arrays."""

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.progress import Progress
from recommendations.engine.ratings import HIGHEST, LOWEST, Ratings

#: Ratings are turned into Python objects so many at a time.
CHUNK = 8192

#: The pass over the data whose steps are reported as progress.
Watched = Literal["sweeps", "ratings", "viewers", "films"]


def starts_of(index: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """Where the rows of each of n groups start, once sorted by `index`: (n + 1,)."""
    return np.concatenate([[0], np.cumsum(np.bincount(index, minlength=n))]).astype(np.int64)


class Row:
    """The ratings of one viewer or film. They become Python objects only while they are read."""

    def __init__(self, others: NDArray[np.int32], stars: NDArray[np.float32]) -> None:
        self.others, self.stars = others, stars

    def __len__(self) -> int:
        return len(self.others)

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self.others.tolist(), self.stars.tolist(), strict=True)


class Clock:
    """Progress through `total` steps, reported a hundred times at most."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def tick(self, steps: int = 1) -> None:
        before, self.done = self.done, min(self.done + steps, self.total)
        if 100 * before // self.total != 100 * self.done // self.total:
            self.progress(self.done, self.total)

    def finish(self) -> None:
        self.tick(self.total)


class Rows:
    """What Surprise calls `ur` and `ir`, read from arrays; a clock ticks as `items` are read."""

    def __init__(
        self,
        starts: NDArray[np.int64],
        others: NDArray[np.int32],
        stars: NDArray[np.float32],
        clock: Clock | None = None,
    ) -> None:
        self.starts, self.others, self.stars, self.clock = starts, others, stars, clock

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, place: int) -> Row:
        rows = slice(int(self.starts[place]), int(self.starts[place + 1]))
        return Row(self.others[rows], self.stars[rows])

    def items(self) -> Iterator[tuple[int, list[tuple[int, float]]]]:
        # Lists, one at a time: who asks for items walks each row once for every entry of it.
        for place in range(len(self)):
            yield place, list(self[place])
            if self.clock:
                self.clock.tick()


class Trainset:
    """What Surprise's algorithms ask of their Trainset, read from arrays.

    No object is kept per rating. `all_ratings` comes in one shuffled order, the same at every
    call: ordered by viewer, gradient descent ends at the viewers it saw last.
    """

    rating_scale = (LOWEST, HIGHEST)

    def __init__(
        self,
        ratings: Ratings,
        progress: Progress,
        watched: Watched,
        passes: int = 1,
        seed: int = 0,
    ) -> None:
        self.n_users, self.n_items, self.n_ratings = ratings.n_users, ratings.n_films, len(ratings)
        self.global_mean = float(ratings.stars.mean(dtype=np.float64))
        order = shuffled(len(ratings), seed)
        self.columns = [column[order] for column in (ratings.users, ratings.films, ratings.stars)]
        self.watched, self.clock = watched, Clock(progress, passes * self._steps(watched))
        self.ratings = ratings

    @cached_property
    def ur(self) -> Rows:
        ratings = self.ratings
        starts = starts_of(ratings.users, ratings.n_users)
        return Rows(starts, ratings.films, ratings.stars, self._clock_of("viewers"))

    @cached_property
    def ir(self) -> Rows:
        ratings, by_film = self.ratings, np.argsort(self.ratings.films, kind="stable")
        starts = starts_of(ratings.films, ratings.n_films)
        users, stars = ratings.users[by_film], ratings.stars[by_film]
        return Rows(starts, users, stars, self._clock_of("films"))

    def _steps(self, watched: Watched) -> int:
        sizes = {"ratings": self.n_ratings, "viewers": self.n_users, "films": self.n_items}
        return sizes.get(watched, 1)

    def _clock_of(self, passed: Watched) -> Clock | None:
        return self.clock if self.watched == passed else None

    def all_users(self) -> range:
        return range(self.n_users)

    def all_items(self) -> range:
        """Surprise asks once a sweep, which tells how far it is."""
        if self.watched == "sweeps":
            self.clock.tick()
        return range(self.n_items)

    def all_ratings(self) -> Iterator[tuple[int, int, float]]:
        for start in range(0, self.n_ratings, CHUNK):
            columns = [column[start : start + CHUNK].tolist() for column in self.columns]
            yield from zip(*columns, strict=True)
            if self.watched == "ratings":
                self.clock.tick(len(columns[0]))


def shuffled(n: int, seed: int) -> NDArray[np.int64]:
    """The order in which n ratings are shown to gradient descent."""
    return np.random.default_rng(seed).permutation(n)


def check_finite(*arrays: NDArray[np.float32] | NDArray[np.float64]) -> None:
    """Raises FloatingPointError when a fit ran away."""
    if not all(np.isfinite(each).all() for each in arrays):
        raise FloatingPointError("The fit did not converge: lower learning_rate.")
