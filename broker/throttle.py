"""A token bucket: never more than its rate over time, shared by everything that speaks for one account."""

import threading

from domain.clock import Clock
from domain.errors import BrokerUnavailable
from domain.tenure import Tenure

_ROUNDING = 1e-9
"""Waiting exactly `seconds_to_token` must give the token, whatever binary fractions do on the way."""


class TokenBucket:
    """Holds at most `burst` tokens and gains `rate` of them a second; a rate of 0 is no limit at all."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._rate = rate
        self._burst = float(max(1, burst))
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = self._burst
        self._filled_at = clock.monotonic()

    def take(self, wanted: int) -> int:
        """Take up to `wanted` tokens without waiting; how many there were."""
        if self._rate <= 0:
            return max(0, wanted)
        with self._lock:
            self._fill()
            given = max(0, min(wanted, int(self._tokens + _ROUNDING)))
            self._tokens -= given
            return given

    def seconds_to_token(self, wanted: int = 1) -> float:
        """Seconds until so many tokens, or a full bucket, can be taken; 0 when they can be now."""
        if self._rate <= 0:
            return 0.0
        with self._lock:
            self._fill()
            missing = min(float(wanted), self._burst) - self._tokens
            return missing / self._rate if missing > _ROUNDING else 0.0

    def wait(self, tenure: Tenure) -> None:
        """Take one token, waiting for it. Raises TenureLost or BrokerUnavailable when the tenant is to end."""
        while not self.take(1):
            if self._clock.wait(tenure.stopped, self.seconds_to_token()):
                tenure.require()
                raise BrokerUnavailable(f"{tenure}: stopped while waiting for the account's rate; nothing was asked.")

    def _fill(self) -> None:
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
