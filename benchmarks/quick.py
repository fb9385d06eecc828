"""A few ratios within two minutes, beside those that were recorded: for information only.

python -m benchmarks.quick [--keep]

On the built-in sample, with a PostgreSQL, gunicorn and workers of its own.
"""

import argparse
import json
import statistics
import time
from typing import Any

import numpy as np

from benchmarks.counting import QUERIES
from benchmarks.growth import COUNTING, RUNS
from benchmarks.readers import Reader, read_all
from benchmarks.results import KEPT, keep, machine, spread
from benchmarks.sites import ASK, FORGET, GUESTS, LEFT, Site, on_postgres
from benchmarks.story import warm
from recommendations.engine.evaluation import best

COLD, READ_AGAIN, GUESTS_OF_ALL = 24, 40, 160
FILMS, FACTORS, TOP = 60_000, 100, 50

Ratios = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="Record what is found")
    asked = parser.parse_args()
    print(machine())
    with on_postgres() as site:
        site.manage("import_movielens", "sample")
        guests = site.shell(GUESTS.format(count=GUESTS_OF_ALL)).split()
        site.manage("train", "--algorithm", "ease")
        found = cold_pages(site, guests[:COLD]) | one_page(site, guests[0]) | best_films()
    tell(found)
    if asked.keep:
        keep("quick", found)


def cold_pages(site: Site, guests: list[str]) -> Ratios:
    """Guests of whom nothing is predicted, one at a time."""
    with site.workers(2), site.web():
        warm(site)
        site.shell(FORGET)
        reads, _ = read_all(site.port, guests, 1)
        run = statistics.median(json.loads(site.shell(RUNS)))
    assert not [read.error for read in reads if read.error]
    return {
        "click to films, to the run alone": middle([read.complete for read in reads]) / run,
        "first byte, to the run alone": middle([read.first_byte for read in reads]) / run,
        "requests until all films are there": statistics.mean(read.requests for read in reads),
    }


def one_page(site: Site, guest: str) -> Ratios:
    """A page with all its shelves, while workers are idle and while they are at work."""
    with site.workers(2), site.web(COUNTING):
        read_all(site.port, [guest], 1)
        warm(site)
        idle = first_bytes(site, guest)
        site.shell(ASK)
        busy = first_bytes(site, guest)
        assert int(site.shell(LEFT)), "the workers were done before the page was read"
        reader = Reader(site.port, guest)
        reader.get("/")
    return {
        "first byte at p95, workers busy to idle": spread(busy)["p95"] / spread(idle)["p95"],
        "queries of a page": float(reader.answered[QUERIES]),
        "kilobytes of a page": reader.received / 1000,
    }


def first_bytes(site: Site, guest: str) -> list[float]:
    return [Reader(site.port, guest).get("/")[1] for _ in range(READ_AGAIN)]


def best_films() -> Ratios:
    """The best 50 of 60,000 films, against the product that scores them."""
    random = np.random.default_rng(0)
    films = random.standard_normal((FILMS, FACTORS), np.float32)
    person = random.standard_normal(FACTORS, np.float32)
    scores, nothing = films @ person, np.empty(0, np.int32)
    chosen, product = [], []
    for _ in range(200):
        product.append(seconds(lambda: films @ person))
        chosen.append(seconds(lambda: best(scores, nothing, TOP)))
    return {"best 50 of 60,000, to their product": middle(chosen) / middle(product)}


def seconds(do: Any) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def middle(values: list[float]) -> float:
    return statistics.median(values)


def tell(found: Ratios) -> None:
    path = KEPT / "quick.json"
    recorded: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    print(f"{'':42} {'now':>8} {'recorded':>8}")
    for name, value in found.items():
        before = f"{recorded[name]:8.2f}" if name in recorded else ""
        print(f"{name:42} {value:8.2f} {before}")
    if recorded:
        print(f"recorded on {recorded['machine']}")


if __name__ == "__main__":
    main()
