"""Who rated both of two films, and whether they agreed about them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recommendations.engine.ratings import Ratings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: A film's raters are sampled evenly down to so many: the time stays linear in the films.
RATERS = 4000

BIAS_DAMPING = 5.0
CORATING_DAMPING = 5.0
AGREEMENT_DAMPING = 30.0
POPULARITY_EXPONENT = 0.6


@dataclass(frozen=True, eq=False)
class Corated:
    """What the ratings say of pairs of films: two arrays of (n_films, n_targets) float64.

    strength:  how much the same viewers rate both, from 0
    agreement: how alike they rate both, from -1 to 1
    """

    strength: "Floats"
    agreement: "Floats"


class Corating:
    """Pairs of any film and one of the targets, from the ratings of both by the same viewers.

    Strength is a cosine over raters, damped: Σ w_u / (Σ_i w_u · Σ_j w_u)^0.6 · n / (n + 5), where
    n viewers rated both and w_u = 1 / √(ratings of u), for somebody who rates everything says
    little about any two films. The exponent lies between a cosine (0.5), which favours what
    everybody saw, and lift (1), which favours what hardly anybody did. Agreement is Pearson's
    correlation of the rating residuals, shrunk by support (Koren, 2010, *Factor in the
    Neighbors*): Σ e_ui e_uj / ((n + 30) σ_i σ_j).

    user_weight: (n_users,), w_u
    """

    def __init__(self, ratings: Ratings, targets: "NDArray[np.int32]") -> None:
        self.users = ratings.users
        self.residuals = residuals(ratings)
        self.by_film = np.argsort(ratings.films, kind="stable")
        self.film_starts = np.concatenate([[0], np.cumsum(ratings.support)])
        self.user_weight = 1 / np.sqrt(np.bincount(ratings.users))
        weight = np.bincount(ratings.films, self.user_weight[ratings.users])
        self.popularity = weight**POPULARITY_EXPONENT
        square = np.bincount(ratings.films, self.residuals**2)
        self.deviation = np.sqrt(square / ratings.support) + 1e-6
        self._keep_targets(ratings, targets)

    def _keep_targets(self, ratings: Ratings, targets: "NDArray[np.int32]") -> None:
        places = np.full(ratings.n_films, -1)
        places[targets] = np.arange(len(targets))
        rows = places[ratings.films] >= 0
        self.targets = targets
        self.target_of_row = places[ratings.films[rows]]
        self.residual_of_row = self.residuals[rows]
        self.rows_of_user = np.bincount(ratings.users[rows], minlength=ratings.n_users)
        self.user_starts = np.cumsum(self.rows_of_user) - self.rows_of_user

    def of(self, films: "NDArray[np.int32]") -> Corated:
        """Each of `films` with every target."""
        together, strength, agreement = np.stack([self._sums(film) for film in films], axis=1)
        strength /= np.outer(self.popularity[films], self.popularity[self.targets])
        strength *= together / (together + CORATING_DAMPING)
        agreement /= np.outer(self.deviation[films], self.deviation[self.targets])
        agreement /= together + AGREEMENT_DAMPING
        return Corated(strength, agreement)

    def _sums(self, film: int) -> "Floats":
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
        return step * np.array(sums, np.float64)


def residuals(ratings: Ratings) -> "Floats":
    """What is left of each rating without the damped biases of its film and its viewer: (n,)."""
    left: NDArray[np.float64] = ratings.stars - ratings.stars.mean(dtype=np.float64)
    for index in (ratings.films, ratings.users):
        bias = np.bincount(index, left) / (np.bincount(index) + BIAS_DAMPING)
        left = left - bias[index]
    return left
