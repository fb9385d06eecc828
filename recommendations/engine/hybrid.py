"""What a site uses by default: ranked by what is rated together, corrected by stars."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommendations.engine.contract import (
    ALL,
    Carrier,
    Explanation,
    Films,
    History,
    Model,
)
from recommendations.engine.ease import EASE, EASEParameters
from recommendations.engine.features import TakesFeatures
from recommendations.engine.folding import BIAS_DAMPING, explained, unexplained
from recommendations.engine.parameters import Parameters, Range, require
from recommendations.engine.progress import Progress, silent, stage
from recommendations.engine.ratings import LOWEST, Ratings
from recommendations.engine.star_parts import StarsParameters
from recommendations.engine.stars import Stars

#: In the place of a position in a history.
NOBODY = -1


@dataclass(frozen=True)
class HybridParameters(Parameters):
    """Those of the parts are named `ease.…` and `stars.…`.

    penalty: what a film loses for each star that it is predicted below the viewer's own mean, in
        standard deviations of the scores. Chosen on inner splits of ml-latest-small (protocol
        `stratified-by-item`, seeds 42 to 46), before what more of it gains gets too dear:

            penalty            0      1      2      4      8
            nDCG@10          .2325  .2326  .2321  .2313  .2305
            liked-nDCG@10    .2072  .2082  .2085  .2087  .2090
            hits <= 2.5      4.57%  4.44%  4.29%  4.27%  4.16%
            coverage@10      .0641  .0627  .0622  .0616  .0608
    """

    ranges = {"penalty": Range(0.5, 8)} | {
        f"ease.{name}": ends for name, ends in EASEParameters.ranges.items()
    }

    penalty: float = 2.0
    ease: EASEParameters = field(default=EASEParameters())
    stars: StarsParameters = field(default=StarsParameters())

    def __post_init__(self) -> None:
        require(self, positive=(), not_negative=("penalty",))


class Hybrid(Model):
    """EASE ranks, a star predictor says the stars, and what it expects to disappoint sinks.

    The score is EASE's, less penalty · σ · max(0, m - stars): σ is the standard deviation of
    EASE's scores of the films that it knows, and m the viewer's mean, started from 3 ratings at
    the mean of all, as the star predictor starts their level. A viewer without ratings gets
    EASE's order, which is popularity.

    An explanation is EASE's: what carried the pick. Of films that EASE leaves out, it is the
    star predictor's. A rating whose lowering would raise the film, by what that takes off the
    penalty, is not named.

    EASE refuses more films than `ease.max_items`; here its `min_support` is raised until they
    fit, and a note says so.

    mean: (1,) float32, the mean of all ratings, in stars
    """

    name = "hybrid"
    folds_in = True
    reports_progress = True
    ranked_by = "what viewers with the same ratings rated too, lowered for few predicted stars"
    options = HybridParameters
    learned = ("mean",)

    parameters: HybridParameters
    mean: NDArray[np.float32]

    def __init__(self, **parameters: object) -> None:
        super().__init__(**parameters)
        self.ranker = EASE(**self.parameters.ease.named())
        self.stars = Stars(**self.parameters.stars.named())
        self._served: Served | None = None

    @property
    def parts(self) -> Mapping[str, Model]:
        return {"ranker": self.ranker, "stars": self.stars}

    # Fitting.

    def with_features(self, film_ids: ArrayLike, genres: ArrayLike, years: ArrayLike) -> Self:
        """Give them to the parts that take them; see `EASE.with_features`."""
        for part in self.parts.values():
            if isinstance(part, TakesFeatures):
                part.with_features(film_ids, genres, years)
        return self

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        self._served = None
        self.mean = np.array([ratings.stars.mean(dtype=np.float64)], np.float32)
        self._make_fit(ratings)
        self.ranker.fit(ratings, stage(progress, 1, 2))
        self.stars.fit(ratings, stage(progress, 2, 2))
        self.errors = self.stars.errors
        self.notes += self.stars.notes

    def _make_fit(self, ratings: Ratings) -> None:
        """Raise the ranker's min_support until no more films than max_items have it."""
        chosen = self.parameters.ease
        least = max(chosen.min_support, smallest_support(ratings.support, chosen.max_items))
        self.ranker.parameters = replace(chosen, min_support=least)
        if least > chosen.min_support:
            self.notes.append(
                f"Films with fewer than {least} ratings, not {chosen.min_support}, are ranked by "
                f"popularity: more do not fit into ease.max_items, which is {chosen.max_items}."
            )

    # Serving.

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        served = self._serving(history)
        if isinstance(films, slice) or "stars" in vars(served):
            return served.stars[films]
        return self.stars.expected_stars(history, films, user)

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        served = self._serving(history)
        scores = served.ranked
        progress(1, 2)
        if len(history):
            below = np.maximum(0, self._mean(history) - served.stars)
            scores = scores - self.parameters.penalty * served.deviation * below
        progress(2, 2)
        return scores.astype(np.float32)

    def _serving(self, history: History) -> "Served":
        """What is known of a history since it was served last, if it was."""
        if self._served is None or self._served.history is not history:
            self._served = Served(self.ranker, self.stars, history)
        return self._served

    def _mean(self, history: History) -> np.float32:
        total = history.stars.sum(dtype=np.float64) + BIAS_DAMPING * self.mean[0]
        return np.float32(total * self._weight_in_mean(history))

    def _weight_in_mean(self, history: History) -> float:
        return 1 / (len(history) + BIAS_DAMPING)

    def item_weights(
        self, films: NDArray[np.int32], others: NDArray[np.int32]
    ) -> NDArray[np.float32] | None:
        return self.ranker.item_weights(films, others)

    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[Explanation]:
        if not len(history):
            return unexplained(films)
        added, may_carry = self._contributions(history, films)
        named = np.where(may_carry, added, 0)
        largest = np.argsort(-named, axis=1)[:, :n]
        likely = np.where(np.take_along_axis(named, largest, axis=1) > 0, largest, NOBODY)
        return explained(
            added, may_carry, n, unless=self._raised_by_lowering(history, films, likely)
        )

    def _contributions(
        self, history: History, films: NDArray[np.int32]
    ) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
        """What each rating adds to each film, and which may be named: (len(films), len(history)).

        Those to films that the ranker leaves out are in stars.
        """
        added: NDArray[np.floating] = self.ranker.contributions(history, films)
        may_carry = np.tile(history.stars >= history.stars.mean(), (len(films), 1))
        left_out = ~self.ranker.known[films]
        if left_out.any():
            added[left_out], weights = self.stars.contributions(history, films[left_out])
            may_carry[left_out] &= weights > 0
        return added, may_carry

    def _raised_by_lowering(
        self, history: History, films: NDArray[np.int32], likely: NDArray[np.intp]
    ) -> Callable[[int, Carrier], bool]:
        """Whether a film, by its place in `films`, would rise if the rating were lowered.

        A lower rating lowers the mean, too, and may so cost a film that is below it less. Ranker
        and stars are linear in the viewer's stars: nobody is scored anew for each rating. The
        likely carriers of each film are looked at together.

        likely: (len(films), n), positions or NOBODY
        """
        served = self._serving(history)
        shortfall = np.float64(self._mean(history)) - self.expected_stars(history, films)
        penalty = self.parameters.penalty
        now = served.ranked[films] - penalty * served.deviation * np.maximum(0, shortfall)
        served.lower({*likely[shortfall > 0].ravel().tolist()} - {NOBODY})

        @cache
        def weights() -> NDArray[np.float64]:
            return self.stars.weights(history, films)

        @cache
        def risen(position: int) -> NDArray[np.bool_]:
            ranked, deviation = served.if_lowered(position)
            less = history.stars[position] - LOWEST
            below = shortfall + less * (weights()[:, position] - self._weight_in_mean(history))
            return np.asarray(ranked[films] - penalty * deviation * np.maximum(0, below) > now)

        return lambda at, each: bool(shortfall[at] > 0 and risen(each.position)[at])


