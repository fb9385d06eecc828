"""The default predictor of stars: three models of different kinds, stacked."""

from typing import Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommendations.engine import artifacts
from recommendations.engine.contract import ALL, Explanation, Films, History, Model
from recommendations.engine.features import FilmFeatures
from recommendations.engine.folding import explained, unexplained
from recommendations.engine.holdout import dealt
from recommendations.engine.kernel_ridge import KernelRidge
from recommendations.engine.progress import Progress, silent, stage
from recommendations.engine.ratings import HIGHEST, LOWEST, Ratings, UnusableRatings
from recommendations.engine.stacking import Stack
from recommendations.engine.star_parts import PARTS, STORED, Parts, StarsParameters
from recommendations.engine.unseen import Unseen, left_out

M = TypeVar("M", bound=Model)


class Stars(Model):
    """SVD, kernel ridge on the films' own features, and item k-NN Baseline, stacked.

    The weights depend on the length of the history (see `Stack`). They and the ranges come from
    ratings that were left out of inner fits, each viewer being folded in as they are when served.
    All parts are linear in the viewer's stars, and so is the stack.

    With more films than `largest` there is no item k-NN: the weights are then fitted without it,
    and `notes` says so.
    """

    name = "stars"
    folds_in = True
    reports_progress = True
    ranked_by = "predicted stars, raised for films that many rated"
    options = StarsParameters
    learned = ()

    parameters: StarsParameters
    fitted: Parts
    stack: Stack

    def __init__(self, **parameters: object) -> None:
        super().__init__(**parameters)
        self._features: FilmFeatures | None = None

    def with_features(self, film_ids: ArrayLike, genres: ArrayLike, years: ArrayLike) -> Self:
        """Use features of films in the fit that follows; see `EASE.with_features`."""
        self._features = FilmFeatures.of_arrays(film_ids, genres, years)
        return self

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        inner = self.parameters.inner_fits
        unseen = Unseen.joined(
            [
                self._unseen(ratings, part, stage(progress, part + 1, inner + 1))
                for part in range(inner)
            ]
        )
        self.stack = Stack.fitted(unseen.lengths, unseen.beyond, unseen.residuals)
        self._calibrate(unseen)
        self.fitted = self._fit_parts(ratings, stage(progress, inner + 1, inner + 1))
        if not self.fitted.knn:
            self.notes.append(
                f"There is no item k-NN in it, as {ratings.n_films:,} films are more than the "
                f"{self.parameters.largest:,} of the parameter largest: no figure of a model "
                "that has one is one of this."
            )
        stage(progress, 1, 1)(1, 1)

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        beyond = self.fitted.beyond(history, films) @ self.stack.of(len(history))
        return (self.fitted.svd.base[films] + beyond).astype(np.float32, copy=False)

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Predicted stars, raised for films that many rated."""
        return self.expected_stars(history) + self.fitted.svd.lift

    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[Explanation]:
        """By the sum of what each part makes of a rating, which is what the stack makes of it.

        But for one thing: of a film without neighbours the k-NN knows the viewer's level only,
        which moves all films alike, and so carries none.
        """
        if not len(history):
            return unexplained(films)
        contributions, weights = self.contributions(history, films)
        carries = (weights > 0) & (history.stars >= history.stars.mean())
        return explained(contributions, carries, n)

    def contributions(
        self, history: History, films: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each rating adds to the stars of each film, and how much it weighs in them.

        Both (len(films), len(history)).
        """
        weights = self.weights(history, films)
        return weights * (history.stars - self.fitted.svd.base[history.films]), weights

    def weights(self, history: History, films: NDArray[np.int32]) -> NDArray[np.float64]:
        """How much each rating weighs in the stars of each film: (len(films), len(history))."""
        of_part = self.stack.of(len(history))
        each = [part.weights(history, films) for part in self.fitted.all()]
        summed: NDArray[np.float64] = np.tensordot(of_part, each, axes=1)
        return summed

    def _fit_parts(self, ratings: Ratings, progress: Progress) -> Parts:
        return Parts.fitted(ratings, self.parameters, self._features, progress)

    def _unseen(self, ratings: Ratings, part: int, progress: Progress) -> Unseen:
        users, films = ratings.user_ids[ratings.users], ratings.film_ids[ratings.films]
        kept = dealt(users, films, PARTS) != part
        try:
            left = ratings.only(kept)
        except UnusableRatings as error:
            raise UnusableRatings(
                f"There are too few ratings to weigh the stars' parts by some of them: {error}"
            ) from error
        parts = self._fit_parts(left, progress)
        return Unseen.joined(list(left_out(parts, ratings, kept)))

    def _calibrate(self, unseen: Unseen) -> None:
        stars = unseen.base + unseen.residuals
        beyond = self.stack.predict(unseen.lengths, unseen.beyond)
        # Who asks for a film without ratings gets their level, and the SVD says no more of it.
        beyond = np.where(unseen.support > 0, beyond, unseen.beyond[:, 0])
        errors = stars - np.clip(unseen.base + beyond, LOWEST, HIGHEST)
        self.calibrate(unseen.conditions, errors.astype(np.float32))

    # Storing and loading.

    def _learned_arrays(self) -> artifacts.Arrays:
        stored = {"stack_weights": self.stack.weights}
        for prefix, names in STORED.items():
            part = getattr(self.fitted, prefix)
            if part is not None:
                stored |= {f"{prefix}_{name}": getattr(part, name) for name in names}
        return stored

    def _restore(self, arrays: artifacts.Arrays) -> None:
        super()._restore(arrays)
        chosen = self.parameters
        self.stack = Stack(arrays["stack_weights"])
        svd, knn = self._part(chosen.svd(), "svd", arrays), None
        if "knn_centre" in arrays:
            knn = self._part(chosen.item_knn(), "knn", arrays)
        kernel = (arrays[f"kernel_{name}"] for name in STORED["kernel"])
        self.fitted = Parts(svd, KernelRidge(chosen.kernel, svd.base, *kernel), knn)

    def _part(self, model: M, prefix: str, arrays: artifacts.Arrays) -> M:
        model.film_ids, model.support = self.film_ids, self.support
        for name in STORED[prefix]:
            setattr(model, name, arrays[f"{prefix}_{name}"])
        return model
