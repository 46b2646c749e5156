"""The log of the demo: sentences with real seconds and the hour of the played day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.clock import SystemClock
from domain.market import BELL, CLOSE

REAL_DAY = timedelta(hours=CLOSE.hour - BELL.hour, minutes=CLOSE.minute - BELL.minute)


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence: real seconds since the demo began, the hour of the played day ("" before the bell), the words."""

    seconds: float
    hour: str
    text: str

    @property
    def line(self) -> str:
        """As a line of the log."""
        return f"{self.seconds:5.1f} s  {self.hour or '--:--'}  {self.text}"


@dataclass(frozen=True, slots=True)
class Hours:
    """The bell and the close of the day that is played, UTC."""

    bell: datetime
    close: datetime

    def part(self, moment: datetime) -> float:
        """How much of the day has passed: below 0 before the bell, 1 at the close."""
        return (moment - self.bell) / (self.close - self.bell)


class Listener(Protocol):
    """Who hears every sentence."""

    def say(self, said: Said) -> None:
        """Hear one."""


class Log:
    """Keeps what was said, and the time of the day. `hours` is None until they are known."""

    def __init__(self, listener: Listener, clock: SystemClock) -> None:
        self.hours: Hours | None = None
        self.said: list[Said] = []
        self._listener = listener
        self._clock = clock
        self._began = clock.now()
        self._started = clock.monotonic()

    @property
    def seconds(self) -> float:
        """Real seconds since the demo began."""
        return self._clock.monotonic() - self._started

    @property
    def part(self) -> float:
        """How much of the day has passed; 0 while its hours are not known."""
        return self.hours.part(self._clock.now()) if self.hours else 0.0

    @property
    def hour(self) -> str:
        """The hour of the played day, as from 09:15 to 15:30; "" before the bell."""
        if self.hours is None or self.part < 0:
            return ""
        return f"{datetime.combine(self.hours.bell, BELL) + min(self.part, 1.0) * REAL_DAY:%H:%M}"

    def say(self, text: str) -> None:
        """Keep a sentence and pass it on."""
        self.said.append(Said(self.seconds, self.hour, text))
        self._listener.say(self.said[-1])

    def waiting(self) -> tuple[str, float]:
        """What everybody waits for, and how much of that wait is over (0 to 1)."""
        now, hours = self._clock.now(), self.hours
        if hours is None:
            return "getting ready", 0.0
        if now < hours.bell:
            left = (hours.bell - now).total_seconds()
            return f"the bell rings in {left:.0f} s", (now - self._began) / (hours.bell - self._began)
        if now < hours.close:
            return f"{self.hour} · the close is in {(hours.close - now).total_seconds():.0f} s", hours.part(now)
        return "the market has closed", 1.0
