"""What a look costs when nothing has happened: statements and milliseconds, with few and many positions and a past."""

import statistics
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.counting import Counter
from benchmarks.market import symbols
from benchmarks.peer import Peer, peer
from benchmarks.rows import Rows
from benchmarks.service_process import asked, settings_for
from cli.tenant_factory import TenantFactory
from domain.clock import SystemClock
from domain.market import DrillCalendar
from domain.tenure import Tenure
from repositories.database import Database
from service.trading_service import TradingService

OLD_ORDERS = 5_000
CYCLES = 20
SETTLING = 50
"""Looks at most until every sell is seen resting."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """The median of some quiet looks of one tenant; milliseconds include one read over HTTP without latency."""

    positions: int
    old_orders: int
    statements: float
    transactions: float
    milliseconds: float


def measure_cycles(folder: Path, rows: Rows, sizes: Sequence[int] = (6, 100)) -> list[Cycle]:
    """Each size without a past, then all of them with one."""
    traded = symbols(max(sizes))
    holdings = [traded[:size] for size in sizes]
    with peer(folder, len(sizes), len(traded), 0.0) as broker, rows.fresh() as url:
        rows.enter(url, broker.accounts, holdings, len(sizes))
        fresh = _measured(folder, rows, broker, url, sizes, 0)
        for number, held in enumerate(holdings, 1):
            rows.age(url, number, held, OLD_ORDERS)
        return fresh + _measured(folder, rows, broker, url, sizes, OLD_ORDERS)


def _measured(folder: Path, rows: Rows, broker: Peer, url: str, sizes: Sequence[int], old_orders: int) -> list[Cycle]:
    with closing(Database(url)) as database:
        make = _factory(folder, rows, broker, database)
        measured = []
        for number, size in enumerate(sizes, 1):
            service = make(_claimed(rows, url, number))
            _settle(service, partial(_resting, rows, url, number), size)
            measured.append(_quiet(service, database, size, old_orders))
        return measured


def _factory(folder: Path, rows: Rows, broker: Peer, database: Database) -> TenantFactory:
    clock = SystemClock()
    now = clock.now()
    calendar = DrillCalendar(now - timedelta(seconds=1), now + timedelta(hours=1))
    settings = settings_for(folder, broker.url, 0.0).model_copy(
        update={"reads_per_second": 0.0, "kotak_order_feed": False}
    )
    return TenantFactory(database, rows.vault, clock, calendar, settings)


def _claimed(rows: Rows, url: str, user_id: int) -> Tenure:
    claim = (
        f"INSERT INTO tenants (user_id, generation) VALUES ({user_id}, 1) ON CONFLICT (user_id)"
        " DO UPDATE SET generation = tenants.generation + 1 RETURNING generation"
    )
    return Tenure(user_id, asked(rows, url, claim), f"user{user_id}")


def _resting(rows: Rows, url: str, user_id: int) -> int:
    return asked(rows, url, f"SELECT count(*) FROM orders WHERE user_id = {user_id} AND status = 'OPEN'")


def _settle(service: TradingService, resting: "partial[int]", wanted: int) -> None:
    """Have every sell placed and seen, and the account's own shares noted."""
    service.initialize()
    for _ in range(SETTLING):
        service.cycle()
        if resting() == wanted:
            break
        time.sleep(0.1)
    else:
        raise SystemExit(f"Only {resting()} of {wanted} sells rest after {SETTLING} looks.")
    service.cycle()
    service.cycle()


def _quiet(service: TradingService, database: Database, size: int, old_orders: int) -> Cycle:
    counter = Counter()
    spent = []
    with counter.on(database.engine):
        began = time.time()
        for _ in range(CYCLES):
            start = time.perf_counter()
            service.cycle()
            spent.append(1000 * (time.perf_counter() - start))
        counts = counter.between(began, time.time())
    database.leave_thread()
    return Cycle(size, old_orders, counts.statements / CYCLES, counts.transactions / CYCLES, statistics.median(spent))
