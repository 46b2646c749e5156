"""Makes the service of each tenant, from every layer; for the process that serves."""

import threading
from typing import TYPE_CHECKING

from broker.api import NoFeed
from cli.kotak_lines import KotakLines
from cli.times import Times
from domain.clock import Clock
from domain.market import Calendar
from domain.tenure import Tenure
from repositories.database import Database
from repositories.instruments import InstrumentsRepository
from repositories.users import UsersRepository
from repositories.vault import Vault
from service.instrument_table import InstrumentTable
from service.ports import Ports
from service.trading_service import TradingService
from service.waypoints import Unwatched, Waypoints
from settings import Settings

if TYPE_CHECKING:
    from cli.papers import Papers


class TenantFactory:
    """Makes the service of a tenure."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        calendar: Calendar,
        settings: Settings,
        waypoints: Waypoints | None = None,
    ) -> None:
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

    def __call__(self, tenure: Tenure) -> TradingService:
        """The service of one tenure. Raises as `KotakLines.line` does."""
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
        return TradingService(ports)

    def close(self) -> None:
        """Let go what outlives tenants, whose threads have ended by then."""
        self._kotak.close()
        if self._papers is not None:
            self._papers.close()
