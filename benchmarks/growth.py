"""What grows with the ratings: importing, training, pages, predictions and memory.

python -m benchmarks.growth --ratings 100k 1M

One size after the other, each on a PostgreSQL of its own with simulated ratings; what was found is
added to what other runs found of other sizes. There are as many ratings for each viewer at all
sizes, and films grow with the cube root of the ratings, from ml-latest-small's to ml-25m's.
"""

import argparse
import json
import re
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.counting import QUERIES
from benchmarks.readers import Reader, expect
from benchmarks.results import keep, machine, of_all, spread, told
from benchmarks.sites import ASK, FORGET, GUESTS, LEFT, Site, on_postgres
from benchmarks.story import warm

UNITS = {"": 1, "k": 1000, "M": 1_000_000}

#: Ratings of one viewer in the mean, and films at so many ratings.
RATINGS_EACH = 160
FILMS, FILMS_AT = 9_742, 100_000

PAGES = ("predicted page", "cold page", "search", "film page")

#: Guests who look, and how often each does.
LOOKING = 40
LOOKS = 3

#: Imports of a size, each into an emptied database; of more ratings than this it is one.
ROUNDS, ONCE_ABOVE = 3, 2_000_000

COUNTING = "benchmarks.counting_settings"
BLOCK = 1 << 20

IMPORT = """
import json
from recommendations.engine.evaluation import peak_memory
from recommendations.importers.movielens import import_movielens
report = import_movielens({folder!r})
print(json.dumps(
    {{"ratings": report.ratings, "seconds": report.seconds, "peak_memory": peak_memory()}}
))
"""

#: Does what `manage.py train` does.
TRAIN = """
import json, time
from benchmarks.training import Clock
from recommendations import training
from recommendations.engine.evaluation import peak_memory
from recommendations.training import storing
clock, started = Clock(), time.perf_counter()
model = training.train({algorithm!r}, {{}}, clock.report, TrainedModel.Activation.UNLESS_WORSE)
print(json.dumps({{
    "algorithm": model.algorithm,
    "seconds": time.perf_counter() - started,
    "fit_seconds": model.fit_seconds,
    "steps": clock.seconds,
    "peak_memory": peak_memory(),
    "artifact": storing.inspect(model.checksum).size,
}}))
"""

RUNS = """
import json
done = Prediction.objects.filter(status="succeeded").order_by("finished_at")
print(json.dumps([run.run_seconds for run in done]))
"""

MOST_RATED = "print(Movie.objects.popular().first().get_absolute_url())"

