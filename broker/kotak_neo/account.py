"""One account at Kotak as this process knows it: shared by successive threads, so that a restart changes nothing."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from broker.breaker import Breaker
from broker.kotak_neo.attempts import Attempts
from broker.kotak_neo.ban import Ban
from broker.kotak_neo.batches import Unquoted
from broker.kotak_neo.egress import Egress
from broker.kotak_neo.session import Session
from broker.kotak_neo.settings import KotakSettings
from broker.kotak_neo.tap import Tap
from broker.kotak_neo.totp import TotpCodes
from broker.throttle import Rates
from domain.clock import Clock
from domain.errors import AddressWrong, BrokerUnavailable
from domain.logins import MemoryBook
from domain.tenure import Tenure
from domain.users import Credentials

log = logging.getLogger(__name__)
UNSEEN = 180.0
"""Seconds for which orders wait for the broker to say under which address it sees a session."""
_SHORTEST_SECRET = 16
"""Shorter ones (MPIN, code) could be part of an order number and are hidden in login answers only."""


class KotakAccount:
    """Credentials, session, rates, breaker and attempts to log in of one account. Safe to use from several threads.

    Credentials and egress never change: `renewed` makes another account of them that keeps to the same rates. `tap`
    hears every exchange, secrets and all; None for nobody.
    """

    def __init__(
        self,
        credentials: Credentials,
        settings: KotakSettings,
        clock: Clock,
        egress: Egress | None = None,
        tap: Tap | None = None,
    ) -> None:
        self.credentials = credentials
        self.egress = egress or Egress(proxy=credentials.proxy_url)
        self.tap = tap
        self.rates = Rates(settings.orders_per_second, settings.reads_per_second, settings.calls_per_second, clock)
        self.breaker = Breaker(clock, settings.pace)
        self.attempts = Attempts(clock, settings.pace)
        self.ban = Ban(clock, settings.pace)
        self.codes = TotpCodes(credentials.totp_secret, settings.code_seconds)
        self.logins = MemoryBook()
        self.unquoted = Unquoted(clock)
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._seen: Session | None = None
        self._unseen = ""
        self._asked: tuple[Session, float] | None = None
        self._turn: Tenure | None = None
        self.fresh = True
        """Whether it never had a session; only then may one be taken over that an earlier process left."""

    def renewed(self, credentials: Credentials, egress: Egress, tap: Tap | None = None) -> "KotakAccount":
        """The same account with other credentials or another way out: without a session, within the same rates."""
        heir = KotakAccount(credentials, self._settings, self._clock, egress, tap)
        heir.rates, heir.breaker, heir.unquoted = self.rates, self.breaker, self.unquoted
        if credentials.totp_secret == self.credentials.totp_secret:
            heir.codes = self.codes
        return heir

    def session(self) -> Session | None:
        """The session, while it is good."""
        session = self._session
        return session if session is not None and session.good_at(self._clock.now()) else None

    def trusted_session(self) -> Session | None:
        """The session, once the broker was seen to see its address: the only one that orders may go out in."""
        session = self.session()
        return session if session is not None and (not session.address or session is self._seen) else None

    def trust(self, session: Session, unseen: str = "") -> None:
        """The broker sees the session's address; `unseen`: it does not say, in words."""
        self._seen, self._unseen, self._asked = session, unseen, None

    def tired_of_asking(self, session: Session) -> bool:
        """Whether the broker has not said for minutes what it sees; to be called when it does not."""
        if session is self._seen:
            return False
        now = self._clock.monotonic()
        if self._asked is None or self._asked[0] is not session:
            self._asked = (session, now)
        return now - self._asked[1] >= UNSEEN * self._settings.pace

    def distrust(self) -> None:
        """What the broker sees is to be looked at again before the next order."""
        self._seen = None

    def forget(self, session: Session, why: str = "") -> None:
        """Drop the session that the broker no longer knows, in its words; a newer one stays."""
        with self._lock:
            if self._session is not session:
                return
            self._session = None
        self.attempts.session_ended((self._clock.now() - session.created).total_seconds(), why)

    def renew(self) -> None:
        """Have a new session made, though the present one may be good; none of an earlier process is taken over."""
        with self._lock:
            self._session, self._seen, self.fresh = None, None, False

    def drop(self, session: Session) -> None:
        """Drop a session that we do not want any more; a newer one stays."""
        with self._lock:
            if self._session is session:
                self._session = None

    def remember(self, session: Session, tenure: Tenure) -> None:
        """Keep a new session, unless the turn of its maker was taken over meanwhile."""
        with self._lock:
            if self._turn is tenure:
                self._session, self.fresh = session, False

    def address(self, tenure: Tenure) -> str:
        """Where the account's calls leave from now: its session's address while that can be bound, else the first that
        can be; empty for none in particular. Another one than before ends the session. Raises AddressWrong."""
        session = self.session()
        wanted = self.egress.addresses[:1] if not self.egress.bound else self.egress.addresses
        order = dict.fromkeys(([session.address] if session is not None else []) + list(wanted)) if wanted else {"": 1}
        troubles: list[str] = []
        for address in order:
            if (trouble := self.egress.usable(address)) is None:
                self._moved(session, address, troubles, tenure)
                return address
            troubles.append(trouble)
        raise AddressWrong(
            f"{tenure}: {'; '.join(troubles)}: nothing is sent, and never from another address. Give the address back"
            f" to this machine, or the account another one: run.py user set-egress {tenure.user_name} ADDRESS."
        )

    def notice(self) -> str:
        """What somebody should know of the account's line at this moment; empty for nothing."""
        session, addresses = self._session, self.egress.addresses
        spare = session is not None and bool(addresses[1:]) and session.address == addresses[1]
        told = f"orders leave from the second address {addresses[1]}: the first could not be bound" if spare else ""
        held = self.rates.orders.held
        waiting = f"orders wait {held:.0f} s more, as the broker asked" if held else ""
        unseen = self._unseen if session is self._seen else ""
        all_words = (self.breaker.words(), waiting, told, unseen, self.attempts.words())
        return "; ".join(words for words in all_words if words)

    @contextmanager
    def turn(self, tenure: Tenure) -> Iterator[None]:
        """One login at a time; a revoked holder, perhaps stuck for ever, loses its turn. Raises BrokerUnavailable."""
        self._take_turn(tenure)
        try:
            yield
        finally:
            self._end_turn(tenure)

    def hide(self, body: bytes) -> bytes:
        """A body without the long secrets of this account, for the case that the broker repeats one."""
        for secret in self._secrets():
            body = body.replace(secret.encode(), b"(hidden)")
        return body

    def hide_all(self, text: str, code: str) -> str:
        """The text of a login answer without any secret, the short ones and the TOTP code included."""
        text = self.hide(text.encode("utf-8", "replace")).decode()
        for secret in (self.credentials.mpin, self.credentials.mobile, code):
            text = text.replace(secret, "(hidden)") if secret else text
        return text

    def _moved(self, session: Session | None, address: str, troubles: list[str], tenure: Tenure) -> None:
        if session is not None and session.address != address:
            self.drop(session)
        if troubles and (session is None or session.address != address):
            log.critical("%s: %s; its second address %s is used from now on", tenure, "; ".join(troubles), address)

    def _secrets(self) -> list[str]:
        known = [self.credentials.consumer_key, self.credentials.totp_secret]
        session = self._session
        known += [session.token, session.sid] if session is not None else []
        return [secret for secret in known if len(secret) >= _SHORTEST_SECRET]

    def _take_turn(self, tenure: Tenure) -> None:
        with self._lock:
            if self._turn is not None and not self._turn.revoked:
                raise BrokerUnavailable(
                    f"{tenure}: {self._turn} is logging this account in at the moment; wait for it."
                )
            self._turn = tenure

    def _end_turn(self, tenure: Tenure) -> None:
        with self._lock:
            if self._turn is tenure:
                self._turn = None
