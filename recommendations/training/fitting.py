"""From the ratings in the database to a fitted and measured model in memory."""

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from recommendations.engine.co_liking import also_liked
from recommendations.engine.features import give
from recommendations.engine.holdout import HeldOut, accuracy, conditions, errors
from recommendations.engine.progress import Progress, Steps
from recommendations.training.reading import columns, film_features, read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recommendations.engine.contract import Model
    from recommendations.engine.ratings import Ratings


#: What those who liked a film also liked: so many films are stored of each.
ALSO_LIKED = 40


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model, what it was fitted to, the rows that no training ever sees, and its accuracy.

    also_liked: for each film, by index, what those who liked it also liked
    """

    model: "Model"
    ratings: "Ratings"
    also_liked: "list[NDArray[np.int32]]"
    held_out: "NDArray[Any]"
    metrics: dict[str, float]
    seconds: float


def fit(model: "Model", progress: Steps) -> Fitted:
    ratings, held_out = read(progress)
    features = film_features()
    give(model, features)
    progress("Fitting", 0, 0)
    started = time.monotonic()
    model.fit(ratings, partial(progress, "Fitting"))
    seconds = time.monotonic() - started
    known = HeldOut.of(ratings, *columns(held_out))
    metrics = _measure(model, ratings, known, partial(progress, "Measuring"))
    model.find_neighbours(ratings, features, partial(progress, "Similar films"))
    liked = also_liked(ratings, ALSO_LIKED, partial(progress, "Also liked"))
    return Fitted(model, ratings, liked, held_out, metrics, seconds)


def _measure(
    model: "Model", ratings: "Ratings", held_out: HeldOut, progress: Progress
) -> dict[str, float]:
    """Measure on the held-out ratings; take the ranges from them, unless the fit knows its own.

    Raises FloatingPointError for a model that predicts no numbers.
    """
    wrong_by = errors(model, ratings, held_out, progress)
    if not np.isfinite(wrong_by).all():
        raise FloatingPointError("It predicts stars that are no numbers.")
    if not model.errors.are_known:
        model.calibrate(conditions(ratings, held_out), wrong_by)
    return accuracy(wrong_by) | {"held_out": len(held_out), "held_out_unknown": held_out.left_out}
