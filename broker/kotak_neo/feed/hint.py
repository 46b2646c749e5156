"""A hint that wakes: at once, and then no more often than agreed, however often it is given."""

import asyncio
import threading


class Hint:
    """Sets the event; for use on the loop's thread. What is rung during the pause is one ring at its end, so that
    the last change is always looked at after it has happened."""

    def __init__(self, wake: threading.Event, a_second: float, loop: asyncio.AbstractEventLoop) -> None:
        self._wake = wake
        self._pause = 1 / a_second
        self._loop = loop
        self._quiet_until = 0.0
        self._late: asyncio.TimerHandle | None = None

    def ring(self) -> None:
        """Something may have happened."""
        if self._late is not None:
            return
        if self._loop.time() >= self._quiet_until:
            self._set()
        else:
            self._late = self._loop.call_at(self._quiet_until, self._set)

    def cancel(self) -> None:
        """Ring no more."""
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _set(self) -> None:
        self._late = None
        self._quiet_until = self._loop.time() + self._pause
        self._wake.set()
