"""Django's PostgreSQL, from which nobody waits long for a connection."""

import threading
from concurrent.futures import Future
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Gives up connecting after CONNECT_SECONDS of the wall clock.

    PostgreSQL's own `connect_timeout` is two seconds at least, for each address that the host's
    name has, and does not count finding them.
    """

    def get_new_connection(self, conn_params: Any) -> Any:
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


def close(late: "Future[Any]") -> None:
    """Nobody waits for this connection any more."""
    if late.exception() is None:
        late.result().close()
