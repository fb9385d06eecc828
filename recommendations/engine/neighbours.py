"""Similar films, from who rated what and how.

Two films are alike when the same people rate them, and more so when those people rate them
alike. The first alone follows *when* people rated; the second alone is noise where few rated
both. So the measure is a cosine over raters, damped, times their agreement:

    Σ w_u / (Σ_i w_u · Σ_j w_u)^0.7  ·  n / (n + 5)  ·  (1 + 2 · agreement)

n is the number of viewers who rated both; w_u = 1 / √(ratings of u), for somebody who rates
everything says little about any two films. The exponent lies between a cosine (0.5), which
favours what everybody saw, and lift (1), which favours what hardly anybody did. Agreement is
Pearson's correlation of the rating residuals, shrunk by support (Koren, 2010, *Factor in the
Neighbors*): Σ e_ui e_uj / ((n + 30) σ_i σ_j).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import Ratings

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A film with fewer ratings is nobody's neighbour.
MIN_SUPPORT = 10
#: So many neighbours are kept of each film.
KEPT = 50

#: A film's raters are sampled evenly down to so many: the time stays linear in the films.
RATERS = 4000

BIAS_DAMPING = 5.0
CORATING_DAMPING = 5.0
AGREEMENT_DAMPING = 30.0
AGREEMENT_WEIGHT = 2.0
POPULARITY_EXPONENT = 0.7


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest films of film i: `films[starts[i]:starts[i + 1]]`, the nearest first.

    starts: (n_films + 1,) int32, films: (m,) int32 internal indices, similarities: (m,) float32,
    positive, without a unit.
    """

    starts: "NDArray[np.int32]"
    films: "NDArray[np.int32]"
    similarities: "NDArray[np.float32]"

    @classmethod
    def none(cls, n_films: int) -> Self:
        empty = np.empty(0)
        return cls(np.zeros(n_films + 1, np.int32), empty.astype(np.int32), empty.astype("f4"))


def nearest(ratings: Ratings, progress: Progress = silent) -> Neighbours:
    """Find up to 50 neighbours of every film, one film at a time.

    Needs memory for the ratings and for one film's raters; time for every pair of ratings by
    the same viewer.
    """
    pairs = _Pairs(ratings)
    lists = []
    for film in range(ratings.n_films):
        if film % 500 == 0:
            progress(film, ratings.n_films)
        lists.append(_best(pairs.similarities(film), pairs.targets))
    progress(ratings.n_films, ratings.n_films)
    return Neighbours(
        np.cumsum([0] + [len(films) for films, _ in lists], dtype=np.int32),
        np.concatenate([films for films, _ in lists]),
        np.concatenate([similarities for _, similarities in lists]),
    )


def _best(
    similarities: "NDArray[np.float64]", targets: "NDArray[np.int32]"
) -> "tuple[NDArray[np.int32], NDArray[np.float32]]":
    kept = np.flatnonzero(similarities > 0)
    if len(kept) > KEPT:
        kept = kept[np.argpartition(-similarities[kept], KEPT)[:KEPT]]
    kept = kept[np.argsort(-similarities[kept], kind="stable")]
    return targets[kept], similarities[kept].astype(np.float32)


class _Pairs:
    """The ratings by film, and of the films that may be neighbours (the targets) by viewer."""

    def __init__(self, ratings: Ratings) -> None:
        self.users = ratings.users
        self.residuals = residuals(ratings)
        self.by_film = np.argsort(ratings.films, kind="stable")
        self.film_starts = np.concatenate([[0], np.cumsum(ratings.support)])
        self.user_weight = 1 / np.sqrt(np.bincount(ratings.users))
        self.weight = np.bincount(ratings.films, self.user_weight[ratings.users])
        square = np.bincount(ratings.films, self.residuals**2)
        self.deviation = np.sqrt(square / ratings.support) + 1e-6
        self._keep_targets(ratings)

    def _keep_targets(self, ratings: Ratings) -> None:
        supported = ratings.support >= MIN_SUPPORT
        rows = supported[ratings.films]
        self.targets = np.flatnonzero(supported).astype(np.int32)
        self.target_of_row = (np.cumsum(supported) - 1)[ratings.films[rows]]
        self.residual_of_row = self.residuals[rows]
        self.rows_of_user = np.bincount(ratings.users[rows], minlength=ratings.n_users)
        self.user_starts = np.cumsum(self.rows_of_user) - self.rows_of_user

    def similarities(self, film: int) -> "NDArray[np.float64]":
        """Similarity of one film to all targets."""
        together, weight, agreement = self._corated(film)
        weight /= (self.weight[film] * self.weight[self.targets]) ** POPULARITY_EXPONENT
        agreement /= self.deviation[film] * self.deviation[self.targets]
        agreement /= together + AGREEMENT_DAMPING
        damped = weight * together / (together + CORATING_DAMPING)
        found = np.asarray(damped * (1 + AGREEMENT_WEIGHT * agreement))
        found[self.targets == film] = 0
        return found

    def _corated(self, film: int) -> "tuple[NDArray[np.float64], ...]":
        """Sums over those who rated `film`, for each target: 1, w_u and e_ui · e_uj."""
        rated = self.by_film[self.film_starts[film] : self.film_starts[film + 1]]
        step = -(-len(rated) // RATERS)
        rated = rated[::step]
        raters = self.users[rated]
        lengths = self.rows_of_user[raters]
        first = self.user_starts[raters] - (np.cumsum(lengths) - lengths)
        rows = np.repeat(first, lengths) + np.arange(lengths.sum())
        targets, n = self.target_of_row[rows], len(self.targets)
        products = np.repeat(self.residuals[rated], lengths) * self.residual_of_row[rows]
        weights = np.repeat(self.user_weight[raters], lengths)
        sums = [np.bincount(targets, each, n) for each in (None, weights, products)]
        return tuple(step * each.astype(np.float64) for each in sums)


def residuals(ratings: Ratings) -> "NDArray[np.float64]":
    """What is left of each rating without the damped biases of its film and its viewer: (n,)."""
    left: NDArray[np.float64] = ratings.stars - ratings.stars.mean(dtype=np.float64)
    for index in (ratings.films, ratings.users):
        bias = np.bincount(index, left) / (np.bincount(index) + BIAS_DAMPING)
        left = left - bias[index]
    return left