COPY = "COPY recommendations_rating (viewer_id, movie_id, stars, rated_at) FROM STDIN"
ALL_ROWS = """
    COPY (SELECT viewer_id, movie_id, stars, rated_at FROM recommendations_rating ORDER BY id)
    TO STDOUT
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--ratings", type=number, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--algorithm", default="hybrid", help="What is trained (%(default)s)")
    parser.add_argument("--rounds", type=int, help="Imports of each size")
    asked = parser.parse_args()
    print(machine())
    for ratings in asked.ratings:
        found = measure(ratings, asked.algorithm, asked.rounds or rounds_of(ratings))
        sizes = of_all("growth", "sizes", ratings, found)
        keep("growth", {"sizes": sizes})
    tell(sizes)


def number(text: str) -> int:
    """100k, or 25M."""
    found = re.fullmatch(r"(\d+)([kM]?)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is no number such as 100k or 25M")
    return int(found[1]) * UNITS[found[2]]


def rounds_of(ratings: int) -> int:
    return 1 if ratings > ONCE_ABOVE else ROUNDS


def measure(ratings: int, algorithm: str, rounds: int) -> dict[str, Any]:
    films = round(FILMS * (ratings / FILMS_AT) ** (1 / 3))
    viewers = ratings // RATINGS_EACH
    print(f"\n{ratings:,} ratings of {films:,} films by {viewers:,} viewers", flush=True)
    found: dict[str, Any] = {"machine": machine(), "films": films, "viewers": viewers}
    with on_postgres() as site:
        folder = site.folder.parent / "ratings"
        size = ("--viewers", viewers, "--movies", films, "--ratings", ratings)
        site.manage("generate_ratings", *map(str, size), str(folder), "--verbosity", "0")
        found["import"] = imported(site, folder, rounds)
        found["training"] = json.loads(site.shell(TRAIN.format(algorithm=algorithm)))
        tell_training(found["training"], ratings)
        found |= served(site, films)
    return found


# Importing


def imported(site: Site, folder: Path, rounds: int) -> dict[str, Any]:
    """Each import, and behind it a bare COPY of the same rows in its place."""
    imports, bare = [], []
    for _ in range(rounds):
        site.manage("flush", "--no-input")
        imports.append(json.loads(site.shell(IMPORT.format(folder=str(folder)))))
        bare.append(copied(site))
    ratings = imports[0]["ratings"]
    found = {
        "seconds": [each["seconds"] for each in imports],
        "rows_per_second": [ratings / each["seconds"] for each in imports],
        "bare_rows_per_second": [ratings / seconds for seconds in bare],
        "ratios": [s / each["seconds"] for s, each in zip(bare, imports, strict=True)],
        "peak_memory": max(each["peak_memory"] for each in imports),
    }
    tell_import(found)
    return found


def copied(site: Site) -> float:
    """Seconds of a COPY of all ratings into their table, with its indexes and constraints."""
    file = site.folder / "ratings.copy"
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        with file.open("wb") as sink, connection.cursor().copy(ALL_ROWS) as rows:
            sink.writelines(rows)
        connection.execute("TRUNCATE recommendations_rating")
        connection.execute("CHECKPOINT")
        started = time.perf_counter()
        with file.open("rb") as source, connection.cursor().copy(COPY) as rows:
            while block := source.read(BLOCK):
                rows.write(block)
        seconds = time.perf_counter() - started
        connection.execute("VACUUM ANALYZE")
    file.unlink()
    return seconds


# Pages and predictions


def served(site: Site, films: int) -> dict[str, Any]:
    guests = site.shell(GUESTS.format(count=LOOKING)).split()
    found: dict[str, Any] = {"prediction": predicted(site)}
    with site.web(COUNTING) as web:
        warm(site)
        found["predicted page"] = looks(site, guests * LOOKS, ["/"])
        found["search"] = looks(site, guests * LOOKS, list(searches(films)))
        found["film page"] = looks(site, guests * LOOKS, [site.shell(MOST_RATED)])
        found["cold page"] = joined(cold(site, guests) for _ in range(LOOKS))
        found["web_memory"] = memory(web)
    for name in PAGES:
        tell_page(name, found[name])
    print(f"  memory of web     {told_memory(found['web_memory'])}", flush=True)
    return found


def predicted(site: Site) -> dict[str, Any]:
    """Everybody's shelves from one worker: seconds of a run, the first loading the model."""
    with site.workers(1) as workers:
        site.shell(ASK)
        while int(site.shell(LEFT)):
            time.sleep(0.5)
        held = memory(workers)
    first, *others = json.loads(site.shell(RUNS))
    found = {"first": first, "seconds": spread(others), "memory": held}
    print(f"  prediction        {told(found['seconds'])}, the first {1000 * first:.0f} ms")
    print(f"  memory of workers {told_memory(held)}", flush=True)
    return found


def cold(site: Site, guests: Sequence[str]) -> dict[str, list[float]]:
    """Of nobody is anything predicted, and each page asks for it."""
    site.shell(FORGET)
    return looked(site, guests, ["/"])


