"""Stars from the most similar films that the viewer has rated: Surprise's four item-based k-NN."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from recommendations.engine.baseline import user_level
from recommendations.engine.contract import ALL, Explanation, Films, History
from recommendations.engine.folding import explained, unexplained
from recommendations.engine.pairs import Pairs, keep_largest
from recommendations.engine.parameters import Parameters, Range, require
from recommendations.engine.progress import Progress
from recommendations.engine.ratings import Ratings, UnusableRatings
from recommendations.engine.surprise_models import Remembering
from recommendations.engine.trainset import Trainset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SIMILARITIES = ("msd", "cosine", "pearson", "pearson_baseline")

#: Of no more films than this, stars are predicted film by film; of more, of all films at once.
FEW = 300

#: Surprise holds up to seven square matrices of eight bytes while it measures similarities.
BYTES_PER_PAIR = 56


@dataclass(frozen=True)
class KNNParameters(Parameters):
    """Surprise's own, but for `largest`: data with more to compare is refused.

    neighbours: at most so many count; min_neighbours: with fewer there is only the fallback
    similarity: msd, cosine, pearson or pearson_baseline; min_support: ratings in common below
        which it is 0
    shrinkage, user_damping, film_damping: of pearson_baseline and of k-NN Baseline
    largest: so many films (or viewers, if those are compared); memory grows with its square
    """

    neighbours: int = 40
    min_neighbours: int = 1
    similarity: str = "msd"
    min_support: int = 1
    shrinkage: float = 100.0
    epochs: int = 10
    user_damping: float = 15.0
    film_damping: float = 10.0
    largest: int = 12_000

    ranges = {
        "neighbours": Range(10, 150),
        "min_neighbours": Range(1, 10),
        "min_support": Range(1, 10),
    }

    def __post_init__(self) -> None:
        require(
            self,
            positive=("neighbours", "min_neighbours", "min_support", "epochs", "largest"),
            not_negative=("shrinkage", "user_damping", "film_damping"),
        )
        if self.similarity not in SIMILARITIES:
            raise ValueError(f"Parameter similarity must be one of {', '.join(SIMILARITIES)}.")

    @classmethod
    def read(cls, given: "Mapping[str, object]") -> Self:
        """Take parameters by name; see `Parameters`. The similarity is one that is no number."""
        numbers = {name: value for name, value in given.items() if name != "similarity"}
        similarity = str(given.get("similarity", cls.similarity))
        return replace(super().read(numbers), similarity=similarity)

    def check_size(self, n: int, things: str) -> None:
        """Raises UnusableRatings when n by n similarities are more than `largest` allows."""
        if n > self.largest:
            raise UnusableRatings(
                f"Similarities of {n:,} {things} would take {n * n * BYTES_PER_PAIR / 2**30:.1f} "
                f"GiB to fit; at most {self.largest:,} are allowed. Raise the parameter largest, "
                "or train another algorithm."
            )

    def for_surprise(self, *, user_based: bool) -> dict[str, Any]:
        """The arguments of Surprise's k-NN, but for k-NN Baseline's `bsl_options`."""
        similarity = {
            "name": self.similarity,
            "user_based": user_based,
            "min_support": self.min_support,
            "shrinkage": self.shrinkage,
        }
        return {
            "k": self.neighbours,
            "min_k": self.min_neighbours,
            "sim_options": similarity,
            "bsl_options": {
                "method": "als",
                "n_epochs": self.epochs,
                "reg_u": self.user_damping,
                "reg_i": self.film_damping,
            },
            "verbose": False,
        }


@dataclass(frozen=True)
class KNNBaselineParameters(KNNParameters):
    """With the similarity that Surprise recommends; chosen on ml-latest-small."""

    neighbours: int = 60
    similarity: str = "pearson_baseline"

    ranges = {
        **KNNParameters.ranges,
        "shrinkage": Range(10, 500),
        "user_damping": Range(1, 50),
        "film_damping": Range(1, 50),
    }


@dataclass(frozen=True, eq=False)
class Levels:
    """What a k-NN compares ratings to, for each film or viewer: three of (n,) float64.

    centre, scale: a rating r becomes (r - centre) / scale; fallback: stars without neighbours
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    fallback: NDArray[np.float64]

    @classmethod
    def of(cls, fitted: Any, n: int) -> Self:
        """From one of Surprise's four, fitted; for k-NN Baseline, without the biases of y."""
        mean, one = np.full(n, fitted.trainset.global_mean), np.ones(n)
        if hasattr(fitted, "sigmas"):
            return cls(fitted.means, fitted.sigmas, fitted.means)
        if hasattr(fitted, "means"):
            return cls(fitted.means, one, fitted.means)
        if hasattr(fitted, "bx"):
            return cls(mean + fitted.bx, one, mean + fitted.bx)
        return cls(np.zeros(n), one, mean)


