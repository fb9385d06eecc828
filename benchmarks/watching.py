"""What a site takes while it is used: connections, memory and processor time, by its parts."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
import psycopg

from benchmarks.sites import Site

EVERY = 2.0

CONNECTIONS = """
SELECT application_name, count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
AND pid <> pg_backend_pid() GROUP BY 1
"""


@dataclass(frozen=True)
class Look:
    """Connections by application; bytes in memory and seconds of processor by part."""

    at: float
    connections: dict[str, int]
    memory: dict[str, int]
    busy: dict[str, float]


@contextmanager
def watched(site: Site, parts: Mapping[str, psutil.Process]) -> Iterator[list[Look]]:
    """Look at the parts and at PostgreSQL: first, every `EVERY` seconds, and at the end."""
    looks: list[Look] = []
    over = threading.Event()
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        all_parts = {**parts, "database": postmaster(connection), "visitors": psutil.Process()}

        def go_on() -> None:
            while not over.wait(EVERY):
                looks.append(look(connection, all_parts))

        looks.append(look(connection, all_parts))
        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield looks
        finally:
            over.set()
            thread.join()
            looks.append(look(connection, all_parts))


def postmaster(connection: psycopg.Connection) -> psutil.Process:
    parent = psutil.Process(connection.info.backend_pid).parent()
    assert parent
    return parent


def look(connection: psycopg.Connection, parts: Mapping[str, psutil.Process]) -> Look:
    found = {str(name): int(number) for name, number in connection.execute(CONNECTIONS)}
    families = {name: family(root) for name, root in parts.items()}
    return Look(
        time.monotonic(),
        found,
        {name: sum(map(memory, each)) for name, each in families.items()},
        {name: sum(map(busy, each)) for name, each in families.items()},
    )


def family(root: psutil.Process) -> list[psutil.Process]:
    """The visitors' own process has started all the others, which are not theirs."""
    return [root] if root.pid == psutil.Process().pid else [root, *root.children(recursive=True)]


def memory(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0


def busy(process: psutil.Process) -> float:
    """With what its children took that have ended."""
    with suppress(psutil.NoSuchProcess):
        return float(sum(process.cpu_times()[:4]))
    return 0.0


def busy_between(first: Look, last: Look) -> dict[str, float]:
    """How much of one core each part had at work."""
    seconds = last.at - first.at
    return {part: (last.busy[part] - first.busy[part]) / seconds for part in first.busy}


def most_connections(looks: list[Look]) -> dict[str, int]:
    names = {name for each in looks for name in each.connections}
    return {name: max(each.connections.get(name, 0) for each in looks) for name in sorted(names)}
