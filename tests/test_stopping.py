"""A signal that comes at a bad moment is still what ends the block."""

import os
import signal
import threading

import pytest
from django.db import connection, transaction

from recommendations.operations.outages import surviving
from recommendations.stopping import Stopped, stoppable

#: A table whose rows take a minute to commit.
SLOW = """
CREATE FUNCTION pg_temp.doze() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';
CREATE TEMPORARY TABLE slow (id int);
CREATE CONSTRAINT TRIGGER doze AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION pg_temp.doze();
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("query", ["SELECT pg_sleep(60)", "INSERT INTO slow VALUES (1)"])
def test_a_signal_in_the_middle_of_a_transaction_is_not_taken_for_an_outage(query: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's queries are not interrupted")
    cursor = connection.cursor()
    cursor.execute(SLOW)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(Stopped), stoppable(), surviving("Nothing is reaped"), transaction.atomic():
        cursor.execute(query)
    cursor.execute("SELECT count(*) FROM slow")
    assert cursor.fetchone() == (0,)
    cursor.execute("DROP TABLE slow; DROP FUNCTION pg_temp.doze")
