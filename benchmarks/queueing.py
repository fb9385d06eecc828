"""From asking for a prediction to its start, and what an idle cluster asks of PostgreSQL.

python -m benchmarks.queueing

Side by side: workers that PostgreSQL tells of tasks, and the same ones polling every 50 ms.
"""

import argparse
import json
import time
from typing import Any

import psycopg

from benchmarks.results import keep, machine, spread, told
from benchmarks.sites import Site, on_postgres

SIDES = {"told": "benchmarks.settings", "polling": "benchmarks.polled_settings"}

#: How long idle workers are watched, in seconds.
IDLE = 15.0

ENDED = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'recsite'"

#: Asks for one prediction after the other, of films that do not exist; prints the waits.
ASK_ONE_BY_ONE = """
import json, random, time
from recommendations.pipeline import requests
viewer, waits = Viewer.objects.create(display_name="Guest"), []
for number in range({count}):
    time.sleep(random.uniform(0.05, 0.15))
    row = requests.request(viewer, f"film:{{10**6 + number}}", None)
    while not Prediction.objects.filter(pk=row.pk, finished_at__isnull=False).exists():
        time.sleep(0.02)
    row.refresh_from_db()
    waits.append((row.claimed_at - row.enqueued_at).total_seconds())
viewer.delete()
print(json.dumps(waits))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="Predictions that are asked for")
    parser.add_argument("--rounds", type=int, default=3, help="Rounds, of each side in turn")
    asked = parser.parse_args()
    print(machine())
    waits: dict[str, list[float]] = {side: [] for side in SIDES}
    idle: dict[str, list[float]] = {side: [] for side in SIDES}
    with on_postgres() as site:
        for _ in range(asked.rounds):
            for side, settings in SIDES.items():
                site.environment = {"DJANGO_SETTINGS_MODULE": settings}
                with site.workers(1):
                    idle[side].append(transactions(site) / IDLE)
                    waits[side] += json.loads(site.shell(ASK_ONE_BY_ONE.format(count=asked.count)))
    tell(waits, idle)


def transactions(site: Site) -> int:
    """How many PostgreSQL ends while nothing is to be done."""
    before = _transactions(site)
    time.sleep(IDLE)
    return _transactions(site) - before


def _transactions(site: Site) -> int:
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        query = (
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'recsite'"
        )
        row = connection.execute(query).fetchone()
    assert row
    return int(row[0])


def tell(waits: dict[str, list[float]], idle: dict[str, list[float]]) -> None:
    found: dict[str, Any] = {}
    for side in SIDES:
        found[side] = {"wait": spread(waits[side]), "idle_per_second": idle[side]}
        print(f"{side:8} asked to start  {told(found[side]['wait'])}")
        print(f"{'':8} idle: {sum(idle[side]) / len(idle[side]):.1f} transactions a second")
    ratio = found["told"]["wait"]["p50"] / found["polling"]["wait"]["p50"]
    print(f"median, told to polling: {ratio:.2f}")
    keep("queueing", found)


if __name__ == "__main__":
    main()
