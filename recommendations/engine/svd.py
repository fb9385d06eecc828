"""Stars from latent factors: Surprise's SVD, and the fold-in of a viewer's present ratings."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import ALL, Carrier, Films, History, Model
from recommendations.engine.parameters import Parameters
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import HIGHEST, LOWEST, Ratings

#: A viewer's own level starts from so many ratings at the films' level.
BIAS_DAMPING = 3.0

#: What a film's popularity weighs in its score, against a predicted star.
POPULARITY = 0.2

#: Ratings are turned into Python objects so many at a time.
CHUNK = 65_536


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

    def __post_init__(self) -> None:
        for name in ("factors", "epochs", "learning_rate"):
            if getattr(self, name) <= 0:
                raise ValueError(f"Parameter {name} must be above 0.")
        for name in ("regularisation", "init_std_dev", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"Parameter {name} must not be below 0.")


class SVD(Model):
    """Biased matrix factorisation by stochastic gradient descent (Koren, Bell & Volinsky, 2009).

    A viewer is served by fold-in, whether training saw them or not: with the residuals
    e = stars - base of the n rated films, the level is b = Σe / (n + 3), and the viewer's factors
    p solve the ridge (QᵀQ + (regularisation · n + 1) I) p = Qᵀ(e - b), with Q the factors of the
    rated films. Stars are base + b + factors · p.

    base:    (n_films,) float32, the mean of all ratings plus the film's bias, in stars
    factors: (n_films, factors) float32
    """

    name = "svd"
    folds_in = True
    reports_progress = True
    ranked_by = "predicted stars, raised for films that many rated"
    options = SVDParameters
    learned = ("base", "factors")

    parameters: SVDParameters
    base: NDArray[np.float32]
    factors: NDArray[np.float32]

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        # Imported here, so that those who only load a fitted model do without it.
        import surprise  # noqa: PLC0415

        chosen = self.parameters
        trainset = _Trainset(ratings, chosen, progress)
        fitted = surprise.SVD(
            n_factors=chosen.factors,
            n_epochs=chosen.epochs,
            lr_all=chosen.learning_rate,
            reg_all=chosen.regularisation,
            init_std_dev=chosen.init_std_dev,
            random_state=chosen.seed,
        ).fit(trainset)
        progress(chosen.epochs, chosen.epochs)
        self.base = (trainset.global_mean + fitted.bi).astype(np.float32)
        self.factors = fitted.qi.astype(np.float32)
        if not (np.isfinite(self.base).all() and np.isfinite(self.factors).all()):
            raise FloatingPointError("The fit did not converge: lower learning_rate.")

    def expected_stars(self, history: History, films: Films = ALL) -> NDArray[np.float32]:
        level, factors = self._fold_in(history)
        stars = self.base[films] + level + self.factors[films] @ factors
        return stars.astype(np.float32, copy=False)

    def score(
        self,
        history: History,
        user: int | None = None,
        progress: Progress = silent,
    ) -> NDArray[np.float32]:
        """Stars plus 0.2 · log(1 + ratings of the film).

        By stars alone, films that a handful rated come first: nDCG@10 .009 by the protocol
        `stratified-by-item` on ml-latest-small (seed 42), against .185 so.
        """
        popularity = POPULARITY * np.log1p(self.support)
        return (self.expected_stars(history) + popularity).astype(np.float32)

    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[list[Carrier]]:
        if not len(history):
            return [[] for _ in films]
        weights = self.weights(history, films)
        contributions = weights * self._residuals(history)
        carries = (weights > 0) & (history.stars >= history.stars.mean())
        return [_largest(row, n) for row in np.where(carries, contributions, 0)]

    def weights(self, history: History, films: NDArray[np.int32]) -> NDArray[np.float64]:
        """How much each rating weighs in the score of each film: (len(films), len(history)).

        The fold-in is linear: expected_stars = base[films] + weights @ (stars - base[rated]).
        """
        rated = self.factors[history.films].astype(np.float64)
        solved = _ridge(rated, self.factors[films].astype(np.float64).T, self._damping(history))
        by_factors = (rated @ solved).T
        by_level = 1 / (len(history) + BIAS_DAMPING)
        left_to_level: NDArray[np.float64] = 1 - by_factors.sum(axis=1, keepdims=True)
        return by_factors + by_level * left_to_level

    def _fold_in(self, history: History) -> tuple[np.float32, NDArray[np.float32]]:
        residuals = self._residuals(history)
        level = residuals.sum() / (len(history) + BIAS_DAMPING)
        rated = self.factors[history.films].astype(np.float64)
        factors = _ridge(rated, rated.T @ (residuals - level), self._damping(history))
        return np.float32(level), factors.astype(np.float32)

    def _residuals(self, history: History) -> NDArray[np.float64]:
        return history.stars.astype(np.float64) - self.base[history.films]

    def _damping(self, history: History) -> float:
        return self.parameters.regularisation * len(history) + 1


def _ridge(
    rated: NDArray[np.float64], right: NDArray[np.float64], damping: float
) -> NDArray[np.float64]:
    """Solve (ratedᵀ rated + damping · I) x = right."""
    gram = rated.T @ rated
    gram[np.diag_indices_from(gram)] += damping
    return np.linalg.solve(gram, right).astype(np.float64, copy=False)


def _largest(contributions: NDArray[np.float64], n: int | None) -> list[Carrier]:
    order = np.argsort(-contributions, kind="stable")[:n]
    return [
        Carrier(int(place), float(contributions[place]))
        for place in order
        if contributions[place] > 0
    ]


class _Trainset:
    """What Surprise's SVD asks of its Trainset, read from arrays: no object is kept per rating.

    The ratings come in one shuffled order: ordered by viewer, gradient descent ends at the
    viewers it saw last (5 folds: .850 instead of .848).
    """

    rating_scale = (LOWEST, HIGHEST)

    def __init__(self, ratings: Ratings, parameters: SVDParameters, progress: Progress) -> None:
        order = np.random.default_rng(parameters.seed).permutation(len(ratings))
        self.columns = [column[order] for column in (ratings.users, ratings.films, ratings.stars)]
        self.n_users, self.n_items, self.n_ratings = ratings.n_users, ratings.n_films, len(ratings)
        self.global_mean = float(ratings.stars.mean(dtype=np.float64))
        self.progress, self.epochs, self.epoch = progress, parameters.epochs, 0

    def all_ratings(self) -> Iterator[tuple[int, int, float]]:
        """Surprise asks once an epoch, which tells how far it is."""
        self.progress(self.epoch, self.epochs)
        self.epoch += 1
        for start in range(0, self.n_ratings, CHUNK):
            rows = slice(start, start + CHUNK)
            yield from zip(*(column[rows].tolist() for column in self.columns), strict=True)
