"""How long a page waits for somebody else's lock: hardly."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

#: How long a page waits to write something down while somebody else writes.
PATIENCE_MS = 200


class DatabaseBusy(Exception):
    """Another writer holds SQLite's only write lock; what was to be written can wait."""


@contextmanager
def impatient() -> Iterator[None]:
    """Give up on SQLite's write lock soon, with `DatabaseBusy`.

    Inside a transaction the lock is held already, and nothing changes.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    wait_at_most(PATIENCE_MS)
    try:
        yield
    except OperationalError as error:
        if "locked" not in str(error):
            raise
        raise DatabaseBusy from error
    finally:
        wait_at_most(int(connection.settings_dict["OPTIONS"]["timeout"] * 1000))


def wait_at_most(milliseconds: int) -> None:
    connection.ensure_connection()
    connection.connection.execute(f"PRAGMA busy_timeout = {milliseconds}")