class Served:
    """What the parts of a hybrid say of one history, each asked once.

    A run asks for scores and stars of all films, and for one shelf after the other what carried
    its films.

    ranked, stars: (n_films,) float32, the ranker's scores and the predicted stars
    deviation: the standard deviation of the scores of films that the ranker knows
    """

    def __init__(self, ranker: EASE, predictor: Stars, history: History) -> None:
        self.ranker, self.predictor, self.history = ranker, predictor, history
        self._lowered: dict[int, tuple[NDArray[np.float32], np.float32]] = {}

    @cached_property
    def ranked(self) -> NDArray[np.float32]:
        return self.ranker.score(self.history)

    @cached_property
    def stars(self) -> NDArray[np.float32]:
        return self.predictor.expected_stars(self.history)

    @cached_property
    def deviation(self) -> np.float32:
        return self._deviation(self.ranked)

    def _deviation(self, scores: NDArray[np.float32]) -> np.float32:
        return np.float32(scores[self.ranker.known].std())

    def if_lowered(self, position: int) -> tuple[NDArray[np.float32], np.float32]:
        """What `ranked` and `deviation` were if this rating were the lowest there is."""
        self.lower({position})
        return self._lowered[position]

    def lower(self, positions: AbstractSet[int]) -> None:
        """Find them for these ratings at once."""
        new = sorted(positions - self._lowered.keys())
        if new:
            rows = self.ranker.rescored(self.ranked, self.history, np.array(new), LOWEST)
            self._lowered |= {
                at: (row, self._deviation(row)) for at, row in zip(new, rows, strict=True)
            }


def smallest_support(support: NDArray[np.int32], most: int) -> int:
    """The smallest count of ratings that no more than `most` films have or exceed."""
    if len(support) <= most:
        return 0
    return int(np.partition(support, -most - 1)[-most - 1]) + 1
