"""Home pages computed ahead by `manage.py precompute`, and the page of who is here meanwhile.

python -m benchmarks.precomputed --viewers 10000

On a PostgreSQL of its own with simulated ratings. One worker computes ahead and one is there for
whoever comes, as `runworkers` has it; a page is read again and again before and meanwhile.
"""

import argparse
import json
import time
from typing import Any

import psutil

from benchmarks.growth import FILMS, RATINGS_EACH
from benchmarks.readers import Reader, expect, read_all
from benchmarks.results import keep, machine, of_all, spread, told
from benchmarks.sites import FORGET, GUESTS, Site, on_postgres
from benchmarks.story import warm
from tests.e2e.running import is_alive

#: How often the page is read while nothing is computed, and the seconds between two reads.
IDLE_READS = 150
PAUSE = 0.1

#: Guests whose picks nobody has computed, and who come one after the other.
COMING = 12

AHEAD = """
import json
from recommendations.models.workers import BATCH
runs = list(Prediction.objects.filter(status="succeeded", queue=BATCH).only(
    "claimed_at", "finished_at", "queue", "status"))
began, ended = min(run.claimed_at for run in runs), max(run.finished_at for run in runs)
print(json.dumps({"predictions": len(runs), "seconds": (ended - began).total_seconds()}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--viewers", type=int, default=10_000)
    parser.add_argument("--algorithm", default="hybrid")
    asked = parser.parse_args()
    print(machine())
    with on_postgres() as site:
        folder = site.folder.parent / "ratings"
        numbers = (asked.viewers, FILMS, asked.viewers * RATINGS_EACH)
        size = zip(("--viewers", "--movies", "--ratings"), map(str, numbers), strict=True)
        site.manage("generate_ratings", *sum(size, ()), str(folder), "--verbosity", "0")
        site.manage("import_movielens", str(folder))
        site.manage("train", "--algorithm", asked.algorithm)
        found = measure(site)
    tell(found)
    found |= {"machine": machine(), "algorithm": asked.algorithm}
    keep("precomputed", {"viewers": of_all("precomputed", "viewers", asked.viewers, found)})


def measure(site: Site) -> dict[str, Any]:
    guest, *others = site.shell(GUESTS.format(count=2 * COMING + 1)).split()
    site.shell(FORGET)
    with site.workers(1), site.workers(1, "batch"), site.web():
        warm(site)
        read_all(site.port, [guest], 1)
        idle = [first_byte(site, guest) for _ in range(IDLE_READS)]
        idle_complete = complete(site, others[:COMING])
        with site.process("manage.py", "precompute", "--imported", "--wait") as precompute:
            busy_complete = complete(site, others[COMING:])
            busy = first_bytes_while(site, guest, precompute)
    ahead: dict[str, Any] = json.loads(site.shell(AHEAD))
    return ahead | {
        "first_byte": {"idle": spread(idle), "busy": spread(busy)},
        "complete": {"idle": spread(idle_complete), "busy": spread(busy_complete)},
    }


def first_bytes_while(site: Site, guest: str, process: psutil.Process) -> list[float]:
    found = []
    while is_alive(process):
        found.append(first_byte(site, guest))
    return found


def first_byte(site: Site, guest: str) -> float:
    time.sleep(PAUSE)
    reader = Reader(site.port, guest)
    status, first, _ = reader.get("/")
    reader.connection.close()
    expect(status, "/")
    return first


def complete(site: Site, guests: list[str]) -> list[float]:
    """Until the last shelf of each, who come one after the other."""
    reads, _ = read_all(site.port, guests, 1)
    assert not any(read.error for read in reads), reads
    return [read.complete for read in reads]


def tell(found: dict[str, Any]) -> None:
    rate = found["predictions"] / found["seconds"]
    print(f"{found['predictions']:,} predictions ahead, {rate:.2f} a second")
    for name in ("first_byte", "complete"):
        idle, busy = found[name]["idle"], found[name]["busy"]
        print(f"  {name:11} idle  {told(idle)}\n  {'':11} busy  {told(busy)}")
        print(f"  {'':11} p95, busy to idle: {busy['p95'] / idle['p95']:.2f}")


if __name__ == "__main__":
    main()
