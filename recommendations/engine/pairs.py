"""What a viewer's rated films are similar to, and the nearest of them to each film."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Pairs:
    """What each rated film is similar to, one after the other.

    films, similarities: (m,); lengths: (n_rated,), how many of them are of each rated film
    """

    def __init__(
        self,
        n_films: int,
        films: NDArray[np.intp],
        similarities: NDArray[np.float64],
        lengths: NDArray[np.int64],
    ) -> None:
        self.n_films, self.films, self.lengths = n_films, films, lengths
        self.similarities = similarities

    def sums(self, residuals: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Over all similar rated films: how many, Σ s, and Σ s · residual, by film."""
        spread = self.similarities * np.repeat(residuals, self.lengths)
        count, total, weighted = map(self._by_film, (None, self.similarities, spread))
        return count, total, weighted

    def _by_film(self, values: NDArray[np.float64] | None) -> NDArray[np.float64]:
        return np.bincount(self.films, values, self.n_films).astype(np.float64, copy=False)

    def dense(self, wanted: NDArray[np.intp]) -> NDArray[np.float32]:
        """Similarities of the wanted films, ascending, to the rated ones: (n_wanted, n_rated)."""
        n_wanted, n_rated = len(wanted), len(self.lengths)
        # What is not wanted goes to one more row, for that is faster than to leave it out.
        near = np.zeros((n_wanted + 1, n_rated), np.float32)
        start = np.full(self.n_films, n_wanted * n_rated, np.int32)
        start[wanted] = np.arange(n_wanted, dtype=np.int32) * n_rated
        places = start[self.films]
        places += np.repeat(np.arange(n_rated, dtype=np.int32), self.lengths)
        near.ravel()[places] = self.similarities
        return near[:-1]


def keep_largest(rows: NDArray[Any], k: int) -> NDArray[np.intp]:
    """Set to 0, in place, all but the k largest of each row; of equal ones the first are kept.

    Returns the rows in which there were equal ones to choose from.
    """
    n = rows.shape[1]
    if n <= k:
        return np.zeros(0, np.intp)
    threshold = np.partition(rows, n - k, axis=1)[:, n - k, np.newaxis]
    kept = rows >= threshold
    tied = np.flatnonzero((kept.sum(axis=1) > k) & (threshold[:, 0] > 0))
    kept[tied] = _first_of_ties(rows[tied], threshold[tied], k)
    rows *= kept
    return tied


def _first_of_ties(rows: NDArray[Any], threshold: NDArray[Any], k: int) -> NDArray[np.bool_]:
    above, equal = rows > threshold, rows == threshold
    left = k - above.sum(axis=1, keepdims=True)
    return np.asarray(above | (equal & (np.cumsum(equal, axis=1) <= left)))
