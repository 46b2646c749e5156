"""Orders that the broker turns away at its gate, since they come from an address that is not on the account's list.

    100008 ──► nothing is sent for 1, 2, 4 … 15 minutes ──► a new session ──► one order tries ──(taken)──► over

Source: Kotak checks the address on place, modify and cancel alone, takes a change of the list at once, and wants a new
session after it. So reads go on, and only a new login can show that the list was corrected.
"""

import logging
import threading
from datetime import timedelta

from domain.clock import IST, Clock
from domain.errors import AddressWrong
from domain.tenure import Tenure

log = logging.getLogger(__name__)
FIRST = 60.0
LONGEST = 900.0


class Ban:
    """One account's, over all its threads; a new generation, which a person may have asked for, tries at once."""

    def __init__(self, clock: Clock, pace: float = 1.0) -> None:
        self._clock = clock
        self._pace = pace
        self._lock = threading.Lock()
        self._times = 0
        self._until = 0.0
        self._tenure: Tenure | None = None
        self._told = ""
        self.seen = ""
        """The address that the broker sees, once it was asked; empty while nobody knows."""

    def begin(self, words: str, address: str, tenure: Tenure) -> None:
        """An order was turned away in these words of the broker's; it left from that address, empty for any."""
        with self._lock:
            if self._stands(tenure):
                return
            self._times += 1
            seconds = self._pace * min(LONGEST, FIRST * 2 ** (self._times - 1))
            self._until = self._clock.monotonic() + seconds
            self._tenure = tenure
            self.seen = address
            when = (self._clock.now() + timedelta(seconds=seconds)).astimezone(IST)
            self._told = (
                f" (100008: {words}): it is not on the account's list. Add it in the Neo app (Trade API), or give the"
                f" account an address that is on it: run.py user set-egress {tenure.user_name} ADDRESS. An order tries"
                f" again, in a new session, at {when:%H:%M:%S} IST, and at once after run.py user restart"
                f" {tenure.user_name}."
            )
        log.critical("%s", self.words(tenure))

    def stands(self, tenure: Tenure) -> bool:
        """Whether nothing that changes an order is to be sent."""
        with self._lock:
            return self._stands(tenure)

    def require_none(self, tenure: Tenure) -> None:
        """Raise AddressWrong, with what to do, while it stands."""
        if self.stands(tenure):
            raise AddressWrong(self.words(tenure))

    def words(self, tenure: Tenure) -> str:
        """What is turned away, and what to do."""
        seen = self.seen or "the address that this machine sends from"
        return f"{tenure}: the broker takes no orders from {seen}{self._told}"

    def served(self, tenure: Tenure) -> bool:
        """Whether one was over just now, so that a new session has to be made; asked once."""
        with self._lock:
            over = self._tenure is not None and not self._stands(tenure)
            self._tenure = None if over else self._tenure
            return over

    def lift(self) -> None:
        """The gate let an order pass."""
        if self._times:
            with self._lock:
                self._times, self._tenure = 0, None

    def _stands(self, tenure: Tenure) -> bool:
        mine = self._tenure
        newer = mine is not None and mine.user_id == tenure.user_id and mine.generation != tenure.generation
        return mine is not None and not newer and self._clock.monotonic() < self._until
