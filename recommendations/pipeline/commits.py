"""Transactions that a crash of the database may forget, as their work is done again then."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections, transaction


@contextmanager
def forgettable(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """A transaction whose commit does not wait for PostgreSQL's disk.

    It is seen by everybody at once, as others are, and whatever waits for the disk later keeps it,
    too; only if the server itself goes down within a moment, it is as if it had never been. Inside
    another transaction it is a part of that, and as lasting.
    """
    connection = connections[using]
    whole = not connection.in_atomic_block
    with transaction.atomic(using=using):
        if whole and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO off")
        yield
