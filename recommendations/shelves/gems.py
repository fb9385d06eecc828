"""Films that few have seen and the viewer should love."""

from typing import TYPE_CHECKING

import numpy as np

from recommendations.models.catalogue import PRIOR_COUNT, SUPPORT
from recommendations.shelves.base import STORED, WORTH_A_SHELF, ModelShelf, Picked, Scored
from recommendations.shelves.favourites import CLEARLY

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A gem has at least so many ratings, and never more than this many.
LEAST_SEEN, MOST_SEEN = 5, 40


class HiddenGems(ModelShelf):
    """Films of fewer ratings than the median film of the catalogue that enough people rated."""

    least = WORTH_A_SHELF

    def pick(self, scored: Scored) -> Picked:
        if not len(scored.history):
            return Picked(self.title, self.reason)
        gems = scored.left & little_seen(scored) & (scored.stars >= scored.mean + CLEARLY)
        return Picked(self.title, self.reason, scored.ranked(STORED, gems, cautious(scored)))


def little_seen(scored: Scored) -> "NDArray[np.bool_]":
    supported = scored.support[scored.support >= SUPPORT]
    most = min(MOST_SEEN, np.median(supported)) if len(supported) else MOST_SEEN
    return (scored.support >= LEAST_SEEN) & (scored.support <= most)


def cautious(scored: Scored) -> "NDArray[np.floating]":
    """Predicted stars, drawn to the viewer's mean the more, the fewer have rated a film."""
    weight = scored.support / (scored.support + PRIOR_COUNT)
    return scored.mean + weight * (scored.stars - scored.mean)
