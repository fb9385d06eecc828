"""Which film to ask a viewer about: one they can answer for, which says something new."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

#: With fewer ratings, what a model expects of a viewer is not what they have seen.
KNOWN_BY = 10

#: A film like one of the last so many asked about tells little new; of a viewer who is known,
#: what is near is also what they have seen.
REMEMBERED, REMEMBERED_OF_KNOWN = 10, 3


def worth_asking(
    raters: "NDArray[np.integer[Any]]",
    near: "NDArray[np.bool_]",
    fit: "Floats | None" = None,
) -> "NDArray[np.intp]":
    """Indices of the films, the one to ask about first: (n,).

    raters: (n,) how many rated each film; near: (n,) whether it is like one of those just asked
    about; fit: (n,) what ranks the films for the viewer, for one with `KNOWN_BY` ratings or more.

    Only what was seen can be answered for, so that popularity counts most; and a second film of
    one kind tells less than a first of another, so that what is near comes last, as in *maximal
    marginal relevance* (Carbonell & Goldstein, 1998). Popularity is the logarithm of Rashid et
    al. (2002), *Getting to Know You*. They multiply it by the entropy of the film's ratings;
    measured here (`benchmarks/asking.py`), that asks for films that fewer have seen and serves
    worse than popularity alone. Of a viewer who is known, the fit of a model that ranks by what is
    rated together says what they are likely to have seen, and counts as much as popularity: more
    of the questions are answered.
    """
    value = _standardised(np.log(raters + 1.0))
    if fit is not None:
        value = value + _standardised(np.asarray(fit, np.float64))
    return np.lexsort((-value, near))


def remembered(asked: "Sequence[int]", fit: "Floats | None") -> "Sequence[int]":
    """Those of the films asked about, in order, that the next is not to be near to."""
    return asked[-(REMEMBERED if fit is None else REMEMBERED_OF_KNOWN) :]


def by_entropy(counts: "NDArray[np.integer[Any]]") -> "Floats":
    """Log popularity times entropy, as Rashid et al. have it, to compare with: (n,).

    counts: (n, 10) how many gave each half star.
    """
    raters = counts.sum(axis=1)
    shares = counts / np.maximum(raters, 1)[:, None]
    entropy = -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=1)
    return np.asarray(np.log(raters + 1.0) * entropy)


def _standardised(values: "Floats") -> "Floats":
    spread = values.std() if len(values) else 0
    return (values - values.mean()) / spread if spread else np.zeros(len(values))
