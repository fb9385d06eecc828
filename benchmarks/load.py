"""Two hundred people on the site at once, who look, rate and wait for their picks.

python -m benchmarks.load --dataset ml-latest-small.zip

The web server as it is deployed, and two workers. What comes before it is warm is not counted. No
web process is replaced meanwhile, as gunicorn does after 10,000 requests: it would hide a leak.
"""

import argparse
import statistics
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import keep, machine, told
from benchmarks.sites import GUESTS, Site, on_postgres
from benchmarks.visitors import STEPS, Answer, Visitor, let_in
from benchmarks.watching import Look, busy_between, most_connections, watched

WORKERS = 2
SECONDS = 300

#: How long people look at a page, in seconds; any time between is as likely.
THINKING = {"at leisure": (5.0, 25.0), "in a hurry": (1.0, 5.0)}
KINDS = ("page", "fragment", "post")

#: What is left out at the beginning, in seconds, or of a shorter run.
WARM_UP, OF_ALL = 60.0, 0.3

#: So many looks at the beginning and at the end are compared, each by its median.
COMPARED = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="A folder or zip of MovieLens")
    parser.add_argument("--algorithm", default="hybrid")
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="Less is not kept")
    asked = parser.parse_args()
    print(machine())
    about = vars(asked) | {"dataset": Path(asked.dataset).name, "warm_up": warm_up(asked.seconds)}
    about |= {"workers": WORKERS, "steps": STEPS, "thinking": THINKING}
    with on_postgres() as site:
        site.manage("import_movielens", asked.dataset)
        sessions = site.shell(GUESTS.format(count=asked.viewers)).split()
        site.manage("train", "--algorithm", asked.algorithm)
        found = {pace: under_load(site, sessions, pace, asked.seconds) for pace in THINKING}
    if asked.seconds >= SECONDS:
        keep("load", about | {"paces": found})


def warm_up(seconds: float) -> float:
    return min(WARM_UP, OF_ALL * seconds)


def under_load(site: Site, sessions: list[str], pace: str, seconds: float) -> dict[str, Any]:
    site.environment = {"GUNICORN_CMD_ARGS": "--max-requests 0"}
    visitors = [Visitor(site.port, each, seed) for seed, each in enumerate(sessions)]
    for visitor in visitors:
        visitor.thinking = THINKING[pace]
    with ExitStack() as running:
        parts = {
            "workers": running.enter_context(site.workers(WORKERS)),
            "web": running.enter_context(site.web()),
        }
        looks = running.enter_context(watched(site, parts))
        began = time.monotonic()
        answers = list(chain.from_iterable(let_in(visitors, seconds)))
    found = summary(answers, looks, began + warm_up(seconds))
    tell(pace, found)
    return found


def summary(answers: list[Answer], looks: list[Look], warm: float) -> dict[str, Any]:
    counted = [answer for answer in answers if answer.at >= warm]
    errors = Counter(answer.error for answer in answers if answer.error)
    return {
        "requests": len(answers),
        "errors": dict(errors),
        "requests_per_second": len(counted) / (looks[-1].at - warm),
        "answers": {kind: times(counted, kind) for kind in KINDS},
        **taken([each for each in looks if each.at >= warm]),
    }


def times(answers: list[Answer], kind: str) -> dict[str, float]:
    """How many there were, and the seconds in which so many of a hundred of them came."""
    seconds = [answer.seconds for answer in answers if answer.kind == kind]
    found = {f"p{at}": float(np.percentile(seconds, at)) for at in (50, 95, 99) if seconds}
    return {"number": len(seconds)} | found


def taken(looks: list[Look]) -> dict[str, Any]:
    return {
        "connections": most_connections(looks),
        "cores_busy": busy_between(looks[0], looks[-1]),
        "memory_growth": {part: growth(looks, part) for part in ("web", "workers")},
        "looks": [asdict(each) | {"at": each.at - looks[0].at} for each in looks[::5]],
    }


def growth(looks: list[Look], part: str) -> float:
    """Memory at the end as a share of what it was when the site was warm, less one."""
    used = [each.memory[part] for each in looks]
    return statistics.median(used[-COMPARED:]) / statistics.median(used[:COMPARED]) - 1


def tell(pace: str, found: dict[str, Any]) -> None:
    low, high = THINKING[pace]
    print(f"\n{pace}, {low:g} to {high:g} s a page")
    print(f"{found['requests']} requests, {found['requests_per_second']:.0f} a second when warm")
    print(f"errors: {found['errors'] or 'none'}")
    for kind, values in found["answers"].items():
        seconds = {name: value for name, value in values.items() if name != "number"}
        print(f"  {kind:9} {values['number']:7}  {told(seconds)}")
    print("connections to the database at most:", found["connections"])
    for part, share in found["memory_growth"].items():
        print(f"memory of {part}: {share:+.1%} from warm to the end")
    busy = "  ".join(f"{part} {cores:.2f}" for part, cores in found["cores_busy"].items())
    print(f"cores at work: {busy}", flush=True)


if __name__ == "__main__":
    main()
