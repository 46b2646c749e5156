"""The exchange's day as the service's calendar has it, in the simulator's words."""

from datetime import UTC, datetime, timedelta

from broker.simulator.rms import Auction, TradingDay, TradingHours
from domain import market

NEVER = TradingDay(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=1))
"""A day of the past: without any day at all the simulator's exchange would always be open."""


def trading_day(session: market.Session) -> TradingDay | None:
    """The hours of a session with their closing auction; None for a day without trading."""
    if not isinstance(session, market.TradingDay):
        return None
    times = market.auction_times(session.day)
    if session.freeze is None or times is None:
        return TradingDay(session.bell, session.close)
    auction = Auction(session.freeze, session.close + times.entry, session.close + times.end)
    return TradingDay(session.bell, session.close, auction)


def entry_of(moment: datetime) -> TradingDay:
    """The moment at which an order was received, as hours of its own: it was judged by the hours of that time, and a
    calendar that was corrected since, or a drill that begins anew, does not judge it once more."""
    return TradingDay(moment, moment + timedelta(microseconds=1))


def trading_hours(*days: TradingDay | None) -> TradingHours:
    """The hours in which orders can trade; closed where there are none."""
    return TradingHours(tuple(dict.fromkeys(day for day in days if day is not None)) or (NEVER,))
