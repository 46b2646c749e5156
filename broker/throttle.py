"""A bucket of calls a second, counted the way the broker counts them, shared by everything that speaks for one account.

    reserved ──► under way ──► answered ──► (a second later) free again

The broker counts a call at some moment between its first byte and its answer. A token therefore comes back only a
second after the answer: whatever the line's delays, no second of the broker's clock holds more calls than tokens.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from domain.clock import Clock
from domain.tenure import Tenure

SECOND = 1.0
SOON = 0.2
"""Tokens that are free within so many seconds are given out together: their calls wait for them one by one."""

_ROUNDING = 1e-9
"""Waiting exactly `seconds_to_token` must give the token, whatever binary fractions do on the way."""


class TokenBucket:
    """So many calls in any second (below one a second: one in so many); a rate of 0 is no limit at all."""

    def __init__(self, rate: float, clock: Clock) -> None:
        self._tokens = max(1, int(rate)) if rate > 0 else 0
        self._rest = max(SECOND, self._tokens / rate) if rate > 0 else 0.0
        self._clock = clock
        self._lock = threading.Lock()
        self._reserved: deque[float] = deque()
        self._used: deque[float] = deque()
        self._under_way = 0
        self._waiting = 0
        self._held_until = 0.0

    @property
    def busy(self) -> bool:
        """Whether somebody waits for a token at this moment."""
        return self._waiting > 0

    def hold(self, seconds: float) -> None:
        """Give no token for so long: the broker asked for it. A shorter wish does not end a longer one."""
        with self._lock:
            self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    @property
    def held(self) -> float:
        """Seconds for which no token is given at all."""
        with self._lock:
            return self._held_for(self._clock.monotonic())

    def counted(self) -> int:
        """The calls that the broker may count in its present second."""
        with self._lock:
            self._forget(self._clock.monotonic())
            return self._under_way + len(self._used)

    def take(self, wanted: int) -> int:
        """Reserve up to `wanted` tokens without waiting; how many there are. Unused ones are free after a second."""
        with self._lock:
            now = self._clock.monotonic()
            if self._held_for(now):
                return 0
            if not self._tokens:
                return max(0, wanted)
            given = max(0, min(wanted, self._free(now)))
            self._reserved.extend([now] * given)
            return given

    def seconds_to_token(self, wanted: int = 1) -> float:
        """Seconds until `take` gives so many, or as many as come soon after the first; 0 when it gives one now."""
        with self._lock:
            now = self._clock.monotonic()
            held = self._held_for(now)
            return held or (self._seconds(now, wanted) if self._tokens else 0.0)

    @contextmanager
    def call(self, tenure: Tenure, until: float) -> Iterator[bool]:
        """Around each call: wait for its turn (a reserved token, else a free one), then count it; whether it came.

        False when it would come after `until` (monotonic seconds) or the tenure is to end: do not call.
        """
        admitted = self._admit(tenure, until)
        try:
            yield admitted
        finally:
            if admitted:
                self._end()

    def _admit(self, tenure: Tenure, until: float) -> bool:
        with self._lock:
            self._waiting += 1
        try:
            while (pause := self._begin()) > 0:
                if self._clock.monotonic() + pause >= until or self._clock.wait(tenure.stopped, pause):
                    return False
            return True
        finally:
            with self._lock:
                self._waiting -= 1

    def _begin(self) -> float:
        """Seconds to wait, or 0 after the call was counted as under way."""
        with self._lock:
            now = self._clock.monotonic()
            if held := self._held_for(now):
                return held
            if not self._tokens:
                return 0.0
            self._forget(now)
            if self._under_way + len(self._used) >= self._tokens:
                return max(_ROUNDING, self._frees(now) - now)
            if self._reserved:
                self._reserved.popleft()
            self._under_way += 1
            return 0.0

    def _end(self) -> None:
        if self._tokens:
            with self._lock:
                self._under_way -= 1
                self._used.append(self._clock.monotonic())

    def _held_for(self, now: float) -> float:
        return max(0.0, self._held_until - now)

    def _frees(self, now: float) -> float:
        """When the next token comes back; a call under way is taken to end soon."""
        return self._used[0] + self._rest if self._used else now + SOON

    def _forget(self, now: float) -> None:
        for times in (self._reserved, self._used):
            while times and times[0] + self._rest <= now + _ROUNDING:
                times.popleft()

    def _free(self, now: float) -> int:
        """Tokens that nobody reserved and that are there, or will be soon."""
        self._forget(now)
        held = sum(time + self._rest > now + SOON + _ROUNDING for time in self._used)
        return self._tokens - self._under_way - len(self._reserved) - held

    def _seconds(self, now: float, wanted: int) -> float:
        if self._free(now) > 0:
            return 0.0
        lapses = [time + self._rest for time in self._reserved]
        comes = sorted(lapses + [time + self._rest - SOON for time in self._used if time + self._rest > now + SOON])
        together = [time for time in comes[: max(1, wanted)] if time <= comes[0] + SOON]
        return together[-1] - now if together else SOON


class Rates:
    """The two buckets of an account: orders before reads, and both together within what the broker allows."""

    def __init__(self, orders: float, reads: float, together: float, clock: Clock) -> None:
        self.orders = TokenBucket(orders, clock)
        self.reads = TokenBucket(reads, clock)
        self._together = together
        self._clock = clock

    @contextmanager
    def read(self, tenure: Tenure, until: float) -> Iterator[bool]:
        """Around each read, as `TokenBucket.call`; it waits for every order that waits."""
        if not self._gave_way(tenure, until):
            yield False
            return
        with self.reads.call(tenure, until) as admitted:
            yield admitted

    def _gave_way(self, tenure: Tenure, until: float) -> bool:
        while self.orders.busy or self._full():
            if self._clock.monotonic() + SOON >= until or self._clock.wait(tenure.stopped, SOON):
                return False
        return True

    def _full(self) -> bool:
        return 0 < self._together <= self.orders.counted() + self.reads.counted()
