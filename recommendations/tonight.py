"""Which film of a watchlist to see tonight: the better it should be liked, the likelier."""

from collections.abc import Mapping

import numpy as np

#: A film with a star more is so many times as likely to be drawn before another.
LIKELIER = 4

#: Seeds are below this, short enough for an address.
SEEDS = 1_000_000


def drawn(stars: Mapping[int, float], seed: int) -> list[int]:
    """The films in the order in which a weighted draw without replacement takes them.

    Each waits for an exponential time, the shorter the more stars it has (Efraimidis and Spirakis,
    2006). A film's time depends on nothing but the seed and itself, so that the others keep their
    order when one leaves.
    """

    def wait(film: int) -> float:
        waited = np.random.default_rng([seed, film]).exponential()
        return float(waited / LIKELIER ** stars[film])

    return sorted(stars, key=wait)


def new_seed() -> int:
    return int(np.random.default_rng().integers(SEEDS))
