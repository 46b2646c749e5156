"""How the accounts of a process speak to Kotak: one line each, whatever becomes of their tenants."""

import ssl
import threading
from dataclasses import replace
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
from cli.times import Times
from domain.clock import Clock
from domain.errors import BadInput, NotAllowed
from domain.live import objection
from domain.tenure import Tenure
from domain.users import Credentials, User
from repositories.credentials import CredentialsRepository
from repositories.database import Database
from repositories.logins import LoginsRepository
from repositories.users import UsersRepository
from repositories.vault import Vault
from settings import Settings

if TYPE_CHECKING:
    from broker.kotak_neo.feed.feeds import KotakFeeds
    from broker.kotak_neo.recording.recorder import Recorder

HINTS_A_SECOND = 2.0
"""A fill is looked at within half a second of its frame, and a flood of frames costs two looks a second."""


class KotakLines:
    """Accounts live as long as the process, so that a restart of a tenant neither logs in again nor doubles its rate;
    changed credentials make a new account."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, settings: Settings, times: Times) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._settings = kotak_settings(settings, times)
        self._credentials = CredentialsRepository(database, vault)
        self._users = UsersRepository(database)
        self._nat = settings.nat
        self._tls = ssl.create_default_context()
        self._lookups = Lookups()
        self._recorder = open_recorder(settings)
        self._feeds = _feeds(settings, clock, self._tls) if settings.kotak_order_feed else None
        self._accounts: dict[int, KotakAccount] = {}
        self._served: dict[int, tuple[Tenure, str]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let the order feeds go and end the recording; the tenants' threads have ended by then."""
        if self._feeds is not None:
            self._feeds.close()
        if self._recorder is not None:
            self._recorder.close()

    def line(self, user: User, tenure: Tenure) -> tuple[KotakNeo, OrderFeed]:
        """A client and a feed for the thread of a tenure. Raises BadInput where credentials are missing, cannot be
        opened, or are another user's; NotAllowed where the account is live and the broker is not, or the other way
        round."""
        host = host_of(self._settings.login_url)
        objected = objection(user, host, is_loopback(host))
        if objected is not None:
            raise NotAllowed(objected)
        credentials = self._credentials.read(user.id)
        self._require_own_account(tenure, credentials.ucc)
        account, client = self._client(user, credentials, tenure)
        return client, self._feed(tenure, account, self._reach(user))

    def reader(self, user_id: int, tenure: Tenure) -> tuple[KotakAccount, KotakNeo]:
        """A user's account, and a client of it for the thread of a tenure. Raises BadInput."""
        credentials = self._credentials.read(user_id)
        return self._client(self._users.get(user_id), credentials, tenure)

    def _client(self, user: User, credentials: Credentials, tenure: Tenure) -> tuple[KotakAccount, KotakNeo]:
        account = self._account(user, credentials)
        logins = LoginsRepository(self._database, tenure, self._vault)
        settings = replace(self._settings, reach=self._reach(user))
        how = (settings, self._database.require_idle, self._tls, logins, self._lookups)
        return account, KotakNeo(account, tenure, self._clock, *how)

    def _reach(self, user: User) -> Reach:
        return Reach.of(self._settings.login_url) if user.live else HERE

    def _require_own_account(self, tenure: Tenure, ucc: str) -> None:
        """Raise BadInput where another user is served with credentials of the same broker account.

        Both would sell the same shares, at twice the account's rate, and take each other's session.
        """
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

    def _account(self, user: User, credentials: Credentials) -> KotakAccount:
        egress = self._egress(user, credentials)
        with self._lock:
            known = self._accounts.get(user.id)
            if known is not None and (known.credentials, known.egress) == (credentials, egress):
                return known
            tap = self._recorder.tap(credentials) if self._recorder is not None else None
            fresh = KotakAccount(credentials, self._settings, self._clock, egress, tap)
            account = known.renewed(credentials, egress, tap) if known is not None else fresh
            self._accounts[user.id] = account
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
    from broker.kotak_neo.feed.feeds import KotakFeeds  # a websocket library, which only the service needs

    reads = settings.reads_per_second
    hints = min(HINTS_A_SECOND, reads / 2) if reads else HINTS_A_SECOND
    how = FeedSettings(Greeting(settings.kotak_feed_greeting), wakes_a_second=hints)
    return KotakFeeds(how.paced(settings.pace), clock, tls)


def open_recorder(settings: Settings) -> "Recorder | None":
    """What writes every exchange with the broker down, where the settings ask for it. Raises NotAllowed."""
    if settings.record is None:
        return None
    from broker.kotak_neo.recording.recorder import Recorder  # with all that judges and hides, which nothing else needs

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
