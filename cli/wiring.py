"""The composition root: opens the database, and puts tenants together from every layer.

Broker and service are imported where a tenant is made: verbs that only read or write rows do without them.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.times import Times
from domain.clock import Clock
from domain.market import Calendar, ExchangeCalendar
from domain.tenure import Tenure
from domain.vantage import Tempo
from repositories.coverage import CoverageRepository
from repositories.database import Database, require_trustworthy
from repositories.embedded import open_embedded
from repositories.instruments import InstrumentsRepository
from repositories.market_days import MarketDaysRepository
from repositories.schema import require_current, schema_status, upgrade
from repositories.users import UsersRepository
from repositories.vault import Vault, load_keys
from settings import Settings

if TYPE_CHECKING:
    from cli.papers import Papers
    from service.trading_service import TradingService
    from service.waypoints import Waypoints

log = logging.getLogger("ninefifteen.wiring")


@contextmanager
def open_any_database(settings: Settings) -> Iterator[Database]:
    """The configured PostgreSQL, or the embedded one; whatever its schema. Raises DatabaseUnavailable, BadInput."""
    if settings.database_url is not None:
        database = Database(settings.database_url.get_secret_value(), pool_size=settings.pool_size)
        try:
            yield database
        finally:
            database.close()
        return
    folder = settings.data_folder
    with open_embedded(folder) as server:
        # Opening the folder once more starts a server that has died; our own share keeps it from being stopped.
        database = Database(server.url, pool_size=settings.pool_size, revive=lambda: open_embedded(folder).close())
        try:
            yield database
        finally:
            database.close()


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """A database with this program's schema; an empty embedded one is given it. Raises SchemaUnknown as well."""
    with open_any_database(settings) as database:
        if settings.database_url is None and schema_status(database).current is None:
            upgrade(database)
        require_current(database)
        require_trustworthy(database)
        yield database


def open_vault(settings: Settings) -> Vault:
    """The keys that seal credentials. Raises BadInput, NotAllowed."""
    text = settings.secret_keys.get_secret_value() if settings.secret_keys else None
    return Vault(load_keys(text, settings.key_file))


def coverage_repository(database: Database, settings: Settings) -> CoverageRepository:
    """How every position is covered, by the exchange's days and the pace of the service."""
    calendar = ExchangeCalendar(MarketDaysRepository(database).overrides())
    times = Times.of(settings).trading
    tempo = Tempo(times.cycle, times.book_lag, times.call_deadline)
    return CoverageRepository(database, calendar, tempo)


class TenantFactory:
    """Makes the service of a tenure."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        calendar: Calendar,
        settings: Settings,
        waypoints: "Waypoints | None" = None,
    ) -> None:
        from cli.kotak_lines import KotakLines
        from service.ports import InstrumentTable, Ports
        from service.trading_service import TradingService
        from service.waypoints import Unwatched

        self._make: Callable[[Ports], TradingService] = TradingService
        self._database = database
        self._waypoints = waypoints or Unwatched()
        self._clock = clock
        self._calendar = calendar
        self._times = Times.of(settings)
        self._kotak = KotakLines(database, vault, clock, settings, self._times)
        self._instruments = InstrumentTable(InstrumentsRepository(database))
        self._users = UsersRepository(database)
        self._lock = threading.Lock()
        self._settings = settings
        self._papers: Papers | None = None

    @property
    def papers(self) -> "Papers":
        """The paper accounts, put together when the first one is served. Raises BadInput for prices without sense."""
        from cli.papers import Papers  # the simulator, which real accounts do not need

        with self._lock:
            if self._papers is None:
                how = (self._settings, self._times.trading.call_deadline, self._instruments, self._kotak.reader)
                self._papers = Papers(self._database, self._clock, self._calendar, *how)
            return self._papers

    def __call__(self, tenure: Tenure) -> "TradingService":
        """The service of one tenure. Raises as `KotakLines.line` does."""
        from broker.api import NoFeed
        from service.ports import Ports

        user = self._users.get(tenure.user_id)
        paper = user.paper
        broker, feed = (self.papers.broker(tenure), NoFeed()) if paper else self._kotak.line(user, tenure)
        ports = Ports(
            tenure,
            broker,
            self._database,
            self._clock,
            self._calendar,
            self.papers.instruments if paper else self._instruments,
            self._times.trading,
            self._waypoints,
            feed,
        )
        return self._make(ports)

    def close(self) -> None:
        """Let go what outlives tenants, whose threads have ended by then."""
        self._kotak.close()
        if self._papers is not None:
            self._papers.close()
