"""The slow way, as a tutorial has it: Surprise's own `predict`, for one film after the other."""

import numpy as np
import surprise
from numpy.typing import NDArray

from recommendations.engine.contract import History
from recommendations.engine.factors import SVDPlusPlus
from recommendations.engine.folding import BIAS_DAMPING, ridge
from recommendations.engine.progress import Progress, silent

#: So many films are predicted between two words of progress.
STEP = 500


class SVDPlusPlusByPredict(SVDPlusPlus):
    """SVD++ with the same fold-in, that ranks films by Surprise's loop in Python."""

    name = "svdpp_by_predict"

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        algorithm = self.as_surprise_has_it(history)
        films = len(self.film_ids)
        stars = np.empty(films, np.float32)
        for film in range(films):
            stars[film] = algorithm.predict(0, film).est
            if film % STEP == 0:
                progress(film, films)
        return stars + self.lift

    def as_surprise_has_it(self, history: History) -> surprise.SVDpp:
        """With one user, the viewer, whose inner id is 0."""
        rated = [*zip(history.films.tolist(), history.stars.tolist(), strict=True)]
        films = range(len(self.film_ids))
        trainset = surprise.Trainset(
            {0: rated},
            {film: [] for film in films},
            1,
            len(films),
            len(rated),
            (0.5, 5.0),
            {0: 0},
            {film: film for film in films},
        )
        trainset._global_mean = 0.0  # which `base` holds already
        algorithm = surprise.SVDpp(**self.parameters.for_surprise())
        algorithm.trainset = trainset
        algorithm.bi, algorithm.qi, algorithm.yj = self.base, self.factors, self.implicit_factors
        residuals = self._residuals(history)
        level = residuals.sum() / (len(history) + BIAS_DAMPING)
        own = self.factors[history.films]
        factors = ridge(own, own.T @ (residuals - level), self._damping(history))
        algorithm.bu, algorithm.pu = np.array([level]), factors[np.newaxis]
        return algorithm
