"""How well a viewer of few ratings is served by fold-in, against a model fitted with them.

    python -m benchmarks.fold_in --dataset ml-latest-small.zip --algorithms svd,stars

A fifth of the viewers is left out of training. Of each, n ratings drawn by a fixed seed are the
history, and the same others, which none of the n ever sees, are tested. "retrained" is the same
model with the histories in its training set; one that keeps the viewers it was trained on (SVD)
serves them as trained, another (the stack) folds them in. The film means are of the training
ratings, plain and drawn to the mean of all as by 3 ratings.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.engine import splits
from recommendations.engine.contract import Model
from recommendations.engine.features import give
from recommendations.engine.ratings import HIGHEST, LOWEST
from recommendations.engine.splits import RatingLog
from recommendations.engine.surprise_models import SurpriseModel
from recommendations.evaluating import read_dataset
from recommendations.training import algorithm

LENGTHS = (1, 3, 5, 10, 20)


class Setting:
    """One fifth of the viewers, left out of training; their ratings in a random order."""

    def __init__(self, log: RatingLog, viewers: NDArray[np.integer[Any]], seed: int) -> None:
        self.log = log
        theirs = np.isin(log.users, viewers)
        self.others = np.flatnonzero(~theirs)
        order = np.random.default_rng(seed).permutation(np.flatnonzero(theirs))
        known = np.isin(log.films[order], log.films[self.others])
        rows = log.by_viewer(order[known]).values()
        self.rows = [own for own in rows if len(own) > max(LENGTHS)]

    def histories(self, n: int) -> NDArray[np.intp]:
        return np.concatenate([own[:n] for own in self.rows])

    def cases(self, n: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        return ((own[:n], own[max(LENGTHS) :]) for own in self.rows)

    def fit(self, name: str, rows: NDArray[np.intp]) -> Model:
        model = algorithm(name)()
        give(model, self.log.features)
        return model.fit(self.log.ratings(rows))

    def errors(self, model: Model, n: int) -> NDArray[np.float32]:
        log, wrong_by = self.log, []
        for known, tested in self.cases(n):
            history = model.history(log.films[known], log.stars[known])
            films = np.searchsorted(model.film_ids, log.films[tested]).astype(np.int32)
            viewer = int(log.users[tested[0]])
            if isinstance(model, SurpriseModel) and model.knows(viewer):
                stars = model.trained_estimates(viewer)[films].astype(np.float32)
            else:
                stars = model.expected_stars(history, films)
            wrong_by.append(log.stars[tested] - np.clip(stars, LOWEST, HIGHEST))
        return np.concatenate(wrong_by)

    def mean_errors(self, damping: float) -> NDArray[np.float32]:
        ratings, tested = (
            self.log.ratings(self.others),
            np.concatenate([rows for _, rows in self.cases(0)]),
        )
        mean = ratings.stars.mean(dtype=np.float64)
        sums = np.bincount(ratings.films, ratings.stars - mean)
        means = mean + sums / (ratings.support + damping)
        films = np.searchsorted(ratings.film_ids, self.log.films[tested])
        return np.asarray(self.log.stars[tested] - means[films], np.float32)


def rmse(parts: list[NDArray[np.float32]]) -> float:
    return float(np.sqrt(np.mean(np.square(np.concatenate(parts), dtype=np.float64))))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dataset", required=True, help="a folder or zip of MovieLens")
    parser.add_argument("--algorithms", default="svd,stars")
    parser.add_argument("--folds", type=int, default=1, help="how many fifths of the viewers")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    log, _ = read_dataset(given.dataset, lambda *_: None)
    fifths = splits.held_out_viewers(log.users, given.seed)[: given.folds]
    settings = [Setting(log, viewers, given.seed) for viewers in fifths]
    plain, damped = (rmse([each.mean_errors(by) for each in settings]) for by in (0.0, 3.0))
    print(f"item mean {plain:.4f}, damped {damped:.4f}\n")
    print(f"{'algorithm':10}{'ratings':>8}{'fold-in':>9}{'retrained':>11}{'ratio':>7}")
    for name in given.algorithms.split(","):
        compare(name, settings)


def compare(name: str, settings: list[Setting]) -> None:
    served = [each.fit(name, each.others) for each in settings]
    for n in LENGTHS:
        folded = rmse(
            [each.errors(model, n) for each, model in zip(settings, served, strict=True)]
        )
        trained = rmse([retrained(each, name, n) for each in settings])
        print(f"{name:10}{n:8}{folded:9.4f}{trained:11.4f}{folded / trained:7.3f}", flush=True)


def retrained(setting: Setting, name: str, n: int) -> NDArray[np.float32]:
    rows = np.sort(np.concatenate([setting.others, setting.histories(n)]))
    return setting.errors(setting.fit(name, rows), n)


if __name__ == "__main__":
    main()
