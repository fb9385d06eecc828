"""Honest ranges around predicted stars: how wrong a model was about held-out ratings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from recommendations.engine.ratings import HIGHEST, LOWEST

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: The scale of errors is bent at these: ratings of the film, and ratings of the viewer.
SUPPORT_KNOTS = (0, 1, 3, 10, 50, 200)
LENGTH_KNOTS = (0, 1, 3, 10, 30, 100, 1000)

#: Where the ends lie beside the scale is counted around these: of support as above, and of spread.
SPREAD_KNOTS = (0.7, 1.0, 1.3)

#: The ends at each of them start from so many errors that lie as all do.
ENDS_DAMPING = 50.0

#: A viewer's spread starts from so many ratings of that of most viewers, in stars.
SPREAD_DAMPING, USUAL_SPREAD = 5.0, 1.0

#: Eight errors of ten lie between these quantiles.
QUANTILES = (0.1, 0.9)

#: Every range has some width, in scales.
LEAST = 0.1

#: Fewer errors than this say nothing about their quantiles.
ENOUGH = 30

#: Each coefficient of the scale starts from so many errors of the usual size.
DAMPING = 20.0

STEPS = 30


def spread(stars: "NDArray[np.float32]") -> float:
    """Standard deviation of a viewer's ratings, in stars, drawn to 1 when they are few."""
    squares = float(np.square(stars - stars.mean()).sum()) if len(stars) else 0.0
    usual = SPREAD_DAMPING * USUAL_SPREAD**2
    return float(np.sqrt((squares + usual) / (len(stars) + SPREAD_DAMPING)))


@dataclass(frozen=True, eq=False)
class Conditions:
    """Under which each of n stars is predicted; a single number stands for all of them.

    support: ratings of the film; spread: see `spread`; length: ratings of the viewer.
    Support is of (n,), or all three are single numbers.
    """

    support: "ArrayLike"
    spread: "ArrayLike"
    length: "ArrayLike"

    def columns(self) -> "NDArray[np.float64]":
        """What the log of the scale is a sum of: (n, 26).

        What the spread makes of it may hang on support and length: a spread seen in few ratings
        says less.
        """
        support = hats(np.log1p(self.support), np.log1p(SUPPORT_KNOTS))
        length = hats(np.log1p(self.length), np.log1p(LENGTH_KNOTS))
        by_spread = np.log(np.atleast_1d(self.spread))[:, None]
        several = (support, by_spread * support, by_spread * length, length)
        alike = (np.broadcast_to(each, (len(support), each.shape[1])) for each in several)
        return np.hstack(list(alike))

    def cells(self) -> "NDArray[np.float64]":
        """How near it is to each pair of knots of support and of spread: (n, 18), of sum 1."""
        support = hats(np.log1p(self.support), np.log1p(SUPPORT_KNOTS))
        by_spread = hats(self.spread, SPREAD_KNOTS)
        pairs: NDArray[np.float64] = support[:, :, None] * by_spread[:, None, :]
        return pairs.reshape(len(support), support.shape[1] * by_spread.shape[1])


def hats(values: "ArrayLike", knots: "ArrayLike") -> "NDArray[np.float64]":
    """Values as a mean of the two knots beside them: (n, n_knots), each row of sum 1.

    A linear function of these is piecewise linear in the values, and level beyond the ends.
    """
    places = np.asarray(knots, np.float64)
    columns = [np.interp(np.atleast_1d(values), places, row) for row in np.eye(len(places))]
    return np.transpose(columns)


