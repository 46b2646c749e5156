"""From a fill at the broker to its row, with the order feed and without: what the hint is worth."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import requests

from benchmarks.market import SHARES, TARGET, symbols
from benchmarks.peer import Peer, peer
from benchmarks.rows import Rows
from benchmarks.service_process import served
from domain.clock import SystemClock
from domain.market import drill
from settings import Settings

DAY = 6 * 3600.0
BETWEEN = 0.2
"""Seconds between two fills, so that no look finds many."""
PATIENCE = 60.0
READS = 2.5
"""Seconds without a heartbeat after which no look follows up on anything."""
RESTING = "SELECT count(*) FROM orders WHERE side = 'SELL' AND status = 'OPEN'"
FILLED = (
    "SELECT broker_order_id, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 FROM orders"
    " WHERE status = 'EXECUTED'"
)


@dataclass(frozen=True, slots=True)
class Fills:
    """Seconds from a fill's command to the commit of its row. `fed`: with the order feed."""

    fed: bool
    tenants: int
    cycle: float
    fills: int
    median: float
    slowest: float


def measure_fills(folder: Path, rows: Rows, users: int, fills: int, latency: float, fed: bool) -> Fills:
    """Fill the orders of so many users one after the other while the service looks every five seconds."""
    settings = Settings(home=folder, orders_per_second=0, kotak_order_feed=fed)
    positions = -(-fills // users)
    with peer(folder, users, positions, latency) as broker, rows.fresh() as url:
        rows.enter(url, broker.accounts, [symbols(positions)] * users, users)
        settings = settings.model_copy(update={"kotak_url": broker.url})
        with (
            served(settings, url, rows.vault, drill(SystemClock().now(), 0.0, DAY)),
            rows.open(url) as admin,
        ):
            _until(admin, RESTING, users * positions)
            _connected(broker, users if fed else 0)
            filled = _fill(broker, fills)
            _until(admin, "SELECT count(*) FROM orders WHERE status = 'EXECUTED'", fills)
            taken = _taken(admin, filled)
    return Fills(fed, users, settings.cycle_seconds, fills, median(taken), max(taken))


def _fill(broker: Peer, fills: int) -> dict[str, float]:
    """When each order was filled, by the clock of this machine."""
    live = [order["order"] for order in broker.ledger()["orders"] if order["finished"] is None]
    filled: dict[str, float] = {}
    for number in live[:fills]:
        filled[number] = time.time()
        asked = {"order": number, "quantity": SHARES, "price": TARGET}
        requests.post(f"{broker.url}/control/fill", json=asked, timeout=PATIENCE).raise_for_status()
        time.sleep(BETWEEN)
    return filled


def _taken(admin: "psycopg.Connection[Any]", filled: dict[str, float]) -> Sequence[float]:
    return [float(at) - filled[number] for number, at in admin.execute(FILLED.encode()).fetchall()]


def _connected(broker: Peer, wanted: int) -> None:
    give_up = time.monotonic() + PATIENCE
    while sum(requests.get(f"{broker.url}/control/feeds", timeout=PATIENCE).json()["open"].values()) < wanted:
        if time.monotonic() > give_up:
            raise SystemExit(f"The order feeds were not connected within {PATIENCE} s; see the service's log.")
        time.sleep(0.1)
    time.sleep(READS)


def _until(admin: "psycopg.Connection[Any]", query: str, wanted: int) -> None:
    give_up = time.monotonic() + PATIENCE
    while (row := admin.execute(query.encode()).fetchone()) is None or row[0] < wanted:
        if time.monotonic() > give_up:
            raise SystemExit(f"{row} of {wanted} orders after {PATIENCE} s; see the service's log.")
        time.sleep(0.1)
