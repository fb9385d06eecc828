"""The page that waited: predicting inside the request against this home page, side by side.

python -m benchmarks.story --dataset ml-latest-small.zip

Both serve the same database and the same model to the same cold guests, by the same gunicorn. One
runs the prediction before it answers; the other has two workers do it, and its page asks.
"""

import argparse
import time
from contextlib import ExitStack
from typing import Any

from benchmarks.readers import Read, Reader, read_all
from benchmarks.results import keep, machine, spread, told
from benchmarks.sites import ASK, FORGET, GUESTS, LEFT, Site, on_postgres

#: How many are there at once, and how many come.
CROWDS = {1: 12, 8: 48, 32: 96}
WORKERS = 2

#: Enough that workers are busy for as long as the page is read.
GUESTS_OF_ALL = 240

#: How often one page is read again, and after how many seconds.
READ_AGAIN = 100
PAUSE = 0.1
IN_REQUEST = "benchmarks.in_request.settings"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="A folder or zip of MovieLens")
    parser.add_argument("--algorithm", default="svdpp_by_predict")
    parser.add_argument("--quick", action="store_true", help="A quarter of the guests")
    asked = parser.parse_args()
    print(machine())
    with on_postgres() as site:
        site.manage("import_movielens", asked.dataset)
        guests = site.shell(GUESTS.format(count=GUESTS_OF_ALL)).split()
        site.manage("train", "--algorithm", asked.algorithm)
        found: dict[str, Any] = {"calm": calm(site, guests[0])}
        tell_calm(found["calm"])
        for crowd, many in CROWDS.items():
            found[str(crowd)] = compare(site, guests[: many // (4 if asked.quick else 1)], crowd)
            tell(crowd, found[str(crowd)])
    if not asked.quick:
        keep("story", {"algorithm": asked.algorithm, "workers": WORKERS, "crowds": found})


def compare(site: Site, guests: list[str], crowd: int) -> dict[str, Any]:
    return {
        "in the request": measure(site, guests, crowd, IN_REQUEST, workers=0),
        "recsite": measure(site, guests, crowd, "benchmarks.settings", workers=WORKERS),
    }


def measure(
    site: Site, guests: list[str], crowd: int, settings: str, workers: int
) -> dict[str, Any]:
    site.shell(FORGET)
    with ExitStack() as running:
        if workers:
            running.enter_context(site.workers(workers))
        running.enter_context(site.web(settings))
        warm(site)
        reads, seconds = read_all(site.port, guests, crowd)
    return summary(reads, seconds)


def calm(site: Site, guest: str) -> dict[str, Any]:
    """First bytes of a page that is read again and again: workers idle, then all at work."""
    site.shell(FORGET)
    with site.workers(WORKERS), site.web():
        read_all(site.port, [guest], 1)
        warm(site)
        idle = first_bytes(site, guest)
        site.shell(ASK)
        busy = first_bytes(site, guest)
        left = int(site.shell(LEFT))
    assert left, "the workers were done before the page was read"
    return {"idle": spread(idle), "busy": spread(busy)}


def first_bytes(site: Site, guest: str) -> list[float]:
    found = []
    for _ in range(READ_AGAIN):
        time.sleep(PAUSE)
        found.append(Reader(site.port, guest).get("/")[1])
    return found


def warm(site: Site) -> None:
    """Everybody's shelves, so that each process has imported and compiled what it needs."""
    read_all(site.port, [""] * 16, 8)


def summary(reads: list[Read], seconds: float) -> dict[str, Any]:
    good = [read for read in reads if not read.error]
    return {
        "errors": [read.error for read in reads if read.error],
        "pages_per_second": len(good) / seconds,
        "requests_per_page": sum(read.requests for read in good) / len(good),
        "first_byte": spread([read.first_byte for read in good]),
        "complete": spread([read.complete for read in good]),
    }


def tell(crowd: int, sides: dict[str, Any]) -> None:
    print(f"\n{crowd} at once")
    for name, side in sides.items():
        print(f"  {name:15} first byte  {told(side['first_byte'])}")
        print(f"  {'':15} complete    {told(side['complete'])}")
        pages, errors = side["pages_per_second"], len(side["errors"])
        asked = side["requests_per_page"]
        print(f"  {'':15} {pages:.2f} pages a second, {asked:.0f} requests each, {errors} errors")
    there, here = (sides[name]["first_byte"]["p95"] for name in ("in the request", "recsite"))
    print(f"  first byte, p95: {there / here:.0f} times sooner", flush=True)


def tell_calm(found: dict[str, Any]) -> None:
    print("\none page, read again and again: first byte")
    for name, values in found.items():
        print(f"  workers {name:7} {told(values)}")
    print(f"  p95, busy to idle: {found['busy']['p95'] / found['idle']['p95']:.2f}")


if __name__ == "__main__":
    main()