@dataclass(frozen=True, eq=False)
class ErrorRanges:
    """Where 80 % of the errors (stars given less stars predicted) lie, under given conditions.

    The error is scale · z. The scale is exp(coefficients · columns of the conditions), by
    maximum likelihood as if z were normal (Harvey, 1976), with a little ridge. Between which z
    eight of ten lie is counted around knots of support and spread, and interpolated; the fewer
    errors there are, the more it is drawn to what holds for all. Last, all ends are moved alike,
    so that eight of ten lie between them (Papadopoulos, Gammerman & Vovk, 2008).

    coefficients: (26,) float32; ends: (2, 18) float32, z: low <= 0 <= high, infinite if unknown
    """

    coefficients: "NDArray[np.float32]"
    ends: "NDArray[np.float32]"

    @classmethod
    def unknown(cls) -> Self:
        """Anything is possible, as long as no error was measured."""
        ends = np.repeat([[-np.inf], [np.inf]], len(SUPPORT_KNOTS) * len(SPREAD_KNOTS), axis=1)
        size = 2 * (len(SUPPORT_KNOTS) + len(LENGTH_KNOTS))
        return cls(np.zeros(size, np.float32), ends.astype(np.float32))

    @property
    def are_known(self) -> bool:
        return bool(np.isfinite(self.ends).all())

    @classmethod
    def measured(cls, conditions: Conditions, errors: "NDArray[np.float32]") -> Self:
        """From errors (n,), in stars, and the conditions of each; unknown if there are too few."""
        if len(errors) < ENOUGH:
            return cls.unknown()
        columns, cells = conditions.columns(), conditions.cells()
        coefficients = fit_scale(columns, np.square(errors, dtype=np.float64))
        z = errors / np.exp(columns @ coefficients)
        ends = np.array([_quantiles(z, cells, share) for share in QUANTILES])
        ends = np.array([np.minimum(ends[0], -LEAST), np.maximum(ends[1], LEAST)])
        # How far out each error is: 1 at the end on its side.
        beyond = np.where(z < 0, z / (cells @ ends[0]), z / (cells @ ends[1]))
        ends *= np.quantile(beyond, QUANTILES[1] - QUANTILES[0])
        return cls(coefficients.astype(np.float32), ends.astype(np.float32))

    def around(
        self, stars: "NDArray[np.float32]", conditions: Conditions
    ) -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
        """The low and high ends around `stars`, within the scale: two of (n,) float32."""
        if not self.are_known:
            return np.full_like(stars, LOWEST), np.full_like(stars, HIGHEST)
        scale = np.exp(conditions.columns() @ self.coefficients)
        ends = self.ends @ conditions.cells().T
        low, high = (np.clip(stars + scale * end, LOWEST, HIGHEST) for end in ends)
        return low.astype(np.float32), high.astype(np.float32)


def _quantiles(
    z: "NDArray[np.float64]", cells: "NDArray[np.float64]", share: float
) -> "NDArray[np.float64]":
    """The quantile of z at each cell, drawn to that of all: (n_cells,)."""
    order = np.argsort(z)
    ordered, weights = z[order], cells[order]
    summed = np.cumsum(weights, axis=0)
    found = [ordered[np.searchsorted(column, share * column[-1])] for column in summed.T]
    total = summed[-1]
    drawn: NDArray[np.float64] = total * found + ENDS_DAMPING * np.quantile(z, share)
    drawn /= total + ENDS_DAMPING
    return drawn


def fit_scale(
    columns: "NDArray[np.float64]", squares: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    """Coefficients of the log of the standard deviation: (m,), from (n, m) and squared errors.

    By Fisher scoring: the information of a normal sample on its log deviation is 2 a row.
    """
    centre = 0.5 * np.log(max(float(squares.mean()), 1e-6))
    # The columns of support and those of length have a sum of 1 each: each takes half the level.
    start = np.zeros(columns.shape[1])
    start[: len(SUPPORT_KNOTS)] = start[-len(LENGTH_KNOTS) :] = centre / 2
    information = 2 * columns.T @ columns
    information[np.diag_indices_from(information)] += DAMPING
    coefficients = start
    for _ in range(STEPS):
        relative = squares * np.exp(-2 * columns @ coefficients) - 1
        slope = columns.T @ relative - DAMPING * (coefficients - start)
        coefficients = coefficients + np.linalg.solve(information, slope)
    return coefficients
