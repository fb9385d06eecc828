"""What the models fitted by Surprise share: their data from arrays, and the viewers they saw.

Surprise is needed to fit them. To serve them numpy is enough.
"""

from abc import abstractmethod
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.contract import History, Model
from recommendations.engine.folding import lift
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import Ratings
from recommendations.engine.trainset import starts_of


class SurpriseModel(Model):
    """A model fitted by Surprise, which keeps what it learned of the viewers it saw.

    user_ids: (n_users,) int64, raw ids, ascending
    """

    folds_in = True
    reports_progress = True
    ranked_by = "predicted stars, raised for films that many rated"

    user_ids: NDArray[np.int64]

    @cached_property
    def lift(self) -> NDArray[np.float32]:
        """What a film's popularity adds to its stars where films are ranked: (n_films,)."""
        return lift(self.support)

    @abstractmethod
    def trained_estimates(self, user: int) -> NDArray[np.float64]:
        """Stars of every film, unclipped, by what was learned of this viewer: (n_films,).

        The numbers of Surprise's `predict` to 1e-6. `user` is the raw id; KeyError when training
        did not see it.
        """

    def knows(self, user: int | None) -> bool:
        """Whether training saw this viewer, by raw id."""
        return user is not None and bool(np.isin(user, self.user_ids))

    def place_of(self, user: int) -> int:
        """The viewer's internal index. KeyError when training did not see them."""
        if not self.knows(user):
            raise KeyError(user)
        return int(np.searchsorted(self.user_ids, user))

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Predicted stars, raised for films that many rated."""
        return self.expected_stars(history) + self.lift


class Remembering(SurpriseModel):
    """A model that predicts from the very ratings it was trained on, and so stores them.

    rating_starts: (n_users + 1,) int64; the rows of viewer u are rating_starts[u] to
        rating_starts[u + 1] of rating_films and rating_stars
    rating_films:  (n,) int32, internal indices, ascending for each viewer
    rating_stars:  (n,) float32
    """

    remembered: ClassVar[tuple[str, ...]] = (
        "user_ids",
        "rating_starts",
        "rating_films",
        "rating_stars",
    )

    rating_starts: NDArray[np.int64]
    rating_films: NDArray[np.int32]
    rating_stars: NDArray[np.float32]

    def remember(self, ratings: Ratings) -> None:
        self.user_ids = ratings.user_ids
        self.rating_starts = starts_of(ratings.users, ratings.n_users)
        self.rating_films, self.rating_stars = ratings.films, ratings.stars

    def trained_history(self, user: int) -> History:
        """What training saw of this viewer, by raw id. KeyError when it saw nothing."""
        place = self.place_of(user)
        rows = slice(int(self.rating_starts[place]), int(self.rating_starts[place + 1]))
        return History(self.rating_films[rows], self.rating_stars[rows])
