"""A breaker between one account and its broker: "too many requests" and calls that hang pause the account's reads.

    closed ──(429, hang)──► open for 1, 2, 4 … 30 s ──► the next read tries ──(answered)──► closed

It closes by itself. Orders pass it: they have rules of their own, and the broker's capacity is theirs.
"""

import threading
from datetime import datetime, timedelta

from domain.clock import IST, Clock

FIRST = 1.0
LONGEST = 30.0
LONGEST_WISH = 60.0
"""Seconds; what the broker asks for in `Retry-After` is followed as far as this."""


class Breaker:
    """Counts what goes wrong in a row, over all threads of the account; `pace` multiplies the pauses of its own."""

    def __init__(self, clock: Clock, pace: float = 1.0) -> None:
        self._clock = clock
        self._pace = pace
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._opens_until = 0.0
        self._until = clock.now()
        self._why = ""

    @property
    def remaining(self) -> float:
        """Seconds for which reads are to pause; 0 while it is closed."""
        return max(0.0, self._opens_until - self._clock.monotonic())

    def trip(self, why: str, wish: float = 0.0) -> None:
        """A call was turned away or hung; `wish`: the pause in seconds that the broker asked for."""
        with self._lock:
            if not self.remaining:
                self._in_a_row += 1
            own = self._pace * min(FIRST * 2 ** (self._in_a_row - 1), LONGEST)
            pause = max(own, min(wish, LONGEST_WISH))
            self._opens_until = max(self._opens_until, self._clock.monotonic() + pause)
            self._until = self._clock.now() + timedelta(seconds=self.remaining)
            self._why = why

    def answered(self) -> None:
        """A read was answered as it should be: what went wrong before counts no more."""
        with self._lock:
            if not self.remaining:
                self._in_a_row, self._why = 0, ""

    def words(self) -> str:
        """What pauses, until when (IST) and why; empty while nothing does."""
        if not self.remaining:
            return ""
        return f"reads pause until {_time(self._until)} IST, orders go on: {self._why}"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(IST):%H:%M:%S}"
