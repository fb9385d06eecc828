"""Honest ranges around predicted stars: quantiles of the errors on held-out ratings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from recommendations.engine.ratings import HIGHEST, LOWEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Films are binned by support: below 3 ratings, below 10, below 30, below 100, and the rest.
SUPPORT_EDGES = (3, 10, 30, 100)
BINS = len(SUPPORT_EDGES) + 1

#: Eight errors of ten lie between these quantiles.
QUANTILES = (0.1, 0.9)

#: Fewer errors than this say nothing about their quantiles.
ENOUGH = 30


@dataclass(frozen=True, eq=False)
class ErrorRanges:
    """Where 80 % of the errors (stars given less stars predicted) lie, by bin of film support.

    low, high: (5,) float32 stars, low <= 0 <= high.
    """

    low: "NDArray[np.float32]"
    high: "NDArray[np.float32]"

    @classmethod
    def unknown(cls) -> Self:
        """Anything is possible, as long as no error was measured."""
        whole = np.full(BINS, HIGHEST - LOWEST, dtype=np.float32)
        return cls(-whole, whole)

    @classmethod
    def measured(cls, support: "NDArray[np.int32]", errors: "NDArray[np.float32]") -> Self:
        """From errors (n,) and the support of the film of each: (n,).

        A bin with too few errors takes the quantiles of all of them.
        """
        unknown = cls.unknown()
        if len(errors) < ENOUGH:
            return unknown
        bins = _bins(support)
        of_bin = [errors[bins == each] for each in range(BINS)]
        low, high = np.transpose(
            [np.quantile(own if len(own) >= ENOUGH else errors, QUANTILES) for own in of_bin]
        ).astype(np.float32)
        return cls(np.minimum(low, 0), np.maximum(high, 0))

    def around(
        self, stars: "NDArray[np.float32]", support: "NDArray[np.int32]"
    ) -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
        """The low and high ends around `stars`, within the scale: two of (n,) float32."""
        bins = _bins(support)
        low = np.clip(stars + self.low[bins], LOWEST, HIGHEST)
        high = np.clip(stars + self.high[bins], LOWEST, HIGHEST)
        return low, high


def _bins(support: "NDArray[np.int32]") -> "NDArray[np.intp]":
    return np.searchsorted(SUPPORT_EDGES, support, side="right")
