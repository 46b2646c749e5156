"""Historical candles on the wire, as the broker's documents show them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from simulator_client import SYMBOL, Wire

from broker.simulator import Simulator
from domain.clock import VirtualClock

PATH = "/market-data/1.0/historical/details"
ASKED = {"neosymbol": "nse_cm|1485", "interval": "15min", "fromdate": "2026-11-20", "todate": "2026-11-23"}
"""A Friday to a Monday."""


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))


@pytest.fixture
def simulator(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock) as running:
        yield running


@pytest.fixture
def wire(simulator: Simulator, clock: VirtualClock) -> Wire:
    return Wire(simulator.url, simulator.accounts[0], clock.now())


def ask(wire: Wire, **changes: str) -> requests.Response:
    key = {"Authorization": wire.account.consumer_key}
    return wire.http.get(wire.url + PATH, params=ASKED | changes, headers=key)


def candles(wire: Wire, **changes: str) -> list[list[Any]]:
    answer = ask(wire, **changes).json()
    assert (answer["status"], answer["interval"]) == ("success", changes.get("interval", "15min"))
    found: list[list[Any]] = answer["data"]["candles"]
    return found


def test_a_trading_day_has_its_quarter_hours_and_a_weekend_none(wire: Wire) -> None:
    found = candles(wire)
    assert len(found) == 25 + 1, "Friday whole, Monday from 09:15 until it is 09:30"
    assert [row[0] for row in found[:2]] == ["2026-11-20T09:15:00+0530", "2026-11-20T09:30:00+0530"]
    assert found[-1][0] == "2026-11-23T09:15:00+0530"
    assert all(len(row) == 7 and not any(isinstance(value, str) for value in row[1:]) for row in found)


def test_one_candle_begins_where_the_one_before_ended(wire: Wire) -> None:
    day = candles(wire, todate="2026-11-20")
    assert [row[1] for row in day[1:]] == [row[4] for row in day[:-1]]
    assert day != candles(wire, fromdate="2026-11-19", todate="2026-11-19")


def test_the_past_does_not_change_with_the_price_of_today(wire: Wire, simulator: Simulator) -> None:
    before = candles(wire)
    simulator.set_price(SYMBOL, "850.00")
    after = candles(wire)
    assert before[:-1] == after[:-1]
    assert after[-1][4] == 850.0


def test_a_week_is_its_days_put_together(wire: Wire) -> None:
    days = candles(wire, interval="D", fromdate="2026-11-16", todate="2026-11-20")
    (week,) = candles(wire, interval="W", fromdate="2026-11-16", todate="2026-11-20")
    assert (week[0], week[1], week[4]) == (days[0][0], days[0][1], days[-1][4])
    assert (week[2], week[3]) == (max(row[2] for row in days), min(row[3] for row in days))
    assert week[5] == sum(row[5] for row in days)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"interval": "2min"}, "Invalid interval value"),
        ({"interval": ""}, "Invalid interval value"),
        ({"neosymbol": "mcx_fo|1485"}, "Invalid neosymbol"),
        ({"neosymbol": "nse_cm|0"}, "Invalid neosymbol"),
        ({"fromdate": "20 Nov"}, "Invalid date value"),
        ({"fromdate": "2026-11-24"}, "Invalid date range"),
        ({"fromdate": "2020-12-31", "todate": "2020-12-31"}, "Invalid date range"),
        ({"fromdate": "2026-09-24"}, "Invalid date range"),
        ({"interval": "1min", "fromdate": "2026-10-24"}, "Invalid date range"),
    ],
)
def test_what_cannot_be_answered_is_a_fault(wire: Wire, changes: dict[str, str], message: str) -> None:
    answer = ask(wire, **changes)
    assert answer.status_code == 400
    assert answer.json() == {"status": "ERROR", "fault": {"code": 400, "message": message}}


def test_the_most_days_can_be_asked_for(wire: Wire) -> None:
    assert len(candles(wire, fromdate="2026-09-25")) > 40 * 25
    assert ask(wire, interval="1min", fromdate="2026-10-25").status_code == 200
