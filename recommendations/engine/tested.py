"""Stars predicted for tested ratings, and how far off they are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from recommendations.engine import metrics
from recommendations.engine.contract import History, Model
from recommendations.engine.ranges import Conditions, spread
from recommendations.engine.ratings import HIGHEST, LOWEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from recommendations.engine.splits import Ids

#: A viewer's level on films unknown to the model starts from so many ratings at that of all.
LEVEL_DAMPING = 3.0


@dataclass(frozen=True, eq=False)
class Tested:
    """What came of n tested ratings.

    errors: (n,), stars given less stars predicted; inside: (n,), 1 if the range held the stars
    given, else 0, NaN if there was no range; support: (n,), of the film; spread, length: (n,), of
    the viewer.
    """

    errors: "NDArray[np.float32]"
    inside: "NDArray[np.float64]"
    support: "NDArray[np.int32]"
    spread: "NDArray[np.float64]"
    length: "NDArray[np.int64]"

    @property
    def conditions(self) -> Conditions:
        return Conditions(self.support, self.spread, self.length)

    @classmethod
    def joined(cls, several: "Sequence[Tested]") -> Self:
        columns = zip(*(vars(each).values() for each in several), strict=True)
        return cls(*map(np.concatenate, columns))

    def figures(self) -> dict[str, float]:
        return {
            "rmse": metrics.rmse(self.errors),
            "mae": metrics.mae(self.errors),
            "range_coverage": metrics.mean(self.inside),
            "range_coverage_worst": metrics.worst_coverage(self.inside, self.support, self.spread),
        }


class Examiner:
    """Tests a model on any film, also on those without a rating in training, unknown to it.

    These count, and get what Surprise gives them: the mean of training plus the viewer's bias,
    here Σ residuals / (n + 3), the residuals being what the viewer gave beyond what the model
    expects of somebody unknown. Their range is that of a film with 0 ratings.
    """

    def __init__(self, model: Model, trained_on: "NDArray[np.float32]") -> None:
        self.model = model
        self.mean = trained_on.mean(dtype=np.float64)
        self.expected = model.expected_stars(model.history([], []))

    def test(
        self, user: int, history: History, film_ids: "Ids", given: "NDArray[np.float32]"
    ) -> Tested:
        """One viewer's ratings of films, all by raw id; `film_ids` and `given` are (n,)."""
        known, support = np.isin(film_ids, self.model.film_ids), np.zeros(len(film_ids), np.int32)
        places = np.searchsorted(self.model.film_ids, film_ids[known]).astype(np.int32)
        support[known] = self.model.support[places]
        stars = np.full(len(film_ids), self._level(history), np.float32)
        stars[known] = self.model.predict_stars(history, places, user).stars
        under = Conditions(support, spread(history.stars), len(history))
        return Tested(
            given - stars,
            self._inside(given, stars, under),
            support,
            np.full(len(film_ids), under.spread),
            np.full(len(film_ids), under.length),
        )

    def _inside(
        self, given: "NDArray[np.float32]", stars: "NDArray[np.float32]", under: Conditions
    ) -> "NDArray[np.float64]":
        if not self.model.errors.are_known:
            return np.full(len(given), np.nan)
        low, high = self.model.errors.around(stars, under)
        return ((low <= given) & (given <= high)).astype(np.float64)

    def _level(self, history: History) -> float:
        beyond = (history.stars - self.expected[history.films]).sum(dtype=np.float64)
        level = beyond / (len(history) + LEVEL_DAMPING)
        return float(np.clip(self.mean + level, LOWEST, HIGHEST))
