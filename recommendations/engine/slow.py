"""Surprise's algorithms that cannot take up ratings given since training, film by film.

What their `predict` needs is kept in arrays, and its formula is evaluated for one film after the
other, as Surprise does, with progress.
"""

import logging
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import ALL, Explanation, Films, History
from recommendations.engine.folding import BIAS_DAMPING, unexplained
from recommendations.engine.item_knn import KNNBaselineParameters, KNNParameters, Levels
from recommendations.engine.parameters import Parameters, Range, require
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import Ratings, UnusableRatings
from recommendations.engine.surprise_models import Remembering
from recommendations.engine.trainset import Clock, Trainset, starts_of

logger = logging.getLogger(__name__)


class SlowModel(Remembering):
    """Base of the models that serve only what training saw.

    Stars and scores are the trained row of `user`. For a viewer whom training did not see they
    are the films' damped means, and `score` logs that; so they are wherever only a history is
    given, which does not say which viewer it is.

    film_means: (n_films,) float64, in stars, drawn to the mean of all as by 3 ratings
    """

    folds_in = False
    remembered = (*Remembering.remembered, "film_means")

    film_means: NDArray[np.float64]
    _latest: tuple[int, NDArray[np.float64]] | None = None

    @abstractmethod
    def estimate(self, place: int, film: int) -> float:
        """Stars, unclipped, of one film for one trained viewer, both by internal index."""

    def remember(self, ratings: Ratings) -> None:
        super().remember(ratings)
        self._latest = None
        mean = ratings.stars.mean(dtype=np.float64)
        sums = np.bincount(ratings.films, ratings.stars - mean)
        self.film_means = mean + sums / (ratings.support + BIAS_DAMPING)

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        if user is None or not self.knows(user):
            return self.film_means[films].astype(np.float32)
        if isinstance(films, slice):
            return self.trained_estimates(user)[films].astype(np.float32)
        place = self.place_of(user)
        return np.array([self.estimate(place, int(film)) for film in films], np.float32)

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        if user is None or not self.knows(user):
            logger.info("%s was not trained on viewer %s: film means instead.", self.name, user)
            stars = self.film_means
        else:
            stars = self.trained_estimates(user, progress)
        return stars.astype(np.float32) + self.lift

    def trained_estimates(self, user: int, progress: Progress = silent) -> NDArray[np.float64]:
        # A run asks for the score and then for the stars, which are the same work.
        if self._latest is None or self._latest[0] != user:
            self._latest = user, self._estimates(self.place_of(user), progress)
        return self._latest[1]

    def _estimates(self, place: int, progress: Progress) -> NDArray[np.float64]:
        stars, clock = np.empty(len(self.film_ids)), Clock(progress, len(self.film_ids))
        for film in range(len(stars)):
            stars[film] = self.estimate(place, film)
            clock.tick()
        return stars

    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[Explanation]:
        """Nothing: the viewer's present ratings do not move the score."""
        return unexplained(films)


@dataclass(frozen=True)
class SlopeOneParameters(Parameters):
    """largest: data with more films is refused; memory grows with its square."""

    largest: int = 12_000

    def __post_init__(self) -> None:
        require(self, positive=("largest",), not_negative=())


class SlopeOne(SlowModel):
    """The viewer's mean plus the mean deviation of the film from those they rated (Lemire, 2007).

    Surprise reads half stars as whole ones in the deviations (4.5 as 4); so does this.

    deviations: (n_films, n_films) float32, in stars; NaN where no viewer rated both
    """

    name = "slope_one"
    options = SlopeOneParameters
    learned = (*SlowModel.remembered, "deviations")

    parameters: SlopeOneParameters
    deviations: NDArray[np.float32]

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        """Raises UnusableRatings when there are more films than `largest`."""
        # Imported here, so that those who only load a fitted model do without it.
        import surprise  # noqa: PLC0415

        if ratings.n_films > self.parameters.largest:
            raise UnusableRatings(
                f"Slope One compares every two of {ratings.n_films:,} films; at most "
                f"{self.parameters.largest:,} are allowed. Raise the parameter largest, or train "
                "another algorithm."
            )
        trainset = Trainset(ratings, progress, "viewers")
        fitted = surprise.SlopeOne().fit(trainset)
        self.deviations = np.where(fitted.freq > 0, fitted.dev, np.nan).astype(np.float32)
        self.remember(ratings)
        trainset.clock.finish()

    def estimate(self, place: int, film: int) -> float:
        own = slice(int(self.rating_starts[place]), int(self.rating_starts[place + 1]))
        deviations = self.deviations[film][self.rating_films[own]]
        relevant = deviations[~np.isnan(deviations)]
        mean = self.rating_stars[own].mean(dtype=np.float64)
        return float(mean + (relevant.mean(dtype=np.float64) if len(relevant) else 0))


@dataclass(frozen=True)
class CoClusteringParameters(Parameters):
    """Surprise's own."""

    viewer_clusters: int = 3
    film_clusters: int = 3
    epochs: int = 20
    seed: int = 0

    ranges = {
        "viewer_clusters": Range(2, 20),
        "film_clusters": Range(2, 20),
        "epochs": Range(5, 50),
    }

    def __post_init__(self) -> None:
        positive = ("viewer_clusters", "film_clusters", "epochs")
        require(self, positive=positive, not_negative=("seed",))


