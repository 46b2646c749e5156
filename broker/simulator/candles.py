"""Candles of the past: a walk of each symbol and day that is the same whenever it is asked for, within the band.

Nothing is remembered for it: the walk is drawn from token and day, and ends at the last price on the day that is on.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from broker.simulator.answers import Answer, Refusal, say
from broker.simulator.clock import IST
from broker.simulator.exchange import Market
from broker.simulator.instruments import Instrument
from broker.simulator.visit import Visit

BELL, CLOSE = time(9, 15), time(15, 30)
EARLIEST = date(2021, 1, 1)
_MINUTES = {"1min": 1, "3min": 3, "5min": 5, "10min": 10, "15min": 15, "30min": 30, "60min": 60, "D": 0, "W": 0}
_MOST_DAYS = {"10min": 60, "15min": 60, "30min": 90, "60min": 90, "D": 180, "W": 180}
"""Calendar days that one call may ask for; 30 for the others."""

Row = list[Any]


def candles(visit: Visit) -> Answer:
    """Candles of one symbol between two days, both included, up to now."""
    interval = visit.asked("interval") or ""
    if interval not in _MINUTES:
        raise _fault("Invalid interval value")
    market = _market(visit)
    first, last = _day(visit.asked("fromdate") or ""), _day(visit.asked("todate") or "")
    if not EARLIEST <= first <= last or (last - first).days >= _MOST_DAYS.get(interval, 30):
        raise _fault("Invalid date range")
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    made = [candle for day in days for candle in _of_day(market, day, _MINUTES[interval], visit.now)]
    found = _weeks(made) if interval == "W" else made
    return say({"status": "success", "interval": interval, "data": {"candles": found}})


def _of_day(market: Market, day: date, minutes: int, now: datetime) -> Iterator[Row]:
    """The day's candles, one for the whole day where `minutes` is 0; none on a weekend or for what is to come."""
    if day.weekday() > 4:
        return
    moment, end = (datetime.combine(day, at, IST) for at in (BELL, CLOSE))
    walk = random.Random(f"{market.instrument.token} {day}")
    step = timedelta(minutes=minutes) if minutes else end - moment
    until, today = min(end, now.astimezone(IST)), now.astimezone(IST).date() == day
    price = market.instrument.down_to_tick((market.instrument.low + market.instrument.high) / 2)
    while moment < until:
        after = market.last if today and moment + step >= until else _next(market.instrument, price, walk)
        yield _row(moment, price, after, walk)
        moment, price = moment + step, after


def _next(instrument: Instrument, price: Decimal, walk: random.Random) -> Decimal:
    """A few ticks up or down, within the band."""
    moved = price + instrument.tick * walk.randint(-3, 3)
    return min(max(moved, instrument.low), instrument.high)


def _row(moment: datetime, before: Decimal, after: Decimal, walk: random.Random) -> Row:
    opened, closed, volume = float(before), float(after), walk.randint(100, 10_000)
    return [f"{moment:%Y-%m-%dT%H:%M:%S%z}", opened, max(opened, closed), min(opened, closed), closed, volume, 0]


def _weeks(days: list[Row]) -> list[Row]:
    """Days put together by their week."""
    weeks: dict[tuple[int, int], Row] = {}
    for at, opened, high, low, close, volume, interest in days:
        week = datetime.fromisoformat(at).isocalendar()[:2]
        begun = weeks.setdefault(week, [at, opened, high, low, close, 0, interest])
        begun[2], begun[3] = max(begun[2], high), min(begun[3], low)
        begun[4], begun[5] = close, begun[5] + volume
    return list(weeks.values())


def _market(visit: Visit) -> Market:
    segment, _, token = (visit.asked("neosymbol") or "").partition("|")
    market = visit.broker.exchange.by_token.get(token)
    if segment != "nse_cm" or market is None:
        raise _fault("Invalid neosymbol")
    return market


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise _fault("Invalid date value") from None


def _fault(message: str) -> Refusal:
    return Refusal(say({"status": "ERROR", "fault": {"code": 400, "message": message}}, 400))
