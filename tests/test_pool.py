"""Connections that threads share: never more than allowed, and none that was hung up on."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier
from typing import Any

import psycopg
import pytest
from django.db import connection

from recsite.postgresql.pool import Connection, Pool
from tests.test_settings import run_python

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is in this process"),
    pytest.mark.django_db,
]

SIZE, PATIENCE, AGE = 2, 0.05, 600


def connect() -> Connection:
    """As Django does, in PostgreSQL's own database, from which tests may be hung up on."""
    params = connection.get_connection_params()
    return psycopg.connect(**params | {"dbname": "postgres"}, autocommit=True)


def refuse() -> Connection:
    raise psycopg.OperationalError("away")


@contextmanager
def taken(pool: Pool) -> Iterator[Connection]:
    found = pool.take(connect)
    try:
        yield found
    finally:
        pool.give_back(found)


def pid(found: Connection) -> int:
    return found.info.backend_pid


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(SIZE, PATIENCE, AGE)
    yield made
    for each in made._idle:
        each.close()


def test_what_is_given_back_is_taken_again(pool: Pool) -> None:
    with taken(pool) as first:
        pass
    with taken(pool) as second:
        assert second is first


def test_many_threads_share_few_connections() -> None:
    pool, start = Pool(SIZE, 30, AGE), Barrier(8)

    def work(_: int) -> set[int]:
        start.wait()
        pids = set()
        for _ in range(20):
            with taken(pool) as found:
                pids.add(pid(found))
        return pids

    with ThreadPoolExecutor(8) as threads:
        pids = set().union(*threads.map(work, range(8)))
    assert 1 <= len(pids) <= SIZE
    for each in pool._idle:
        each.close()


def test_who_finds_all_taken_is_told_so(pool: Pool) -> None:
    told = pytest.raises(psycopg.OperationalError, match="all 2 connections are taken")
    with taken(pool), taken(pool), told:
        pool.take(connect)
    with taken(pool), taken(pool):
        pass


def test_one_that_was_hung_up_on_is_replaced_unseen(pool: Pool) -> None:
    with taken(pool) as first, taken(pool) as second:
        lost = {pid(first), pid(second)}
    with closing(connect()) as other:
        other.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) pid", [[*lost]])
    with taken(pool) as found:
        assert found.execute("SELECT 1").fetchone() == (1,)
        assert pid(found) not in lost


def test_a_failure_to_connect_is_told_at_once_and_takes_no_place(pool: Pool) -> None:
    for _ in range(2 * SIZE):
        with pytest.raises(psycopg.OperationalError, match="away"):
            pool.take(refuse)
    with taken(pool), taken(pool):
        pass


def test_nobody_gets_anothers_way_to_commit(pool: Pool) -> None:
    with taken(pool) as first:
        first.autocommit = False
    assert first.closed


@pytest.mark.parametrize("left", ["BEGIN", "BEGIN; SELECT 1"])
def test_nobody_gets_anothers_transaction(pool: Pool, left: Any) -> None:
    with taken(pool) as first:
        first.execute(left)
    assert first.closed
    with taken(pool) as second:
        assert second.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_an_old_one_ends() -> None:
    pool = Pool(SIZE, PATIENCE, max_age=0)
    with taken(pool) as first:
        pass
    assert first.closed


def test_one_that_nobody_needs_gets_old_and_ends() -> None:
    pool = Pool(SIZE, PATIENCE, max_age=0.2)
    with taken(pool) as needed:
        with taken(pool) as spare:
            pass
        time.sleep(0.2)
    assert (needed.closed, spare.closed) == (True, True)


def test_a_process_uses_no_connection_of_the_one_that_forked_it() -> None:
    code = """
import django, os
django.setup()
from django.db import connection
def backend():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [[found]] = cursor.fetchall()
    connection.close()
    return found
first = backend()
child = os.fork()
print(backend() == first, flush=True)
if not child:
    os._exit(0)
os.waitpid(child, 0)
"""
    ended = run_python(code, DATABASE_POOL="2")
    assert sorted(ended.stdout.split()) == ["False", "True"], ended.stderr