class CoClustering(SlowModel):
    """The mean of a cluster of viewers and films, and how both differ from it (George, 2005).

    Surprise reads half stars as whole ones in the means of clusters (4.5 as 4); so does this.

    user_part, film_part:   (n_users,) and (n_films,) float64: own mean less the cluster's
    user_cluster, film_cluster: (n_users,) and (n_films,) int32
    cluster_means: (viewer_clusters, film_clusters) float64, in stars
    """

    name = "co_clustering"
    options = CoClusteringParameters
    learned = (
        *SlowModel.remembered,
        *("user_part", "film_part", "user_cluster", "film_cluster", "cluster_means"),
    )

    parameters: CoClusteringParameters
    user_part: NDArray[np.float64]
    film_part: NDArray[np.float64]
    user_cluster: NDArray[np.int32]
    film_cluster: NDArray[np.int32]
    cluster_means: NDArray[np.float64]

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        # Imported here, so that those who only load a fitted model do without it.
        import surprise  # noqa: PLC0415

        chosen = self.parameters
        trainset = Trainset(ratings, progress, "sweeps", chosen.epochs + 1)
        fitted = surprise.CoClustering(
            n_cltr_u=chosen.viewer_clusters,
            n_cltr_i=chosen.film_clusters,
            n_epochs=chosen.epochs,
            random_state=chosen.seed,
        ).fit(trainset)
        self.user_cluster = fitted.cltr_u.astype(np.int32)
        self.film_cluster = fitted.cltr_i.astype(np.int32)
        self.user_part = fitted.user_mean - fitted.avg_cltr_u[fitted.cltr_u]
        self.film_part = fitted.item_mean - fitted.avg_cltr_i[fitted.cltr_i]
        self.cluster_means = fitted.avg_cocltr
        self.remember(ratings)
        trainset.clock.finish()

    def estimate(self, place: int, film: int) -> float:
        together = self.cluster_means[self.user_cluster[place], self.film_cluster[film]]
        return float(together + self.user_part[place] + self.film_part[film])


class UserKNN(SlowModel):
    """Base of the four: what the most similar viewers gave the film, by their similarity.

    As `ItemKNN`, with viewers for films. Whom a new rating makes similar is known at the next
    training.

    similarity: (n_users, n_users) float64, symmetric
    centre, scale, fallback: (n_users,) float64, in stars
    film_bias: (n_films,) float64, in stars; 0 but for k-NN Baseline
    film_starts, film_users, film_stars: the ratings of each film, as `rating_…` of each viewer
    """

    options = KNNParameters
    learned = (
        *SlowModel.remembered,
        *("similarity", "centre", "scale", "fallback", "film_bias"),
        *("film_starts", "film_users", "film_stars"),
    )
    #: The class in `surprise`.
    fitted_by: ClassVar[str]

    parameters: KNNParameters
    similarity: NDArray[np.float64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    fallback: NDArray[np.float64]
    film_bias: NDArray[np.float64]
    film_starts: NDArray[np.int64]
    film_users: NDArray[np.int32]
    film_stars: NDArray[np.float32]

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        """Raises UnusableRatings when there are more viewers than `largest`."""
        # Imported here, so that those who only load a fitted model do without it.
        import surprise  # noqa: PLC0415

        self.parameters.check_size(ratings.n_users, "viewers")
        trainset = Trainset(ratings, progress, "films")
        arguments = self.parameters.for_surprise(user_based=True)
        fitted = getattr(surprise, self.fitted_by)(**arguments).fit(trainset)
        self._keep(fitted, ratings.n_users, ratings.n_films)
        self.remember(ratings)
        trainset.clock.finish()

    def _keep(self, fitted: Any, n_users: int, n_films: int) -> None:
        levels = Levels.of(fitted, n_users)
        self.centre, self.scale, self.fallback = levels.centre, levels.scale, levels.fallback
        self.film_bias = fitted.by if hasattr(fitted, "by") else np.zeros(n_films)
        self.similarity = fitted.sim

    def remember(self, ratings: Ratings) -> None:
        super().remember(ratings)
        by_film = np.argsort(ratings.films, kind="stable")
        self.film_starts = starts_of(ratings.films, ratings.n_films)
        self.film_users, self.film_stars = ratings.users[by_film], ratings.stars[by_film]

    def estimate(self, place: int, film: int) -> float:
        rows = slice(int(self.film_starts[film]), int(self.film_starts[film + 1]))
        raters, bias = self.film_users[rows], self.film_bias[film]
        similarity = self.similarity[place][raters]
        nearest = np.argsort(-similarity, kind="stable")[: self.parameters.neighbours]
        nearest = nearest[similarity[nearest] > 0]
        if len(nearest) < self.parameters.min_neighbours:
            return float(self.fallback[place] + bias)
        others, weights = raters[nearest], similarity[nearest]
        residuals = (self.film_stars[rows][nearest] - self.centre[others] - bias) / self.scale[
            others
        ]
        mean = weights @ residuals / weights.sum()
        return float(self.centre[place] + bias + self.scale[place] * mean)


class UserKNNBasic(UserKNN):
    """User-based k-NN of the stars themselves."""

    name = "user_knn_basic"
    fitted_by = "KNNBasic"


class UserKNNWithMeans(UserKNN):
    """User-based k-NN of the distances to each viewer's mean."""

    name = "user_knn_means"
    fitted_by = "KNNWithMeans"


class UserKNNWithZScore(UserKNN):
    """User-based k-NN of the distances to each viewer's mean, in their standard deviations."""

    name = "user_knn_zscore"
    fitted_by = "KNNWithZScore"


class UserKNNBaseline(UserKNN):
    """User-based k-NN of the distances to the biases of film and viewer (Koren, 2010)."""

    name = "user_knn_baseline"
    fitted_by = "KNNBaseline"
    options = KNNBaselineParameters