def searches(films: int) -> Iterator[str]:
    """A title, one that lacks a letter, and what no title has."""
    for film in range(1, films, films // 20):
        yield f"/browse/?q=Film+{film}"
        yield f"/browse/?q=Flm+{film}"
        yield f"/browse/?q=Anderson+{film}"


def looks(site: Site, guests: Sequence[str], paths: Sequence[str]) -> dict[str, Any]:
    return joined([looked(site, guests, paths)])


def looked(site: Site, guests: Sequence[str], paths: Sequence[str]) -> dict[str, list[float]]:
    """Each guest reads one of the paths in turn: first bytes, and queries."""
    found: dict[str, list[float]] = {"first_byte": [], "queries": []}
    for place, guest in enumerate(guests):
        reader, path = Reader(site.port, guest), paths[place % len(paths)]
        status, first, _ = reader.get(path)
        expect(status, path)
        found["first_byte"].append(first)
        found["queries"].append(int(reader.answered[QUERIES]))
        reader.connection.close()
    return found


def joined(rounds: Iterable[dict[str, list[float]]]) -> dict[str, Any]:
    every = list(rounds)
    first_bytes = [value for each in every for value in each["first_byte"]]
    queries = [value for each in every for value in each["queries"]]
    return {
        "first_byte": spread(first_bytes),
        "queries": {"median": statistics.median(queries), "most": max(queries)},
    }


def memory(process: psutil.Process) -> list[int]:
    """Bytes of it and of its children; what several share counts in parts."""
    return [each.memory_full_info().pss for each in (process, *process.children(recursive=True))]


# For people


def tell_import(found: dict[str, Any]) -> None:
    rows, bare, ratio = (
        statistics.median(found[name])
        for name in ("rows_per_second", "bare_rows_per_second", "ratios")
    )
    print(
        f"  import            {rows:,.0f} rows a second; bare COPY {bare:,.0f}: {ratio:.0%} "
        f"({min(found['ratios']):.0%} to {max(found['ratios']):.0%}), "
        f"{found['peak_memory'] / 1e6:.0f} MB at most",
        flush=True,
    )


def tell_training(found: dict[str, Any], ratings: int) -> None:
    print(
        f"  {found['algorithm']:17} {found['seconds']:.1f} s, of which the fit "
        f"{found['fit_seconds']:.1f} s; {1e6 * found['seconds'] / ratings:.0f} µs a rating; "
        f"{found['peak_memory'] / 1e6:,.0f} MB at most, "
        f"artifact {found['artifact'] / 1e6:,.1f} MB",
        flush=True,
    )


def tell_page(name: str, found: dict[str, Any]) -> None:
    queries = found["queries"]
    print(
        f"  {name:17} {told(found['first_byte'])}, "
        f"{queries['median']:.0f} queries, {queries['most']} at most"
    )


def told_memory(processes: Sequence[int]) -> str:
    return f"{sum(processes) / 1e6:,.0f} MB, {max(processes) / 1e6:,.0f} MB the largest process"


def tell(sizes: dict[str, Any]) -> None:
    """Each size, by the smallest."""
    smallest, *larger = sizes
    for ratings in larger:
        print(f"\n{int(ratings):,} ratings, by {int(smallest):,}")
        for name in PAGES:
            now, then = (sizes[each][name] for each in (ratings, smallest))
            median, high = (now["first_byte"][p] / then["first_byte"][p] for p in ("p50", "p95"))
            queries = now["queries"]["median"] / then["queries"]["median"]
            print(f"  {name:17} p50 {median:.2f} ×, p95 {high:.2f} ×, queries {queries:.2f} ×")
        for name, seconds in ("import", import_seconds), ("training", training_seconds):
            by_rating = seconds(sizes[ratings]) / int(ratings)
            ratio = by_rating / (seconds(sizes[smallest]) / int(smallest))
            print(f"  {name:17} {ratio:.2f} × the time of a rating")


def import_seconds(found: dict[str, Any]) -> float:
    return float(statistics.median(found["import"]["seconds"]))


def training_seconds(found: dict[str, Any]) -> float:
    return float(found["training"]["seconds"])


if __name__ == "__main__":
    main()
