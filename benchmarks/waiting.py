"""What a tenant costs while it does nothing: memory, and processor time with the market closed."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.machine import in_fresh_process, resident_bytes
from benchmarks.market import symbols
from benchmarks.peer import peer
from benchmarks.rows import Rows
from benchmarks.service_process import logged, served, settings_for
from domain.clock import SystemClock
from domain.market import drill
from repositories.vault import Vault

HOUR = 3600.0
ASLEEP_LEAD = 10 * HOUR
"""The bell is so far away that nobody logs in."""
AWAKE_LEAD = HOUR / 4
"""So near that everybody has: session, connections and the day's rows are there."""
SETTLE = 2.0
STEP = 100
"""Tenants that are enabled at once."""
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """One tenant's share: bytes, and percent of a core for all of them together; `logged_in` before the bell."""

    tenants: int
    logged_in: bool
    bytes_each: float
    percent_of_a_core: float
    seconds_to_start: float


@dataclass(frozen=True, slots=True)
class Task:
    """What the fresh process is given."""

    folder: Path
    url: str
    admin_url: str
    key: str
    broker_url: str
    tenants: int
    lead: float
    watch: float


def measure_waiting(folder: Path, rows: Rows, tenants: int, positions: int, watch: float, awake: bool) -> Waiting:
    """Start so many tenants in a process of their own and watch them for so many seconds."""
    with peer(folder, tenants, positions, 0.0) as broker, rows.fresh() as url:
        rows.enter(url, broker.accounts, [symbols(positions)] * tenants, 1)
        admin = rows.admin_url(url)
        lead = AWAKE_LEAD if awake else ASLEEP_LEAD
        task = Task(folder, url, admin, rows.key, broker.url, tenants, lead, watch)
        bytes_each, share, started = in_fresh_process(_watched, task)
    return Waiting(tenants, awake, bytes_each, 100 * share, started)


def _watched(task: Task) -> tuple[float, float, float]:
    """Bytes for each tenant after the first, the share of a core that all of them take, seconds to start them."""
    settings = settings_for(task.folder, task.broker_url, 0.0)
    moved = drill(SystemClock().now(), task.lead, 6 * HOUR)
    awake = task.lead == AWAKE_LEAD
    with (
        psycopg.connect(task.admin_url, autocommit=True) as admin,
        logged(task.folder, "INFO"),
        served(settings, task.url, Vault([task.key]), moved),
    ):
        _until_waiting(admin, 1, awake)
        alone, began = _settled(), time.monotonic()
        for enabled in range(STEP, task.tenants + STEP, STEP):
            admin.execute("UPDATE users SET enabled = true WHERE id <= %s", (enabled,))
            _until_waiting(admin, min(enabled, task.tenants), awake)
        started, together = time.monotonic() - began, _settled()
        return (together - alone) / max(1, task.tenants - 1), _share(task.watch), started


def _until_waiting(admin: "psycopg.Connection[Any]", tenants: int, awake: bool) -> None:
    book = "AND book_at IS NOT NULL" if awake else ""
    query = f"SELECT count(*) FROM heartbeats WHERE state = 'WAITING' {book}"
    give_up = time.monotonic() + PATIENCE
    while (row := admin.execute(query.encode()).fetchone()) is None or row[0] < tenants:
        if time.monotonic() > give_up:
            raise SystemExit(f"{row} of {tenants} tenants wait after {PATIENCE} s; see the service's log.")
        time.sleep(0.1)


def _settled() -> int:
    time.sleep(SETTLE)
    return resident_bytes()


def _share(seconds: float) -> float:
    began, used = time.perf_counter(), time.process_time()
    time.sleep(seconds)
    return (time.process_time() - used) / (time.perf_counter() - began)
