"""Stars from latent factors, beside SVD: Surprise's SVD++ and NMF, each with its fold-in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import ALL, Explanation, Films, History
from recommendations.engine.folding import BIAS_DAMPING, explained, ridge, unexplained
from recommendations.engine.parameters import Parameters, Range, require
from recommendations.engine.progress import Progress
from recommendations.engine.ratings import LOWEST, Ratings
from recommendations.engine.surprise_models import SurpriseModel
from recommendations.engine.svd import SVDParameters
from recommendations.engine.trainset import Trainset, check_finite

#: Sweeps of coordinate descent in a fold-in; 40 give the same RMSE to .0001 (inner split below).
SWEEPS = 20

#: A viewer's non-negative factors are held to the mean viewer's so much. RMSE of an inner split of
#: ml-latest-small at 1, 5, 10, 20 and 40: .905, .898, .894, .889 and .885. No more than 10 all the
#: same: at 40, 20 ratings of clear taste move the stars less than half as far as training does.
PRIOR_WEIGHT = 10.0


@dataclass(frozen=True)
class SVDPlusPlusParameters(SVDParameters):
    """Surprise's own."""

    factors: int = 20
    epochs: int = 20
    learning_rate: float = 0.007
    regularisation: float = 0.02
    init_std_dev: float = 0.1
    seed: int = 0

    ranges = {
        "factors": Range(5, 50),
        "epochs": Range(5, 50),
        "learning_rate": Range(0.002, 0.03),
        "regularisation": Range(0.01, 0.3),
        "init_std_dev": Range(0.003, 0.3),
    }


class SVDPlusPlus(SurpriseModel):
    """Biased matrix factorisation that also learns from which films were rated (Koren, 2008).

    A viewer is what they rated, h = |N|^-½ Σ y_j over the rated films, plus how: their own
    factors p. The fold-in takes h exactly, and from e = stars - base - Q h it solves for level and
    p as SVD does: b = Σe / (n + 3), (QᵀQ + (regularisation · n + 1) I) p = Qᵀ(e - b), with Q the
    factors of the rated films. Stars are base + b + factors · (p + h).

    base:             (n_films,) float64, the mean of all ratings plus the film's bias, in stars
    factors:          (n_films, factors) float64
    implicit_factors: (n_films, factors) float64, the y_j
    user_bias:        (n_users,) float64, in stars
    user_factors:     (n_users, factors) float64, p + h as trained
    """

    name = "svdpp"
    options = SVDPlusPlusParameters
    learned = ("user_ids", "base", "factors", "implicit_factors", "user_bias", "user_factors")

    parameters: SVDPlusPlusParameters
    base: NDArray[np.float64]
    factors: NDArray[np.float64]
    implicit_factors: NDArray[np.float64]
    user_bias: NDArray[np.float64]
    user_factors: NDArray[np.float64]

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        # Imported here, so that those who only load a fitted model do without it.
        import surprise  # noqa: PLC0415

        chosen = self.parameters
        trainset = Trainset(ratings, progress, "ratings", chosen.epochs, chosen.seed)
        fitted = surprise.SVDpp(**chosen.for_surprise(), cache_ratings=True).fit(trainset)
        check_finite(fitted.bi, fitted.qi, fitted.yj, fitted.pu)
        self.user_ids = ratings.user_ids
        self.base, self.user_bias = trainset.global_mean + fitted.bi, fitted.bu
        self.factors, self.implicit_factors = fitted.qi, fitted.yj
        self.user_factors = fitted.pu + self._implicit_of_all(ratings)
        trainset.clock.finish()

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        if not len(history):
            return self.base[films].astype(np.float32)
        residuals = self._residuals(history)
        level = residuals.sum() / (len(history) + BIAS_DAMPING)
        rated = self.factors[history.films]
        factors = ridge(rated, rated.T @ (residuals - level), self._damping(history))
        viewer = factors + self._implicit(history)
        stars = self.base[films] + level + self.factors[films] @ viewer
        return np.asarray(stars, np.float32)

    def trained_estimates(self, user: int) -> NDArray[np.float64]:
        place = self.place_of(user)
        stars = self.base + self.user_bias[place] + self.factors @ self.user_factors[place]
        return np.asarray(stars)

    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[Explanation]:
        if not len(history):
            return unexplained(films)
        weights = self.weights(history, films)
        carries = (weights > 0) & (history.stars >= history.stars.mean())
        return explained(weights * self._residuals(history), carries, n)

    def weights(self, history: History, films: NDArray[np.int32]) -> NDArray[np.float64]:
        """How much the stars of each rating weigh in each film: (len(films), len(history)).

        With s the stars that h alone gives, expected_stars = s[films] + weights @ (stars - s).
        """
        rated = self.factors[history.films]
        by_factors = (rated @ ridge(rated, self.factors[films].T, self._damping(history))).T
        by_level = 1 / (len(history) + BIAS_DAMPING)
        return np.asarray(by_factors + by_level * (1 - by_factors.sum(axis=1, keepdims=True)))

    def _residuals(self, history: History) -> NDArray[np.float64]:
        implicit = self.factors[history.films] @ self._implicit(history)
        return np.asarray(history.stars - self.base[history.films] - implicit)

    def _implicit(self, history: History) -> NDArray[np.float64]:
        total = self.implicit_factors[history.films].sum(axis=0)
        return np.asarray(total / np.sqrt(len(history)))

    def _implicit_of_all(self, ratings: Ratings) -> NDArray[np.float64]:
        rows = (ratings.of_user(user) for user in range(ratings.n_users))
        histories = (History(ratings.films[own], ratings.stars[own]) for own in rows)
        return np.stack([self._implicit(history) for history in histories])

    def _damping(self, history: History) -> float:
        return self.parameters.regularisation * len(history) + 1


