"""What genres and years say of two films: how they resemble, and what is only the time's."""

from typing import TYPE_CHECKING

import numpy as np

from recommendations.engine.features import FilmFeatures
from recommendations.engine.ratings import Ratings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: A genre counts by the log of how rare it is, to this power.
RARITY_EXPONENT = 0.5
#: The least that a genre counts: that all films have it is better than nothing.
LEAST_RARITY = 0.05

#: Years of release so far apart leave 1/e of the resemblance: a generation costs little.
FAR_APART = 50.0

#: What is seen together is smoothed over years so wide (standard deviation).
YEARS_WIDE = 0.7
#: Σ w_u over pairs of films that are added to what is found and to what is expected.
EXCESS_DAMPING = 5.0

#: Cells of a table of viewers × years that are held at once.
CELLS = 2**20


class Resemblance:
    """How films resemble, pair by pair, and how much more often their years are seen together.

    Two films resemble by the cosine of their genres, in which rare genres count more, and a
    little less when made generations apart: exp(-(years apart / 50)²).

    Whoever came to rate in 1996 rated films of 1995 with others of 1995, which says nothing of
    taste. The excess of two years is how many times more often the same viewers rate films of
    both than chance and the two years' other companions let expect; it is what a measure of
    rating together is to be divided by. It is never below 1: years seldom seen together are no
    reason to think two films alike.

    A film of which nothing is known resembles none, and its excess is 1.
    """

    def __init__(
        self, ratings: Ratings, features: FilmFeatures | None, user_weight: "Floats"
    ) -> None:
        """user_weight: (n_users,), how much the ratings of each viewer count."""
        genres, years = np.zeros((ratings.n_films, 0), np.bool_), np.full(ratings.n_films, np.nan)
        if features is not None:
            known = features.of(ratings.film_ids)
            genres, years = known.genres, known.years.astype(np.float64)
        self.genres = _genre_vectors(genres)
        # An unknown year is a year of its own, and NaN for what would be measured with it.
        self.years, self.year_of = np.unique(years, return_inverse=True)
        apart = np.subtract.outer(self.years, self.years)
        self.nearness = np.exp(-(np.nan_to_num(apart / FAR_APART) ** 2))
        near = np.nan_to_num(np.exp(-0.5 * (apart / YEARS_WIDE) ** 2))
        together, chance = self._together(ratings, user_weight)
        self.excesses = _excess(near @ together @ near, near @ chance @ near)

    def of(self, films: "NDArray[np.int32]", targets: "NDArray[np.int32]") -> "Floats":
        """How much they resemble, from 0 to 1: (len(films), len(targets))."""
        alike = self.genres[films] @ self.genres[targets].T
        return np.asarray(alike * self._by_year(self.nearness, films, targets))

    def excess(self, films: "NDArray[np.int32]", targets: "NDArray[np.int32]") -> "Floats":
        """The excess of their years, from 1: (len(films), len(targets))."""
        return self._by_year(self.excesses, films, targets)

    def _by_year(
        self, table: "Floats", films: "NDArray[np.int32]", targets: "NDArray[np.int32]"
    ) -> "Floats":
        return table[self.year_of[films]][:, self.year_of[targets]]

    def _together(self, ratings: Ratings, user_weight: "Floats") -> "tuple[Floats, Floats]":
        """How much pairs of films of two years are rated together, and by chance would be.

        Each (n_years, n_years): Σ w_u and Σ_i w_u · Σ_j w_u over the pairs of films i and j.
        """
        n = len(self.years)
        together = np.zeros((n, n))
        for users, rated in self._rated_by_year(ratings):
            together += (rated * user_weight[users, None]).T @ rated
        weight = np.bincount(ratings.films, user_weight[ratings.users])
        of_year = np.bincount(self.year_of, weight, n)
        # A film is no pair with itself.
        together -= np.diag(of_year)
        with_itself = np.diag(np.bincount(self.year_of, weight**2, n))
        return together, np.asarray(np.outer(of_year, of_year) - with_itself)

    def _rated_by_year(self, ratings: Ratings) -> "Iterator[tuple[slice, Floats]]":
        """How many films of each year viewers have rated, some viewers at a time."""
        n = len(self.years)
        step = max(1, CELLS // n)
        for start in range(0, ratings.n_users, step):
            users = slice(start, min(start + step, ratings.n_users))
            rows = slice(ratings.of_user(users.start).start, ratings.of_user(users.stop - 1).stop)
            cells = (ratings.users[rows] - start) * n + self.year_of[ratings.films[rows]]
            counts = np.bincount(cells, minlength=(users.stop - start) * n)
            yield users, counts.reshape(-1, n).astype(np.float64)


def _genre_vectors(genres: "NDArray[np.bool_]") -> "Floats":
    """One row for each film, of length 1, or 0 for a film without genres: (n, n_genres)."""
    rarity = np.log(len(genres) / np.maximum(genres.sum(axis=0), 1))
    vectors = genres * np.maximum(rarity, LEAST_RARITY) ** RARITY_EXPONENT
    length = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    return np.asarray(vectors / np.where(length > 0, length, 1))


def _excess(together: "Floats", chance: "Floats") -> "Floats":
    """Both (n_years, n_years). 1 where there is little to go by."""
    expected = chance * together.sum() / max(chance.sum(), 1e-9)
    usual = _damped_ratio(together.sum(axis=1), expected.sum(axis=1))
    lift = _damped_ratio(together, expected)
    return np.maximum(lift / np.sqrt(np.outer(usual, usual)), 1)


def _damped_ratio(found: "Floats", expected: "Floats") -> "Floats":
    return (found + EXCESS_DAMPING) / (expected + EXCESS_DAMPING)
