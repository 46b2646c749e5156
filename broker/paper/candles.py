"""Candles of prices that are known beforehand: what the same walk or script was, in pieces of an interval.

So they agree with what paper orders traded at. A piece without any price has no candle. The volume is the shares that
the script had on offer, 0 where it does not say.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from broker.paper.prices import DailyPrices, Tick
from domain.book import Instrument
from domain.candles import Candle, Interval

LONG = (Interval.DAY, Interval.WEEK)


def candles_of(
    prices: DailyPrices, line: Instrument, interval: Interval, first: date, last: date, now: datetime
) -> tuple[Candle, ...]:
    """Candles of a symbol from the first to the last day, up to now."""
    days = (first + timedelta(days=ahead) for ahead in range((last - first).days + 1))
    made = [candle for day in days for candle in _of_day(prices, line, interval, day, now)]
    return tuple(_weeks(made)) if interval is Interval.WEEK else tuple(made)


def _of_day(prices: DailyPrices, line: Instrument, interval: Interval, day: date, now: datetime) -> Iterator[Candle]:
    hours = prices.hours(day)
    if hours is None:
        return
    bell, close = hours
    ticks = [tick for tick in prices.day(line, day) if bell <= tick.at <= min(now, close)]
    step = close - bell if interval in LONG else timedelta(minutes=int(interval.removesuffix("min")))
    most = max(1, -(-(close - bell) // step)) - 1
    for number, some in groupby(ticks, key=lambda tick: min((tick.at - bell) // step, most)):
        yield _candle((bell + number * step).astimezone(UTC), list(some))


def _candle(at: datetime, ticks: list[Tick]) -> Candle:
    paid = [tick.price for tick in ticks]
    return Candle(at, paid[0], max(paid), min(paid), paid[-1], sum(tick.shares or 0 for tick in ticks))


def _weeks(days: Iterable[Candle]) -> Iterator[Candle]:
    for _, some in groupby(days, key=lambda candle: candle.at.isocalendar()[:2]):
        week = list(some)
        high, low = max(one.high for one in week), min(one.low for one in week)
        yield Candle(week[0].at, week[0].open, high, low, week[-1].close, sum(one.volume for one in week))
