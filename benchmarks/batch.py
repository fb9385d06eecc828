"""Scores 10,000 viewers and takes the best 50 of each, against what the processor can multiply.

python -m benchmarks.batch

The viewers are folded in before. Measured is the product of their factors with those of all films,
some viewers at a time: alone, and with the best films taken in two ways. A product of large square
matrices takes its turns with them, on the same single thread.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated import generated
from benchmarks.results import keep, machine, spread
from benchmarks.scoring import NONE, TOP, histories_of, timed, top
from recommendations.engine.contract import History
from recommendations.engine.evaluation import best
from recommendations.engine.svd import SVD

Floats = NDArray[np.float32]
Places = NDArray[np.intp]

VIEWERS, RATINGS = 10_000, 1_000_000
FILMS = (10_000, 60_000)

#: So many viewers are scored at a time.
BLOCK = 64

#: Films whose highest score alone counts while a threshold is sought.
GROUP = 16

#: The side of the square matrices.
SIDE = 2048

#: So many viewers are also served by the engine one by one.
ONE_BY_ONE = 500


class Turn(NamedTuple):
    """Seconds of the product of square matrices, and of what was measured right after it."""

    square: float
    way: float


class Job(NamedTuple):
    """Scores are viewers @ films: (n_viewers, factors + 2) by (factors + 2, n_films)."""

    viewers: Floats
    films: Floats

    @classmethod
    def of(cls, model: SVD, histories: list[History]) -> "Job":
        folded = [model.fold_in(history) for history in histories]
        viewers = np.array([[*viewer.factors, viewer.level, 1] for viewer in folded], np.float32)
        ones = np.ones_like(model.base)
        films = np.vstack([model.factors.T, ones, model.base + model.lift])
        return cls(viewers, films)

    @property
    def operations(self) -> int:
        return 2 * self.films.size * len(self.viewers)

    def blocks(self) -> Iterator[Floats]:
        """Scores of some viewers at a time, each in the place of those before."""
        room = np.empty((BLOCK, self.films.shape[1]), np.float32)
        for start in range(0, len(self.viewers), BLOCK):
            viewers = self.viewers[start : start + BLOCK]
            yield np.matmul(viewers, self.films, out=room[: len(viewers)])


# The best of each viewer.


def one_by_one(scores: Floats) -> Places:
    return np.stack([top(row) for row in scores])


def by_threshold(scores: Floats) -> Places:
    """The 50 highest of each row, the highest first; of equal ones the lower index.

    What reaches a row's threshold is found in one pass over all rows, and it alone is sorted.
    """
    reached = np.flatnonzero(scores >= thresholds(scores)[:, None])
    rows, films = np.divmod(reached, scores.shape[1])
    counts = np.bincount(rows)
    columns = np.arange(len(rows)) - np.repeat(counts.cumsum() - counts, counts)
    places = np.zeros((len(scores), counts.max()), np.intp)
    places[rows, columns] = films
    left = np.full(places.shape, -np.inf, np.float32)
    left[rows, columns] = scores.ravel()[reached]
    order = np.argsort(-left, axis=1, kind="stable")[:, :TOP]
    return np.take_along_axis(places, order, axis=1)


def thresholds(scores: Floats) -> Floats:
    """What 50 films or more of each row reach: the 50th highest among the maxima of groups.

    Nearly as high as the 50th highest of all, for two of the best are seldom in one group.
    """
    groups = scores.shape[1] // GROUP
    grouped = scores[:, : groups * GROUP].reshape(len(scores), GROUP, groups)
    return np.partition(grouped.max(axis=1), -TOP, axis=1)[:, -TOP]


#: With what is done to each block of scores.
WAYS: dict[str, Callable[[Floats], object]] = {
    "product alone": len,
    "argpartition of each": one_by_one,
    "threshold": by_threshold,
}


# Measuring and telling.


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=5, help="Rounds, of each way in turn")
    asked = parser.parse_args()
    print(machine())
    keep("batch", {f"{films:,} films": compare(films, asked.repeat) for films in FILMS})


def compare(films: int, rounds: int) -> dict[str, Any]:
    ratings = generated(VIEWERS, films, RATINGS)
    # Twenty epochs would give other factors, and take no less to multiply.
    model = SVD(factors=100, epochs=2).fit(ratings)
    histories = histories_of(ratings)
    started = time.perf_counter()
    job = Job.of(model, histories)
    fold_in = time.perf_counter() - started
    check(job, model, histories)
    found = summary(job, measured(job, rounds)) | {
        "fold_in_microseconds": 1e6 * fold_in / len(histories),
        "engine_microseconds": 1e6 * served(model, histories[:ONE_BY_ONE]) / ONE_BY_ONE,
    }
    tell(films, found)
    return found


def check(job: Job, model: SVD, histories: list[History]) -> None:
    """Both ways find what the engine finds, and by the engine's own scores."""
    start = 0
    for scores in job.blocks():
        found = by_threshold(scores)
        assert (found == [best(row, NONE, TOP) for row in scores]).all()
        highest = np.take_along_axis(scores, one_by_one(scores), axis=1)
        assert (np.take_along_axis(scores, found, axis=1) == highest).all()
        own = model.score(histories[start])
        assert np.allclose(own[found[0]], np.sort(own)[: -TOP - 1 : -1], atol=1e-4)
        start += len(scores)


