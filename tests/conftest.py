"""One real PostgreSQL for the whole run, a fresh database for each test, and time that moves when told to."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from hypothesis import settings

from domain.clock import VirtualClock
from repositories.database import Database
from repositories.embedded import EmbeddedServer, open_embedded
from repositories.schema import upgrade
from tests.supervision import NAMES, USER, Stage
from tests.world import World

NUMBERS = count(1)

settings.register_profile("ninefifteen", deadline=None, print_blob=True)
settings.register_profile("fuzz", parent=settings.get_profile("ninefifteen"), max_examples=50_000)
settings.load_profile("ninefifteen")
TEMPLATE = "migrated"


def renamed(url: str, database: str) -> str:
    """The same URL with another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{database}"))


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL of this run, stopped at its end, in memory where the system has a folder for that.

    Not below pytest's folders, which other runs close to other accounts.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = TemporaryDirectory(prefix="ninefifteen-test-", dir=memory)
    with folder as name, open_embedded(Path(name) / "database") as opened:
        yield opened


@pytest.fixture(scope="session")
def template(server: EmbeddedServer) -> str:
    """A migrated database that each test gets a copy of."""
    _create(server, f"{TEMPLATE}")
    database = Database(renamed(server.url, TEMPLATE))
    upgrade(database)
    database.close()
    return TEMPLATE


@pytest.fixture
def database_url(server: EmbeddedServer, template: str) -> Iterator[str]:
    """The URL of a fresh migrated database, as the role that row-level security binds."""
    name = f"test_{next(NUMBERS)}"
    _create(server, f"{name} TEMPLATE {template}")
    yield renamed(server.url, name)
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The door to a fresh migrated database."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> VirtualClock:
    """Virtual time: Monday 23 November 2026, 08:30 IST."""
    return VirtualClock(datetime(2026, 11, 23, 3, 0, tzinfo=UTC))


@pytest.fixture
def psql(database_url: str) -> Iterator[psycopg.Connection]:
    """A person with SQL."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def stage(database: Database, clock: VirtualClock, psql: psycopg.Connection) -> Iterator[Stage]:
    """Users 1 to 3, and no supervisor yet."""
    for number, name in NAMES.items():
        psql.execute(USER, (number, name))
    opened = Stage(database, clock)
    yield opened
    opened.end()


def _create(server: EmbeddedServer, words: str) -> None:
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {words} OWNER ninefifteen".encode())


@pytest.fixture
def world(database: Database, clock: VirtualClock) -> Iterator[World]:
    """A simulated broker with two accounts, a minute before the bell."""
    made = World(database, clock, accounts=2)
    yield made
    made.close()
