"""When an account may be logged in again: later after each attempt that failed, and after sessions that do not last."""

import threading
from collections import deque
from datetime import timedelta

from domain.clock import IST, Clock
from domain.errors import BrokerUnavailable
from domain.tenure import Tenure
from domain.wording import stopped

FIRST = 5.0
LONGEST = 30.0
AFTER_REFUSAL = 60.0
"""Seconds; Kotak's own advice after a failed login is 45 and more, so that another code is not taken for guessing."""

YOUNG = 60.0
"""A session that ends sooner than this after its login is no use: the next login would fare no better."""
HOUR = 3600.0
MANY = 3
"""Sessions that may end within an hour before each login has to wait: a broker restarts, a token is reset. More is
somebody who logs in with the same credentials, and would be thrown out each time in turn."""
LONGEST_AFTER_ENDS = 300.0
_LONGEST_REASON = 120


class Attempts:
    """Counts failures in a row and sessions that the broker ended, over all threads of the account.

    `pace` multiplies every pause.
    """

    def __init__(self, clock: Clock, pace: float = 1.0) -> None:
        self._clock = clock
        self._pace = pace
        self._lock = threading.Lock()
        self._failures = 0
        self._died_young = 0
        self._ends: deque[float] = deque()
        self._due = 0.0
        self._told = ""

    def require_due(self, tenure: Tenure) -> None:
        """Raise BrokerUnavailable with what went wrong last, while the next attempt is not due."""
        if self._clock.monotonic() < self._due:
            raise BrokerUnavailable(f"{tenure}: {self._told}")

    def failed(self, why: str, least: float = 0.0) -> str:
        """An attempt did not end in a session: the next comes after 5, 10, 20, 30 s, or `least`; why, and when."""
        with self._lock:
            self._failures += 1
            self._delay(why, max(least, min(LONGEST, FIRST * 2 ** (self._failures - 1))))
            return self._told

    def worked(self) -> None:
        """An attempt ended in a session that may be used."""
        with self._lock:
            self._failures = 0

    def session_ended(self, lived: float, why: str = "") -> None:
        """The broker no longer knows a session that lived so many seconds.

        The first that dies young is forgiven, and a few an hour of whatever age; then each login waits longer.
        """
        with self._lock:
            self._died_young = self._died_young + 1 if lived < YOUNG else 0
            self._ends.append(self._clock.monotonic())
            many = max(self._died_young - 1, self._within_an_hour() - MANY)
            if many > 0:
                self._delay(self._about_ends(why), min(LONGEST_AFTER_ENDS, FIRST * 2.0 ** (many - 1)))

    def words(self) -> str:
        """What somebody should know of the sessions of the last hour; empty for nothing."""
        with self._lock:
            return self._about_ends("") if self._within_an_hour() >= MANY else ""

    def _about_ends(self, why: str) -> str:
        last = f", the last with: {stopped(why[:_LONGEST_REASON])}" if why else "."
        return (
            f"the broker ended {self._within_an_hour()} sessions within an hour{last} Does another program log in with"
            " these credentials, or does the address change?"
        )

    def _within_an_hour(self) -> int:
        while self._ends and self._ends[0] <= self._clock.monotonic() - HOUR * self._pace:
            self._ends.popleft()
        return len(self._ends)

    def _delay(self, why: str, seconds: float) -> None:
        seconds *= self._pace
        self._due = self._clock.monotonic() + seconds
        when = (self._clock.now() + timedelta(seconds=seconds)).astimezone(IST)
        self._told = f"{stopped(why)} The next login comes at {when:%H:%M:%S} IST."
