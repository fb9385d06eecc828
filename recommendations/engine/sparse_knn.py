"""Item k-NN Baseline, its similarities measured over pairs of films that share viewers only."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.baseline import als_options
from recommendations.engine.item_knn import ItemKNNBaseline, KNNParameters
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import Ratings
from recommendations.engine.trainset import Trainset

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

#: Films whose similarities are measured at once.
BLOCK = 500


class SparseItemKNN(ItemKNNBaseline):
    """The numbers of `ItemKNNBaseline` with pearson_baseline, but for rounding.

    Surprise fills squares of n_films by n_films. These are products of sparse matrices, a block
    of films at a time.
    """

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        """Raises UnusableRatings when there are more films than `largest`."""
        # Imported here, so that those who only load a fitted model do without it.
        import surprise  # noqa: PLC0415

        self.parameters.check_size(ratings.n_films, "films")
        trainset = Trainset(ratings, silent, "sweeps")
        fitted = surprise.BaselineOnly(als_options(self.parameters), verbose=False).fit(trainset)
        self.centre = self.fallback = trainset.global_mean + fitted.bi
        self.scale = np.ones(ratings.n_films)
        residuals = ratings.stars - self.centre[ratings.films] - fitted.bu[ratings.users]
        self._keep_similar(similarities(ratings, residuals, self.parameters, progress))
        self.remember(ratings)


def similarities(
    ratings: Ratings,
    residuals: NDArray[np.float64],
    chosen: KNNParameters,
    progress: Progress,
) -> Iterator[NDArray[np.float64]]:
    """For one film after the other, its shrunk Pearson correlation with all: (n_films,) each.

    Koren (2010), as Surprise has it: over the m viewers of both films, with e the residuals,
    Σ e_i e_j / √(Σ e_i² Σ e_j²) · (m - 1) / (m - 1 + shrinkage). A film is as similar to itself
    as can be: 1.
    """
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    def by_film(values: NDArray[np.float64]) -> "csr_matrix":
        shape = (ratings.n_films, ratings.n_users)
        return csr_matrix((values, (ratings.films, ratings.users)), shape)

    errors, squares, rated = map(by_film, (residuals, residuals**2, np.ones(len(ratings))))
    for start in range(0, ratings.n_films, BLOCK):
        block = slice(start, start + BLOCK)
        common = (rated[block] @ rated.T).toarray()
        size = (squares[block] @ rated.T).toarray() * (rated[block] @ squares.T).toarray()
        product = (errors[block] @ errors.T).toarray()
        enough = (common >= max(2, chosen.min_support)) & (size > 0)
        shrunk = (common - 1) / np.maximum(common - 1 + chosen.shrinkage, 1)
        similar = (
            np.divide(product, np.sqrt(size), out=np.zeros(size.shape), where=enough) * shrunk
        )
        similar[np.arange(len(similar)), np.arange(start, start + len(similar))] = 1
        yield from similar
        progress(start + len(similar), ratings.n_films)
