"""The composition root: opens the database, and puts tenants together from every layer."""

import logging
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from broker.api import NoFeed, OrderFeed
from broker.kotak_neo import (
    HERE,
    Egress,
    FeedSettings,
    Greeting,
    KotakAccount,
    KotakNeo,
    KotakSettings,
    Lookups,
    Reach,
    Session,
    Way,
    host_of,
    is_loopback,
)
from domain.clock import Clock
from domain.errors import BadInput, NotAllowed
from domain.live import objection
from domain.market import Calendar, ExchangeCalendar
from domain.models import Credentials, User
from domain.tenure import Tenure
from domain.vantage import Tempo
from repositories.coverage import CoverageRepository
from repositories.credentials import CredentialsRepository
from repositories.database import Database, require_trustworthy
from repositories.embedded import open_embedded
from repositories.instruments import InstrumentsRepository
from repositories.logins import LoginsRepository
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
    from broker.kotak_neo.feed import KotakFeeds
    from broker.kotak_neo.recorder import Recorder
    from cli.papers import Papers

log = logging.getLogger("ninefifteen.wiring")
HINTS_A_SECOND = 2.0
"""A fill is looked at within half a second of its frame, and a flood of frames costs two looks a second."""


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
        self._vault = vault
        self._waypoints = waypoints or Unwatched()
        self._credentials = CredentialsRepository(database, vault)
        self._clock = clock
        self._calendar = calendar
        self._times = Times.of(settings)
        self._kotak = kotak_settings(settings, self._times)
        self._instruments = InstrumentTable(InstrumentsRepository(database))
        self._tls = ssl.create_default_context()
        self._lookups = Lookups()
        self._recorder = open_recorder(settings)
        self._feeds = _feeds(settings, clock, self._tls) if settings.kotak_order_feed else None
        self._users = UsersRepository(database)
        self._nat = settings.nat
        self._accounts: dict[int, KotakAccount] = {}
        self._served: dict[int, tuple[Tenure, str]] = {}
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
        """The service of one tenure. Raises BadInput where its credentials are missing or cannot be opened, NotAllowed
        where the account is live and the broker is not, or the other way round."""
        user = self._users.get(tenure.user_id)
        paper = user.paper
        broker, feed = (self.papers.broker(tenure), NoFeed()) if paper else self._kotak_line(user, tenure)
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
        """Let the order feeds go and end the recording; the tenants' threads have ended by then."""
        if self._feeds is not None:
            self._feeds.close()
        if self._papers is not None:
            self._papers.close()
        if self._recorder is not None:
            self._recorder.close()

    def _kotak_line(self, user: User, tenure: Tenure) -> tuple[KotakNeo, OrderFeed]:
        host = host_of(self._kotak.login_url)
        objected = objection(user, host, is_loopback(host))
        if objected is not None:
            raise NotAllowed(objected)
        self._require_own_account(tenure)
        account, client = self._real(user.id, tenure)
        return client, self._feed(tenure, account, self._reach(user))

    def _real(self, user_id: int, tenure: Tenure) -> tuple[KotakAccount, KotakNeo]:
        """A user's account, and a client of it for the thread of a tenure."""
        account = self._account(user_id)
        logins = LoginsRepository(self._database, tenure, self._vault)
        settings = replace(self._kotak, reach=self._reach(self._users.get(user_id)))
        how = (settings, self._database.require_idle, self._tls, logins, self._lookups)
        return account, KotakNeo(account, tenure, self._clock, *how)

    def _reach(self, user: User) -> Reach:
        return Reach.of(self._kotak.login_url) if user.live else HERE

    def _require_own_account(self, tenure: Tenure) -> None:
        """Raise BadInput where another user is served with credentials of the same broker account.

        Both would sell the same shares, at twice the account's rate, and take each other's session.
        """
        ucc = self._credentials.read(tenure.user_id).ucc
        with self._lock:
            others = [t for t, code in self._served.values() if code == ucc and t.user_id != tenure.user_id]
            other = next((served for served in others if not served.stopping), None)
            if other is None:
                self._served[tenure.user_id] = (tenure, ucc)
                return
        name = tenure.user_name
        raise BadInput(
            f"The credentials of {name} are for the broker account (UCC) that {other.user_name} (user {other.user_id})"
            f" is served with: an account belongs to one user, or its shares would be sold twice. Correct them: run.py"
            f" user set-credentials {name} --credentials FILE; or disable one of the two: run.py user disable NAME."
        )

    def _feed(self, tenure: Tenure, account: KotakAccount, reach: Reach) -> OrderFeed:
        """The account's feed leaves as its calls do; its session is tied to the address that it was begun from."""
        if self._feeds is None:
            return NoFeed()
        egress = account.egress

        def way(session: Session) -> Way:
            return Way(egress.source(session.address), egress.proxy, reach)

        return self._feeds.follow(tenure, account, way)

    def _account(self, user_id: int) -> KotakAccount:
        credentials = self._credentials.read(user_id)
        egress = self._egress(self._users.get(user_id), credentials)
        with self._lock:
            known = self._accounts.get(user_id)
            if known is not None and (known.credentials, known.egress) == (credentials, egress):
                return known
            tap = self._recorder.tap(credentials) if self._recorder is not None else None
            fresh = KotakAccount(credentials, self._kotak, self._clock, egress, tap)
            account = known.renewed(credentials, egress, tap) if known is not None else fresh
            self._accounts[user_id] = account
            return account

    def _egress(self, user: User, credentials: Credentials) -> Egress:
        """Raises BadInput for a proxy of which nobody says under which address the broker is to see it."""
        if credentials.proxy_url and not user.addresses:
            raise BadInput(
                f"The credentials of {user.name} name a proxy, and its row no egress address: say which address the"
                f" broker sees behind it: run.py user set-egress {user.name} ADDRESS."
            )
        return Egress(user.addresses, self._nat, credentials.proxy_url)


def _feeds(settings: Settings, clock: Clock, tls: ssl.SSLContext) -> "KotakFeeds":
    """Hints take at most half of the reads that the account's rate allows, and never more than two a second."""
    from broker.kotak_neo.feed import KotakFeeds  # a websocket library, which only the service needs

    reads = settings.reads_per_second
    hints = min(HINTS_A_SECOND, reads / 2) if reads else HINTS_A_SECOND
    how = FeedSettings(Greeting(settings.kotak_feed_greeting), wakes_a_second=hints)
    return KotakFeeds(how.paced(settings.pace), clock, tls)


def open_recorder(settings: Settings) -> "Recorder | None":
    """What writes every exchange with the broker down, where the settings ask for it. Raises NotAllowed."""
    if settings.record is None:
        return None
    from broker.kotak_neo.recorder import Recorder  # with all that judges and hides, which nothing else needs

    return Recorder(settings.record)


def kotak_settings(settings: Settings, times: Times) -> KotakSettings:
    """How to speak to Kotak by these settings."""
    return KotakSettings(
        settings.kotak_url,
        call_deadline=times.trading.call_deadline,
        orders_per_second=settings.orders_per_second,
        reads_per_second=settings.reads_per_second,
        calls_per_second=settings.kotak_calls_per_second,
        busy_is_unsent=settings.kotak_busy_is_unsent,
        literal_bar=settings.kotak_literal_bar,
        pace=settings.pace,
        code_seconds=settings.drill_code_seconds,
    )
