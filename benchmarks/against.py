"""The same home page on the usual stack, Flask, Celery and Redis, side by side.

python -m benchmarks.against --dataset ml-latest-small.zip

Both read the same database and model for the same cold guests, with two workers, and are served by
the same gunicorn; `benchmarks.peers` is the peer. Redis comes from apt: redis-server.
"""

import argparse
import statistics
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg

from benchmarks.killing import LATE_AFTER, LOST_AFTER, outcome, read_while_killing
from benchmarks.peers.stack import ACKS, SESSIONS, Peer, redis_server
from benchmarks.peers.visitor import PeerReader
from benchmarks.readers import Read, Reader, read_all
from benchmarks.results import keep, machine, spread, told
from benchmarks.sites import FORGET, GUESTS, Site, on_postgres

WORKERS = 2
CROWD = 32

#: Guests who warm a side up, who come one at a time, and who come with the crowd; and rounds.
WARMING, ALONE, CROWDED = 16, 20, 96
ROUNDS = 2

#: Guests who come while workers are killed, in a minute.
WHILE_KILLING = 60

LIVING_WORKERS = "SELECT pid FROM recommendations_worker WHERE queue = 'predictions'"


@dataclass
class Side:
    """One of the two, as its visitors and its killer see it."""

    sessions: list[str]
    port: int
    running: Callable[[], AbstractContextManager[None]]
    workers: Callable[[], list[int]]
    reader: type[Reader] = Reader
    reads: list[Read] = field(default_factory=list)
    crowds: list[Read] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="A folder or zip of MovieLens")
    parser.add_argument("--algorithm", default="hybrid")
    parser.add_argument("--quick", action="store_true", help="One round, and no kills")
    asked = parser.parse_args()
    redis_server()
    print(machine())
    with on_postgres() as site:
        site.manage("import_movielens", asked.dataset)
        guests = site.shell(GUESTS.format(count=WARMING + ALONE + CROWDED)).split()
        site.manage("train", "--algorithm", asked.algorithm)
        signed = site.shell(SESSIONS).split()
        sides = {"recsite": ours(site, guests), "the peer": peers(site, signed)}
        found: dict[str, Any] = {"algorithm": asked.algorithm, "workers": WORKERS}
        found["page"] = compare_pages(sides)
        for _ in range(1 if asked.quick else ROUNDS):
            for side in sides.values():
                measure(site, side)
        found |= {"alone": alone(sides), "crowd": crowd(sides)}
        if not asked.quick:
            keep("against", found)
            for found["killing"] in kill(site, sides["recsite"], signed):
                keep("against", found)


def ours(site: Site, sessions: list[str]) -> Side:
    @contextmanager
    def running() -> Iterator[None]:
        with site.workers(WORKERS), site.web():
            yield

    return Side(sessions, site.port, running, lambda: living_workers(site))


def living_workers(site: Site) -> list[int]:
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        rows = connection.execute(LIVING_WORKERS).fetchall()
    return [pid for (pid,) in rows if is_running(pid)]


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def peers(site: Site, sessions: list[str], acks: str = ACKS["early"]) -> Side:
    peer = Peer(site, acks)
    return Side(sessions, peer.port, lambda: peer.running(WORKERS), peer.children, PeerReader)


def compare_pages(sides: dict[str, Side]) -> dict[str, Any]:
    """One guest's page on both sides: it must have the same films, and weigh about the same."""
    films, found = {}, {}
    for name, side in sides.items():
        with side.running():
            reader = side.reader(side.port, side.sessions[0])
            read = reader.read_home()
        assert not read.error, read.error
        films[name] = reader.films
        found[name] = {"bytes": reader.received, "requests": reader.requests}
        print(f"{name:9} {reader.received:,} bytes in {reader.requests} requests")
    one, other = films.values()
    assert one == other, "the two do not show the same films"
    print(f"the same {sum(map(len, one.values()))} films on {len(one)} shelves")
    return found


def measure(site: Site, side: Side) -> None:
    """Guests of whom nothing is predicted: one at a time, then all at once."""
    warming, rest = side.sessions[:WARMING], side.sessions[WARMING:]
    site.shell(FORGET)
    with side.running():
        read_all(side.port, warming, WARMING, side.reader)
        side.reads += read_all(side.port, rest[:ALONE], 1, side.reader)[0]
        many = rest[ALONE:][:CROWDED]
        reads, seconds = read_all(side.port, many, CROWD, side.reader)
    side.crowds += reads
    side.rates.append(sum(not read.error for read in reads) / seconds)


def alone(sides: dict[str, Side]) -> dict[str, Any]:
    print("\none at a time")
    found = {name: tell(name, side.reads) for name, side in sides.items()}
    return found | ratio(found, "click to films, ours to the peer's", "complete")


def crowd(sides: dict[str, Side]) -> dict[str, Any]:
    print(f"\n{CROWD} at once")
    found = {}
    for name, side in sides.items():
        found[name] = tell(name, side.crowds) | {"pages_per_second": side.rates}
        print(f"  {'':9} pages a second {', '.join(f'{rate:.2f}' for rate in side.rates)}")
    ours, theirs = (statistics.median(side.rates) for side in sides.values())
    print(f"  pages a second, ours to the peer's: {ours / theirs:.2f}", flush=True)
    return found | {"ratio": ours / theirs}


def tell(name: str, reads: list[Read]) -> dict[str, Any]:
    good = [read for read in reads if not read.error]
    found: dict[str, Any] = {
        moment: spread([getattr(read, moment) for read in good])
        for moment in ("first_byte", "complete")
    }
    for moment, values in found.items():
        print(f"  {name if moment == 'first_byte' else '':9} {moment:11}{told(values)}")
    found["requests_per_page"] = statistics.mean(read.requests for read in good)
    found["errors"] = [read.error for read in reads if read.error]
    print(f"  {'':9} {found['requests_per_page']:.1f} requests, {len(found['errors'])} errors")
    return found


def ratio(found: dict[str, Any], said: str, moment: str) -> dict[str, float]:
    ours, theirs = (side[moment]["p50"] for side in found.values())
    print(f"  {said}: {ours / theirs:.2f}", flush=True)
    return {"ratio": ours / theirs}


def kill(site: Site, side: Side, signed: list[str]) -> Iterator[dict[str, Any]]:
    """What was found so far, after each: the last ones may take long."""
    print("\na worker killed each second, while a guest comes each second")
    print(f"  late: not all films after {LATE_AFTER:.0f} s; lost: nor after {LOST_AFTER:.0f} s")
    found = {"recsite": read_and_kill(site, "recsite", side)}
    yield found
    for name, acks in ACKS.items():
        found[f"the peer, {name}"] = read_and_kill(site, name, peers(site, signed, acks))
        yield found


def read_and_kill(site: Site, name: str, side: Side) -> dict[str, Any]:
    site.shell(FORGET)
    guests = side.sessions[WARMING:][:WHILE_KILLING]
    with side.running():
        read_all(side.port, side.sessions[:WARMING], WARMING, side.reader)
        reads, killed = read_while_killing(side.reader, side.port, guests, side.workers)
    found: dict[str, Any] = {"pages": len(reads), "killed": killed} | outcome(reads)
    came = [read.complete for read in reads if not read.error]
    found["complete"] = spread(came) if came else {}
    print(f"  {name:16} {found['lost']} of {len(reads)} lost, {found['late']} late")
    print(f"  {'':16} {killed} killed; came after {told(found['complete'])}", flush=True)
    return found | {"errors": [read.error for read in reads if read.error]}


if __name__ == "__main__":
    main()
