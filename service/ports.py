"""Everything that one tenant's service works with, put together by the composition root."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from broker.api import Broker, NoFeed, OrderFeed
from domain.book import Instrument
from domain.clock import Clock
from domain.market import Calendar
from domain.models import Position
from domain.tenure import Tenure
from repositories.accounts import AccountsRepository
from repositories.database import Database
from repositories.doors import Door
from repositories.instruments import InstrumentsRepository
from repositories.journal import JournalRepository
from repositories.orders import OrdersRepository
from repositories.positions import PositionsRepository
from repositories.sends import SendsRepository
from repositories.tenants import TenantsRepository
from service.settings import TradingSettings
from service.waypoints import Unwatched, Waypoints

SERIES = ("EQ", "BE", "BZ", "SM", "ST")
"""Series of shares that an ordinary order can sell, the usual one first; others with the same ISIN are block deals."""
PATIENCE = 5.0
"""Seconds for which a tenant waits for the download that another one makes for all."""


class InstrumentTable:
    """Today's instrument file, loaded once for all tenants of the process."""

    def __init__(self, repository: InstrumentsRepository) -> None:
        self._repository = repository
        self._lock = threading.Lock()
        self._day: date | None = None
        self._by_symbol: dict[str, Instrument] = {}
        self._by_isin: dict[str, Instrument] = {}

    @property
    def day(self) -> date | None:
        """Which day's table it is."""
        return self._day

    def load(self, day: date, fetch: Callable[[], Iterable[Instrument]]) -> None:
        """Make sure of the day's table: from memory, else from the rows, else from the broker.

        Raises what `fetch` raises. Whoever has waited long for another tenant's download makes its own.
        """
        if self._day == day:
            return
        alone = self._lock.acquire(timeout=PATIENCE)
        try:
            if self._day != day:
                self._take_over(day, fetch)
        finally:
            if alone:
                self._lock.release()

    def _take_over(self, day: date, fetch: Callable[[], Iterable[Instrument]]) -> None:
        self._by_symbol = {i.symbol: i for i in self._repository.of_day(day)} or self._fetch(day, fetch)
        traded = [line for line in self._by_symbol.values() if line.isin and line.series in SERIES]
        self._by_isin = {i.isin: i for i in sorted(traded, key=lambda line: -SERIES.index(line.series))}
        self._day = day

    def find(self, *symbols: str | None) -> Instrument | None:
        """The first of these trading symbols that is in the table."""
        return next((self._by_symbol[s] for s in symbols if s and s in self._by_symbol), None)

    def of(self, position: Position) -> Instrument | None:
        """What a position's orders are in: the symbol that its buys were placed under, else its own; where the file
        has neither any more, since the series changed overnight, the line with the same ISIN."""
        named = self.find(position.placed_symbol, position.symbol)
        return named if named is not None or not position.isin else self._by_isin.get(position.isin)

    def _fetch(self, day: date, fetch: Callable[[], Iterable[Instrument]]) -> dict[str, Instrument]:
        lines = {line.symbol: line for line in fetch()}
        self._repository.replace(day, lines.values())
        return lines


@dataclass(frozen=True, slots=True)
class Repositories:
    """One tenant's repositories, all through the same door."""

    door: Door
    accounts: AccountsRepository
    positions: PositionsRepository
    orders: OrdersRepository
    sends: SendsRepository
    journal: JournalRepository
    tenants: TenantsRepository


def tenant_repositories(database: Database, tenure: Tenure) -> Repositories:
    """The repositories of one generation of one tenant."""
    door: Door = partial(database.unit_of_work, tenure)
    return Repositories(
        door,
        AccountsRepository(door, tenure.user_id),
        PositionsRepository(door),
        OrdersRepository(door),
        SendsRepository(door, tenure),
        JournalRepository(door),
        TenantsRepository(database),
    )


@dataclass(frozen=True, slots=True)
class Ports:
    """What a `TradingService` is given."""

    tenure: Tenure
    broker: Broker
    database: Database
    clock: Clock
    calendar: Calendar
    instruments: InstrumentTable
    settings: TradingSettings
    waypoints: Waypoints = field(default_factory=Unwatched)
    feed: OrderFeed = field(default_factory=NoFeed)
