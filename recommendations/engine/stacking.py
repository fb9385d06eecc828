"""How much each of several models counts in a common prediction, by the length of the history."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.ranges import hats

#: Weights are fitted at these lengths of the history, and interpolated between.
LENGTHS = (0, 1, 3, 10, 30, 100, 300)

#: All models count alike until the evidence, a sum of squared stars, is well above this.
DAMPING = 5.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stack:
    """Stacked regression with weights that are not negative (Breiman, 1996).

    At a history of n ratings, with d_m what model m predicts beyond a base that all know,

        stars = base + Σ weight_m(n) · d_m

    weights: (7, n_models) float64
    """

    weights: Floats

    @classmethod
    def fitted(cls, lengths: NDArray[np.int64], beyond: Floats, residuals: Floats) -> Self:
        """By least squares, from predictions that were not fitted to the ratings they are of.

        lengths: (n,) of the histories; beyond: (n, n_models), predictions less the base;
        residuals: (n,), stars given less the base.
        """
        # Imported here, so that those who only load a fitted model do without it.
        from scipy.optimize import lsq_linear  # type: ignore[import-untyped] # noqa: PLC0415

        n_models, knots = beyond.shape[1], len(LENGTHS)
        wide = (at(lengths)[:, :, None] * beyond[:, None, :]).reshape(-1, knots * n_models)
        gram = wide.T @ wide
        gram[np.diag_indices_from(gram)] += DAMPING
        # The same minimum as that of all rows, from the square root of their normal equations.
        root = np.linalg.cholesky(gram)
        right = np.linalg.solve(root, wide.T @ residuals + DAMPING / n_models)
        return cls(lsq_linear(root.T, right, (0, np.inf)).x.reshape(knots, n_models))

    def of(self, length: int) -> Floats:
        """The weights for a history of this length: (n_models,)."""
        weights: Floats = at(length)[0] @ self.weights
        return weights

    def predict(self, lengths: NDArray[np.int64], beyond: Floats) -> Floats:
        """What to add to the base: (n,)."""
        added: Floats = ((at(lengths) @ self.weights) * beyond).sum(axis=1)
        return added


def at(lengths: "NDArray[np.int64] | int") -> Floats:
    return hats(np.log1p(lengths), np.log1p(LENGTHS))
