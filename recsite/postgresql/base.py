"""Django's PostgreSQL, from which nobody waits long for a connection."""

import os
import threading
from concurrent.futures import Future
from typing import Any

import psycopg
from django.db.backends.postgresql import base

from recsite.postgresql.pool import Pool

#: By process, which must not use what it got by a fork, and by alias.
POOLS: dict[tuple[int, str], Pool] = {}


class DatabaseWrapper(base.DatabaseWrapper):
    """Gives up connecting after CONNECT_SECONDS of the wall clock, and shares up to SHARED
    connections among threads; 0 is a connection for each thread.

    PostgreSQL's own `connect_timeout` is two seconds at least, for each address that the host's
    name has, and does not count finding them.
    """

    @property
    def shared(self) -> Pool | None:
        size, key = self.settings_dict["SHARED"], (os.getpid(), self.alias)
        if size and key not in POOLS:
            own = self.settings_dict
            POOLS.setdefault(key, Pool(size, own["CONNECT_SECONDS"], own["MAX_AGE"]))
        return POOLS.get(key)

    def get_new_connection(self, conn_params: Any) -> Any:
        if self.shared:
            return self.shared.take(lambda: self.connect_soon(conn_params))
        return self.connect_soon(conn_params)

    def connect_soon(self, conn_params: Any) -> Any:
        seconds = self.settings_dict["CONNECT_SECONDS"]
        coming: Future[Any] = Future()

        def connect() -> None:
            try:
                coming.set_result(super(DatabaseWrapper, self).get_new_connection(conn_params))
            except BaseException as error:
                coming.set_exception(error)

        threading.Thread(target=connect, daemon=True, name="connecting").start()
        try:
            return coming.result(seconds)
        except TimeoutError as error:
            coming.add_done_callback(close)
            raise psycopg.OperationalError(f"no connection within {seconds:g} s") from error

    def _close(self) -> None:
        if self.shared and self.connection is not None:
            connection, self.connection = self.connection, None
            self.shared.give_back(connection)
        else:
            super()._close()  # type: ignore[misc] # not in django-stubs


def close(late: "Future[Any]") -> None:
    """Nobody waits for this connection any more."""
    if late.exception() is None:
        late.result().close()
