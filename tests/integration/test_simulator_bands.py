"""A band that slides: the exchange cancels what rests outside the new one (market rules §3.2)."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simulator_client import SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100, "RELIANCE-EQ": 100}) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def band(client: Client, path: str = "band", **words: Any) -> requests.Response:
    body = {"symbol": SYMBOL, "low": "600", "high": "899.95"} | words
    return requests.post(f"{client.broker.url}/control/{path}", json=body, timeout=5)


def test_what_rests_outside_a_band_that_slides_is_cancelled_and_what_was_filled_stays(
    client: Client, clock: VirtualClock
) -> None:
    outside, inside = client.sell("a1"), client.sell("a2", pr="899.95")
    clock.advance(1)
    client.broker.fill(outside, 4)
    client.broker.set_band(SYMBOL, 600, "899.95", slide=True)
    row = client.row(outside)
    assert (row["ordSt"], row["fldQty"], row["cnlQty"], row["rejRsn"]) == ("cancelled", 4, 6, "--")
    assert row["GuiOrdId"] == "a1"
    assert client.row(inside)["ordSt"] == "open"


@pytest.mark.parametrize("path", ["band", "price"])
def test_a_band_slides_over_http_too(client: Client, clock: VirtualClock, path: str) -> None:
    number = client.sell("a1")
    clock.advance(1)
    assert band(client, path, slide=True).status_code == 200
    assert client.row(number)["ordSt"] == "cancelled"


@pytest.mark.parametrize("path", ["band", "price"])
def test_a_band_that_only_moves_leaves_what_rests(client: Client, clock: VirtualClock, path: str) -> None:
    number = client.sell("a1")
    clock.advance(1)
    band(client, path)
    assert client.row(number)["ordSt"] == "open"


def test_a_slide_catches_stop_orders_and_orders_under_change_and_no_other_symbol(
    client: Client, clock: VirtualClock
) -> None:
    stop = client.sell("a1", pt="SL", pr="700", tp="705")
    changing, other = client.sell("a2"), client.sell("a3", ts="RELIANCE-EQ", pr="2400")
    clock.advance(1)
    client.modify(changing, "890", "10")
    client.broker.set_band(SYMBOL, 750, "899.95", slide=True)
    clock.advance(1)
    assert [client.row(number)["ordSt"] for number in (stop, changing, other)] == ["cancelled", "cancelled", "open"]


def test_a_slide_catches_an_order_that_is_on_its_way_to_the_exchange(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(open_delay=3.0)
    checked = client.sell("a1")
    clock.advance(2.5)
    unchecked = client.sell("a2")
    client.broker.set_band(SYMBOL, 600, "899.95", slide=True)
    clock.advance(3)
    assert [client.row(number)["ordSt"] for number in (checked, unchecked)] == ["cancelled", "rejected"]


def test_the_quote_shows_the_band(client: Client) -> None:
    client.broker.set_band(SYMBOL, 600, "899.95", slide=True)
    (quote,) = client.get("/script-details/1.0/quotes/neosymbol/nse_cm|1485/all")
    assert (quote["low_price_range"], quote["high_price_range"]) == ("600.0000", "899.9500")


def test_a_band_upside_down_is_refused(client: Client) -> None:
    assert band(client, low="900", high="800").status_code == 400