def measured(job: Job, rounds: int) -> dict[str, list[Turn]]:
    """In turns, so that a busy moment is everybody's."""
    square = np.random.default_rng(0).random((SIDE, SIDE), np.float32)
    turns: dict[str, list[Turn]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, take in WAYS.items():
            seconds = timed(lambda: square @ square)
            turns[name].append(Turn(seconds, timed(partial(run, job, take))))
    return turns


def run(job: Job, take: Callable[[Floats], object]) -> None:
    for scores in job.blocks():
        take(scores)


def served(model: SVD, histories: list[History]) -> float:
    """Seconds in which the engine serves these viewers one by one: fold-in, scores, the best."""
    return timed(lambda: [best(model.score(each), NONE, TOP) for each in histories])


def summary(job: Job, turns: dict[str, list[Turn]]) -> dict[str, Any]:
    squares = [turn.square for each in turns.values() for turn in each]
    rates = [2 * SIDE**3 / 1e9 / seconds for seconds in squares]
    product = statistics.median(turn.way for turn in turns["product alone"])
    ways = {name: way_summary(job, each, product) for name, each in turns.items()}
    return {"sgemm_gflops": spread(rates), "ways": ways}


def way_summary(job: Job, turns: list[Turn], product: float) -> dict[str, Any]:
    seconds = spread([turn.way for turn in turns])
    work = job.operations / (2 * SIDE**3)
    return {
        "seconds": seconds,
        "microseconds_a_viewer": 1e6 * seconds["p50"] / VIEWERS,
        "taking_the_best_microseconds": 1e6 * (seconds["p50"] - product) / VIEWERS,
        "share_of_sgemm": spread([work * turn.square / turn.way for turn in turns]),
    }


def tell(films: int, found: dict[str, Any]) -> None:
    rate = found["sgemm_gflops"]["p50"]
    print(f"\n{VIEWERS:,} viewers, {films:,} films; sgemm {rate:.1f} GFLOP/s")
    for name, way in found["ways"].items():
        low, median, high = way["seconds"].values()
        viewer, taking = way["microseconds_a_viewer"], way["taking_the_best_microseconds"]
        print(
            f"  {name:20} {median:6.3f} s ({low:.3f}, {high:.3f}), "
            f"{way['share_of_sgemm']['p50']:4.0%} of sgemm, {viewer:6.1f} µs a viewer"
            + (f", {taking:5.1f} of them for the best {TOP}" if taking else "")
        )
    print(
        f"  one by one: fold-in {found['fold_in_microseconds']:.0f} µs a viewer; with scores and "
        f"the best {TOP}, by the engine, {found['engine_microseconds']:.0f} µs"
    )


if __name__ == "__main__":
    main()
