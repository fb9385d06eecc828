"""Fits a model to the ratings in the database: seconds of each step, and the most memory held.

    python -m benchmarks.training --algorithm svd --param factors=100 --param epochs=20

Nothing is stored. It does what `manage.py train` does up to there: it reads the ratings, fits,
measures on the held-out ratings, and looks for similar films.
"""

import argparse
import time

from recommendations.engine.evaluation import forget_peak_memory, peak_memory
from recommendations.management.commands.train import parameter
from recommendations.training.algorithms import unfitted
from recommendations.training.fitting import fit


class Clock:
    """Seconds by step, from the reports of progress."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.latest = time.perf_counter()

    def report(self, step: str, _done: int, _total: int) -> None:
        now = time.perf_counter()
        self.seconds[step] = self.seconds.get(step, 0) + now - self.latest
        self.latest = now


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--algorithm", default="svd")
    parser.add_argument("--param", type=parameter, action="append", default=[])
    asked = parser.parse_args()
    model = unfitted(asked.algorithm, dict(asked.param))
    clock = Clock()
    forget_peak_memory()
    fitted = fit(model, clock.report)
    print(f"{len(fitted.ratings):,} ratings of {fitted.ratings.n_films:,} films", fitted.metrics)
    for step, seconds in clock.seconds.items():
        print(f"{step:20} {seconds:8.1f} s")
    print(f"{'fit alone':20} {fitted.seconds:8.1f} s")
    print(f"{'peak memory':20} {peak_memory() / 2**30:8.2f} GiB")


if __name__ == "__main__":
    main()
