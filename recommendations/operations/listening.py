"""Waiting for a task until PostgreSQL says that one is there, instead of looking all the time."""

import logging
import time
from typing import Any

import psycopg
from django.db import Error, connections
from django_q.conf import Conf
from psycopg import sql

logger = logging.getLogger(__name__)

#: Who listens looks anyway so often: for what was put back, released or written in bulk.
LONGEST_WAIT = 1.0

#: For how long to look all the time where notifications do not come through.
DEAF_SECONDS = 60.0


def channel(queue: str) -> str:
    return f"recsite:{queue}"


def announce(queue: str) -> None:
    """Tell who waits for tasks of this queue, once the transaction is committed."""
    connection = connections[Conf.ORM]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [channel(queue)])


class Listener:
    """Waits for the tasks of one queue, by LISTEN on a connection of its own.

    On SQLite, and behind a pooler that passes no notifications on, it sleeps for `QUEUE_POLL`
    seconds instead. It returns at once when it has begun to listen: what was queued before that
    was not announced to it.
    """

    def __init__(self, queue: str) -> None:
        self.queue = queue
        self.own: Any = None
        self.deaf_until = float("-inf")

    def wait(self) -> None:
        if not self.may_hear():
            time.sleep(Conf.POLL)
            return
        try:
            if self.own is None:
                self.listen()
            else:
                self.hears(LONGEST_WAIT)
        except (Error, psycopg.Error) as error:
            logger.warning("The queue %s is not listened to: %s", self.queue, str(error).strip())
            self.close()
            time.sleep(Conf.POLL)

    def may_hear(self) -> bool:
        connection = connections[Conf.ORM]
        # What is announced inside a transaction is not sent before its end.
        able = connection.vendor == "postgresql" and not connection.in_atomic_block
        return able and time.monotonic() > self.deaf_until

    def listen(self) -> None:
        """Begin to, and try whether a notification from elsewhere comes through."""
        self.own = connections[Conf.ORM].copy()
        self.own.ensure_connection()
        name = sql.Identifier(channel(self.queue))
        self.own.connection.execute(sql.SQL("LISTEN {}").format(name))
        announce(self.queue)
        if not self.hears(LONGEST_WAIT):
            logger.warning("No notifications come through; the queue %s is polled.", self.queue)
            self.deaf_until = time.monotonic() + DEAF_SECONDS
            self.close()

    def hears(self, seconds: float) -> bool:
        """Something was announced within so many seconds."""
        return bool(list(self.own.connection.notifies(timeout=seconds, stop_after=1)))

    def close(self) -> None:
        if self.own is not None:
            self.own.close()
            self.own = None
