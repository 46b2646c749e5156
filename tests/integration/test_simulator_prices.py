"""Prices that move by themselves: scripts, random walks, and what they leave for the next day.

The mutation to try: throw the dice of a walk without the day.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from simulator_client import SYMBOL, Client

from broker.simulator import Simulator
from broker.simulator.instruments import read_instruments
from domain.clock import VirtualClock

BELL = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
CLOSE = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
QUOTE = "/script-details/1.0/quotes/neosymbol/nse_cm|1485"
SCRIPT = f"""when,symbol,price,liquidity
09:15:00,{SYMBOL},801.60,
+90,{SYMBOL},905,4
2026-11-23T14:00:00+05:30,{SYMBOL},880.05,
"""


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100}, day=(BELL, CLOSE)) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def path_of(broker: Simulator, clock: VirtualClock, steps: int) -> list[Decimal]:
    """The last price at each second from now on."""
    prices = []
    for _ in range(steps):
        prices.append(broker.last_price(SYMBOL))
        clock.advance(1)
    return prices


def test_a_script_moves_prices_by_the_clock_after_the_opening_and_at_a_moment(
    client: Client, clock: VirtualClock
) -> None:
    client.broker.play_prices(SCRIPT)
    before = client.broker.last_price(SYMBOL)
    seen = {}
    for moment in (BELL, BELL + timedelta(seconds=89), BELL + timedelta(seconds=90), CLOSE):
        clock.advance_to(moment)
        seen[moment] = client.broker.last_price(SYMBOL)
    assert list(seen.values()) == [Decimal("801.60"), Decimal("801.60"), Decimal(905), Decimal("880.05")]
    assert before not in seen.values()


def test_what_a_script_reaches_trades_at_its_own_moment_however_late_somebody_looks(
    client: Client, clock: VirtualClock
) -> None:
    client.broker.play_prices(SCRIPT)
    clock.advance_to(BELL)
    number = client.sell("a1")
    clock.advance_to(CLOSE - timedelta(minutes=1))
    (trade,) = client.get("/quick/user/trades")["data"]
    assert (trade["nOrdNo"], trade["fldQty"], trade["avgPrc"], trade["flTm"]) == (number, 4, "900.00", "09:16:30")


def test_times_of_the_day_and_after_the_opening_come_again_every_day(client: Client, clock: VirtualClock) -> None:
    client.broker.play_prices(SCRIPT)
    clock.advance_to(CLOSE)
    client.broker.trade_within(BELL + DAY, CLOSE + DAY)
    seen = []
    for seconds in (-1, 0, 90):
        clock.advance_to(BELL + DAY + timedelta(seconds=seconds))
        seen.append(client.broker.last_price(SYMBOL))
    assert seen == [Decimal("880.05"), Decimal("801.60"), Decimal(905)]
    clock.advance_to(CLOSE + DAY)
    assert client.broker.last_price(SYMBOL) == Decimal(905)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("time,symbol\n", "columns"),
        (f"when,symbol,price\n09:15:00,{SYMBOL},800\nnoon,{SYMBOL},800\n", "line 3"),
        (f"when,symbol,price\n09:15:00,{SYMBOL},-1\n", "line 2"),
        (f"when,symbol,price\n2026-11-23T14:00:00,{SYMBOL},800\n", "line 2"),
        ("when,symbol,price\n09:15:00,NOBODY-EQ,800\n", "NOBODY-EQ"),
    ],
)
def test_a_script_that_makes_no_sense_is_refused_as_a_whole(client: Client, script: str, said: str) -> None:
    before = client.broker.last_price(SYMBOL)
    with pytest.raises(ValueError, match=said):
        client.broker.play_prices(script)
    assert client.broker.last_price(SYMBOL) == before


def test_a_walk_is_the_same_for_a_seed_and_another_one_on_another_day() -> None:
    def path(seed: int, day: int) -> list[Decimal]:
        clock = VirtualClock(BELL + day * DAY)
        broker = Simulator(clock=clock, seed=seed)
        broker.walk_prices(percent=0.5)
        broker.stop()
        return path_of(broker, clock, 30)

    assert path(1, 0) == path(1, 0)
    assert path(1, 0) != path(1, 1)
    assert path(1, 0) != path(2, 0)


def test_a_walk_keeps_to_tick_band_and_trading_hours(client: Client, clock: VirtualClock) -> None:
    clock.advance_to(BELL - timedelta(seconds=10))
    client.broker.set_band(SYMBOL, "820", "830")
    client.broker.walk_prices(percent=2.0, symbols=[SYMBOL])
    early = path_of(client.broker, clock, 10)
    path = path_of(client.broker, clock, 200)
    clock.advance_to(CLOSE)
    late = path_of(client.broker, clock, 10)
    assert len(set(early)) == len(set(late)) == 1
    assert len(set(path)) > 30
    assert all(Decimal(820) <= price <= Decimal(830) and price % Decimal("0.05") == 0 for price in path)


def test_orders_trade_on_a_walk_and_parts_of_them_where_few_are_on_offer(client: Client, clock: VirtualClock) -> None:
    clock.advance_to(BELL)
    client.broker.walk_prices(percent=0.5, symbols=[SYMBOL], liquidity=3)
    number = client.sell("a1", pr="826")
    clock.advance(600)
    fills = [trade for trade in client.get("/quick/user/trades")["data"] if trade["nOrdNo"] == number]
    assert len(fills) == 4
    assert client.row(number)["ordSt"] == "complete"


def test_overnight_the_price_jumps_and_the_band_of_the_new_day_lies_around_the_close(
    client: Client, clock: VirtualClock
) -> None:
    clock.advance_to(BELL)
    client.broker.walk_prices(percent=0.5, gap=3.0, every=60)
    clock.advance_to(CLOSE)
    close = client.broker.last_price(SYMBOL)
    client.broker.trade_within(BELL + DAY, CLOSE + DAY)
    clock.advance_to(BELL + DAY)
    opening = client.broker.last_price(SYMBOL)
    assert opening != close
    client.log_in(clock.now())
    paths = client.get("/script-details/1.0/masterscrip/file-paths")["data"]["filesPaths"]
    (line,) = (one for one in read_instruments(requests.get(paths[-1]).text) if one.symbol == SYMBOL)
    assert (line.low + line.high) / 2 - close < Decimal("0.10")
    assert (line.high - line.low) / close == pytest.approx(Decimal("0.4"), abs=Decimal("0.001"))
    (quote,) = client.get(f"{QUOTE}/all")
    assert Decimal(quote["ohlc"]["close"]) == close
    assert (Decimal(quote["low_price_range"]), Decimal(quote["high_price_range"])) == (line.low, line.high)


def test_prices_stand_still_when_told_to(client: Client, clock: VirtualClock) -> None:
    clock.advance_to(BELL)
    client.broker.walk_prices(percent=0.5)
    client.broker.play_prices(SCRIPT)
    clock.advance(10)
    client.broker.still_prices()
    assert len(set(path_of(client.broker, clock, 120))) == 1


def test_the_quote_tells_the_day_as_it_was(client: Client, clock: VirtualClock) -> None:
    clock.advance_to(BELL)
    for price in ("820", "840.05", "810", "820"):
        client.broker.set_price(SYMBOL, price)
        (quote,) = client.get(f"{QUOTE}/all")
    day = {name: Decimal(price) for name, price in quote["ohlc"].items()}
    assert day == {"open": 820, "high": Decimal("840.05"), "low": 810, "close": Decimal("825.40")}
    assert (quote["change"], quote["per_change"], quote["last_volume"]) == ("-5.4000", "-0.65", "0")
    client.sell("a1", pr="815")
    clock.advance(1)
    (quote,) = client.get(f"{QUOTE}/all")
    assert quote["last_volume"] == "10"
    clock.advance(5)
    assert client.get(f"{QUOTE}/all") == [quote]
    client.broker.set_price(SYMBOL, "820.05")
    (later,) = client.get(f"{QUOTE}/all")
    assert int(later["lstup_time"]) - int(quote["lstup_time"]) in (5, 6)


@pytest.mark.parametrize(
    ("name", "words", "status"),
    [
        ("prices", {"script": SCRIPT}, 200),
        ("prices", {"script": "nonsense"}, 400),
        ("walk", {"percent": 0.2, "every": 5, "symbols": [SYMBOL]}, 200),
        ("walk", {"percent": 0}, 400),
        ("still", {}, 200),
    ],
)
def test_all_of_it_is_there_over_http(client: Client, name: str, words: dict[str, Any], status: int) -> None:
    assert requests.post(f"{client.url}/control/{name}", json=words).status_code == status


def test_a_walk_of_which_nobody_looks_at_a_thing_for_a_day_is_made_up_for_in_a_moment(clock: VirtualClock) -> None:
    """Catches: steps that cost what orders cost, where there are none."""
    with Simulator(clock=clock, day=(BELL, CLOSE)) as broker:
        broker.walk_prices(percent=0.1, every=5)  # 4,500 steps of 43 symbols
        clock.advance_to(CLOSE)
        began = datetime.now(UTC)
        broker.last_price(SYMBOL)
        assert datetime.now(UTC) - began < timedelta(seconds=10)
