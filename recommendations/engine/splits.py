"""Which ratings a model learns from, and which it is measured on.

Every split is of rows: places in arrays of n ratings, which keep the order of their file.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from recommendations.engine.ratings import Ratings, UnusableRatings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.engine.features import FilmFeatures

    Ids = NDArray[np.integer[Any]]
    Rows = NDArray[np.intp]

#: The share of each film's ratings that `stratified_by_item` trains on.
TRAINED_ON = 0.75

FOLDS = 5

#: What is added to a seed to split its training ratings once more.
INNER = 1000


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to learn from and rows to be measured on, each ascending; none is in both."""

    train: "Rows"
    test: "Rows"

    @classmethod
    def by(cls, tested: "NDArray[np.bool_]") -> "Split":
        return cls(np.flatnonzero(~tested), np.flatnonzero(tested))


@dataclass(frozen=True, eq=False)
class RatingLog:
    """Ratings in the order in which they were written down, which the splits hang on.

    users: (n,) int64 raw ids; films: (n,) int32 raw ids; stars: (n,) float32;
    seconds: (n,) int64 since 1970. features: what is known of the films beside, if anything.
    simulated: nobody gave them, so that what is measured on them says nothing about people.
    """

    users: "NDArray[np.int64]"
    films: "NDArray[np.int32]"
    stars: "NDArray[np.float32]"
    seconds: "NDArray[np.int64]"
    features: "FilmFeatures | None" = None
    simulated: bool = False

    def __len__(self) -> int:
        return len(self.stars)

    def only(self, rows: "Rows") -> "RatingLog":
        """These rows, in their order."""
        return replace(
            self,
            users=self.users[rows],
            films=self.films[rows],
            stars=self.stars[rows],
            seconds=self.seconds[rows],
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the ratings, their order, and what is known of the films."""
        arrays: list[NDArray[Any]] = [self.users, self.films, self.stars, self.seconds]
        if self.features:
            arrays += [self.features.film_ids, self.features.genres, self.features.years]
        digest = hashlib.sha256()
        for array in arrays:
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def ratings(self, rows: "Rows") -> Ratings:
        """What a model is fitted to. Raises UnusableRatings when it is too little."""
        return Ratings.from_ids(self.users[rows], self.films[rows], self.stars[rows])

    def by_viewer(self, rows: "Rows") -> "dict[int, Rows]":
        """The rows of each viewer, by raw id, ascending."""
        ordered = rows[np.argsort(self.users[rows], kind="stable")]
        viewers, starts = np.unique(self.users[ordered], return_index=True)
        # Of no rows at all, np.split still makes one part.
        return dict(zip(viewers.tolist(), np.split(ordered, starts[1:]), strict=False))


class Case(NamedTuple):
    """A viewer to be served: the rows known of them, which may be none, and those tested."""

    viewer: int
    known: "Rows"
    tested: "Rows"

    @classmethod
    def of(cls, log: RatingLog, split: Split) -> "list[Case]":
        """One case for each viewer with tested rows. Raises UnusableRatings if nobody has any."""
        known, nothing = log.by_viewer(split.train), np.empty(0, np.intp)
        tested = log.by_viewer(split.test)
        if not len(split.test):
            raise UnusableRatings("No rating is left to measure on: there are too few.")
        return [cls(viewer, known.get(viewer, nothing), rows) for viewer, rows in tested.items()]


def stratified_by_item(films: "Ids", seed: int = 42) -> Split:
    """Split each film's ratings 3 to 1, as recommenders-team/recommenders does.

    films: (n,) ids in file order. One number is drawn for each row; of a film with m ratings the
    round(0.75 · m) with the lowest are trained on, a half being rounded to the even number.
    """
    # The stream of np.random.seed(seed), without touching what others draw from.
    draws = np.random.RandomState(seed).rand(len(films))
    order = np.lexsort((draws, films))
    _, starts, counts = np.unique(films[order], return_index=True, return_counts=True)
    place_in_film = np.arange(len(films)) - np.repeat(starts, counts)
    tested = np.empty(len(films), bool)
    tested[order] = place_in_film >= np.repeat(np.rint(TRAINED_ON * counts), counts)
    return Split.by(tested)


def kfold(n: int, folds: int = FOLDS, seed: int = 0) -> list[Split]:
    """Split n rows into the folds of Surprise's KFold(folds, random_state=seed)."""
    order = np.arange(n)
    np.random.RandomState(seed).shuffle(order)
    splits = []
    for fold in np.array_split(order, folds):
        tested = np.zeros(n, bool)
        tested[fold] = True
        splits.append(Split.by(tested))
    return splits


def leave_last_out(users: "Ids", films: "Ids", seconds: "NDArray[Any]") -> Split:
    """Test on each viewer's last rating: by time, and of those at the same time by film id.

    users, films, seconds: (n,). A viewer with a single rating has nothing to be known by.
    """
    order = np.lexsort((films, seconds, users))
    ordered = users[order]
    tested = np.zeros(len(users), bool)
    tested[order] = np.append(ordered[1:] != ordered[:-1], True)[: len(users)]
    return Split.by(tested)


def held_out_viewers(users: "Ids", seed: int, folds: int = FOLDS) -> "list[Ids]":
    """Deal the viewers into folds, each to be left out of one training.

    users: (n,) ids, in any order and as often as they come.
    """
    dealt = np.random.RandomState(seed).permutation(np.unique(users))
    return [dealt[fold::folds] for fold in range(folds)]
