"""The trading days of 2026, phases, drills and ticks."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import IST
from domain.market import (
    HOLIDAYS,
    DayOverride,
    ExchangeCalendar,
    NoTrading,
    Phase,
    TradingDay,
    drill,
    round_down_to_tick,
    round_up_to_tick,
)

CALENDAR = ExchangeCalendar()


def at(day: date, hour: int = 12, minute: int = 0, second: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute, second), IST)


@pytest.mark.parametrize("day", sorted(HOLIDAYS))
def test_no_session_on_a_holiday_of_2026(day: date):
    assert day.weekday() < 5
    assert CALENDAR.session(at(day)).phase(at(day)) is Phase.HOLIDAY


def test_sixteen_holidays_leave_247_sessions_and_the_sunday_of_the_budget():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    open_days = [day for day in days if isinstance(CALENDAR.session(at(day)), TradingDay)]
    assert len(HOLIDAYS) == 16
    assert len(open_days) == 261 - 16 + 1
    assert date(2026, 2, 1) in open_days


def test_a_year_whose_list_is_not_loaded_is_an_alarm_and_never_open():
    session = CALENDAR.session(at(date(2027, 1, 4)))
    assert isinstance(session, NoTrading)
    assert session.unknown
    assert session.phase(at(date(2027, 1, 4))) is Phase.UNKNOWN
    assert "2027" in session.because


def test_muhurat_has_no_hours_until_an_operator_gives_them():
    day = date(2026, 11, 8)
    assert CALENDAR.session(at(day)).phase(at(day)) is Phase.UNKNOWN
    known = ExchangeCalendar({day: DayOverride(day, at(day, 13, 45), at(day, 14, 45), "NSE circular")})
    assert known.session(at(day)).phase(at(day, 14)) is Phase.OPEN


def test_an_override_closes_a_day_as_well():
    day = date(2026, 11, 23)
    closed = ExchangeCalendar({day: DayOverride(day, None, None, "election")})
    assert closed.session(at(day)) == NoTrading(day, "election")


@pytest.mark.parametrize(
    ("hour", "minute", "second", "phase"),
    [(9, 14, 59, Phase.BEFORE), (9, 15, 0, Phase.OPEN), (15, 29, 59, Phase.OPEN), (15, 30, 0, Phase.AFTER)],
)
def test_the_bell_rings_at_a_quarter_past_nine_in_india(hour: int, minute: int, second: int, phase: Phase):
    day = date(2026, 11, 23)
    moment = at(day, hour, minute, second).astimezone(UTC)
    assert CALENDAR.session(moment).phase(moment) is phase


def test_the_day_is_the_day_in_india():
    late_in_utc = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
    assert isinstance(CALENDAR.session(late_in_utc), TradingDay)


def test_a_drill_is_a_trading_day_whatever_the_date_is():
    sunday = datetime(2027, 1, 3, 23, 0, tzinfo=UTC)
    moved = drill(sunday, 10, 60)
    assert moved.session(sunday).phase(sunday) is Phase.BEFORE
    assert moved.session(sunday).phase(sunday + timedelta(seconds=10)) is Phase.OPEN
    assert moved.session(sunday).phase(sunday + timedelta(seconds=70)) is Phase.AFTER


prices = st.decimals(Decimal("0.01"), Decimal(100000), places=4)
ticks = st.sampled_from([Decimal(t) for t in ("0.01", "0.05", "0.10", "0.50", "1", "5")])


@given(prices, ticks)
def test_a_sell_target_is_the_lowest_tick_that_promises_no_less(price: Decimal, tick: Decimal):
    up = round_up_to_tick(price, tick)
    assert up % tick == 0
    assert price <= up < price + tick


@given(prices, ticks)
def test_a_buy_never_pays_more_than_was_asked(price: Decimal, tick: Decimal):
    down = round_down_to_tick(price, tick)
    assert down % tick == 0
    assert price - tick < down <= price
