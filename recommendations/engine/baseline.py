"""Stars from the levels of the film and the viewer alone: Surprise's BaselineOnly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import ALL, Explanation, Films, History
from recommendations.engine.folding import explained
from recommendations.engine.parameters import Parameters, Range, require
from recommendations.engine.progress import Progress
from recommendations.engine.ratings import Ratings
from recommendations.engine.surprise_models import SurpriseModel
from recommendations.engine.trainset import Trainset


@dataclass(frozen=True)
class BaselineParameters(Parameters):
    """Surprise's own.

    user_damping, film_damping: so many ratings at the general level are added to each one's own.
    """

    epochs: int = 10
    user_damping: float = 15.0
    film_damping: float = 10.0

    ranges = {
        "user_damping": Range(1, 50),
        "film_damping": Range(1, 50),
    }

    def __post_init__(self) -> None:
        require(self, positive=("epochs",), not_negative=("user_damping", "film_damping"))


class Baseline(SurpriseModel):
    """The mean of all ratings, plus the bias of the film, plus that of the viewer (Koren, 2010).

    Fitted by alternating least squares. Its last step is also the fold-in: with the residuals
    e = stars - base of the n rated films, the viewer's bias is Σe / (n + user_damping). So a
    viewer who rated nothing since training gets the same numbers from both.

    base:      (n_films,) float64, the mean of all ratings plus the film's bias, in stars
    user_bias: (n_users,) float64, in stars
    """

    name = "baseline"
    options = BaselineParameters
    learned = ("user_ids", "base", "user_bias")

    parameters: BaselineParameters
    base: NDArray[np.float64]
    user_bias: NDArray[np.float64]

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        # Imported here, so that those who only load a fitted model do without it.
        import surprise  # noqa: PLC0415

        chosen = self.parameters
        trainset = Trainset(ratings, progress, "sweeps", chosen.epochs)
        fitted = surprise.BaselineOnly(als_options(chosen), verbose=False).fit(trainset)
        self.user_ids = ratings.user_ids
        self.base, self.user_bias = trainset.global_mean + fitted.bi, fitted.bu
        trainset.clock.finish()

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        level = user_level(history, self.base, self.parameters.user_damping)
        return (self.base[films] + level).astype(np.float32)

    def trained_estimates(self, user: int) -> NDArray[np.float64]:
        return np.asarray(self.base + self.user_bias[self.place_of(user)])

    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[Explanation]:
        """No carriers: every rating moves all films alike, and so carries none of them."""
        residuals = history.stars - self.base[history.films]
        added = residuals / (len(history) + self.parameters.user_damping)
        return explained(np.tile(added, (len(films), 1)), may_carry=False)


def als_options(parameters: object) -> dict[str, object]:
    """Surprise's `bsl_options`, from parameters in our words."""
    ours = {"n_epochs": "epochs", "reg_u": "user_damping", "reg_i": "film_damping"}
    return {"method": "als"} | {key: getattr(parameters, name) for key, name in ours.items()}


def user_level(history: History, base: NDArray[np.float64], damping: float) -> float:
    """A viewer's bias, in stars, by the user step of Surprise's least squares."""
    if not len(history):
        return 0.0
    residuals = history.stars.astype(np.float64) - base[history.films]
    return float(residuals.sum() / (len(history) + damping))
