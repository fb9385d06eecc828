"""Loads one artifact in two workers of a host: how long each takes, and what the second adds.

python -m benchmarks.loading --dataset ml-latest-small.zip --algorithm ease
"""

import argparse
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from recommendations.engine.contract import Model
from recommendations.engine.features import give
from recommendations.engine.splits import RatingLog
from recommendations.evaluating import read_dataset
from recommendations.training import algorithm

#: A viewer is scored so many times, that memory used at work is seen too.
SCORED = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="A folder or zip of MovieLens")
    parser.add_argument("--algorithm", default="hybrid")
    asked = parser.parse_args()
    log, _ = read_dataset(asked.dataset)
    kind = algorithm(asked.algorithm)
    with tempfile.TemporaryDirectory() as folder:
        fitted(kind(), log).save(Path(folder))
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
        measure(kind, folder, size)


def fitted(model: Model, log: RatingLog) -> Model:
    give(model, log.features)
    return model.fit(log.ratings(np.arange(len(log))))


def measure(kind: type[Model], folder: str, size: int) -> None:
    first, second = Worker(kind, folder), Worker(kind, folder)
    first_seconds = first.load()
    before = first.memory() + second.memory()
    second_seconds = second.load()
    added = first.memory() + second.memory() - before
    first.end()
    second.end()
    print(f"artifact          {size / 1e6:8.1f} MB")
    print(f"first worker      {1000 * first_seconds:8.1f} ms to load")
    print(f"second worker     {1000 * second_seconds:8.1f} ms to load")
    print(f"the second adds   {added / 1e6:8.1f} MB of PSS, {added / size:.1%} of the artifact")


class Worker:
    """A process that has imported what a worker has, and does what it is told."""

    def __init__(self, kind: type[Model], folder: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(kind, folder, theirs))
        self.process.start()
        self.pipe.recv()

    def load(self) -> float:
        """Load the model and score with it; returns the seconds that loading took."""
        self.pipe.send("load")
        seconds: float = self.pipe.recv()
        return seconds

    def memory(self) -> int:
        """Its proportional set size, in bytes."""
        self.pipe.send("memory")
        size: int = self.pipe.recv()
        return size

    def end(self) -> None:
        self.pipe.send("end")
        self.process.join()


def serve(kind: type[Model], folder: str, pipe: Connection) -> None:
    models = []
    pipe.send("ready")
    while (told := pipe.recv()) != "end":
        if told == "load":
            started = time.perf_counter()
            model = kind.load(Path(folder))
            seconds = time.perf_counter() - started
            history = model.history(model.film_ids[::40], np.full(len(model.film_ids[::40]), 4))
            for _ in range(SCORED):
                model.score(history)
            models.append(model)
            pipe.send(seconds)
        else:
            pipe.send(proportional_set_size())


def proportional_set_size() -> int:
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise OSError("this system does not tell the proportional set size")


if __name__ == "__main__":
    main()
