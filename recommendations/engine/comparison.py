"""Which of two models serves the same viewers better, on ratings that neither has seen.

Both are given the same histories. Rankings are measured by nDCG@10 of a viewer's held-out films
among all films that the model knows and the viewer's history does not hold; a held-out film that
a model does not know is a miss. Stars are measured on the held-out ratings of films that both
know. Differences are paired by viewer: of the nDCG directly, of the squared errors as a ratio of
sums over viewers, whose standard error is the usual one of a ratio estimator (Cochran, 1977,
*Sampling Techniques*, ch. 6), for the ratings of one viewer hang together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recommendations.engine import metrics
from recommendations.engine.evaluation import best
from recommendations.engine.holdout import mixed
from recommendations.engine.progress import Progress, silent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.engine.contract import History, Model
    from recommendations.engine.ratings import Ratings

#: Films that are ranked of each viewer.
TOP = 10
#: A model has lost when it is worse by more standard errors of the difference.
STANDARD_ERRORS = 2.0


@dataclass(frozen=True, eq=False)
class Trial:
    """One viewer: what they rated in training, and what was held out. All ids are raw."""

    viewer: int
    film_ids: "NDArray[np.int32]"
    stars: "NDArray[np.float32]"
    held_film_ids: "NDArray[np.int32]"
    held_stars: "NDArray[np.float32]"

    @classmethod
    def of_viewers(
        cls,
        ratings: "Ratings",
        held_users: "NDArray[np.int64]",
        held_films: "NDArray[np.int32]",
        held_stars: "NDArray[np.float32]",
        most: int,
    ) -> "list[Trial]":
        """Of at most so many viewers who have both: always the same, chosen by a hash.

        The held-out ratings are given by raw ids, (n,) each, ascending by viewer.
        """
        viewers = np.intersect1d(held_users, ratings.user_ids)
        chosen = viewers[np.argsort(mixed(viewers.view(np.uint64)))[:most]]
        found = []
        for viewer in np.sort(chosen).tolist():
            own = ratings.of_user(int(np.searchsorted(ratings.user_ids, viewer)))
            held = slice(*np.searchsorted(held_users, [viewer, viewer + 1]))
            films = ratings.film_ids[ratings.films[own]]
            found.append(
                cls(viewer, films, ratings.stars[own], held_films[held], held_stars[held])
            )
        return found


class Served:
    """A model, as the site would serve the viewer of a trial."""

    def __init__(self, model: "Model") -> None:
        self.model = model

    def ndcg(self, trial: Trial, history: "History") -> float:
        films = best(self.model.score(history, trial.viewer), history.films, TOP)
        hits = np.zeros((1, TOP), np.bool_)
        hits[0, : len(films)] = np.isin(self.model.film_ids[films], trial.held_film_ids)
        return float(metrics.ndcg(hits, np.array([len(trial.held_film_ids)]))[0])

    def squared_errors(
        self, trial: Trial, history: "History", films: "NDArray[np.bool_]"
    ) -> "NDArray[np.float64]":
        places = np.searchsorted(self.model.film_ids, trial.held_film_ids[films]).astype(np.int32)
        predicted = self.model.predict_stars(history, places, trial.viewer).stars
        wrong_by = trial.held_stars[films].astype(np.float64) - predicted
        return wrong_by**2


@dataclass(frozen=True)
class Measure:
    """One figure of both; by how much the challenger is worse, and its standard error."""

    challenger: float
    champion: float
    worse_by: float
    standard_error: float

    @property
    def lost(self) -> bool:
        is_worse = self.worse_by > STANDARD_ERRORS * self.standard_error
        return is_worse or math.isnan(self.challenger)


@dataclass(frozen=True)
class Comparison:
    """The challenger and the champion. `mse` is in squared stars, and None without any."""

    viewers: int
    ratings: int
    ndcg: Measure
    mse: Measure | None

    @property
    def lost(self) -> bool:
        return self.ndcg.lost or (self.mse is not None and self.mse.lost)


class _Outcome(NamedTuple):
    """Of one viewer: nDCG of both; ratings, and the sum of squared errors of both."""

    ndcg: tuple[float, float]
    ratings: int
    squares: tuple[float, float]


def compare(
    challenger: Served, champion: Served, trials: Sequence[Trial], progress: Progress = silent
) -> Comparison | None:
    """Serve every trial by both; None when there are too few to tell chance from worse."""
    if len(trials) < 2:
        return None
    outcomes = []
    for done, trial in enumerate(trials):
        progress(done, len(trials))
        outcomes.append(_outcome(challenger, champion, trial))
    progress(len(trials), len(trials))
    ndcg = np.array([outcome.ndcg for outcome in outcomes])
    counts = np.array([outcome.ratings for outcome in outcomes])
    squares = np.array([outcome.squares for outcome in outcomes])
    held_out = sum(len(trial.held_film_ids) for trial in trials)
    return Comparison(len(trials), held_out, _of_rankings(ndcg), _of_stars(squares, counts))


def _outcome(challenger: Served, champion: Served, trial: Trial) -> _Outcome:
    known = np.isin(trial.held_film_ids, challenger.model.film_ids)
    known &= np.isin(trial.held_film_ids, champion.model.film_ids)
    ndcg, squares = [], []
    for served in (challenger, champion):
        history = served.model.history(trial.film_ids, trial.stars)
        ndcg.append(served.ndcg(trial, history))
        squares.append(float(served.squared_errors(trial, history, known).sum()))
    return _Outcome((ndcg[0], ndcg[1]), int(known.sum()), (squares[0], squares[1]))


def _of_rankings(ndcg: "NDArray[np.float64]") -> Measure:
    worse = ndcg[:, 1] - ndcg[:, 0]
    error = worse.std(ddof=1) / np.sqrt(len(worse))
    return Measure(
        float(ndcg[:, 0].mean()), float(ndcg[:, 1].mean()), worse.mean().item(), error.item()
    )


def _of_stars(squares: "NDArray[np.float64]", counts: "NDArray[np.int64]") -> Measure | None:
    total = int(counts.sum())
    if not total:
        return None
    worse = squares[:, 0] - squares[:, 1]
    mean = worse.sum() / total
    n = len(counts)
    error = np.sqrt(np.square(worse - mean * counts).sum() * n / (n - 1)) / total
    challenger, champion = squares.sum(axis=0) / total
    return Measure(challenger.item(), champion.item(), mean.item(), error.item())
