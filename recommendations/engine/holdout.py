"""Which ratings are held out of training, and what a model gets wrong about them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from recommendations.engine import metrics
from recommendations.engine.contract import History, Model
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ranges import Conditions, spread
from recommendations.engine.ratings import Ratings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: One rating of so many is held out.
ONE_IN = 10


def is_held_out(user_ids: "ArrayLike", film_ids: "ArrayLike") -> "NDArray[np.bool_]":
    """Whether each rating, by raw ids, is held out of every training: (n,).

    It hangs on the two ids alone (splitmix64; Steele, Lea & Flood, 2014), so that a rating that
    was held out once always is, on every machine and in any order.
    """
    held: NDArray[np.bool_] = _hashed(user_ids, film_ids) % np.uint64(ONE_IN) == 0
    return held


def dealt(user_ids: "ArrayLike", film_ids: "ArrayLike", parts: int) -> "NDArray[np.uint64]":
    """Which of so many parts each rating falls into: (n,). Says nothing of `is_held_out`."""
    part: NDArray[np.uint64] = mixed(_hashed(user_ids, film_ids)) % np.uint64(parts)
    return part


def _hashed(user_ids: "ArrayLike", film_ids: "ArrayLike") -> "NDArray[np.uint64]":
    users = np.asarray(user_ids, np.int64).view(np.uint64)
    films = np.asarray(film_ids, np.int64).view(np.uint64)
    return mixed(mixed(users) ^ films)


def mixed(values: "NDArray[np.uint64]") -> "NDArray[np.uint64]":
    """A hash of each: splitmix64."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Held-out ratings of films and viewers that training knows, by internal indices.

    users, films: (n,) int32; stars: (n,) float32. `left_out` counts the ratings of others.
    """

    users: "NDArray[np.int32]"
    films: "NDArray[np.int32]"
    stars: "NDArray[np.float32]"
    left_out: int

    @classmethod
    def of(
        cls,
        ratings: Ratings,
        user_ids: "NDArray[np.int64]",
        film_ids: "NDArray[np.int32]",
        stars: "NDArray[np.float32]",
    ) -> "HeldOut":
        """From raw ids, (n,) each."""
        known = np.isin(user_ids, ratings.user_ids) & np.isin(film_ids, ratings.film_ids)
        users = np.searchsorted(ratings.user_ids, user_ids[known]).astype(np.int32)
        films = np.searchsorted(ratings.film_ids, film_ids[known]).astype(np.int32)
        order = np.argsort(users, kind="stable")
        return cls(users[order], films[order], stars[known][order], int((~known).sum()))

    def __len__(self) -> int:
        return len(self.stars)


def errors(
    model: Model, ratings: Ratings, held_out: HeldOut, progress: Progress = silent
) -> "NDArray[np.float32]":
    """Stars given less stars predicted, for each held-out rating: (n,), in stars.

    Every viewer is served as the site serves them: by fold-in of their training ratings, or as
    the trained viewer by a model that does not fold in.
    """
    predicted = np.empty(len(held_out), np.float32)
    viewers, starts = np.unique(held_out.users, return_index=True)
    bounds = pairwise([*starts.tolist(), len(held_out)])
    for viewer, (start, end) in zip(viewers, bounds, strict=True):
        progress(start, len(held_out))
        own, user = ratings.of_user(viewer), int(ratings.user_ids[viewer])
        history = History(ratings.films[own], ratings.stars[own])
        films = held_out.films[start:end]
        predicted[start:end] = model.predict_stars(history, films, user).stars
    progress(len(held_out), len(held_out))
    return held_out.stars - predicted


def conditions(ratings: Ratings, held_out: HeldOut) -> Conditions:
    """Under which each held-out rating is predicted, by the viewer's training ratings."""
    lengths = np.bincount(ratings.users, minlength=ratings.n_users)
    viewers = np.unique(held_out.users)
    spreads = np.zeros(ratings.n_users)
    spreads[viewers] = [spread(ratings.stars[ratings.of_user(each)]) for each in viewers]
    users = held_out.users
    return Conditions(ratings.support[held_out.films], spreads[users], lengths[users])


def accuracy(errors: "NDArray[np.float32]") -> dict[str, float]:
    """Root mean square and mean absolute error, in stars; nothing when nothing was held out."""
    if not len(errors):
        return {}
    return {
        "rmse": metrics.rmse(errors),
        "mae": metrics.mae(errors),
    }