@dataclass(frozen=True)
class NMFParameters(Parameters):
    """Surprise's own.

    biased: 1 adds the biases of film and viewer, and then overfits unless there are few factors.
    user_regularisation, film_regularisation: of the factors; bias_regularisation and
    learning_rate are of the biases alone.
    """

    factors: int = 15
    epochs: int = 50
    biased: int = 0
    user_regularisation: float = 0.06
    film_regularisation: float = 0.06
    bias_regularisation: float = 0.02
    learning_rate: float = 0.005
    seed: int = 0

    ranges = {
        "factors": Range(5, 50),
        "epochs": Range(10, 150),
        "user_regularisation": Range(0.01, 0.5),
        "film_regularisation": Range(0.01, 0.5),
    }

    def __post_init__(self) -> None:
        regularisations = [f"{each}_regularisation" for each in ("user", "film", "bias")]
        require(
            self,
            positive=("factors", "epochs", "learning_rate"),
            not_negative=(*regularisations, "seed"),
        )
        if self.biased not in (0, 1):
            raise ValueError("Parameter biased must be 0 or 1.")


class NMF(SurpriseModel):
    """Non-negative matrix factorisation (Luo, Zhou, Xia & Zhu, 2014), with or without biases.

    A viewer is served by non-negative least squares, the factors Q of the n rated films held
    fast: with e = stars - base - level, their factors p ≥ 0 are the least of
    |e - Q p|² + regularisation · n · |p|² + d |p - p₀|², with p₀ the mean viewer's and a weight d;
    by coordinate descent (Franc, Hlaváč & Navara, 2005). If biased, the level is
    Σ(stars - base - Q p₀) / (n + 3), else 0. Stars are base + level + factors · p.

    base:         (n_films,) float64, the mean of all ratings plus the film's bias; 0 if not biased
    factors:      (n_films, factors) float64
    user_bias:    (n_users,) float64, in stars; 0 if not biased
    user_factors: (n_users, factors) float64
    mean_factors: (factors,) float64, of the mean viewer
    """

    name = "nmf"
    options = NMFParameters
    learned = ("user_ids", "base", "factors", "user_bias", "user_factors", "mean_factors")

    parameters: NMFParameters
    base: NDArray[np.float64]
    factors: NDArray[np.float64]
    user_bias: NDArray[np.float64]
    user_factors: NDArray[np.float64]
    mean_factors: NDArray[np.float64]

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        # Imported here, so that those who only load a fitted model do without it.
        import surprise  # noqa: PLC0415

        chosen = self.parameters
        trainset = Trainset(ratings, progress, "ratings", chosen.epochs, chosen.seed)
        fitted = surprise.NMF(
            n_factors=chosen.factors,
            n_epochs=chosen.epochs,
            biased=bool(chosen.biased),
            reg_pu=chosen.user_regularisation,
            reg_qi=chosen.film_regularisation,
            reg_bu=chosen.bias_regularisation,
            reg_bi=chosen.bias_regularisation,
            lr_bu=chosen.learning_rate,
            lr_bi=chosen.learning_rate,
            random_state=chosen.seed,
        ).fit(trainset)
        check_finite(fitted.bi, fitted.qi, fitted.pu)
        self.user_ids, self.user_bias = ratings.user_ids, fitted.bu
        self.base = fitted.bi + (trainset.global_mean if chosen.biased else 0)
        self.factors, self.user_factors = fitted.qi, fitted.pu
        self.mean_factors = fitted.pu.mean(axis=0)
        trainset.clock.finish()

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        levels, viewers = self._fold_in(history, history.stars[np.newaxis])
        stars = self.base[films] + levels[0] + self.factors[films] @ viewers[0]
        return np.asarray(stars, np.float32)

    def trained_estimates(self, user: int) -> NDArray[np.float64]:
        place = self.place_of(user)
        stars = self.base + self.user_bias[place] + self.factors @ self.user_factors[place]
        return np.asarray(stars)

    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[Explanation]:
        """What each film loses when one rating is lowered to half a star.

        The fold-in is not linear in the stars, so it is solved once more for each rating.
        """
        if not len(history):
            return unexplained(films)
        levels, viewers = self._fold_in(history, _each_lowered(history.stars))
        stars = levels + self.factors[films] @ viewers.T
        lost = stars[:, :1] - stars[:, 1:]
        return explained(lost, history.stars >= history.stars.mean(), n)

    def _fold_in(
        self, history: History, stars: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Levels (m,) and factors (m, factors) from m versions of the same history's stars."""
        given = stars.astype(np.float64)
        rated, base = self.factors[history.films], self.base[history.films]
        levels = np.zeros(len(given))
        if self.parameters.biased:
            start = base + rated @ self.mean_factors
            levels = (given - start).sum(axis=1) / (len(history) + BIAS_DAMPING)
        wanted = (given - base - levels[:, np.newaxis]) @ rated
        gram = rated.T @ rated
        gram[np.diag_indices_from(gram)] += self._damping(history)
        return levels, _descend(self.mean_factors, gram, wanted + PRIOR_WEIGHT * self.mean_factors)

    def _damping(self, history: History) -> float:
        return self.parameters.user_regularisation * len(history) + PRIOR_WEIGHT


def _descend(
    start: NDArray[np.float64], gram: NDArray[np.float64], wanted: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve gram · p = w under p ≥ 0, in the least squares sense, for each w of `wanted`."""
    found = np.tile(start, (len(wanted), 1))
    for _ in range(SWEEPS):
        for place, row in enumerate(gram):
            step = (wanted[:, place] - found @ row) / row[place]
            found[:, place] = np.maximum(found[:, place] + step, 0)
    return found


def _each_lowered(stars: NDArray[np.float32]) -> NDArray[np.float32]:
    """The stars, and below them the same with one of them lowered in each row: (n + 1, n)."""
    versions = np.tile(stars, (len(stars) + 1, 1))
    versions[1:][np.diag_indices(len(stars))] = LOWEST
    return versions
