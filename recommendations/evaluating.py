"""The ratings that models are measured on: from a data set's own files, or from the database.

Nothing here writes to the database.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recommendations.engine.evaluation import Steps, unwatched
from recommendations.engine.features import FilmFeatures
from recommendations.engine.splits import RatingLog
from recommendations.importers.download import download
from recommendations.importers.movielens import Reading
from recommendations.importers.report import BadRows, Progress, Step
from recommendations.importers.sources import find_dataset, open_dataset
from recommendations.models import Rating
from recommendations.training import film_features

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What is measured when nobody says what.
DEFAULT_ALGORITHM = "svd"

READ_AT_ONCE = 20_000

ROW = np.dtype(
    [("user", np.int64), ("film", np.int32), ("stars", np.float32), ("seconds", np.int64)]
)


def read_dataset(source: str, progress: Steps = unwatched) -> tuple[RatingLog, BadRows]:
    """Read a folder or zip of MovieLens, or one by name, in file order; and what was skipped.

    What the import would skip is skipped here: bad rows, and all but the last rating of a film by
    the same viewer. Raises ImportFailed.
    """
    place = find_dataset(source)
    if isinstance(place, str):
        place = download(place, _showing(progress))
    return _read_files(place, progress)


def _read_files(place: Path, progress: Steps) -> tuple[RatingLog, BadRows]:
    dataset = open_dataset(place)
    reading = Reading(dataset, _showing(progress))
    films = {film.id: film for film in reading.rows(dataset.layout.films)}
    reading.known.update(films)
    genres = ((film.id, genre) for film in films.values() for genre in film.genres)
    features = FilmFeatures.of_films({film.id: film.year for film in films.values()}, genres)
    return _log(reading.rows(dataset.layout.ratings), features), reading.bad_rows


def _showing(progress: Steps) -> Progress:
    def show(step: Step, done: int) -> None:
        progress(step.name, done, step.total)

    return show


def read_database(progress: Steps = unwatched) -> RatingLog:
    """Read all ratings that count, ordered by viewer and film."""
    ratings = Rating.objects.contributed().order_by("viewer", "movie")
    total = ratings.count()
    rows = ratings.values_list("viewer_id", "movie_id", "stars", "rated_at").iterator(READ_AT_ONCE)

    def watched() -> Iterator[tuple[int, int, float, int]]:
        for done, (viewer, film, stars, rated_at) in enumerate(rows):
            if done % READ_AT_ONCE == 0:
                progress("reading ratings", done, total)
            yield viewer, film, stars, int(rated_at.timestamp())

    log = _log(watched(), film_features())
    progress("reading ratings", len(log), len(log))
    return log


def _log(rows: Iterable[tuple[int, int, float, int]], features: FilmFeatures | None) -> RatingLog:
    # A named tuple is no tuple to a structured array; a plain one is.
    read = np.fromiter(map(tuple, rows), ROW)
    kept = read[_last_of_each_pair(read)]
    return RatingLog(kept["user"], kept["film"], kept["stars"], kept["seconds"], features)


def _last_of_each_pair(rows: "NDArray[Any]") -> "NDArray[np.intp]":
    """Places of the rows but those whose viewer rates the same film again later, in order."""
    order = np.lexsort((np.arange(len(rows)), rows["film"], rows["user"]))
    pairs = rows[["user", "film"]][order]
    is_last = np.append(pairs[1:] != pairs[:-1], True)[: len(rows)]
    return np.sort(order[is_last])
