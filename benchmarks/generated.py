"""Simulated ratings of a wanted size, as `generate_ratings` makes them."""

import tempfile
from pathlib import Path

import numpy as np

from recommendations.engine.ratings import Ratings
from recommendations.evaluating import read_dataset
from recommendations.importers.generating import Size, generate

SEED = 1


def generated(viewers: int, films: int, ratings: int) -> Ratings:
    with tempfile.TemporaryDirectory(prefix="recsite-bench-") as folder:
        generate(Size(viewers, films, ratings), SEED, Path(folder))
        log, _ = read_dataset(folder)
    return log.ratings(np.arange(len(log)))
