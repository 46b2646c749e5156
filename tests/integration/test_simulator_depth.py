"""An order book of others: price before time, each level at its own price, and what is taken is gone.

The mutation to try: let an order keep its turn when its price changes.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
from simulator_client import SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock

BIDS = [("820", 5), ("821.05", 3), ("819", 100)]
ASKS = [("823", 4), ("822.10", 2)]


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100}, open_delay=0.0) as running:
        running.set_depth(SYMBOL, BIDS, ASKS)
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def fills(client: Client, number: str) -> list[tuple[int, str]]:
    answer = client.get("/quick/user/trades")
    rows = answer["data"] if answer["stat"] == "ok" else []
    return [(row["fldQty"], row["avgPrc"]) for row in rows if row["nOrdNo"] == number]


def quote(client: Client) -> dict[str, Any]:
    (row,) = client.get("/script-details/1.0/quotes/neosymbol/nse_cm|1485/all")
    return dict(row)


def test_a_sell_takes_the_best_bids_first_each_at_its_price_and_the_rest_of_it_stands(client: Client) -> None:
    number = client.sell("a1", pr="820", qt="10")
    assert fills(client, number) == [(3, "821.05"), (5, "820.00")]
    row = client.row(number)
    assert (row["ordSt"], row["fldQty"], row["unFldSz"], row["avgPrc"]) == ("open", 8, 2, "820.39")
    assert client.broker.last_price(SYMBOL) == 820


def test_a_buy_takes_asks_within_its_limit_only(client: Client) -> None:
    number = client.sell("a1", tt="B", pr="822.95", qt="10")
    assert fills(client, number) == [(2, "822.10")]


def test_what_one_order_took_is_gone_for_the_next(client: Client) -> None:
    client.sell("a1", pr="820", qt="6")
    number = client.sell("a2", pr="820", qt="6")
    assert fills(client, number) == [(2, "820.00")]


def test_what_rests_trades_at_its_own_limit_when_others_come_the_better_and_then_the_earlier_first(
    client: Client, clock: VirtualClock
) -> None:
    numbers = {}
    for tag, price in (("late", "850"), ("dear", "850.05"), ("cheap", "849"), ("later", "850")):
        numbers[tag] = client.sell(tag, pr=price, qt="10")
        clock.advance(1)
    client.broker.set_depth(SYMBOL, [("855", 25)], [])
    assert {tag: fills(client, number) for tag, number in numbers.items()} == {
        "cheap": [(10, "849.00")], "late": [(10, "850.00")], "later": [(5, "850.00")], "dear": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("price", "quantity", "first"), [("850", "10", "a1"), ("850", "12", "a2"), ("851", "10", "a2")]
)
def test_an_order_loses_its_turn_when_it_asks_for_another_price_or_for_more(
    client: Client, clock: VirtualClock, price: str, quantity: str, first: str
) -> None:
    numbers = {tag: client.sell(tag, pr="850", qt="10") for tag in ("a1", "a2")}
    clock.advance(1)
    client.modify(numbers["a1"], price, quantity)
    clock.advance(1)
    client.modify(numbers["a1"], "850", quantity)
    clock.advance(1)
    client.broker.set_depth(SYMBOL, [("850", 1)], [])
    assert fills(client, numbers[first]) == [(1, "850.00")]


def test_an_immediate_order_takes_what_is_there_and_ends(client: Client) -> None:
    number = client.sell("a1", pr="820", qt="10", rt="IOC")
    row = client.row(number)
    assert (row["ordSt"], row["fldQty"], row["cnlQty"]) == ("cancelled", 8, 2)


def test_a_stop_order_goes_off_when_a_trade_reaches_its_trigger(client: Client) -> None:
    number = client.sell("stop", pt="SL", pr="815", tp="820", qt="10")
    client.sell("a1", pr="821", qt="3")
    assert client.row(number)["ordSt"] == "trigger pending"
    client.sell("a2", pr="820", qt="5")
    assert fills(client, number) == [(10, "819.00")]


def test_a_price_that_is_set_takes_the_order_book_away(client: Client) -> None:
    client.broker.set_price(SYMBOL, "825")
    number = client.sell("a1", pr="820", qt="20")
    assert fills(client, number) == [(20, "825.00")]


def test_the_quote_shows_five_levels_of_each_side_and_their_sums(client: Client) -> None:
    shown = quote(client)
    assert [(level["price"], level["quantity"]) for level in shown["depth"]["buy"]] == [
        ("821.0500", "3"), ("820.0000", "5"), ("819.0000", "100"), ("0.0000", "0"), ("0.0000", "0"),
    ]  # fmt: skip
    assert shown["depth"]["sell"][0]["price"] == "822.1000"
    assert (shown["total_buy"], shown["total_sell"]) == ("108", "6")
    client.sell("a1", pr="821", qt="3")
    later = quote(client)
    assert (later["depth"]["buy"][0]["price"], later["total_buy"], later["ltp"]) == ("820.0000", "105", "821.0500")
    assert Decimal(later["last_volume"]) == 3


@pytest.mark.parametrize(
    ("bids", "asks", "status"),
    [
        ([["800", 5]], [["801", 5]], 200),
        ([["801", 5]], [["801", 5]], 400),
        ([["800", 0]], [], 400),
        ([["-1", 1]], [], 400),
    ],
)
def test_an_order_book_can_be_set_over_http(
    client: Client, bids: list[list[Any]], asks: list[list[Any]], status: int
) -> None:
    words = {"symbol": SYMBOL, "bids": bids, "asks": asks}
    assert requests.post(f"{client.url}/control/depth", json=words).status_code == status