class ItemKNN(Remembering):
    """Base of the four: the mean of the viewer's ratings of similar films, by their similarity.

    Of the films j that the viewer rated, the k most similar to film i, as far as they are
    similar at all (s > 0), give (Surprise's formula, which Koren, 2010, has for Baseline)

        centre_i + scale_i · Σ s_ij (r_j - centre_j) / scale_j / Σ s_ij

    and with fewer than min_neighbours of them, the film's fallback. As that asks for nothing of
    the viewer but ratings, fold-in and trained estimate are the same computation. Of equally
    similar films those of lower id count, as in Surprise.

    similar_starts, similar_films, similarities: what is similar at all, and so all that counts:
        film i is similar to similar_films[similar_starts[i]:similar_starts[i + 1]], ascending.
        (n_films + 1,) int64, (m,) int32 and (m,) float64, above 0; symmetric. In float32, two
        that differ may not, and another neighbour than Surprise's would count
    centre, scale, fallback: (n_films,) float64, in stars
    """

    options = KNNParameters
    learned = (
        *Remembering.remembered,
        *("similar_starts", "similar_films", "similarities"),
        *("centre", "scale", "fallback"),
    )
    #: The class in `surprise`.
    fitted_by: ClassVar[str]

    parameters: KNNParameters
    similar_starts: NDArray[np.int64]
    similar_films: NDArray[np.int32]
    similarities: NDArray[np.float64]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    fallback: NDArray[np.float64]

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        """Raises UnusableRatings when there are more films than `largest`."""
        # Imported here, so that those who only load a fitted model do without it.
        import surprise  # noqa: PLC0415

        self.parameters.check_size(ratings.n_films, "films")
        trainset = Trainset(ratings, progress, "viewers")
        arguments = self.parameters.for_surprise(user_based=False)
        fitted = getattr(surprise, self.fitted_by)(**arguments).fit(trainset)
        levels = Levels.of(fitted, ratings.n_films)
        self.centre, self.scale, self.fallback = levels.centre, levels.scale, levels.fallback
        self._keep_similar(fitted.sim)
        self.remember(ratings)
        trainset.clock.finish()

    def _keep_similar(self, similarity: "Iterable[NDArray[np.float64]]") -> None:
        films, kept = [], []
        for row in similarity:
            films.append(np.flatnonzero(row > 0).astype(np.int32))
            kept.append(row[films[-1]])
        self.similar_starts = np.cumsum([0, *map(len, films)], dtype=np.int64)
        self.similar_films, self.similarities = np.concatenate(films), np.concatenate(kept)

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        return self._stars(history, films).astype(np.float32)

    def trained_estimates(self, user: int) -> NDArray[np.float64]:
        return self._stars(self.trained_history(user))

    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[Explanation]:
        if not len(history):
            return unexplained(films)
        residuals = history.stars - self.fallback[history.films]
        liked = history.stars >= history.stars.mean()
        return explained(self.weights(history, films) * residuals, liked, n)

    def weights(self, history: History, films: NDArray[np.int32]) -> NDArray[np.float64]:
        """How much each rating weighs in the stars of each film: (len(films), len(history)).

        None is below 0. With neighbours, expected_stars = fallback[films] + weights @ residuals,
        where residuals are stars less the fallback of the rated films; without, all are 0.
        """
        order = np.argsort(history.films)
        rated = history.films[order]
        near = self._near(films, rated)
        keep_largest(near, self.parameters.neighbours)
        enough = (near > 0).sum(axis=1, keepdims=True) >= self.parameters.min_neighbours
        total = np.where(enough, near.sum(axis=1, keepdims=True), 1)
        weights = np.empty(near.shape)
        weights[:, order] = (
            enough * near / total * np.outer(self.scale[films], 1 / self.scale[rated])
        )
        return weights

    def _stars(self, history: History, films: Films = ALL) -> NDArray[np.float64]:
        """Stars of all films, or of `films`, unclipped, in float64."""
        level = self._level(history)
        fallback = (self.fallback + level)[films]
        if not len(history):
            return fallback
        order = np.argsort(history.films)
        rated, stars = history.films[order], history.stars[order].astype(np.float64)
        residuals = (stars - self.centre[rated] - level) / self.scale[rated]
        count, total, weighted = self._sums(rated, residuals, films)
        enough = count >= self.parameters.min_neighbours
        mean = np.divide(weighted, total, out=np.zeros(len(total)), where=enough)
        return np.where(enough, (self.centre + level)[films] + self.scale[films] * mean, fallback)

    def _sums(
        self, rated: NDArray[np.int32], residuals: NDArray[np.float64], films: Films
    ) -> tuple[NDArray[np.float64], ...]:
        """Over the k rated films most similar to each: how many, Σ s, and Σ s · residual."""
        if isinstance(films, slice) or len(films) > FEW:
            return tuple(each[films] for each in self._sums_of_all(rated, residuals))
        near = self._near(films, rated)
        keep_largest(near, self.parameters.neighbours)
        return (near > 0).sum(axis=1).astype(np.float64), near.sum(axis=1), near @ residuals

    def _sums_of_all(
        self, rated: NDArray[np.int32], residuals: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], ...]:
        pairs, k = self._pairs(rated), self.parameters.neighbours
        count, total, weighted = pairs.sums(residuals)
        # Few films are similar to more than k of the rated: only there is anything to choose.
        crowded = np.flatnonzero(count > k)
        near = pairs.dense(crowded)
        tied = crowded[keep_largest(near, k)]
        both = near @ np.column_stack([np.ones(len(rated)), residuals]).astype(np.float32)
        count[crowded], total[crowded], weighted[crowded] = k, *both.T
        # Two that are alike in float32 may not be so in float64, as Surprise has them.
        exact = self._near(tied, rated)
        keep_largest(exact, k)
        total[tied], weighted[tied] = exact.sum(axis=1), exact @ residuals
        return count, total, weighted

    def _near(
        self, films: NDArray[np.signedinteger], rated: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Similarities of the films to the rated ones, which ascend: (len(films), n_rated)."""
        near = np.zeros((len(films), len(rated)))
        for row, others, similarities in zip(near, *self._similar_to(films), strict=True):
            places = np.searchsorted(rated, others)
            found = np.flatnonzero(np.append(rated, -1)[places] == others)
            row[places[found]] = similarities[found]
        return near

    def _similar_to(
        self, films: NDArray[np.signedinteger]
    ) -> tuple[list[NDArray[np.int32]], list[NDArray[np.float64]]]:
        """For each of the films, which are similar, and how much."""
        starts, ends = self.similar_starts[films].tolist(), self.similar_starts[films + 1].tolist()
        rows = [slice(*each) for each in zip(starts, ends, strict=True)]
        # Plain views: hundreds of slices of a mapped file's own kind take milliseconds.
        others, similarities = np.asarray(self.similar_films), np.asarray(self.similarities)
        return [others[each] for each in rows], [similarities[each] for each in rows]

    def _pairs(self, rated: NDArray[np.int32]) -> "Pairs":
        films, similarities = self._similar_to(rated)
        return Pairs(
            len(self.film_ids),
            np.concatenate(films, dtype=np.intp),
            np.concatenate(similarities),
            np.array([len(each) for each in films]),
        )

    def _level(self, history: History) -> float:
        """What the viewer's own bias adds to the centre of every film, in stars."""
        return 0.0


class ItemKNNBasic(ItemKNN):
    """Item-based k-NN of the stars themselves."""

    name = "item_knn_basic"
    fitted_by = "KNNBasic"


class ItemKNNWithMeans(ItemKNN):
    """Item-based k-NN of the distances to each film's mean."""

    name = "item_knn_means"
    fitted_by = "KNNWithMeans"


class ItemKNNWithZScore(ItemKNN):
    """Item-based k-NN of the distances to each film's mean, in its standard deviations."""

    name = "item_knn_zscore"
    fitted_by = "KNNWithZScore"


class ItemKNNBaseline(ItemKNN):
    """Item-based k-NN of the distances to the biases of film and viewer (Koren, 2010).

    The viewer's bias is folded in by the user step of Surprise's least squares, its last: the
    bias of who rated nothing since training is the trained one.
    """

    name = "item_knn_baseline"
    fitted_by = "KNNBaseline"
    options = KNNBaselineParameters

    def _level(self, history: History) -> float:
        return user_level(history, self.fallback, self.parameters.user_damping)
