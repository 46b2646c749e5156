"""Prices of the past: candles, and how many days of them the broker gives at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum


class Interval(StrEnum):
    """How long one candle is."""

    MINUTE = "1min"
    THREE_MINUTES = "3min"
    FIVE_MINUTES = "5min"
    TEN_MINUTES = "10min"
    QUARTER_HOUR = "15min"
    HALF_HOUR = "30min"
    HOUR = "60min"
    DAY = "D"
    WEEK = "W"

    @property
    def most_days(self) -> int:
        """Calendar days that one call may ask for (Kotak's documents)."""
        return _MOST_DAYS[self]

    def spans(self, first: date, last: date) -> Iterator[tuple[date, date]]:
        """The days from first to last, both included, in pieces that one call may ask for."""
        while first <= last:
            end = min(last, first + timedelta(days=self.most_days - 1))
            yield first, end
            first = end + timedelta(days=1)


_MOST_DAYS = {
    Interval.MINUTE: 30, Interval.THREE_MINUTES: 30, Interval.FIVE_MINUTES: 30, Interval.TEN_MINUTES: 60,
    Interval.QUARTER_HOUR: 60, Interval.HALF_HOUR: 90, Interval.HOUR: 90, Interval.DAY: 180, Interval.WEEK: 180,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candle:
    """Prices in rupees from a moment (UTC) on, for one interval; volume in shares."""

    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
