"""Connections to PostgreSQL that the threads of a process share."""

import threading
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus

Connection = psycopg.Connection[Any]


class Pool:
    """At most `size` connections: each is idle, or in the hands of one thread.

    Whoever finds none idle connects by itself, and is told at once why that fails. psycopg's own
    pool connects in threads of its own, so that all who come while the database is away wait for
    as long as they may, and those who come when it is back are handed what it has hung up on.
    """

    def __init__(self, size: int, patience: float, max_age: float) -> None:
        """Who finds all taken waits `patience` seconds; none is kept for over `max_age`."""
        self.size, self.patience, self.max_age = size, patience, max_age
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(size)
        self._idle: list[Connection] = []
        self._made_at: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()

    def take(self, connect: Callable[[], Connection]) -> Connection:
        if not self._free.acquire(timeout=self.patience):
            raise psycopg.OperationalError(f"all {self.size} connections are taken")
        try:
            return self._take_idle() or self._keep_age(connect())
        except BaseException:
            self._free.release()
            raise

    def give_back(self, connection: Connection) -> None:
        """Whatever is not as it was taken, or too old, ends here."""
        with self._lock:
            kept = [*self._idle, *([connection] if _is_at_rest(connection) else [])]
            self._idle = [each for each in kept if self._is_young(each)]
            ended = {*kept, connection}.difference(self._idle)
        for each in ended:
            each.close()
        self._free.release()

    def _take_idle(self) -> Connection | None:
        """The one that was given back last: those that are not needed get old and end."""
        while connection := self._pop():
            if self._is_young(connection) and _answers(connection):
                return connection
            connection.close()
        return None

    def _pop(self) -> Connection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _keep_age(self, connection: Connection) -> Connection:
        self._made_at[connection] = time.monotonic()
        return connection

    def _is_young(self, connection: Connection) -> bool:
        return time.monotonic() - self._made_at[connection] < self.max_age


def _is_at_rest(connection: Connection) -> bool:
    idle = connection.pgconn.transaction_status == TransactionStatus.IDLE
    return idle and connection.autocommit


def _answers(connection: Connection) -> bool:
    try:
        connection.execute("")
    except psycopg.Error:
        return False
    return True
