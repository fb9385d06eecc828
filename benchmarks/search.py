"""Searches a large catalogue for what people type: how long that takes, and the index.

python -m benchmarks.search
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.catalogue import SEED, fill, scratch_database
from recommendations import search
from recommendations.models import Catalogue, Credit, Movie

#: Ways to look for a film.
WAYS = [
    "{title}", "{title} {year}", "{typo}", "{typo} {year}", "{word}", "{beginning}", "{joined}",
    "{person}", "{surname} {year}", "{surname} {word}", "{year}", "the {word}", "the", "a", "e",
    "zzzzqqqq xxyyzz", "night love house last girl dead black life city day man one",
]  # fmt: skip

#: What a search may take, in seconds.
GOAL = 0.05


class Took(NamedTuple):
    """Seconds by the clock, and of the processor."""

    seconds: float
    busy: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=int, default=60_000)
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument("--each", type=int, default=40, help="Searches of each way")
    asked = parser.parse_args()
    with scratch_database():
        fill(asked.films, asked.people)
        print(f"{asked.films:,} films, {asked.people:,} people")
        measure(asked.each)


def measure(each: int) -> None:
    tell("version of catalogue", [timed(Catalogue.version) for _ in range(each)])
    tell("index, built", [timed(search.index)])
    random = np.random.default_rng(SEED + 1)
    everything: list[Took] = []
    for way in WAYS:
        times = [timed(search.find_films, typed) for typed in queries(way, each, random)]
        tell(way, times)
        everything += times
    tell("all", everything)
    within = np.mean([took.seconds < GOAL for took in everything])
    print(f"{within:.1%} took under {1000 * GOAL:.0f} ms")
    print(f"{'index, in memory':62} {size_of_index():8.1f} MB")


def queries(way: str, count: int, random: np.random.Generator) -> Iterator[str]:
    films = random.integers(1, Movie.objects.count() + 1, count)
    for film in Movie.objects.filter(pk__in=films.tolist()):
        person = Credit.objects.filter(movie=film).select_related("person")[0].person.name
        yield way.format(
            title=film.title,
            year=film.year,
            typo=misspelt(film.title, random),
            word=max(film.title.split(), key=len),
            beginning=film.title[:5],
            joined=film.title.replace(" ", ""),
            person=person,
            surname=person.split()[1],
        )


def misspelt(title: str, random: np.random.Generator) -> str:
    """With a letter too few and two that changed places."""
    out, swapped = sorted(random.integers(0, len(title), 2).tolist())
    short = title[:out] + title[out + 1 :]
    return short[:swapped] + short[swapped : swapped + 2][::-1] + short[swapped + 2 :]


def timed(do: Callable[..., object], *given: object) -> Took:
    started, busy = time.perf_counter(), time.process_time()
    do(*given)
    return Took(time.perf_counter() - started, time.process_time() - busy)


def size_of_index() -> float:
    """Megabytes of an index that is built anew."""
    Catalogue.touch()
    tracemalloc.start()
    search.index()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / 1e6


def tell(what: str, times: list[Took]) -> None:
    """Beside the clock's time the processor's, which others on the machine do not lengthen."""
    p50, p95 = np.percentile([took.seconds for took in times], [50, 95])
    busy = np.percentile([took.busy for took in times], 95)
    print(f"{what:62} {1000 * p50:8.1f} ms p50 {1000 * p95:8.1f} p95 {1000 * busy:8.1f} busy p95")


if __name__ == "__main__":
    main()
