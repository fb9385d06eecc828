"""Similar films: a blend of what the ranker learned, how films were rated, and what they are.

Three witnesses of likeness, each of which errs in its own way:

- *together*: how much the same viewers rate both. The mean of the ranker's weights, if it has
  any, and of the strength in `corating`, each divided by the excess of the two films' years (see
  `resemblance`), without which it follows *when* people rated. Each is in units of its own 20
  largest for the film, so that the two can be added;
- *agreement*: the support-shrunk correlation of the rating residuals, from -1 to 1;
- *resemblance*: the features' own, from 0 to 1.

For a film with n ratings, and t = n / (n + 10), the similarity is

    t · together · (1 + 2 · agreement) · (1 + 2 · resemblance)  +  (1 - t) · resemblance

A film with many ratings is like those that its own viewers rate, of which genres only choose; one
with few ratings is more and more like what resembles it. The constants were chosen on
ml-latest-small: by reading the neighbours of known and of rare films, and by the measures of
`benchmarks/similar_films.py` (seed 42).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from recommendations.engine.corating import Corating
from recommendations.engine.features import FilmFeatures
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import Ratings
from recommendations.engine.resemblance import Resemblance

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Indices = NDArray[np.int32]
    Floats = NDArray[np.float64]
    #: See `Model.item_weights`.
    ItemWeights = Callable[[Indices, Indices], NDArray[np.float32] | None]

#: A film with fewer ratings is nobody's neighbour.
MIN_SUPPORT = 10
#: So many neighbours are kept of each film.
KEPT = 50

#: So many pairs of films are compared at once, and 16 films at least.
PAIRS = 2**18

#: With so many ratings, a film leans on them and on its features alike.
TRUSTED = 10.0
#: So many of the largest values of a film are its unit.
LARGEST = 20
AGREEMENT_WEIGHT = 2.0
RESEMBLANCE_WEIGHT = 2.0


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The nearest films of film i: `films[starts[i]:starts[i + 1]]`, the nearest first.

    starts: (n_films + 1,) int32, films: (m,) int32 internal indices, similarities: (m,) float32,
    positive, without a unit.
    """

    starts: "NDArray[np.int32]"
    films: "NDArray[np.int32]"
    similarities: "NDArray[np.float32]"

    @classmethod
    def none(cls, n_films: int) -> Self:
        empty = np.empty(0)
        return cls(np.zeros(n_films + 1, np.int32), empty.astype(np.int32), empty.astype("f4"))


def no_weights(films: "Indices", others: "Indices") -> None:
    """Item weights of a model that has none."""


def nearest(
    ratings: Ratings,
    features: FilmFeatures | None = None,
    item_weights: "ItemWeights" = no_weights,
    progress: Progress = silent,
) -> Neighbours:
    """Find up to 50 neighbours of every film, some films at a time.

    Needs memory for the ratings and for a few rows of the films that may be neighbours; time for
    every pair of ratings by the same viewer, and for every pair of films.
    """
    blend = _Blend(ratings, features, item_weights)
    step = max(16, PAIRS // max(len(blend.targets), 1))
    lists = []
    for start in range(0, ratings.n_films, step):
        progress(start, ratings.n_films)
        films = np.arange(start, min(start + step, ratings.n_films), dtype=np.int32)
        lists += [_best(row, blend.targets) for row in blend.similarities(films)]
    progress(ratings.n_films, ratings.n_films)
    return Neighbours(
        np.cumsum([0] + [len(films) for films, _ in lists], dtype=np.int32),
        np.concatenate([films for films, _ in lists]),
        np.concatenate([similarities for _, similarities in lists]),
    )


def _best(similarities: "Floats", targets: "Indices") -> "tuple[Indices, NDArray[np.float32]]":
    kept = np.flatnonzero(similarities > 0)
    if len(kept) > KEPT:
        kept = kept[np.argpartition(-similarities[kept], KEPT)[:KEPT]]
    kept = kept[np.argsort(-similarities[kept], kind="stable")]
    return targets[kept], similarities[kept].astype(np.float32)


class _Blend:
    """The similarity of any film to the targets, which are those that may be neighbours."""

    def __init__(
        self, ratings: Ratings, features: FilmFeatures | None, item_weights: "ItemWeights"
    ) -> None:
        self.targets = np.flatnonzero(ratings.support >= MIN_SUPPORT).astype(np.int32)
        self.trust = ratings.support / (ratings.support + TRUSTED)
        self.item_weights = item_weights
        self.corating = Corating(ratings, self.targets)
        self.resemblance = Resemblance(ratings, features, self.corating.user_weight)

    def similarities(self, films: "Indices") -> "Floats":
        """(len(films), len(targets)); 0 of a film to itself."""
        itself = films[:, None] == self.targets
        excess = self.resemblance.excess(films, self.targets)
        excess[itself] = np.inf
        corated = self.corating.of(films)
        alike = self.resemblance.of(films, self.targets)
        alike[itself] = 0
        rated = self._together(films, corated.strength, excess)
        rated *= 1 + AGREEMENT_WEIGHT * corated.agreement
        rated *= 1 + RESEMBLANCE_WEIGHT * alike
        trust = self.trust[films, None]
        return np.asarray(trust * rated + (1 - trust) * alike)

    def _together(self, films: "Indices", strength: "Floats", excess: "Floats") -> "Floats":
        corated = _in_units(strength / excess)
        weights = self.item_weights(films, self.targets)
        if weights is None:
            return corated
        learned = _in_units(np.maximum(weights, 0) / excess)
        # A film that the ranker left out has no weights.
        has_weights = learned.any(axis=1, keepdims=True)
        return np.where(has_weights, (corated + learned) / 2, corated)


def _in_units(rows: "Floats") -> "Floats":
    """Each row divided by the mean of its largest values, if it has any."""
    if not rows.size:
        return rows
    n = min(LARGEST, rows.shape[1])
    unit = np.partition(rows, -n, axis=1)[:, -n:].mean(axis=1, keepdims=True)
    return np.asarray(rows / np.where(unit > 0, unit, 1))
