"""What every model can do, so that the rest of the site need not know which one runs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recommendations.engine import artifacts
from recommendations.engine.artifacts import ArtifactError
from recommendations.engine.features import FilmFeatures
from recommendations.engine.neighbours import Neighbours, nearest
from recommendations.engine.parameters import Parameters
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ranges import Conditions, ErrorRanges, spread
from recommendations.engine.ratings import HIGHEST, LOWEST, Ratings

#: Which films of a model are meant: their internal indices, or a slice of them.
Films = NDArray[np.int32] | slice
ALL = slice(None)


@dataclass(frozen=True, eq=False)
class History:
    """What one viewer has rated, of the films that a model knows.

    films: (n,) int32, the model's internal indices; stars: (n,) float32.
    """

    films: NDArray[np.int32]
    stars: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.films)


@dataclass(frozen=True, eq=False)
class StarPredictions:
    """Predicted stars and the range that holds them 8 times of 10.

    Three arrays of (n,) float32, from 0.5 to 5.0, low <= stars <= high.
    """

    stars: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]


class Similar(NamedTuple):
    film: int
    similarity: float


class Carrier(NamedTuple):
    """One of the viewer's ratings, by its place in the history, and what it adds to a score."""

    position: int
    contribution: float


class Explanation(NamedTuple):
    """What raised a film's score: the ratings that may be named, and what all of them added.

    total: the sum of max(contribution, 0) over every rating of the viewer's, named or not and
        below their mean or not, in the unit of the contributions

    What ratings took away is not taken off the total. Against the net sum a few carriers could
    be most of it, or more than all, only because others pull the other way; of what raised the
    film they may be a small part. So no share of the total is above 1.
    """

    carriers: list[Carrier]
    total: float


