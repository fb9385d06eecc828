"""Ratings as arrays: the one boundary at which raw ids become internal indices."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LOWEST, HIGHEST = 0.5, 5.0


class UnusableRatings(ValueError):
    """Nothing can be learned from these ratings; the message says why."""


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings ordered by viewer, then by film.

    user_ids: (n_users,) int64, raw ids, ascending
    film_ids: (n_films,) int32, raw ids, ascending
    users:    (n,) int32, index into user_ids
    films:    (n,) int32, index into film_ids
    stars:    (n,) float32, from 0.5 to 5.0
    """

    user_ids: "NDArray[np.int64]"
    film_ids: "NDArray[np.int32]"
    users: "NDArray[np.int32]"
    films: "NDArray[np.int32]"
    stars: "NDArray[np.float32]"

    @classmethod
    def from_ids(cls, user_ids: "ArrayLike", film_ids: "ArrayLike", stars: "ArrayLike") -> Self:
        """Build from three arrays of n: raw viewer ids, raw film ids and stars, in any order.

        Raises UnusableRatings when there is too little to learn from, or what is there is wrong.
        """
        known_users, users = np.unique(np.asarray(user_ids, np.int64), return_inverse=True)
        known_films, films = np.unique(np.asarray(film_ids, np.int32), return_inverse=True)
        given = np.asarray(stars, np.float32)
        if not len(users) == len(films) == len(given):
            raise UnusableRatings("There must be as many viewers as films and stars.")
        order = np.lexsort((films, users))
        ratings = cls(
            known_users,
            known_films,
            users[order].astype(np.int32),
            films[order].astype(np.int32),
            given[order],
        )
        ratings._check()
        return ratings

    def _check(self) -> None:
        if self.n_users < 2 or self.n_films < 2:
            raise UnusableRatings(
                "Training needs ratings by at least 2 viewers of at least 2 films; "
                f"there are {len(self)} by {self.n_users} of {self.n_films}."
            )
        # Written so that a NaN, which is neither below nor above, does not pass.
        if not ((self.stars >= LOWEST) & (self.stars <= HIGHEST)).all():
            raise UnusableRatings(f"Stars must be numbers from {LOWEST} to {HIGHEST}.")
        if (self.stars == self.stars[0]).all():
            raise UnusableRatings(
                f"All {len(self)} ratings are {self.stars[0]:g} stars: there is no taste to learn."
            )
        if ((np.diff(self.users) == 0) & (np.diff(self.films) == 0)).any():
            raise UnusableRatings("A viewer has rated a film twice.")

    def __len__(self) -> int:
        return len(self.stars)

    def only(self, rows: "NDArray[np.bool_]") -> "Ratings":
        """These rows, with all viewers and films at their indices: some may be left without any.

        rows: (n,). Raises UnusableRatings when it is too little to learn from.
        """
        left = Ratings(
            self.user_ids, self.film_ids, self.users[rows], self.films[rows], self.stars[rows]
        )
        if not len(left):
            raise UnusableRatings("No rating is left to learn from.")
        left._check()
        return left

    @property
    def n_users(self) -> int:
        return len(self.user_ids)

    @property
    def n_films(self) -> int:
        return len(self.film_ids)

    @cached_property
    def support(self) -> "NDArray[np.int32]":
        """How many ratings each film has: (n_films,)."""
        return np.bincount(self.films, minlength=self.n_films).astype(np.int32)

    @cached_property
    def _starts(self) -> "NDArray[np.intp]":
        return np.searchsorted(self.users, np.arange(self.n_users + 1))

    def of_user(self, user: int) -> slice:
        """The rows of one viewer, by internal index."""
        return slice(int(self._starts[user]), int(self._starts[user + 1]))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the ratings: two trainings with the same one saw the same data."""
        digest = hashlib.sha256()
        for array in (self.user_ids, self.film_ids, self.users, self.films, self.stars):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()
