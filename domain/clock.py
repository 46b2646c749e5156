"""Time, injected. Nothing else in the program asks the system for it or waits by itself."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

IST = ZoneInfo("Asia/Kolkata")


class Alarm(Protocol):
    """A call that will happen unless cancelled."""

    def cancel(self) -> None:
        """Do not call; harmless when it has happened."""


class Clock(Protocol):
    """What may be asked of time."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds since boot, suspended time included; the only time that deadlines are measured in."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set or the seconds are over; whether it was set."""

    def call_at(self, moment: float, action: Callable[[], None]) -> Alarm:
        """Call from another thread once `monotonic()` has reached the moment. The action must be short."""


class SystemClock:
    """The machine's time. One background thread serves every alarm of the process."""

    def __init__(self) -> None:
        self._alarms = _Alarms(self.monotonic)

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since boot, suspended time included where the system can tell (Linux)."""
        return time.clock_gettime(_BOOTTIME)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until the event is set or the seconds are over; whether it was set."""
        return event.wait(max(0.0, seconds))

    def call_at(self, moment: float, action: Callable[[], None]) -> Alarm:
        """Call from the alarm thread at or after the moment."""
        return self._alarms.add(moment, action)


class VirtualClock:
    """A clock that moves only when told to: a trading day passes in as long as its work takes."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._elapsed = 0.0
        self._lock = threading.RLock()
        self._alarms: list[tuple[float, int, _Call]] = []
        self._count = itertools.count()

    def now(self) -> datetime:
        """The virtual wall clock, aware, UTC."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Virtual seconds since the clock was made."""
        return self._elapsed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Return at once when the event is set; otherwise let the seconds pass."""
        if not event.is_set():
            self.advance(max(0.0, seconds))
        return event.is_set()

    def call_at(self, moment: float, action: Callable[[], None]) -> Alarm:
        """Call while `advance` passes the moment, on the thread that advances."""
        call = _Call(action)
        with self._lock:
            heapq.heappush(self._alarms, (moment, next(self._count), call))
        return call

    def advance(self, seconds: float) -> None:
        """Let the seconds pass, calling what falls due on the way, in order."""
        with self._lock:
            target = self._elapsed + seconds
            while self._alarms and self._alarms[0][0] <= target:
                moment, _, call = heapq.heappop(self._alarms)
                self._elapsed = max(self._elapsed, moment)
                call.run()
            self._elapsed = target

    def advance_to(self, moment: datetime) -> None:
        """Let time pass until the given wall-clock time; never backwards."""
        self.advance(max(0.0, (moment - self.now()).total_seconds()))


class _Call:
    def __init__(self, action: Callable[[], None]) -> None:
        self._action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self._action = None

    def run(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            action()


class _Alarms:
    """A heap of calls and the one daemon thread that makes them; started with the first call."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._heap: list[tuple[float, int, _Call]] = []
        self._count = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, moment: float, action: Callable[[], None]) -> _Call:
        call = _Call(action)
        with self._changed:
            earliest = not self._heap or moment < self._heap[0][0]
            heapq.heappush(self._heap, (moment, next(self._count), call))
            self._start()
            if earliest:
                self._changed.notify()
        return call

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="alarms", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        while True:
            self._next().run()

    def _next(self) -> _Call:
        with self._changed:
            while True:
                remaining = self._heap[0][0] - self._monotonic() if self._heap else None
                if remaining is not None and remaining <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(remaining)


_BOOTTIME: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
