"""The composition root: opens the database, and puts tenants together from every layer."""

import logging
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from domain.clock import Clock
from domain.market import Calendar, ExchangeCalendar
from domain.models import Credentials
from domain.tenure import Tenure
from domain.vantage import Tempo
from repositories.coverage import CoverageRepository
from repositories.credentials import CredentialsRepository
from repositories.database import Database, require_trustworthy
from repositories.embedded import open_embedded
from repositories.instruments import InstrumentsRepository
from repositories.market_days import MarketDaysRepository
from repositories.schema import require_current, schema_status, upgrade
from repositories.users import UsersRepository
from repositories.vault import Vault, load_keys
from service.ports import InstrumentTable, Ports
from service.settings import TradingSettings
from service.trading_service import TradingService
from service.waypoints import Unwatched, Waypoints
from settings import Settings

if TYPE_CHECKING:
    from cli.papers import Papers

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


@dataclass(frozen=True, slots=True)
class Times:
    """The settings of a service, with a drill's pace applied."""

    trading: TradingSettings
    lease: float

    @classmethod
    def of(cls, settings: Settings) -> "Times":
        """Take over what the environment says."""
        trading = TradingSettings(
            cycle=settings.cycle_seconds,
            send_window=settings.kotak_send_window_seconds,
            call_deadline=settings.kotak_call_deadline_seconds,
            book_lag=settings.kotak_book_lag_seconds,
            absent_reads=settings.kotak_absent_reads,
            sellable_nets_orders=settings.kotak_sellable_nets_orders,
        )
        return cls(trading.paced(settings.pace), settings.lease_seconds)


def coverage_repository(database: Database, settings: Settings) -> CoverageRepository:
    """How every position is covered, by the exchange's days and the pace of the service."""
    calendar = ExchangeCalendar(MarketDaysRepository(database).overrides())
    times = Times.of(settings).trading
    tempo = Tempo(times.cycle, times.book_lag, times.call_deadline)
    return CoverageRepository(database, calendar, tempo)


class TenantFactory:
    """Makes the service of a tenure. Accounts live as long as the process, so that a restart of a tenant neither
    logs in again nor doubles its rate; changed credentials make a new account."""

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
        self._credentials = CredentialsRepository(database, vault)
        self._clock = clock
        self._calendar = calendar
        self._times = Times.of(settings)
        self._kotak = _kotak_settings(settings, self._times)
        self._instruments = InstrumentTable(InstrumentsRepository(database))
        self._tls = ssl.create_default_context()
        self._accounts: dict[int, tuple[Credentials, KotakAccount]] = {}
        self._lock = threading.Lock()
        self._settings = settings
        self._papers: Papers | None = None

    @property
    def papers(self) -> "Papers":
        """The paper accounts, put together when the first one is served. Raises BadInput for prices without sense."""
        from cli.papers import Papers  # the simulator, which real accounts do not need

        with self._lock:
            if self._papers is None:
                how = (self._settings, self._times.trading.call_deadline, self._instruments, self._real)
                self._papers = Papers(self._database, self._clock, self._calendar, *how)
            return self._papers

    def __call__(self, tenure: Tenure) -> TradingService:
        """The service of one tenure. Raises BadInput where its credentials are missing or cannot be opened."""
        paper = UsersRepository(self._database).get(tenure.user_id).paper
        ports = Ports(
            tenure,
            self.papers.broker(tenure) if paper else self._real(tenure.user_id, tenure)[1],
            self._database,
            self._clock,
            self._calendar,
            self.papers.instruments if paper else self._instruments,
            self._times.trading,
            self._waypoints,
        )
        return TradingService(ports)

    def _real(self, user_id: int, tenure: Tenure) -> tuple[KotakAccount, KotakNeo]:
        """A user's account, and a client of it for the thread of a tenure."""
        account = self._account(user_id)
        guard = self._database.require_idle
        return account, KotakNeo(account, tenure, self._clock, self._kotak, guard, self._tls)

    def _account(self, user_id: int) -> KotakAccount:
        credentials = self._credentials.read(user_id)
        with self._lock:
            known = self._accounts.get(user_id)
            if known is not None and known[0] == credentials:
                return known[1]
            account = KotakAccount(credentials, self._kotak, self._clock)
            self._accounts[user_id] = (credentials, account)
            return account


def _kotak_settings(settings: Settings, times: Times) -> KotakSettings:
    return KotakSettings(
        settings.kotak_url,
        call_deadline=times.trading.call_deadline,
        orders_per_second=settings.orders_per_second,
        reads_per_second=settings.reads_per_second,
        busy_is_unsent=settings.kotak_busy_is_unsent,
    )
