"""What models predict for ratings that were left out of their fit, to weigh them by."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import History
from recommendations.engine.ranges import Conditions, spread
from recommendations.engine.ratings import Ratings
from recommendations.engine.star_parts import Parts

#: Viewers whose left-out ratings are predicted, by each inner fit. More would not change the
#: weights, only take longer.
MOST_VIEWERS = 1000

#: Each of these viewers is also served from so few of their ratings: from three of the nine.
SHORT = (0, 1, 2, 3, 5, 8, 12, 20, 40)
SHARED = 3


@dataclass(frozen=True, eq=False)
class Unseen:
    """Predictions for ratings that the parts were not fitted to, one row each.

    lengths: (n,) of the history it was predicted from; spreads: (n,) of that history's stars;
    support: (n,) of the film; beyond: (n, n_parts), see `Parts`; residuals: (n,) stars less base;
    base: (n,) in stars.
    """

    lengths: NDArray[np.int64]
    spreads: NDArray[np.float64]
    support: NDArray[np.int32]
    base: NDArray[np.float64]
    beyond: NDArray[np.float64]
    residuals: NDArray[np.float64]

    @property
    def conditions(self) -> Conditions:
        return Conditions(self.support, self.spreads, self.lengths)

    @classmethod
    def joined(cls, several: "list[Unseen]") -> Self:
        columns = zip(*(vars(each).values() for each in several), strict=True)
        return cls(*map(np.concatenate, columns))

    @classmethod
    def of(
        cls, parts: Parts, history: History, films: NDArray[np.int32], stars: NDArray[np.float32]
    ) -> Self:
        """One viewer's left-out ratings, served by fold-in of a history."""
        n, base = len(films), parts.svd.base[films].astype(np.float64)
        return cls(
            np.full(n, len(history)),
            np.full(n, spread(history.stars)),
            parts.svd.support[films],
            base,
            parts.beyond(history, films),
            stars - base,
        )


def left_out(parts: Parts, ratings: Ratings, kept: NDArray[np.bool_]) -> Iterator[Unseen]:
    """For some viewers, the ratings not kept: by the whole history, and by short ones."""
    step = -(-ratings.n_users // MOST_VIEWERS)
    for viewer in range(0, ratings.n_users, step):
        own = ratings.of_user(viewer)
        films, stars, known = ratings.films[own], ratings.stars[own], kept[own]
        history = History(films[known], stars[known])
        for each in [history, *shortened(history, viewer // step)]:
            yield Unseen.of(parts, each, films[~known], stars[~known])


def shortened(history: History, number: int) -> Iterator[History]:
    """Some of the ratings only: how many and which hang on the viewer's number."""
    draws = np.random.default_rng(number).permutation(len(history))
    for length in SHORT[number % SHARED :: SHARED]:
        if length < len(history):
            yield History(history.films[draws[:length]], history.stars[draws[:length]])
