"""Coverage as it is read from rows: one statement however many positions, drills, claims and sends included."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import event

from domain.coverage import CoverState
from domain.market import DrillCalendar, ExchangeCalendar
from domain.orders import Reason
from repositories.coverage import CoverageRepository
from repositories.database import Database

SETUP = """
INSERT INTO users (id, name, broker, exit_rule, enabled) VALUES
    (1, 'asha', 'kotak_neo', '{"target_percent": 6}', true), (2, 'binod', 'kotak_neo', '{"target_percent": 6}', true);
INSERT INTO supervisors (host, pid, lease_until, drill, bell_at, close_at, cycle_seconds)
    VALUES ('here', 1, now() + interval '1 minute', true, now() - interval '1 hour', now() + interval '1 hour', 0.5);
INSERT INTO tenants (user_id, supervisor_id, generation) VALUES (1, 1, 3);
INSERT INTO heartbeats (user_id, generation, state, book_at) VALUES (1, 3, 'TRADING', now());
INSERT INTO positions (id, user_id, symbol, quantity, avg_price) VALUES
    (1, 1, 'IFBIND-EQ', 10, 401.2), (2, 1, 'NOCIL-EQ', 5, 200), (3, 1, 'TCI-EQ', 4, 900), (4, 2, 'GAIL-EQ', 7, 150);
INSERT INTO orders (id, user_id, position_id, side, symbol, status, tag, broker_order_id, quantity, price, seen_at,
    trading_day, status_at) VALUES
    (1, 1, 1, 'SELL', 'IFBIND-EQ', 'OPEN', 'A1', '77', 10, 425.3, now(), (now() - interval '1 hour')::date, now()),
    (2, 1, 2, 'SELL', 'NOCIL-EQ', 'SUBMITTING', 'A2', NULL, 5, 212, NULL, current_date + 1, now());
INSERT INTO sends (order_id, user_id, kind, attempt, generation, quantity, send_by, outcome, text) VALUES
    (2, 1, 'place', 1, 2, 5, now(), NULL, NULL), (2, 1, 'place', 2, 3, 5, now(), 'unknown', 'timed out');
"""


@pytest.fixture
def psql(database_url: str) -> Iterator[psycopg.Connection]:
    """A person with SQL, the rows in place."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("SET timezone = 'Asia/Kolkata'")
        connection.execute(SETUP)
        yield connection


@pytest.fixture
def coverage(database: Database) -> CoverageRepository:
    """The repository, with the exchange's own days."""
    return CoverageRepository(database, ExchangeCalendar())


def test_every_open_position_has_its_state(coverage: CoverageRepository, psql: psycopg.Connection) -> None:
    covered = {c.symbol: c for c in coverage.read()}
    assert {symbol: (c.state, c.reason) for symbol, c in covered.items()} == {
        "IFBIND-EQ": (CoverState.PROTECTED, None),
        "NOCIL-EQ": (CoverState.IN_DOUBT, Reason.UNKNOWN_SEND),
        "TCI-EQ": (CoverState.PLACING, None),
        "GAIL-EQ": (CoverState.UNPROTECTED, Reason.NOT_SERVED),
    }
    assert "timed out" in covered["NOCIL-EQ"].text
    assert "every 0.5 s" in covered["NOCIL-EQ"].text
    assert (covered["IFBIND-EQ"].broker_order_id, covered["IFBIND-EQ"].price) == ("77", Decimal("425.3"))
    assert covered["GAIL-EQ"].value == 1050


def test_what_nobody_looks_at_goes_stale(database: Database, psql: psycopg.Connection) -> None:
    """Catches: coverage that trusts a dead supervisor; a sighting is believed for 17 s."""
    psql.execute("UPDATE supervisors SET lease_until = now() - interval '1 second', drill = false")
    row = psql.execute("SELECT now()").fetchone()
    assert row is not None
    (asha, *_) = CoverageRepository(database, all_day(row[0])).read(1, row[0] + timedelta(seconds=18))
    assert (asha.state, asha.reason) == (CoverState.IN_DOUBT, Reason.STALE_BOOK)


def test_words_of_an_earlier_generation_do_not_count(coverage: CoverageRepository, psql: psycopg.Connection) -> None:
    psql.execute("UPDATE tenants SET generation = 4")
    assert {c.symbol: c.reason for c in coverage.read(1)}["TCI-EQ"] is Reason.NOT_LOOKED_AT


def test_closed_positions_and_other_users_are_left_out(coverage: CoverageRepository, psql: psycopg.Connection) -> None:
    psql.execute("UPDATE positions SET closed_at = now() WHERE id = 1")
    assert [c.position for c in coverage.read(1)] == [2, 3]
    assert [c.position for c in coverage.read()] == [2, 3, 4]


def test_the_drill_is_over_for_everybody(coverage: CoverageRepository, psql: psycopg.Connection) -> None:
    psql.execute("UPDATE supervisors SET close_at = now() - interval '1 minute'")
    assert {c.reason for c in coverage.read()} == {Reason.MARKET_CLOSED}


def test_executed_sells_of_today_are_counted(coverage: CoverageRepository, psql: psycopg.Connection) -> None:
    psql.execute("UPDATE orders SET status = 'EXECUTED', filled = 10, trading_day = current_date WHERE id = 1")
    assert (coverage.sold_today(), coverage.sold_today(1), coverage.sold_today(2)) == (1, 1, 0)


def test_one_statement_for_any_number_of_positions(
    database: Database, coverage: CoverageRepository, psql: psycopg.Connection
) -> None:
    psql.execute(
        "INSERT INTO positions (id, user_id, symbol, quantity, avg_price) SELECT 100 + n, 2, 'S' || n, 1, 1 FROM"
        " generate_series(1, 500) n"
    )
    said: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    assert len(coverage.read()) == 504
    assert len([words for words in said if "positions" in words]) == 1


def all_day(now: datetime) -> DrillCalendar:
    """A market that is open an hour before and after."""
    return DrillCalendar(now - timedelta(hours=1), now + timedelta(hours=1))
