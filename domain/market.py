"""The trading day of the NSE cash segment: which days, from when to when, and the tick. Times are IST in the tables.

An unknown year is an error, never an open day: the exchange publishes each year's holidays in the December before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Protocol

from domain.clock import IST

BELL = time(9, 15)
CLOSE = time(15, 30)

HOLIDAYS: Mapping[date, str] = {
    date(2026, 1, 15): "Municipal election in Maharashtra",
    date(2026, 1, 26): "Republic Day",
    date(2026, 3, 3): "Holi",
    date(2026, 3, 26): "Ram Navami",
    date(2026, 3, 31): "Mahavir Jayanti",
    date(2026, 4, 3): "Good Friday",
    date(2026, 4, 14): "Ambedkar Jayanti",
    date(2026, 5, 1): "Maharashtra Day",
    date(2026, 5, 28): "Bakri Id",
    date(2026, 6, 26): "Muharram",
    date(2026, 9, 14): "Ganesh Chaturthi",
    date(2026, 10, 2): "Gandhi Jayanti",
    date(2026, 10, 20): "Dussehra",
    date(2026, 11, 10): "Diwali Balipratipada",
    date(2026, 11, 24): "Guru Nanak Jayanti",
    date(2026, 12, 25): "Christmas",
}
"""Weekdays without a session. Source: NSE circulars CMTR71775 (12 Dec 2025) and CMTR72260 (12 Jan 2026)."""

SPECIAL_SESSIONS: Mapping[date, tuple[time, time] | None] = {
    date(2026, 2, 1): (BELL, CLOSE),
    date(2026, 11, 8): None,
}
"""Weekend sessions; None where the hours must come from a `market_days` row (Muhurat). Source: NSE CMTR72349."""

KNOWN_YEARS = frozenset({2026})


@dataclass(frozen=True, slots=True)
class AuctionTimes:
    """When a closing auction runs, counted from the close of continuous trading; `since` is its first day.

    From `freeze` on the exchange takes no request and cancels what is too far from the reference price; from `entry` on
    it takes orders again; what the auction does not match by `end` is cancelled.
    """

    since: date
    freeze: timedelta
    entry: timedelta
    end: timedelta


AUCTIONS: tuple[AuctionTimes, ...] = (
    AuctionTimes(date(2026, 8, 3), timedelta(minutes=-15), timedelta(minutes=-10), timedelta(minutes=5)),
)
"""By first day, latest last. Source: SEBI circular of 16 Jan 2026 and NSE/CMTR/73362; special sessions likewise."""


class Phase(StrEnum):
    """Where a moment stands in its trading day."""

    HOLIDAY = "HOLIDAY"
    UNKNOWN = "UNKNOWN"
    BEFORE = "BEFORE"
    OPEN = "OPEN"
    AFTER = "AFTER"
    AUCTION = "AUCTION"


@dataclass(frozen=True, slots=True)
class TradingDay:
    """One session: `bell` to `close`, aware. `day` is the date in India that orders and tags belong to."""

    day: date
    bell: datetime
    close: datetime
    freeze: datetime | None = None

    def phase(self, moment: datetime) -> Phase:
        """Open from the bell itself until just before the close."""
        if moment < self.bell:
            return Phase.BEFORE
        return Phase.OPEN if moment < self.close else Phase.AFTER

    def phase_of(self, moment: datetime, auction: bool | None) -> Phase:
        """The phase for a symbol that takes part in the closing auction: no request of ours from its freeze on."""
        phase = self.phase(moment)
        frozen = auction and self.freeze is not None and moment >= self.freeze
        return Phase.AUCTION if frozen and phase is Phase.OPEN else phase


@dataclass(frozen=True, slots=True)
class NoTrading:
    """A day without orders, and why; `unknown` is an alarm, a holiday is not."""

    day: date
    because: str
    unknown: bool = False

    def phase(self, moment: datetime) -> Phase:
        """No moment of such a day is open."""
        del moment
        return Phase.UNKNOWN if self.unknown else Phase.HOLIDAY


Session = TradingDay | NoTrading


@dataclass(frozen=True, slots=True)
class DayOverride:
    """A `market_days` row: an operator's word about one date, both ways; no hours means closed."""

    day: date
    bell: datetime | None
    close: datetime | None
    because: str


class Calendar(Protocol):
    """Tells the session of a moment."""

    def session(self, moment: datetime) -> Session:
        """The session of the moment's date in India."""


class ExchangeCalendar:
    """The exchange's own days, with the operator's overrides on top."""

    def __init__(self, overrides: Mapping[date, DayOverride] | None = None) -> None:
        self._overrides = dict(overrides or {})

    def session(self, moment: datetime) -> Session:
        """The session of the moment's date in India; an override wins, an unknown year is NoTrading(unknown)."""
        day = moment.astimezone(IST).date()
        override = self._overrides.get(day)
        return _overridden(override) if override else _published(day)


@dataclass(frozen=True, slots=True)
class DrillCalendar:
    """One moved day: the bell rings and the market closes at given moments, whatever the date and hour are."""

    bell: datetime
    close: datetime

    def session(self, moment: datetime) -> Session:
        """The drill's day, for every moment."""
        del moment
        return TradingDay(self.bell.astimezone(IST).date(), self.bell, self.close)


def drill(now: datetime, open_in: float, day_length: float) -> DrillCalendar:
    """A day whose bell rings `open_in` seconds from now and which lasts `day_length` seconds."""
    bell = now + timedelta(seconds=open_in)
    return DrillCalendar(bell, bell + timedelta(seconds=day_length))


def auction_times(day: date) -> AuctionTimes | None:
    """How the closing auction of a day runs; None before there was one."""
    times = [auction for auction in AUCTIONS if auction.since <= day]
    return times[-1] if times else None


def round_up_to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """The lowest multiple of the tick that is not below the price: a sell target never promises less."""
    return (price / tick).quantize(Decimal(1), ROUND_CEILING) * tick


def round_down_to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """The highest multiple of the tick that is not above the price."""
    return (price / tick).quantize(Decimal(1), ROUND_FLOOR) * tick


def _overridden(override: DayOverride) -> Session:
    if override.bell is None or override.close is None:
        return NoTrading(override.day, override.because)
    return TradingDay(override.day, override.bell, override.close, _freeze(override.day, override.close))


def _published(day: date) -> Session:
    if day.year not in KNOWN_YEARS:
        return NoTrading(day, f"The holidays of {day.year} are not loaded: insert market_days rows or upgrade.", True)
    if day in HOLIDAYS:
        return NoTrading(day, HOLIDAYS[day])
    if day in SPECIAL_SESSIONS:
        return _special(day)
    return NoTrading(day, f"{day:%A}") if day.weekday() >= 5 else _hours(day, BELL, CLOSE)


def _special(day: date) -> Session:
    hours = SPECIAL_SESSIONS[day]
    if hours is None:
        return NoTrading(day, "A special session whose hours must come from a market_days row.", True)
    return _hours(day, *hours)


def _hours(day: date, bell: time, close: time) -> TradingDay:
    end = datetime.combine(day, close, IST)
    return TradingDay(day, datetime.combine(day, bell, IST), end, _freeze(day, end))


def _freeze(day: date, close: datetime) -> datetime | None:
    times = auction_times(day)
    return close + times.freeze if times else None
