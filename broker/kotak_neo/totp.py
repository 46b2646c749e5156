"""Time-based codes of one account: none is given out twice, none that is about to end."""

import base64
import binascii
import threading
from collections.abc import Callable

import pyotp

from domain.clock import Clock
from domain.errors import BrokerUnavailable, LoginRefused
from domain.tenure import Tenure

PERIOD = 30
"""Seconds for which a code lives (RFC 6238); a drill against the simulator may have it shorter."""
LAST_SHARE = 0.1
"""A code with less than this share of its life left, 3 s of 30, is not sent: it would arrive as the wrong one."""

_BREATH = 1.0
"""A thread that waits for a code says this often that it lives."""


class _ShortSecrets(pyotp.TOTP):
    """RFC 6238 with whatever length of secret the broker issues; pyotp refuses the common 80 bits (16 characters)."""

    def byte_secret(self) -> bytes:
        """The key itself; blanks, hyphens, lower case and missing padding are tolerated."""
        plain = "".join(self.secret.split()).replace("-", "").rstrip("=").upper()
        return base64.b32decode(plain + "=" * (-len(plain) % 8))


class TotpCodes:
    """The codes of one secret, shared by everything that may log this account in."""

    def __init__(self, secret: str, period: int = PERIOD) -> None:
        self._secret = secret
        self._period = period
        self._lock = threading.Lock()
        self._used: set[int] = set()

    def next(self, clock: Clock, tenure: Tenure, claim: Callable[[int], bool] = lambda period: True) -> str:
        """A code that was never given out, waiting for it; `claim` says of a period whether it is still free.

        Raises LoginRefused for a secret that is none, TenureLost or BrokerUnavailable when the tenant is to end.
        """
        return self.draw(clock, tenure, claim)[1]

    def draw(self, clock: Clock, tenure: Tenure, claim: Callable[[int], bool]) -> tuple[int, str]:
        """As `next`, with the period that the code is of; checked again after `claim`, which may take its time."""
        generator = self._generator()
        while True:
            period, seconds = self._reserve(clock)
            if not seconds and claim(period) and not self._ends_soon(clock, period):
                return period, generator.at(period * self._period)
            tenure.beat(clock.monotonic())
            if clock.wait(tenure.stopped, min(seconds, _BREATH)):
                tenure.require()
                raise BrokerUnavailable(f"{tenure}: stopped while waiting for the next login code; nothing was sent.")

    def _reserve(self, clock: Clock) -> tuple[int, float]:
        """The present period, and seconds to wait, or 0 after it was marked as used."""
        moment = clock.now().timestamp()
        period = int(moment // self._period)
        with self._lock:
            if period in self._used or self._ends_soon(clock, period):
                return period, (period + 1) * self._period - moment + 0.001
            self._used.add(period)
            return period, 0.0

    def _ends_soon(self, clock: Clock, period: int) -> bool:
        return (period + 1) * self._period - clock.now().timestamp() < LAST_SHARE * self._period

    def _generator(self) -> pyotp.TOTP:
        try:
            if not self._secret.strip():
                raise ValueError
            return _ShortSecrets(self._secret, interval=self._period)
        except (ValueError, binascii.Error):
            raise LoginRefused("The TOTP secret is not base32; enter it as the broker's app shows it.") from None
