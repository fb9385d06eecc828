"""What it takes that two hundred people wait: by our rhythm, and asking every 100 ms.

python -m benchmarks.polling --dataset ml-latest-small.zip

All look at home pages whose shelves do not come: two workers are alive, and each is at work on one
run for ever. Somebody else opens another page twice a second meanwhile.
"""

import argparse
from collections import Counter
from contextlib import ExitStack
from itertools import chain
from typing import Any

from benchmarks.results import keep, machine, spread, told
from benchmarks.sites import FORGET, GUESTS, Site, on_postgres
from benchmarks.story import warm
from benchmarks.visitors import Answer, PassingBy, Waiting, let_in
from benchmarks.watching import busy_between, watched

WORKERS = 2
SECONDS = 60

#: Seconds between two questions of each fragment; None is what the fragment itself says.
SIDES: dict[str, float | None] = {"nobody waits": None, "our rhythm": None, "every 100 ms": 0.1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="A folder or zip of MovieLens")
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="Less is not kept")
    asked = parser.parse_args()
    print(machine())
    found: dict[str, Any] = {}
    with on_postgres() as site:
        site.manage("import_movielens", asked.dataset)
        sessions = site.shell(GUESTS.format(count=asked.viewers)).split()
        site.manage("train", "--algorithm", "asleep")
        site.environment = {"ASLEEP": "1", "PREDICTION_TIMEOUT": "3600", "WORKER_GRACE": "1"}
        for side, rhythm in SIDES.items():
            waiting = [] if side == "nobody waits" else sessions
            found[side] = measure(site, waiting, rhythm, asked.seconds)
            tell(side, found[side])
    compare(found)
    if asked.seconds >= SECONDS:
        keep("polling", {"viewers": asked.viewers, "seconds": asked.seconds, "sides": found})


def measure(
    site: Site, sessions: list[str], rhythm: float | None, seconds: float
) -> dict[str, Any]:
    """Counted from when all have opened their page."""
    site.shell(FORGET)
    waiting = [Waiting(site.port, session, seed) for seed, session in enumerate(sessions)]
    for each in waiting:
        each.rhythm = rhythm
    with ExitStack() as running:
        workers = running.enter_context(site.workers(WORKERS))
        web = running.enter_context(site.web())
        warm(site)
        looks = running.enter_context(watched(site, {"web": web, "workers": workers}))
        passing, *others = let_in([PassingBy(site.port, "", 0), *waiting], seconds)
    answers = list(chain.from_iterable(others))
    opened = max((each.at + each.seconds for each in answers if each.kind == "page"), default=0)
    later = [look for look in looks if look.at >= opened]
    asked = [each for each in answers if each.at >= later[0].at]
    return {
        "errors": dict(Counter(each.error for each in [*passing, *answers] if each.error)),
        "requests_per_second": len(asked) / (later[-1].at - later[0].at),
        "fragment": waits(asked),
        "page_of_another": waits([each for each in passing if each.at >= later[0].at]),
        "cores_busy": busy_between(later[0], later[-1]),
    }


def waits(answers: list[Answer]) -> dict[str, float]:
    return spread([each.seconds for each in answers]) if answers else {}


def tell(side: str, found: dict[str, Any]) -> None:
    print(f"\n{side}: {found['requests_per_second']:.0f} requests a second")
    print(f"  errors           {found['errors'] or 'none'}")
    print(f"  page of another  {told(found['page_of_another'])}")
    if found["fragment"]:
        print(f"  fragment         {told(found['fragment'])}")
    busy = "  ".join(f"{part} {cores:.3f}" for part, cores in found["cores_busy"].items())
    print(f"  cores at work    {busy}", flush=True)


def compare(found: dict[str, Any]) -> None:
    ours, theirs = found["our rhythm"], found["every 100 ms"]
    asked = theirs["requests_per_second"] / ours["requests_per_second"]
    busy = busy_serving(theirs) / busy_serving(ours)
    print(f"every 100 ms: {asked:.1f} times the requests, {busy:.1f} times the processor", end=" ")
    print("of web and database")


def busy_serving(side: dict[str, Any]) -> float:
    cores: dict[str, float] = side["cores_busy"]
    return cores["web"] + cores["database"]


if __name__ == "__main__":
    main()
