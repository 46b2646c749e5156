"""A fill and the order feed, through the whole service in real time: supervisor, threads, rows, and a real server.

That a cycle ran because of a hint is proven by the schedule: the next one was most of a minute away. The order book's
reads are counted by a fault that does nothing but count.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from feed_client import until
from psycopg.rows import dict_row
from simulator_client import SYMBOL

from broker.simulator import Simulator
from cli.serve import supervisor
from domain.clock import SystemClock
from domain.market import drill
from repositories.database import Database
from repositories.vault import Vault
from settings import Settings

LONG = 60.0
"""Seconds of a cycle that no test waits for."""
PATIENCE = 20.0
TARGET = 848


class Service:
    """One user with one position of ten shares, served in this process against a simulator in real time."""

    def __init__(self, database_url: str) -> None:
        self.broker = Simulator(1, rate_limit=0, holdings={SYMBOL: 10})
        self.ucc = self.broker.accounts[0].ucc
        self._psql = psycopg.connect(database_url, autocommit=True, row_factory=dict_row)

    def enter(self) -> None:
        """What a person with psql enters."""
        credentials = json.dumps(asdict(self.broker.accounts[0]))
        rule = json.dumps({"target_percent": 6})
        self.rows("INSERT INTO users (id, name, broker, exit_rule) VALUES (1, 'asha', 'kotak_neo', %s)", rule)
        self.rows("INSERT INTO credentials (user_id, incoming) VALUES (1, %s)", credentials)
        self.rows("INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (1, %s, 10, 800)", SYMBOL)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What a person with psql sees."""
        cursor = self._psql.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []

    def statuses(self) -> list[str]:
        """The statuses of all sells."""
        return [str(row["status"]) for row in self.rows("SELECT status FROM orders WHERE side = 'SELL' ORDER BY id")]

    def said(self) -> str:
        """The heartbeat's text."""
        return "".join(str(row["text"]) for row in self.rows("SELECT text FROM heartbeats"))

    def reads(self) -> int:
        """How often the order book was read since `count_reads`."""
        return int(self.broker.faults()["calls"].get("orders", {}).get("late_reply", 0))

    def resting(self) -> None:
        """Wait until the sell rests, and count the order book's reads from now on."""
        until(lambda: self.statuses() == ["OPEN"], PATIENCE)
        self.broker.fault("orders", "late_reply", times=None)

    def quiet(self) -> None:
        """Wait until the feed is connected and no look follows up on anything any more: they come a second apart."""
        self.resting()
        until(lambda: self.broker.feeds()["open"] == {self.ucc: 1})
        until(lambda: self.rows("SELECT 1 FROM heartbeats WHERE clock_timestamp() - beat_at > interval '2.5 s'"))

    def close(self) -> None:
        """Let everything go."""
        self._psql.close()
        self.broker.stop()


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    made = Service(database_url)
    made.broker.start()
    made.enter()
    yield made
    made.close()


@contextmanager
def served(service: Service, database: Database, home: Path, **settings: Any) -> Iterator[None]:
    """The service for as long as it lasts; drained afterwards."""
    clock = SystemClock()
    chosen = Settings(home=home, kotak_url=service.broker.url, **settings)
    vault = Vault([Fernet.generate_key().decode()])
    with supervisor(chosen, database, vault, clock, drill(clock.now(), 0.0, 3600.0)) as running:
        thread = threading.Thread(target=running.run, name="supervisor", daemon=True)
        thread.start()
        try:
            yield
        finally:
            running.stop()
            thread.join(PATIENCE)


def test_a_fill_is_in_the_rows_though_the_next_cycle_is_a_minute_away(
    service: Service, database: Database, tmp_path: Path
) -> None:
    """Catches: a feed that is not wired in, and a hint that does not make the service look."""
    with served(service, database, tmp_path, cycle_seconds=LONG):
        service.quiet()
        before = service.reads()
        service.broker.set_price(SYMBOL, TARGET)
        until(lambda: service.statuses() == ["EXECUTED"], PATIENCE)
        assert service.reads() > before
        until(lambda: service.said().endswith("; order feed connected"))
    assert service.rows("SELECT quantity, closed_at IS NULL AS open FROM positions") == [{"quantity": 0, "open": False}]
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("feeds")]
    until(lambda: service.broker.feeds()["open"] == {})


@pytest.mark.parametrize("fault", ["drop_before", "garbage_frame", "duplicate_frame", "silence", "deaf", "huge_frame"])
def test_a_fill_that_the_feed_tells_wrongly_or_not_at_all_is_found_and_counted_once(
    service: Service, database: Database, tmp_path: Path, fault: str
) -> None:
    with served(service, database, tmp_path, cycle_seconds=0.5):
        service.resting()
        service.broker.fault("feed", fault, rows=3, times=None)
        service.broker.set_price(SYMBOL, TARGET)
        until(lambda: service.statuses() == ["EXECUTED"], PATIENCE)
        assert service.rows("SELECT quantity FROM positions") == [{"quantity": 0}]
        seen = service.reads()
        until(lambda: service.reads() > seen + 2, PATIENCE)
        assert service.rows("SELECT execution_qty FROM orders") == [{"execution_qty": 10}]
    totals = service.broker.ledger()["totals"]
    assert (totals["oversold"], totals["max_live_api_sells"], totals["api_orders"]) == (0, 1, 1)


def test_a_feed_that_lies_decides_nothing(service: Service, database: Database, tmp_path: Path) -> None:
    """A thousand frames that say the same of an order that rests: the rows stay, and so does the order."""
    with served(service, database, tmp_path, cycle_seconds=LONG):
        service.quiet()
        service.broker.fault("feed", "duplicate_frame", rows=1000)
        (order,) = service.broker.orders(service.ucc)
        service.broker.fill(order["nOrdNo"], 4)
        until(lambda: service.rows("SELECT quantity FROM positions") == [{"quantity": 6}], PATIENCE)
        until(lambda: service.broker.feeds()["frames"][service.ucc] >= 1000)
        assert service.statuses() == ["OPEN"]
        assert service.reads() <= 10


def test_switched_off_nothing_is_connected_and_the_cycle_finds_the_fill(
    service: Service, database: Database, tmp_path: Path
) -> None:
    with served(service, database, tmp_path, cycle_seconds=0.5, kotak_order_feed=False):
        service.resting()
        service.broker.set_price(SYMBOL, TARGET)
        until(lambda: service.statuses() == ["EXECUTED"], PATIENCE)
        assert service.broker.feeds()["hellos"] == {}
        assert "feed" not in service.said()
        assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("feeds")]
