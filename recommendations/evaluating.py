"""The ratings that models are measured on: from a data set's own files, or from the database.

Nothing here writes to the database.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recommendations.engine.features import FilmFeatures
from recommendations.engine.progress import Steps, unwatched
from recommendations.engine.splits import RatingLog
from recommendations.importers.download import download
from recommendations.importers.movielens import Reading
from recommendations.importers.report import BadRows, Progress, Step
from recommendations.importers.sources import find_dataset, open_dataset
from recommendations.models import Catalogue, Rating, rating_arrays
from recommendations.models.rating_arrays import ROW
from recommendations.training import film_features

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
    # A named tuple is no tuple to a structured array; a plain one is.
    rows = np.fromiter(map(tuple, reading.rows(dataset.layout.ratings)), ROW)
    log = _log(rows[_last_of_each_pair(rows)], features)
    return replace(log, simulated=dataset.simulated), reading.bad_rows


def _showing(progress: Steps) -> Progress:
    def show(step: Step, done: int) -> None:
        progress(step.name, done, step.total)

    return show


def read_database(progress: Steps = unwatched) -> RatingLog:
    """Read all ratings that count, ordered by viewer and film."""
    rows = rating_arrays.read(Rating.objects.contributed(), partial(progress, "reading ratings"))
    simulated = Catalogue.objects.filter(simulated=True).exists()
    return replace(_log(rows, film_features()), simulated=simulated)


def _log(rows: "NDArray[Any]", features: FilmFeatures | None) -> RatingLog:
    return RatingLog(rows["viewer"], rows["movie"], rows["stars"], rows["seconds"], features)


def _last_of_each_pair(rows: "NDArray[Any]") -> "NDArray[np.intp]":
    """Places of the rows but those whose viewer rates the same film again later, in order."""
    order = np.lexsort((np.arange(len(rows)), rows["movie"], rows["viewer"]))
    pairs = rows[["viewer", "movie"]][order]
    is_last = np.append(pairs[1:] != pairs[:-1], True)[: len(rows)]
    return np.sort(order[is_last])
