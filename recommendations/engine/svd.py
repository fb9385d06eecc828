"""Stars from latent factors: Surprise's SVD, and the fold-in of a viewer's present ratings."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import ALL, Explanation, Films, History
from recommendations.engine.folding import BIAS_DAMPING, explained, ridge, unexplained
from recommendations.engine.parameters import Parameters, Range, require
from recommendations.engine.progress import Progress
from recommendations.engine.ratings import Ratings
from recommendations.engine.surprise_models import SurpriseModel
from recommendations.engine.trainset import Trainset, check_finite


@dataclass(frozen=True)
class SVDParameters(Parameters):
    """Chosen on ml-latest-small: RMSE .848 over 5 folds.

    init_std_dev: spread of the random start. At Surprise's own 0.1, the factors stay mostly
    what they were drawn as, and twice as many are needed for the same error.
    """

    factors: int = 100
    epochs: int = 60
    learning_rate: float = 0.01
    regularisation: float = 0.1
    init_std_dev: float = 0.03
    seed: int = 0

    ranges = {
        "factors": Range(10, 300),
        "epochs": Range(10, 150),
        "learning_rate": Range(0.002, 0.05),
        "regularisation": Range(0.02, 0.3),
        "init_std_dev": Range(0.003, 0.3),
    }

    def __post_init__(self) -> None:
        require(
            self,
            positive=("factors", "epochs", "learning_rate"),
            not_negative=("regularisation", "init_std_dev", "seed"),
        )

    def for_surprise(self) -> dict[str, Any]:
        """The arguments of Surprise's SVD and SVD++."""
        return {
            "n_factors": self.factors,
            "n_epochs": self.epochs,
            "lr_all": self.learning_rate,
            "reg_all": self.regularisation,
            "init_std_dev": self.init_std_dev,
            "random_state": self.seed,
        }


class Folded(NamedTuple):
    """A viewer as SVD sees them: their level in stars, and (factors,) float32."""

    level: np.float32
    factors: NDArray[np.float32]


class SVD(SurpriseModel):
    """Biased matrix factorisation by stochastic gradient descent (Koren, Bell & Volinsky, 2009).

    A viewer is served by fold-in, whether training saw them or not: with the residuals
    e = stars - base of the n rated films, the level is b = Σe / (n + 3), and the viewer's factors
    p solve the ridge (QᵀQ + (regularisation · n + 1) I) p = Qᵀ(e - b), with Q the factors of the
    rated films. Stars are base + b + factors · p.

    base:         (n_films,) float32, the mean of all ratings plus the film's bias, in stars
    factors:      (n_films, factors) float32
    user_bias:    (n_users,) float32, in stars
    user_factors: (n_users, factors) float32
    """

    name = "svd"
    options = SVDParameters
    learned = ("user_ids", "base", "factors", "user_bias", "user_factors")

    parameters: SVDParameters
    base: NDArray[np.float32]
    factors: NDArray[np.float32]
    user_bias: NDArray[np.float32]
    user_factors: NDArray[np.float32]

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        # Imported here, so that those who only load a fitted model do without it.
        import surprise  # noqa: PLC0415

        chosen = self.parameters
        trainset = Trainset(ratings, progress, "ratings", chosen.epochs, chosen.seed)
        fitted = surprise.SVD(**chosen.for_surprise()).fit(trainset)
        trainset.clock.finish()
        check_finite(fitted.bi, fitted.qi, fitted.bu, fitted.pu)
        self.user_ids = ratings.user_ids
        self.base = (trainset.global_mean + fitted.bi).astype(np.float32)
        self.factors = fitted.qi.astype(np.float32)
        self.user_bias = fitted.bu.astype(np.float32)
        self.user_factors = fitted.pu.astype(np.float32)

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        return self.stars(self.fold_in(history), films)

    def stars(self, viewer: Folded, films: Films = ALL) -> NDArray[np.float32]:
        """Stars, unclipped, for a viewer folded in before."""
        stars = self.base[films] + viewer.level + self.factors[films] @ viewer.factors
        return stars.astype(np.float32, copy=False)

    def trained_estimates(self, user: int) -> NDArray[np.float64]:
        place = self.place_of(user)
        viewer = self.user_factors[place].astype(np.float64)
        stars = self.base.astype(np.float64) + self.user_bias[place]
        return np.asarray(stars + self.factors.astype(np.float64) @ viewer)

    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[Explanation]:
        if not len(history):
            return unexplained(films)
        weights = self.weights(history, films)
        contributions = weights * self._residuals(history)
        carries = (weights > 0) & (history.stars >= history.stars.mean())
        return explained(contributions, carries, n)

    def weights(self, history: History, films: NDArray[np.int32]) -> NDArray[np.float64]:
        """How much each rating weighs in the score of each film: (len(films), len(history)).

        The fold-in is linear: expected_stars = base[films] + weights @ (stars - base[rated]).
        """
        rated = self.factors[history.films].astype(np.float64)
        solved = ridge(rated, self.factors[films].astype(np.float64).T, self._damping(history))
        by_factors = (rated @ solved).T
        by_level = 1 / (len(history) + BIAS_DAMPING)
        left_to_level: NDArray[np.float64] = 1 - by_factors.sum(axis=1, keepdims=True)
        return by_factors + by_level * left_to_level

    def fold_in(self, history: History) -> Folded:
        """See a viewer by what they have rated."""
        residuals = self._residuals(history)
        level = residuals.sum() / (len(history) + BIAS_DAMPING)
        rated = self.factors[history.films].astype(np.float64)
        factors = ridge(rated, rated.T @ (residuals - level), self._damping(history))
        return Folded(np.float32(level), factors.astype(np.float32))

    def _residuals(self, history: History) -> NDArray[np.float64]:
        return history.stars.astype(np.float64) - self.base[history.films]

    def _damping(self, history: History) -> float:
        return self.parameters.regularisation * len(history) + 1
