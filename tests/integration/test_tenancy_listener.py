"""Changed rows wake whom they concern, in real time, over a connection that heals itself."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text

from domain.clock import SystemClock
from repositories.database import Database
from repositories.embedded import EmbeddedServer
from repositories.listener import Listener

USERS = """INSERT INTO users (id, name, broker, exit_rule) VALUES
    (1, 'asha', 'kotak_neo', '{"target_percent": 6}'), (2, 'binod', 'kotak_neo', '{"target_percent": 6}')"""
TOUCH = "UPDATE users SET revision = revision + 1 WHERE id = 1"
EVERYBODY_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND datname = %s"
WITHIN = 2.0


class Woken:
    """A listener with an event for each of two users and one for the supervisor."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.asha, self.binod, self.supervisor = threading.Event(), threading.Event(), threading.Event()
        listener.register(1, self.asha)
        listener.register(2, self.binod)
        listener.watch(self.supervisor)

    def forget(self) -> None:
        for event in (self.asha, self.binod, self.supervisor):
            event.clear()


@pytest.fixture
def psql(database_url: str) -> Iterator[psycopg.Connection]:
    """A person with SQL, after entering users 1 and 2."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(USERS)
        yield connection


@pytest.fixture
def woken(database: Database, psql: psycopg.Connection) -> Iterator[Woken]:
    """A running listener that nobody has woken yet."""
    with Listener(database, SystemClock()) as listener:
        ready = Woken(listener)
        assert listener.listening.wait(10)
        assert ready.binod.wait(WITHIN)
        ready.forget()
        yield ready


def test_a_row_changed_by_hand_wakes_its_tenant_and_the_supervisor_alone(
    woken: Woken, psql: psycopg.Connection
) -> None:
    psql.execute(TOUCH)
    assert woken.asha.wait(WITHIN)
    assert woken.supervisor.wait(WITHIN)
    assert not woken.binod.is_set()


def test_a_row_that_concerns_all_wakes_all(woken: Woken, psql: psycopg.Connection) -> None:
    psql.execute("INSERT INTO halts (because) VALUES ('exchange says so')")
    assert woken.asha.wait(WITHIN)
    assert woken.binod.wait(WITHIN)


def test_the_services_own_change_wakes_nobody(woken: Woken, database: Database, psql: psycopg.Connection) -> None:
    """Catches: a trigger that ignores who acts; the change of user 2 that follows proves that it was delivered."""
    with database.as_service() as session:
        session.execute(text(TOUCH))
    psql.execute("UPDATE users SET revision = revision + 1 WHERE id = 2")
    assert woken.binod.wait(WITHIN)
    assert not woken.asha.is_set()


def test_a_forgotten_event_is_not_set_and_a_successors_stays(woken: Woken, psql: psycopg.Connection) -> None:
    """Catches: an old thread's farewell that removes the new one's event."""
    successor = threading.Event()
    woken.listener.register(1, successor)
    woken.listener.unregister(1, woken.asha)
    psql.execute(TOUCH)
    assert successor.wait(WITHIN)
    assert not woken.asha.is_set()


def test_a_dead_connection_is_replaced_and_then_everybody_is_woken(
    woken: Woken, psql: psycopg.Connection, server: EmbeddedServer
) -> None:
    with psycopg.connect(server.superuser_url, autocommit=True) as superuser:
        superuser.execute(EVERYBODY_OUT, (psql.info.dbname,))
    assert woken.asha.wait(10)
    assert woken.binod.wait(10)
    woken.forget()
    psql.execute(TOUCH)
    assert woken.asha.wait(WITHIN)
    assert not woken.binod.is_set()
