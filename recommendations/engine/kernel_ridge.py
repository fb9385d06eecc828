"""Each viewer's own regression on what films are like: who watched them, genres and year."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import ALL, Films, History
from recommendations.engine.features import FilmFeatures, Floats
from recommendations.engine.folding import BIAS_DAMPING
from recommendations.engine.ratings import Ratings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

#: How fast the kernel falls as two films' audiences differ.
STEEPNESS = 2.0

#: A viewer of n ratings counts n^-0.3 in the audience of each film they rated.
VIEWER_DISCOUNT = 0.3

#: Films are compared to a history so many at a time, which bounds the memory.
ROWS = 512


@dataclass(frozen=True)
class KernelWeights:
    """What makes two films alike, against a noise of 1 in every rating; and what bounds the work.

    audience, genres, years: the prior variance of taste that each explains
    longest: of a longer history so many ratings count, evenly over the films
    """

    audience: float
    genres: float
    years: float
    longest: int


@dataclass(frozen=True, eq=False)
class KernelRidge:
    """Kernel ridge regression of a viewer's residuals (Saunders, Gammerman & Vovk, 1998).

    With the residuals e = stars - base of the n rated films and the level b = Σe / (n + 3),

        stars_i = base_i + b + k_i (K + I)⁻¹ (e - b)
        k_ij = audience · a_ij + genres · g_ij · (1 + a_ij) + years · y_i·y_j
        a_ij = exp(2 (v_i·v_j - 1)), g_ij = g_i·g_j

    where every vector is of length 1, or of length 0 if nothing is known: v is the film in the
    leading singular vectors of the matrix of who rated what (stars do not count), g its genres,
    and y its year, as bumps. All is linear in the stars, and needs no more of a viewer than them.

    base: (n_films,) float32, in stars; audience: (n_films, d), genres: (n_films, n_genres) and
    years: (n_films, n_bumps), float32.
    """

    weighs: KernelWeights
    base: Floats
    audience: Floats
    genres: Floats
    years: Floats

    @classmethod
    def of(
        cls,
        weighs: KernelWeights,
        base: Floats,
        ratings: Ratings,
        dimensions: int,
        features: FilmFeatures | None,
    ) -> Self:
        """Without features, only who rated a film says what it is like."""
        audience = unit(audiences(ratings, dimensions))
        if features is None:
            nothing = np.zeros((ratings.n_films, 0), np.float32)
            return cls(weighs, base, audience, nothing, nothing)
        known = features.of(ratings.film_ids)
        return cls(weighs, base, audience, unit(known.genres), unit(known.bumps().T))

    def expected_stars(self, history: History, films: Films = ALL) -> Floats:
        """Unclipped: (n_films,), or one for each of `films`."""
        level, rated, alphas = self._fold_in(history)
        stars = self.base[films] + np.float32(level)
        if len(rated):
            stars += self._against(films, rated, alphas)
        return stars

    def weights(self, history: History, films: NDArray[np.int32]) -> NDArray[np.float64]:
        """How much each rating weighs in the stars of each film: (len(films), len(history)).

        expected_stars = base[films] + weights @ (stars - base[rated]).
        """
        counted = self._counted(history)
        rated = history.films[counted]
        near = self._kernel(films, rated).astype(np.float64)
        by_kernel = np.zeros((len(films), len(history)))
        by_kernel[:, counted] = np.linalg.solve(self._regularised(rated), near.T).T
        by_level = 1 / (len(history) + BIAS_DAMPING)
        left_to_level: NDArray[np.float64] = 1 - by_kernel.sum(axis=1, keepdims=True)
        return by_kernel + by_level * left_to_level

    def _fold_in(self, history: History) -> tuple[float, NDArray[np.int32], Floats]:
        residuals = history.stars.astype(np.float64) - self.base[history.films]
        level = float(residuals.sum() / (len(history) + BIAS_DAMPING))
        counted = self._counted(history)
        rated = history.films[counted]
        alphas = np.linalg.solve(self._regularised(rated), (residuals - level)[counted])
        return level, rated, alphas.astype(np.float32)

    def _counted(self, history: History) -> NDArray[np.intp]:
        """Which ratings count, in an order that does not hang on the history's."""
        order = np.argsort(history.films)
        if len(order) <= self.weighs.longest:
            return order
        # Which ones must not hang on the stars.
        return order[np.linspace(0, len(order) - 1, self.weighs.longest).astype(np.intp)]

    def _regularised(self, rated: NDArray[np.int32]) -> NDArray[np.float64]:
        kernel = self._kernel(rated, rated).astype(np.float64)
        kernel[np.diag_indices_from(kernel)] += 1
        return kernel

    def _against(self, films: Films, rated: NDArray[np.int32], alphas: Floats) -> Floats:
        """kernel(films, rated) @ alphas, a few films at a time."""
        wanted = np.arange(len(self.base))[films]
        parts = [
            self._kernel(wanted[start : start + ROWS], rated) @ alphas
            for start in range(0, len(wanted), ROWS)
        ]
        return np.concatenate([np.zeros(0, np.float32), *parts])

    def _kernel(self, films: NDArray[np.integer], others: NDArray[np.integer]) -> Floats:
        weighs = self.weighs
        kernel: Floats = self.audience[films] @ self.audience[others].T
        kernel -= 1
        kernel *= STEEPNESS
        np.exp(kernel, out=kernel)
        if not self.genres.shape[1] and not self.years.shape[1]:
            kernel *= weighs.audience
            return kernel
        genres = self.genres[films] @ self.genres[others].T
        genres *= weighs.genres
        kernel *= weighs.audience + genres
        kernel += genres
        kernel += weighs.years * (self.years[films] @ self.years[others].T)
        return kernel


def unit(rows: NDArray[np.floating] | NDArray[np.bool_]) -> Floats:
    """Each row at length 1, but for those that are 0."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled


def audiences(ratings: Ratings, dimensions: int) -> NDArray[np.float64]:
    """Films in the leading singular vectors of who rated what, at their scale: (n_films, d)."""
    # Imported here, so that those who only load a fitted model do without it.
    from scipy.sparse.linalg import svds  # type: ignore[import-untyped] # noqa: PLC0415

    matrix = _who_rated_what(ratings)
    start = np.random.default_rng(0).random(min(matrix.shape))
    _, sizes, films = svds(matrix, k=min(dimensions, min(matrix.shape) - 1), v0=start)
    vectors: NDArray[np.float64] = films.T * sizes
    return vectors


def _who_rated_what(ratings: Ratings) -> "csr_matrix":
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    counts = np.bincount(ratings.users, minlength=ratings.n_users)
    values = counts[ratings.users] ** -VIEWER_DISCOUNT
    shape = (ratings.n_users, ratings.n_films)
    return csr_matrix((values, (ratings.users, ratings.films)), shape)
