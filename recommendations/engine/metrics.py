"""How good recommendations and predicted stars are.

Rankings are measured for each viewer from `hits`: (n_viewers, k) bool, whether the film at each
rank is one of the viewer's relevant ones; ranks at which nothing was recommended are False.
`relevant`: (n_viewers,) int, how many relevant films each viewer has, at least 1. All figures lie
from 0 to 1 unless another unit is named. A mean over nothing is NaN.

The definitions are those of the public table of recommenders-team/recommenders.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Hits = NDArray[np.bool_]
    Counts = NDArray[np.integer[Any]]
    Figures = NDArray[np.float64]

#: A test film with so many stars or more is liked; one with so many or fewer is disliked.
LIKED, DISLIKED = 4.0, 2.5


def mean(values: "ArrayLike") -> float:
    """Mean in float64, or NaN of nothing."""
    array = np.asarray(values, np.float64)
    return float(array.mean()) if array.size else float("nan")


# Rankings, viewer by viewer: each returns (n_viewers,) float64.


def precision(hits: "Hits") -> "Figures":
    """Hits / k: always by k, even where there are fewer candidates."""
    found: Figures = hits.mean(axis=1, dtype=np.float64)
    return found


def recall(hits: "Hits", relevant: "Counts") -> "Figures":
    """Hits / relevant films: below 1 for a viewer with more than k of them."""
    found: Figures = hits.sum(axis=1) / relevant
    return found


def ndcg(hits: "Hits", relevant: "Counts") -> "Figures":
    """Normalised discounted cumulative gain (Järvelin & Kekäläinen, 2002) with binary gain.

    The discount is 1 / log2(1 + rank), and the ideal has min(k, relevant) hits on top.
    """
    k = hits.shape[1]
    discounts = 1 / np.log2(1 + np.arange(1, k + 1))
    ideal = np.cumsum(discounts)[np.minimum(relevant, k) - 1]
    gained: Figures = hits @ discounts / ideal
    return gained


def average_precision(hits: "Hits", relevant: "Counts") -> "Figures":
    """Sum of the precision at each hit, by the number of relevant films; its mean is MAP@k."""
    precisions = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    found: Figures = (precisions * hits).sum(axis=1) / relevant
    return found


# Rankings, over all viewers.


def share_disliked(stars: "ArrayLike") -> float:
    """Share of the hits that their viewers rated 2.5 stars or less; stars of all hits: (n,)."""
    return mean(np.asarray(stars) <= DISLIKED)


def coverage(recommended: "ArrayLike", n_films: int) -> float:
    """Share of the films of training that anyone is recommended.

    recommended: (n,) films, those of all viewers in one.
    """
    return len(np.unique(np.asarray(recommended))) / n_films


def novelty(raters: "ArrayLike", n_viewers: int) -> float:
    """Mean self-information (Zhou et al., 2010) of the recommended films, in bits.

    raters: (n,) how many of the `n_viewers` of training rated each recommended film; a film of
    several viewers is there several times. 0 is what everybody has rated.
    """
    return mean(-np.log2(np.asarray(raters, np.float64) / n_viewers))


# Stars.

#: Ranges are looked at in bins of film support, each begun by one of these, and in thirds of the
#: ratings by the spread of their viewer; a bin of fewer ratings than ENOUGH says nothing.
SUPPORT_BINS = (1, 3, 10, 50)
THIRDS = 3
ENOUGH = 200


def rmse(errors: "ArrayLike") -> float:
    """Root of the mean squared error, in stars."""
    return float(np.sqrt(mean(np.square(errors, dtype=np.float64))))


def mae(errors: "ArrayLike") -> float:
    """Mean absolute error, in stars."""
    return mean(np.abs(errors))


def worst_coverage(inside: "ArrayLike", support: "ArrayLike", spread: "ArrayLike") -> float:
    """The least share of tested ratings within their ranges, of all bins; NaN if none is enough.

    inside: (n,) whether each is; support: (n,) ratings of the film; spread: (n,) of the viewer.
    """
    within, spreads = np.asarray(inside, np.float64), np.asarray(spread)
    thirds = np.searchsorted(np.quantile(spreads, (1 / THIRDS, 2 / THIRDS)), spreads)
    bins = THIRDS * np.searchsorted(SUPPORT_BINS, support, side="right") + thirds
    shares = [mean(within[bins == each]) for each in np.unique(bins) if _enough(bins == each)]
    return min(shares, default=math.nan)


def _enough(chosen: "NDArray[np.bool_]") -> bool:
    return int(chosen.sum()) >= ENOUGH
