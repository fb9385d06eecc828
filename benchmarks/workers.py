"""How many slow predictions 1, 2 and 4 workers make in the time of one.

python -m benchmarks.workers --dataset ml-latest-small.zip

Twice: predictions that compute, by Surprise's own `predict` for one film after the other, which
have the machine's cores to share; and predictions that wait for a second, as for a model that is
served elsewhere, which have not. Nothing is modelled: all of it is run.
"""

import argparse
import json
import time
from typing import Any

import psutil

from benchmarks.results import keep, machine
from benchmarks.sites import ASK, FORGET, GUESTS, LEFT, Site, on_postgres

WORKERS = (1, 2, 4)
KINDS = {"computing": "svdpp_by_predict", "waiting": "waiting"}

#: Everybody's prediction is asked for at once.
GUESTS_OF_ALL = 40

#: From the first claim to the last end, and how long a run took in the mean.
TOOK = """
import json
runs = list(Prediction.objects.filter(status="succeeded"))
began, ended = min(run.claimed_at for run in runs), max(run.finished_at for run in runs)
print(json.dumps({
    "predictions": len(runs),
    "seconds": (ended - began).total_seconds(),
    "run_seconds": sum(run.run_seconds for run in runs) / len(runs),
}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dataset", required=True, help="A folder or zip of MovieLens")
    parser.add_argument("--guests", type=int, default=GUESTS_OF_ALL)
    parser.add_argument("--workers", type=int, nargs="+", default=WORKERS)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    asked = parser.parse_args()
    print(machine())
    found: dict[str, Any] = {}
    with on_postgres() as site:
        site.manage("import_movielens", asked.dataset)
        site.shell(GUESTS.format(count=asked.guests))
        for kind in asked.kinds:
            site.manage("train", "--algorithm", KINDS[kind], "--force")
            found[kind] = {str(each): measure(site, each) for each in asked.workers}
            tell(kind, found[kind])
    if asked.kinds == list(KINDS):
        keep("workers", {"cores": psutil.cpu_count(logical=False), "kinds": found})


def measure(site: Site, workers: int) -> dict[str, float]:
    """Predictions a second, once each worker has the model in memory."""
    with site.workers(workers):
        predict_all(site)
        predict_all(site)
    took: dict[str, float] = json.loads(site.shell(TOOK))
    return took | {"per_second": took["predictions"] / took["seconds"]}


def predict_all(site: Site) -> None:
    site.shell(FORGET)
    site.shell(ASK)
    while int(site.shell(LEFT)):
        time.sleep(0.2)


def tell(kind: str, found: dict[str, dict[str, float]]) -> None:
    print(f"\npredictions that are {kind}")
    first = next(iter(found.values()))
    for workers, each in found.items():
        ratio = each["per_second"] / first["per_second"]
        print(
            f"  {workers:>2} workers  {each['per_second']:.2f} a second, {ratio:.2f} ×; "
            f"a run takes {each['run_seconds']:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
