"""Ranking from what is rated together: EASE, fitted in one of two closed forms."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommendations.engine.contract import ALL, Explanation, Films, History, Model
from recommendations.engine.features import FilmFeatures
from recommendations.engine.folding import explained, unexplained
from recommendations.engine.parameters import Parameters, Range
from recommendations.engine.popularity import damped_means, popularity, viewer_bias
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import Ratings, UnusableRatings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

Floats = NDArray[np.float32]


#: A film's ratings count as so many more where its popularity scales something.
COUNT_OFFSET = 1.0

#: Rows of a square matrix that are worked on at once.
BLOCK = 1024

GIB = 2**30


@dataclass(frozen=True)
class EASEParameters(Parameters):
    """Chosen on ml-latest-small, on inner splits of the training ratings.

    By the protocol `stratified-by-item`, seeds 42 to 46: nDCG@10 .430, without features .416.

    grading: what two stars above 3.5 add to a rating's weight of 1
    popularity_exponent: films are scaled by popularity to minus this; more reaches rarer films
    activity_exponent: training viewers are scaled by how much they rated to minus this
    feature_exponent: feature rows are scaled by popularity to this
    min_support: films with fewer ratings are left to popularity
    max_items: more films than this are refused, for memory grows with their square
    """

    regularisation: float = 300.0
    grading: float = 0.5
    popularity_exponent: float = 0.2
    activity_exponent: float = 0.2
    genre_weight: float = 2.0
    year_weight: float = 3.0
    feature_exponent: float = 0.2
    min_support: int = 2
    max_items: int = 20_000

    # Not grading: it raises what is liked, and to nDCG what was rated and hated is a hit too.
    ranges = {
        "regularisation": Range(30, 3000),
        "popularity_exponent": Range(0, 0.5),
        "activity_exponent": Range(0, 0.5),
        "genre_weight": Range(0, 8),
        "year_weight": Range(0, 8),
        "feature_exponent": Range(0, 0.5),
    }

    def __post_init__(self) -> None:
        for name in ("regularisation", "min_support", "max_items"):
            if getattr(self, name) <= 0:
                raise ValueError(f"Parameter {name} must be above 0.")
        for name in ("genre_weight", "year_weight"):
            if getattr(self, name) < 0:
                raise ValueError(f"Parameter {name} must not be below 0.")
        # At 2/3 a rating of half a star would weigh nothing, and beyond it speak against.
        if not 0 < self.grading < 2 / 3:
            raise ValueError("Parameter grading must be above 0 and below 2/3.")


class EASE(Model):
    """A linear autoencoder in closed form (Steck, 2019, arXiv 1905.03375).

    X holds a row for each viewer, 1 + grading · (stars - 3.5) / 2 for what they rated, and a row
    for each feature of films, all columns scaled by popularity. With P = (XᵀX + λI)⁻¹ the weights
    are B = I - P / diag(P), and a viewer's score is their own row x times B: whoever is served is
    folded in, trained on or not, and x_i · B_ij is exactly what rating i adds to film j.

    Two forms give the same B. The primal one inverts a films × films matrix and keeps B. With
    fewer rows than films the dual one is cheaper: for XXᵀ + λI = LLᵀ and V = (L⁻¹X)ᵀ, λP is
    I - VVᵀ, so that V and diag(P) are all there is to keep.

    Films below `min_support` rank below all others, by popularity, as do all films for a viewer
    of whom nothing is known. EASE predicts no stars: they are the film's damped mean plus the
    viewer's damped bias, as `Popularity` has them.

    means:    (n_films,) float32, damped means in stars
    places:   (n_films,) int32, place of each film in the matrices; -1 for those left out
    scale:    (n_known,) float32, by which what a viewer rated is multiplied
    weights:  (n_known, n_known) float32, B; empty in the dual form
    loadings: (n_known, n_rows) float32, V; empty in the primal form
    slack:    (n_known,) float32, λ · diag(P), from 0 to 1; ones in the primal form
    """

    name = "ease"
    folds_in = True
    reports_progress = True
    ranked_by = "what viewers with the same ratings rated too"
    options = EASEParameters
    learned = ("means", "places", "scale", "weights", "loadings", "slack")

    parameters: EASEParameters
    features: FilmFeatures | None = None
    means: Floats
    places: NDArray[np.int32]
    scale: Floats
    weights: Floats
    loadings: Floats
    slack: Floats

    # Fitting.

    def with_features(self, film_ids: ArrayLike, genres: ArrayLike, years: ArrayLike) -> Self:
        """Use features of films in the fit that follows; they need not cover its films.

        film_ids: (n,) raw ids; genres: (n, n_genres) bool; years: (n,), NaN if unknown.
        Raises ValueError when their lengths differ.
        """
        self.features = FilmFeatures.of_arrays(film_ids, genres, years)
        return self

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        """Raises UnusableRatings when more films than `max_items` have enough ratings, or none."""
        self._choose(ratings)
        inputs, features = self._inputs(ratings), self._feature_rows()
        n_known, n_rows = len(self.scale), inputs.shape[0] + len(features)
        self.weights = np.empty((0, 0), np.float32)
        self.loadings = np.empty((0, 0), np.float32)
        self.slack = np.ones(n_known, np.float32)
        if self._is_dual(n_rows, n_known):
            self.loadings = _loadings(inputs, features, self.parameters.regularisation, progress)
            self.slack -= np.einsum("ij,ij->i", self.loadings, self.loadings)
        else:
            self.weights = _weights(inputs, features, self.parameters.regularisation, progress)

    @staticmethod
    def _is_dual(n_rows: int, n_known: int) -> bool:
        return n_rows < n_known

    def _choose(self, ratings: Ratings) -> None:
        """Decide which films take part, and how each is scaled."""
        known = ratings.support >= self.parameters.min_support
        self._check_size(int(known.sum()))
        self.means = damped_means(ratings)
        self.places = np.where(known, np.cumsum(known) - 1, -1).astype(np.int32)
        self.scale = self._relative_count() ** np.float32(-self.parameters.popularity_exponent)

    def _check_size(self, n_known: int) -> None:
        chosen = self.parameters
        if not n_known:
            raise UnusableRatings(f"No film has {chosen.min_support} ratings: lower min_support.")
        if n_known > chosen.max_items:
            raise UnusableRatings(
                f"{n_known} films have {chosen.min_support} ratings or more and may need "
                f"{1.5 * 4 * n_known**2 / GIB:.1f} GiB; max_items is {chosen.max_items}. "
                "Raise min_support, or max_items where there is memory for it."
            )

    def _relative_count(self) -> Floats:
        """Ratings of each film that takes part, as a share of their mean."""
        counts = self.support[self.known] + COUNT_OFFSET
        return np.asarray(counts / counts.mean(), np.float32)

    def _inputs(self, ratings: Ratings) -> "csr_matrix":
        """The viewers' rows of X: (n_users, n_known)."""
        # Imported here, so that those who only load a fitted model do without it.
        from scipy.sparse import csr_matrix  # noqa: PLC0415

        places = self.places[ratings.films]
        taken = places >= 0
        users, places = ratings.users[taken], places[taken]
        activity = np.bincount(users, minlength=ratings.n_users) / taken.sum() * ratings.n_users
        by_user = np.maximum(activity, 1e-9) ** -self.parameters.activity_exponent
        values = self._graded(ratings.stars[taken]) * self.scale[places] * by_user[users]
        shape = (ratings.n_users, len(self.scale))
        return csr_matrix((values.astype(np.float32), (users, places)), shape)

    def _feature_rows(self) -> Floats:
        """The features' rows of X: (n_features, n_known)."""
        if self.features is None:
            return np.zeros((0, len(self.scale)), np.float32)
        chosen = self.parameters
        features = self.features.of(self.film_ids[self.known])
        genres = chosen.genre_weight * features.genres.T
        rows = np.concatenate([genres, chosen.year_weight * features.bumps()])
        rows = rows[(rows != 0).any(axis=1)]
        return np.asarray(rows * self._relative_count() ** chosen.feature_exponent, np.float32)

    def _graded(self, stars: Floats | np.float32) -> Floats:
        return np.asarray(1 + self.parameters.grading * (stars - 3.5) / 2, np.float32)

    # Serving.

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which films take part, the others being left to popularity: (n_films,)."""
        return np.asarray(self.places >= 0)

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> Floats:
        return self.means[films] + viewer_bias(self.means, history)

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> Floats:
        popular = popularity(self.support, self.means)
        rated, values, _ = self._row(history)
        if not len(rated):
            return popular
        found = self._known_scores(rated, values)
        scores = found.min() - 1 + popular - popular.max()
        scores[self.known] = found
        return np.asarray(scores, np.float32)

    def _row(self, history: History) -> tuple[NDArray[np.int32], Floats, NDArray[np.intp]]:
        """What is known of the viewer's ratings: place, value in X, and position in the history.

        Ordered by place: sums of floats hang on their order, and a score must not.
        """
        places = self.places[history.films]
        positions = np.argsort(places, kind="stable")
        positions = positions[places[positions] >= 0]
        rated = places[positions]
        return rated, self._graded(history.stars[positions]) * self.scale[rated], positions

    def _known_scores(self, rated: NDArray[np.int32], values: Floats) -> Floats:
        if self.weights.size:
            return np.asarray(values @ self.weights[rated])
        found = self.loadings @ (values @ self.loadings[rated])
        # B has no diagonal: a film says nothing for itself.
        found[rated] -= values * (1 - self.slack[rated])
        return np.asarray(found / self.slack)

    def rescored(
        self, scores: Floats, history: History, positions: NDArray[np.intp], stars: float
    ) -> Floats:
        """What `scores` of this history were if one of its ratings were of `stars`.

        (len(positions), n_films): the rating at each of `positions` in turn. Scores are linear in
        the ratings, but for rounding.
        """
        places = self.places[history.films[positions]]
        raised = self._graded(np.float32(stars)) - self._graded(history.stars[positions])
        change = np.where(places >= 0, raised * self.scale[places], 0)[:, None]
        found = scores[self.known]
        changed = found + change * self._weights_of(places)
        # The others stay below all that take part.
        rescored = scores + (changed.min(axis=1, keepdims=True) - found.min())
        rescored[:, self.known] = changed
        return np.asarray(rescored, np.float32)

    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[Explanation]:
        if not len(history):
            return unexplained(films)
        liked = history.stars >= history.stars.mean()
        return explained(self.contributions(history, films), liked, n)

    def contributions(self, history: History, films: NDArray[np.int32]) -> Floats:
        """What each rating adds to the score of each film: (len(films), len(history))."""
        rated, values, positions = self._row(history)
        places = self.places[films]
        contributions = np.zeros((len(films), len(history)), np.float32)
        contributions[:, positions] = values * self._between(rated, places)
        contributions[places < 0] = 0
        return contributions

    def item_weights(self, films: NDArray[np.int32], others: NDArray[np.int32]) -> Floats:
        rows, columns = self.places[films], self.places[others]
        # Some columns at a time: the dual form takes a copy of their loadings.
        blocks = [self._between(rows, columns[block]).T for block in _blocks(len(columns))]
        weights = np.concatenate([np.empty((len(rows), 0), np.float32), *blocks], axis=1)
        return np.where((rows[:, None] >= 0) & (columns >= 0), weights, 0)

    def _weights_of(self, rated: NDArray[np.int32]) -> Floats:
        """B of the rated films (rows) and all that take part."""
        if self.weights.size:
            return np.asarray(self.weights[rated])
        # In this order all loadings are read once, however many films were rated.
        weights = (self.loadings @ self.loadings[rated].T).T / self.slack
        weights[np.arange(len(rated)), rated] = 0
        return weights

    def _between(self, rated: NDArray[np.int32], places: NDArray[np.int32]) -> Floats:
        """B of the rated films (columns) and those at `places` (rows)."""
        if self.weights.size:
            return np.asarray(self.weights[rated][:, places].T)
        between = self.loadings[places] @ self.loadings[rated].T / self.slack[places, None]
        return np.where(rated == places[:, None], 0, between)


def _loadings(
    inputs: "csr_matrix", features: Floats, regularisation: float, progress: Progress
) -> Floats:
    """V of the dual form: (n_known, n_rows). Needs n_rows · (n_known + n_rows) floats."""
    from scipy.linalg import blas, lapack  # type: ignore[import-untyped] # noqa: PLC0415

    progress(0, 2)
    # In Fortran's order LAPACK works in place, and what it leaves is V in ours.
    n_viewers, n_known = inputs.shape
    rows = np.empty((n_viewers + len(features), n_known), np.float32, order="F")
    for block in _blocks(n_viewers):
        rows[block] = inputs[block].toarray()
    rows[n_viewers:] = features
    gram = np.asfortranarray(rows @ rows.T)
    gram[np.diag_indices_from(gram)] += regularisation
    lower, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    _check(failed)
    progress(1, 2)
    solved = blas.strsm(1.0, lower, rows, lower=1, overwrite_b=1)
    progress(2, 2)
    return np.ascontiguousarray(solved.T, np.float32)


def _weights(
    inputs: "csr_matrix", features: Floats, regularisation: float, progress: Progress
) -> Floats:
    """B of the primal form: (n_known, n_known). One such matrix is all the memory it needs."""
    from scipy.linalg import lapack  # noqa: PLC0415

    progress(0, 4)
    # The matrix is symmetric: its transpose is in Fortran's order, and LAPACK works in place.
    gram = _gram(inputs, features).T
    gram[np.diag_indices_from(gram)] += regularisation
    progress(1, 4)
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1, clean=0)
    _check(failed)
    progress(2, 4)
    inverse, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    _check(failed)
    progress(3, 4)
    weights = _without_diagonal(inverse.T)
    progress(4, 4)
    return weights


def _gram(inputs: "csr_matrix", features: Floats) -> Floats:
    """XᵀX: (n_known, n_known)."""
    n_known = inputs.shape[1]
    gram = np.empty((n_known, n_known), np.float32)
    columns = inputs.T.tocsr()
    for block in _blocks(n_known):
        gram[block] = (columns[block] @ inputs).toarray()
        gram[block] += features[:, block].T @ features
    return gram


def _without_diagonal(inverse: Floats) -> Floats:
    """-P / diag(P) in place, with zeros on the diagonal; only P's upper half need be right."""
    diagonal = inverse.diagonal().copy()
    for block in _blocks(len(inverse)):
        square = np.triu(inverse[block, block])
        inverse[block, block] = square + np.triu(square, 1).T
        inverse[block.stop :, block] = inverse[block, block.stop :].T
    for block in _blocks(len(inverse)):
        inverse[block] /= -diagonal
    np.fill_diagonal(inverse, 0)
    return inverse


def _blocks(n: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK))


def _check(failed: int) -> None:
    if failed:
        raise FloatingPointError("The fit is not stable: raise regularisation.")
