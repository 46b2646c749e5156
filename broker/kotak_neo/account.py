"""One account at Kotak as this process knows it: shared by successive threads, so that a restart changes nothing."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from broker.kotak_neo.session import Session
from broker.kotak_neo.settings import KotakSettings
from broker.kotak_neo.totp import TotpCodes
from broker.throttle import TokenBucket
from domain.clock import Clock
from domain.errors import BrokerUnavailable, LoginRefused
from domain.models import Credentials
from domain.tenure import Tenure

REFUSALS_ALLOWED = 2
_SHORTEST_SECRET = 16
"""Shorter ones (MPIN, code) could be part of an order number and are hidden in login answers only."""


class KotakAccount:
    """Credentials, session, rate and refused logins of one account. Safe to use from several threads.

    Make a new one when the credentials change: that alone forgets the refusals.
    """

    def __init__(self, credentials: Credentials, settings: KotakSettings, clock: Clock) -> None:
        self.credentials = credentials
        self.orders = _bucket(settings.orders_per_second, clock)
        self.reads = _bucket(settings.reads_per_second, clock)
        self.codes = TotpCodes(credentials.totp_secret)
        self._clock = clock
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._turn: Tenure | None = None
        self._refusals = 0

    def session(self) -> Session | None:
        """The session, while it is good."""
        session = self._session
        return session if session is not None and session.good_at(self._clock.now()) else None

    def forget(self, session: Session) -> None:
        """Drop the session that the broker no longer knows; a newer one stays."""
        with self._lock:
            if self._session is session:
                self._session = None

    def remember(self, session: Session, tenure: Tenure) -> None:
        """Keep a new session, unless the turn of its maker was taken over meanwhile."""
        with self._lock:
            if self._turn is tenure:
                self._session, self._refusals = session, 0

    @contextmanager
    def turn(self, tenure: Tenure) -> Iterator[None]:
        """One login at a time; a revoked holder, perhaps stuck for ever, loses its turn. Raises BrokerUnavailable."""
        self._take_turn(tenure)
        try:
            yield
        finally:
            self._end_turn(tenure)

    def require_login_allowed(self) -> None:
        """Raise LoginRefused once the broker has refused twice: another attempt could lock the account."""
        if self._refusals >= REFUSALS_ALLOWED:
            raise LoginRefused(
                f"The broker refused the login {self._refusals} times (limit {REFUSALS_ALLOWED}); not asked again "
                "until the credentials are changed: run.py user set-credentials NAME --credentials FILE."
            )

    def count_refusal(self) -> None:
        """The broker refused the credentials once more."""
        with self._lock:
            self._refusals += 1

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


def _bucket(rate: float, clock: Clock) -> TokenBucket:
    return TokenBucket(rate, math.ceil(rate), clock)
