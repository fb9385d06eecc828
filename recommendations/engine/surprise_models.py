"""What the models fitted by Surprise share: their data from arrays, and the viewers they saw.

Surprise is needed to fit them. To serve them numpy is enough.
"""

from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import History, Model
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import HIGHEST, LOWEST, Ratings
from recommendations.engine.svd import POPULARITY

#: Ratings are turned into Python objects so many at a time.
CHUNK = 8192

#: The pass over the data whose steps are reported as progress.
Watched = Literal["sweeps", "ratings", "viewers", "films"]


class SurpriseModel(Model):
    """A model fitted by Surprise, which keeps what it learned of the viewers it saw.

    user_ids: (n_users,) int64, raw ids, ascending
    """

    folds_in = True
    reports_progress = True
    ranked_by = "predicted stars, raised for films that many rated"

    user_ids: NDArray[np.int64]

    @abstractmethod
    def trained_estimates(self, user: int) -> NDArray[np.float64]:
        """Stars of every film, unclipped, by what was learned of this viewer: (n_films,).

        The numbers of Surprise's `predict` to 1e-6. `user` is the raw id; KeyError when training
        did not see it.
        """

    def knows(self, user: int | None) -> bool:
        """Whether training saw this viewer, by raw id."""
        return user is not None and bool(np.isin(user, self.user_ids))

    def place_of(self, user: int) -> int:
        """The viewer's internal index. KeyError when training did not see them."""
        if not self.knows(user):
            raise KeyError(user)
        return int(np.searchsorted(self.user_ids, user))

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Predicted stars, raised for films that many rated as SVD's are."""
        return self.raised(self.expected_stars(history))

    def raised(self, stars: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float32]:
        """Stars of all films plus their popularity: (n_films,)."""
        return (stars + POPULARITY * np.log1p(self.support)).astype(np.float32)


class Remembering(SurpriseModel):
    """A model that predicts from the very ratings it was trained on, and so stores them.

    rating_starts: (n_users + 1,) int64; the rows of viewer u are rating_starts[u] to
        rating_starts[u + 1] of rating_films and rating_stars
    rating_films:  (n,) int32, internal indices, ascending for each viewer
    rating_stars:  (n,) float32
    """

    remembered: ClassVar[tuple[str, ...]] = (
        "user_ids",
        "rating_starts",
        "rating_films",
        "rating_stars",
    )

    rating_starts: NDArray[np.int64]
    rating_films: NDArray[np.int32]
    rating_stars: NDArray[np.float32]

    def remember(self, ratings: Ratings) -> None:
        self.user_ids = ratings.user_ids
        self.rating_starts = starts_of(ratings.users, ratings.n_users)
        self.rating_films, self.rating_stars = ratings.films, ratings.stars

    def trained_history(self, user: int) -> History:
        """What training saw of this viewer, by raw id. KeyError when it saw nothing."""
        place = self.place_of(user)
        rows = slice(int(self.rating_starts[place]), int(self.rating_starts[place + 1]))
        return History(self.rating_films[rows], self.rating_stars[rows])


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
        starts = starts_of(ratings.users, ratings.n_users)
        self.ur = Rows(starts, ratings.films, ratings.stars, self._clock_of("viewers"))
        by_film = np.argsort(ratings.films, kind="stable")
        starts = starts_of(ratings.films, ratings.n_films)
        self.ir = Rows(
            starts, ratings.users[by_film], ratings.stars[by_film], self._clock_of("films")
        )

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


def check_finite(*arrays: NDArray[np.float64]) -> None:
    """Raises FloatingPointError when a fit ran away."""
    if not all(np.isfinite(each).all() for each in arrays):
        raise FloatingPointError("The fit did not converge: lower learning_rate.")


def require(
    parameters: object, *, positive: tuple[str, ...], not_negative: tuple[str, ...]
) -> None:
    """Raises ValueError, naming the parameter that is out of its bounds."""
    for name in positive:
        if getattr(parameters, name) <= 0:
            raise ValueError(f"Parameter {name} must be above 0.")
    for name in not_negative:
        if getattr(parameters, name) < 0:
            raise ValueError(f"Parameter {name} must not be below 0.")
