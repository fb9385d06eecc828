"""What those who liked a film also liked: films that the same viewers gave many stars."""

from typing import TYPE_CHECKING

import numpy as np

from recommendations.engine.neighbours import MIN_SUPPORT
from recommendations.engine.progress import Progress, silent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.engine.ratings import Ratings

    Indices = NDArray[np.int32]

#: Who rated a film so many stars or more liked it.
LIKED = 4.0

#: A film that fewer liked, or two films that fewer liked together, say nothing about each other.
TOGETHER = 3

DAMPING = 20.0

#: Those who liked a film are sampled evenly down to so many: the time stays linear in the films.
SAMPLED = 1000

#: Progress is told every so many films.
STEP = 256


def also_liked(ratings: "Ratings", kept: int, progress: Progress = silent) -> "list[Indices]":
    """For each film up to `kept` others, by internal index, the most telling first.

    Of two films, the share of those who liked either that liked both (Jaccard's coefficient),
    damped for few: n_ij / (n_i + n_j - n_ij + 20). Plain counts would name what everybody likes,
    and lift, n_ij / (n_i · n_j), what hardly anybody does. A film with fewer than 10 ratings is
    never named.
    """
    likes = _Likes(ratings)
    found = []
    for film in range(ratings.n_films):
        if film % STEP == 0:
            progress(film, ratings.n_films)
        found.append(likes.beside(film, kept))
    progress(ratings.n_films, ratings.n_films)
    return found


class _Likes:
    """The ratings that are likes, by viewer and by film."""

    def __init__(self, ratings: "Ratings") -> None:
        rows = ratings.stars >= LIKED
        self.users, self.films = ratings.users[rows], ratings.films[rows]
        self.by_film = np.argsort(self.films, kind="stable")
        self.count = np.bincount(self.films, minlength=ratings.n_films)
        self.film_starts = np.concatenate([[0], np.cumsum(self.count)])
        self.of_user = np.bincount(self.users, minlength=ratings.n_users)
        self.user_starts = np.cumsum(self.of_user) - self.of_user
        self.can_be_named = ratings.support >= MIN_SUPPORT

    def beside(self, film: int, kept: int) -> "Indices":
        together = self._together(film)
        named = self.can_be_named & (together >= TOGETHER)
        named[film] = False
        others = np.flatnonzero(named)
        both = together[others]
        either = self.count[film] + self.count[others] - both
        order = np.argsort(-both / (either + DAMPING), kind="stable")[:kept]
        return others[order].astype(np.int32)

    def _together(self, film: int) -> "NDArray[np.int64]":
        """How many liked both `film` and each of all films."""
        liked = self.by_film[self.film_starts[film] : self.film_starts[film + 1]]
        step = max(1, -(-len(liked) // SAMPLED))
        users = self.users[liked[::step]]
        lengths = self.of_user[users]
        first = self.user_starts[users] - (np.cumsum(lengths) - lengths)
        rows = np.repeat(first, lengths) + np.arange(lengths.sum())
        return step * np.bincount(self.films[rows], minlength=len(self.count))
