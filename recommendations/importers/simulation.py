"""What simulated ratings have in common, however many there are."""

from typing import TYPE_CHECKING, Any

import numpy as np

from recommendations.models.taste import HALVES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

#: A data set with a file of this name says that its ratings are simulated.
SIMULATED = "simulated.txt"

#: What stands beside films and ratings, as MovieLens' layout wants it.
FILES_BESIDE = {
    SIMULATED: "The ratings in this folder are simulated: nobody gave them.\n",
    "links.csv": "movieId,imdbId,tmdbId\n",
    "tags.csv": "userId,movieId,tag,timestamp\n",
}

STAR_NAMES = np.array([str(half) for half in HALVES], dtype=object)


def apportion(weights: "Floats", total: int, fewest: int, most: int) -> "NDArray[np.int64]":
    """Whole numbers about in proportion to `weights`, from `fewest` to `most`, of sum `total`.

    weights: (n,), positive. n · fewest ≤ total ≤ n · most must hold.
    """

    def shares(scale: float) -> "NDArray[np.int64]":
        return np.asarray(np.clip(weights * scale, fewest, most), np.int64)

    low, high = 0.0, 2 * most / float(weights.min())
    for _ in range(200):
        middle = (low + high) / 2
        if shares(middle).sum() <= total:
            low = middle
        else:
            high = middle
    found = shares(low)
    while left := total - int(found.sum()):
        found[np.flatnonzero(found < most)[:left]] += 1
    return found


def in_steps(liking: "Floats", step: "Floats | float" = 0.5) -> "NDArray[np.float64]":
    """The nearest stars that can be given in steps of a half or of a whole star: (n,)."""
    stars: NDArray[np.float64] = np.rint(liking / step) * step
    return np.asarray(np.clip(stars, step, HALVES[-1]))


def star_names(stars: "Floats") -> list[str]:
    """How ratings.csv writes them: "0.5" to "5.0"."""
    names: list[str] = STAR_NAMES[np.rint(2 * stars).astype(np.intp) - 1].tolist()
    return names
