"""The operator's market days: both ways over the exchange's calendar, cached for a second, safe in an outage."""

from datetime import UTC, datetime, timedelta
from threading import Thread

import psycopg
import pytest

from domain.clock import VirtualClock
from domain.errors import DatabaseUnavailable
from domain.market import NoTrading, Phase, Session, TradingDay
from repositories.database import Database
from repositories.embedded import EmbeddedServer
from repositories.market_days import MarketDaysRepository, RowCalendar

MONDAY = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)


def insert(url: str, day: str, bell: str | None = None, close: str | None = None) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO market_days VALUES (%s, %s, %s, 'a test')", (day, bell, close))


def test_a_row_closes_a_weekday_and_opens_a_sunday(database: Database, database_url: str, clock: VirtualClock) -> None:
    insert(database_url, "2026-11-23")
    insert(database_url, "2026-11-22", "2026-11-22 18:00+05:30", "2026-11-22 19:00+05:30")
    calendar = RowCalendar(MarketDaysRepository(database), clock)
    assert calendar.session(MONDAY) == NoTrading(MONDAY.date(), "a test")
    sunday = calendar.session(SUNDAY)
    assert isinstance(sunday, TradingDay)
    assert sunday.phase(SUNDAY.replace(hour=12, minute=45)) is Phase.OPEN


def test_hours_on_another_day_close_the_day(database: Database, database_url: str) -> None:
    """Catches: trusting a row typed with the wrong date, or with infinity, which the driver cannot read."""
    insert(database_url, "2026-11-23", "2026-11-24 09:15+05:30", "2026-11-24 15:30+05:30")
    insert(database_url, "2026-11-25", "2026-11-25 09:15+05:30", "infinity")
    insert(database_url, "infinity")
    overrides = MarketDaysRepository(database).overrides()
    assert [o.bell for o in overrides.values()] == [None, None]
    assert "not on that day" in overrides[MONDAY.date()].because


def test_a_new_row_is_noticed_after_a_second(database: Database, database_url: str, clock: VirtualClock) -> None:
    calendar = RowCalendar(MarketDaysRepository(database), clock)
    assert isinstance(calendar.session(MONDAY), TradingDay)
    insert(database_url, "2026-11-23")
    assert isinstance(calendar.session(MONDAY), TradingDay)
    clock.advance(1)
    assert isinstance(calendar.session(MONDAY), NoTrading)


def test_an_outage_leaves_the_last_known_rows(
    server: EmbeddedServer, database: Database, database_url: str, clock: VirtualClock
) -> None:
    insert(database_url, "2026-11-23")
    calendar = RowCalendar(MarketDaysRepository(database), clock)
    calendar.session(MONDAY)
    database.close()
    name = database_url.split("?")[0].rpartition("/")[2]
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
    clock.advance(1)
    assert isinstance(calendar.session(MONDAY), NoTrading)


def test_nothing_known_is_an_error_and_never_a_day(clock: VirtualClock) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable):
        RowCalendar(MarketDaysRepository(nowhere), clock).session(MONDAY)
    nowhere.close()


def test_many_threads_share_it(database: Database, clock: VirtualClock) -> None:
    calendar = RowCalendar(MarketDaysRepository(database), clock, kept_seconds=0)
    seen: list[Session] = []
    threads = [Thread(target=lambda: seen.append(calendar.session(MONDAY + timedelta(days=2)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 1
