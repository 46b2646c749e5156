"""Time-based codes of one account: none is given out twice, none that is about to end."""

import base64
import binascii
import threading

import pyotp

from domain.clock import Clock
from domain.errors import BrokerUnavailable, LoginRefused
from domain.tenure import Tenure

PERIOD = 30
LAST_SECONDS = 3.0
"""A code with less than this left is not sent: it would arrive as the wrong one."""

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

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._lock = threading.Lock()
        self._used: set[int] = set()

    def next(self, clock: Clock, tenure: Tenure) -> str:
        """A code that was never given out, waiting up to a period for it.

        Raises LoginRefused for a secret that is none, TenureLost or BrokerUnavailable when the tenant is to end.
        """
        generator = self._generator()
        while (seconds := self._claim(clock)) > 0:
            tenure.beat(clock.monotonic())
            if clock.wait(tenure.stopped, min(seconds, _BREATH)):
                tenure.require()
                raise BrokerUnavailable(f"{tenure}: stopped while waiting for the next login code; nothing was sent.")
        return generator.at(clock.now())

    def _claim(self, clock: Clock) -> float:
        """Seconds to wait, or 0 after the present period was marked as used."""
        period, passed = divmod(clock.now().timestamp(), PERIOD)
        with self._lock:
            if int(period) in self._used or PERIOD - passed < LAST_SECONDS:
                return PERIOD - passed + 0.001
            self._used.add(int(period))
            return 0.0

    def _generator(self) -> pyotp.TOTP:
        try:
            if not self._secret.strip():
                raise ValueError
            return _ShortSecrets(self._secret, interval=PERIOD)
        except (ValueError, binascii.Error):
            raise LoginRefused("The TOTP secret is not base32; enter it as the broker's app shows it.") from None