class Model(ABC):
    """A recommender. Films are meant by internal index, into `film_ids`, unless it says raw.

    name:      the algorithm, in manifests
    folds_in:  it serves the viewer's present ratings; one that cannot uses what it was trained on
    reports_progress: `score` is never silent for long: it calls its progress as it goes, or it
        answers at once
    ranked_by: what `score` is, in words that a reader of the admin understands
    film_ids:  (n_films,) int32, raw ids of the films it knows, ascending
    support:   (n_films,) int32, how many ratings it was fitted to of each film
    notes:     what a fit did otherwise than its parameters asked for, for the operator
    """

    name: ClassVar[str]
    folds_in: ClassVar[bool]
    reports_progress: ClassVar[bool] = False
    ranked_by: ClassVar[str]
    options: ClassVar[type[Parameters]]
    #: The arrays that a subclass adds to those that all models store, by attribute.
    learned: ClassVar[tuple[str, ...]]

    film_ids: NDArray[np.int32]
    support: NDArray[np.int32]
    neighbours: Neighbours
    errors: ErrorRanges
    data: str
    notes: list[str]

    def __init__(self, **parameters: object) -> None:
        """Raises ValueError for parameters that this model does not have."""
        self.parameters = self.options.read(parameters)

    # What each model does in its own way.

    @abstractmethod
    def learn(self, ratings: Ratings, progress: Progress) -> None:
        """Set the arrays named in `learned`. The same ratings and parameters give the same."""

    @abstractmethod
    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        """Predict stars, without clipping: (n_films,), or one for each of `films`.

        An empty history gets what an unknown viewer may expect. `user` is the raw id; only a
        model that does not fold in looks at it.
        """

    @abstractmethod
    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """What ranks the films, highest first, without a unit: (n_films,).

        `user` is the raw id; only a model that does not fold in looks at it.
        """

    @abstractmethod
    def explain(
        self, history: History, films: NDArray[np.int32], n: int | None = None
    ) -> list[Explanation]:
        """For each of `films`, the viewer's own ratings that raised it, most first; n at most.

        Never one below the viewer's own mean, and never one whose lowering would raise the film.
        The total is that of all ratings, whatever n is.
        """

    def item_weights(
        self, films: NDArray[np.int32], others: NDArray[np.int32]
    ) -> NDArray[np.float32] | None:
        """How much a rating of `films` raises the scores of `others`: (len(films), len(others)).

        Without a unit, and 0 for a film with itself or left out of the ranking. None, as here,
        if the model does not rank by such weights.
        """
        return None

    # What all models share.

    @property
    def parts(self) -> Mapping[str, "Model"]:
        """The models that this one is made of, by the name that their arrays are stored under.

        They are made with it and fitted by its `learn`, all to the same ratings: only what each
        has learned is stored of them.
        """
        return {}

    def fit(self, ratings: Ratings, progress: Progress = silent) -> Self:
        """Learn from `ratings`.

        Ranges are as wide as the scale until `calibrate`, unless the fit measures its own errors;
        no film is similar to another until `find_neighbours`.
        """
        self.film_ids, self.support = ratings.film_ids, ratings.support
        self.data = ratings.fingerprint
        self.errors = ErrorRanges.unknown()
        self.neighbours = Neighbours.none(ratings.n_films)
        self.notes = []
        self.learn(ratings, progress)
        return self

    def find_neighbours(
        self,
        ratings: Ratings,
        features: FilmFeatures | None = None,
        progress: Progress = silent,
    ) -> None:
        """Find the films similar to each; `ratings` are those it was fitted to.

        By ratings alone, if nothing is known of the films beside.
        """
        self.neighbours = nearest(ratings, features, self.item_weights, progress)

    def calibrate(self, conditions: Conditions, errors: NDArray[np.float32]) -> None:
        """Take ranges from errors on held-out ratings.

        errors: (n,) stars given less stars predicted; conditions: under which each was predicted.
        """
        self.errors = ErrorRanges.measured(conditions, errors)

    def conditions(self, history: History, films: Films = ALL) -> Conditions:
        """Under which stars of all films, or of `films`, are predicted for this viewer."""
        return Conditions(self.support[films], spread(history.stars), len(history))

    def history(self, film_ids: ArrayLike, stars: ArrayLike) -> History:
        """A history from raw film ids and stars; films that this model does not know are dropped.

        The order of the rest is kept.
        """
        wanted = np.asarray(film_ids, np.int32)
        places = np.minimum(np.searchsorted(self.film_ids, wanted), len(self.film_ids) - 1)
        known = self.film_ids[places] == wanted
        return History(places[known].astype(np.int32), np.asarray(stars, np.float32)[known])

    def predict_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> StarPredictions:
        """Predict stars, clipped to the scale, each with its 80 % range.

        Of all films, or of `films`; for `user` see `expected_stars`.
        """
        stars = np.clip(self.expected_stars(history, films, user), LOWEST, HIGHEST)
        return StarPredictions(stars, *self.errors.around(stars, self.conditions(history, films)))

    def similar(self, film: int, n: int) -> list[Similar]:
        """Up to n films like this one, the nearest first; similarities have no unit.

        See `neighbours` for the method. Films with fewer than 10 ratings are never among them.
        """
        start, end = self.neighbours.starts[film : film + 2]
        rows = slice(int(start), min(int(end), int(start) + n))
        return [
            Similar(int(other), float(similarity))
            for other, similarity in zip(
                self.neighbours.films[rows], self.neighbours.similarities[rows], strict=True
            )
        ]

    # Storing and loading.

    def save(self, folder: Path, metrics: Mapping[str, float] | None = None) -> str:
        """Write the artifact into `folder`, which must exist; return its checksum."""
        chosen, measured = self.parameters.named(), dict(metrics or {})
        manifest = artifacts.Manifest(self.name, chosen, self.data, measured, self.notes)
        return artifacts.write(folder, manifest, self._arrays())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Map the artifact in `folder` into memory, read-only. Does not verify its bytes.

        Raises ArtifactError when it is missing, damaged, or not one of this model.
        """
        manifest = artifacts.read_manifest(folder)
        if manifest.algorithm != cls.name:
            raise ArtifactError(f"it was made by {manifest.algorithm}, not by {cls.name}")
        arrays = artifacts.read_arrays(folder, manifest)
        try:
            model = cls(**manifest.parameters)
            model.data, model.notes = manifest.data, manifest.notes
            model._restore(arrays)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise ArtifactError(f"another version of {cls.name} made it: {error}") from error
        return model

    def _arrays(self) -> artifacts.Arrays:
        return {
            "film_ids": self.film_ids,
            "support": self.support,
            "neighbour_starts": self.neighbours.starts,
            "neighbour_films": self.neighbours.films,
            "neighbour_similarities": self.neighbours.similarities,
            "error_coefficients": self.errors.coefficients,
            "error_ends": self.errors.ends,
        } | self._learned_arrays()

    def _learned_arrays(self) -> artifacts.Arrays:
        found = {name: getattr(self, name) for name in self.learned}
        for prefix, part in self.parts.items():
            arrays = part._learned_arrays()
            found |= {f"{prefix}.{name}": array for name, array in arrays.items()}
        return found

    def _restore(self, arrays: artifacts.Arrays) -> None:
        self.film_ids, self.support = arrays["film_ids"], arrays["support"]
        self.neighbours = Neighbours(
            arrays["neighbour_starts"], arrays["neighbour_films"], arrays["neighbour_similarities"]
        )
        self.errors = ErrorRanges(arrays["error_coefficients"], arrays["error_ends"])
        for name in self.learned:
            setattr(self, name, arrays[name])
        for prefix, part in self.parts.items():
            start = f"{prefix}."
            own = {
                name.removeprefix(start): arrays[name] for name in arrays if name.startswith(start)
            }
            part._restore(arrays | own)
