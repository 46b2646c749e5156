"""Prices that are known beforehand, day by day: what a script or a seeded walk says of a symbol at any moment."""

import threading
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from domain.book import Instrument
from domain.clock import IST
from domain.market import Calendar, TradingDay

MOST_KEPT = 1024
"""Days of symbols that a source remembers; those that nobody has looked at for longest go first."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A last price in rupees from a moment on; `shares` are on offer at that moment alone, None: any number."""

    at: datetime
    price: Decimal
    shares: int | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A symbol's price at the beginning of a span of time, None where nobody knows it, and each change in it."""

    start: Tick | None
    moves: tuple[Tick, ...] = ()

    @property
    def last(self) -> Tick | None:
        """The price at the end of the span."""
        return self.moves[-1] if self.moves else self.start


class DailyPrices(ABC):
    """A source whose days are known beforehand; a subclass tells the ticks of one symbol on one day.

    A symbol without any earlier price stands at the middle of its band, which is where it closed the day before.
    """

    words = "prices"
    """Which source it is, for people."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._lock = threading.Lock()
        self._days: dict[tuple[str, date, datetime | None], Sequence[Tick]] = {}

    def path(self, line: Instrument, since: datetime, until: datetime) -> Path:
        """The price at `since` and what came after it; of a longer span only its first and its last day."""
        days = sorted({_day(since), _day(until)})
        first = self._of(line, days[0])
        known = bisect_right(first, since, key=_moment)
        start = first[known - 1] if known else self._before(line, since)
        ticks = (self._of(line, day) for day in days)
        moves = (
            some[bisect_right(some, since, key=_moment) : bisect_right(some, until, key=_moment)] for some in ticks
        )
        return Path(start, tuple(tick for some in moves for tick in some))

    @abstractmethod
    def ticks(self, line: Instrument, day: date, bell: datetime | None, close: datetime | None) -> Sequence[Tick]:
        """The ticks of the symbol on one day, in order; without bell and close it is a day without trading."""

    def _before(self, line: Instrument, moment: datetime) -> Tick | None:
        """The price with which the day of the moment began."""
        middle = middle_of(line)
        return None if middle is None else Tick(moment, middle)

    def day(self, line: Instrument, day: date) -> Sequence[Tick]:
        """Every tick of a symbol on one day, in order."""
        return self._of(line, day)

    def _of(self, line: Instrument, day: date) -> Sequence[Tick]:
        bell, close = self.hours(day) or (None, None)
        key = (line.symbol, day, bell)
        with self._lock:
            ticks = self._days.pop(key, None)
            self._days[key] = self.ticks(line, day, bell, close) if ticks is None else ticks
            if len(self._days) > MOST_KEPT:
                del self._days[next(iter(self._days))]
            return self._days[key]

    def hours(self, day: date) -> tuple[datetime, datetime] | None:
        """Bell and close of a day; None for one without trading."""
        session = self._calendar.session(datetime.combine(day, datetime.min.time(), IST) + timedelta(hours=12))
        if not isinstance(session, TradingDay) or _day(session.bell) != day:
            return None
        return session.bell, session.close


def middle_of(line: Instrument) -> Decimal | None:
    """The middle of a symbol's band, on the tick; None without a band."""
    if line.band_low is None or line.band_high is None:
        return None
    middle = (line.band_low + line.band_high) / 2
    return middle - middle % line.tick


def in_order(ticks: Iterable[Tick]) -> list[Tick]:
    """By time; of several at one moment the last one given counts."""
    return list({tick.at: tick for tick in sorted(ticks, key=_moment)}.values())


def _moment(tick: Tick) -> datetime:
    return tick.at


def _day(moment: datetime) -> date:
    return moment.astimezone(IST).date()
