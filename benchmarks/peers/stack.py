"""The peer's processes: Redis, Celery's workers, and the web server."""

import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import redis

from benchmarks.sites import Site
from tests.e2e.running import free_port

#: Prints the sessions of these guests, as the peer's web server signs them.
SESSIONS = """
from benchmarks.peers.web import cookie_of
for guest in Viewer.objects.filter(kind="guest").order_by("pk"):
    print(cookie_of(guest.pk))
"""

#: When a task is acknowledged: before it runs, after it, and again if its process was killed.
ACKS = {"early": "", "late": "late", "late, and again": "late again"}


def redis_server() -> str:
    found = shutil.which("redis-server")
    if found is None:
        sys.exit("redis-server is missing: apt-get install redis-server (only this needs it).")
    return found


@dataclass
class Peer:
    """It reads the database and the model of a site of ours."""

    site: Site
    acks: str = ACKS["early"]
    port: int = field(default_factory=free_port)
    redis_port: int = field(default_factory=free_port)
    celery: psutil.Process | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "PEER_REDIS": f"redis://127.0.0.1:{self.redis_port}",
            "PEER_ACKS": self.acks,
        }

    @contextmanager
    def running(self, workers: int) -> Iterator[None]:
        serving = self.site.serving("benchmarks.peers.web:app", self.port, self.environment)
        with self.queue(), self.workers(workers), serving:
            yield

    @contextmanager
    def queue(self) -> Iterator[None]:
        where = ["--bind", "127.0.0.1", "--port", str(self.redis_port)]
        forgetful = ["--save", "", "--appendonly", "no", "--dir", str(self.site.folder)]
        with self.site.process(*where, *forgetful, program=redis_server()):
            self.await_queue()
            yield

    def await_queue(self) -> None:
        with redis.Redis(port=self.redis_port) as queue:
            for _ in range(100):
                try:
                    queue.ping()
                except redis.ConnectionError:
                    time.sleep(0.05)
                else:
                    return
        raise TimeoutError("Redis does not answer")

    @contextmanager
    def workers(self, number: int) -> Iterator[None]:
        command = ["-m", "celery", "--app", "benchmarks.peers.tasks", "worker"]
        options = ["--pool", "prefork", "--concurrency", str(number), "--loglevel", "ERROR"]
        with self.site.process(*command, *options, environment=self.environment) as self.celery:
            while len(self.children()) < number:
                time.sleep(0.2)
            yield

    def children(self) -> list[int]:
        assert self.celery
        return [child.pid for child in self.celery.children()]
