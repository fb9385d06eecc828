"""The models that the stars are stacked from, and their parameters."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import ALL, Films, History
from recommendations.engine.features import FilmFeatures
from recommendations.engine.kernel_ridge import KernelRidge, KernelWeights
from recommendations.engine.parameters import Parameters, require
from recommendations.engine.progress import Progress, stage
from recommendations.engine.ratings import Ratings
from recommendations.engine.sparse_knn import SparseItemKNN
from recommendations.engine.svd import SVD

#: Each inner fit leaves out one rating of so many, another part each time.
PARTS = 5

#: What of each part is served, and so stored, as `<part>_<array>`.
STORED = {
    "svd": ("base", "factors"),
    "kernel": ("audience", "genres", "years"),
    "knn": (
        *("similar_starts", "similar_films", "similarities"),
        *("centre", "scale", "fallback"),
    ),
}


@dataclass(frozen=True)
class StarsParameters(Parameters):
    """Chosen on inner splits of ml-latest-small.

    factors, epochs, learning_rate, regularisation, seed: of the SVD
    neighbours, shrinkage: of the item k-NN; largest: with more films there is none
    audience_dimensions, audience_weight, genre_weight, year_weight, longest: of the kernel ridge
    inner_fits: how many fits to four fifths of the ratings the weights and ranges come from
    """

    factors: int = 100
    epochs: int = 60
    learning_rate: float = 0.01
    regularisation: float = 0.1
    neighbours: int = 60
    shrinkage: float = 100.0
    largest: int = 12_000
    audience_dimensions: int = 32
    audience_weight: float = 0.5
    genre_weight: float = 0.35
    year_weight: float = 0.1
    longest: int = 1500
    inner_fits: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        require(
            self,
            positive=(
                *("factors", "epochs", "learning_rate", "neighbours", "audience_dimensions"),
                *("longest", "inner_fits"),
            ),
            not_negative=(
                *("regularisation", "shrinkage", "largest", "seed"),
                *("audience_weight", "genre_weight", "year_weight"),
            ),
        )
        if self.inner_fits > PARTS:
            raise ValueError(f"Parameter inner_fits must not be above {PARTS}.")

    @property
    def kernel(self) -> KernelWeights:
        return KernelWeights(
            self.audience_weight, self.genre_weight, self.year_weight, self.longest
        )

    def svd(self) -> SVD:
        return SVD(
            factors=self.factors,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            regularisation=self.regularisation,
            seed=self.seed,
        )

    def item_knn(self) -> SparseItemKNN:
        return SparseItemKNN(
            neighbours=self.neighbours, shrinkage=self.shrinkage, largest=self.largest
        )


class Part(Protocol):
    """One of the stacked: its stars are linear in the viewer's."""

    def expected_stars(self, history: History, films: Films = ALL) -> NDArray[np.float32]: ...

    def weights(self, history: History, films: NDArray[np.int32]) -> NDArray[np.float64]: ...


@dataclass(frozen=True, eq=False)
class Parts:
    """The stacked models, fitted to the same ratings; the item k-NN may be missing."""

    svd: SVD
    kernel: KernelRidge
    knn: SparseItemKNN | None

    @classmethod
    def fitted(
        cls,
        ratings: Ratings,
        chosen: StarsParameters,
        features: FilmFeatures | None,
        progress: Progress,
    ) -> Self:
        svd = chosen.svd().fit(ratings, stage(progress, 1, 2))
        kernel = KernelRidge.of(
            chosen.kernel, svd.base, ratings, chosen.audience_dimensions, features
        )
        knn = None
        if ratings.n_films <= chosen.largest:
            knn = chosen.item_knn().fit(ratings, stage(progress, 2, 2))
        return cls(svd, kernel, knn)

    def all(self) -> list[Part]:
        return [self.svd, self.kernel, *([self.knn] if self.knn else [])]

    def beyond(self, history: History, films: Films = ALL) -> NDArray[np.float64]:
        """What each predicts beyond the SVD's base: (n_films, n_parts)."""
        stars = np.column_stack([part.expected_stars(history, films) for part in self.all()])
        return stars.astype(np.float64) - self.svd.base[films][:, None]
