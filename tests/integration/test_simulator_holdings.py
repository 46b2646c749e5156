"""Holdings as the broker shows them: the morning's shares, today's sales and resting sells as the switches say."""

from collections.abc import Iterator

import pytest
import requests
from simulator_client import SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock

LAST = "825.40"


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100}) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def holding(client: Client) -> tuple[int, int]:
    """Quantity and sellable quantity."""
    (row,) = client.get("/portfolio/v1/holdings")["data"]
    return row["quantity"], row["sellableQuantity"]


def test_shares_bought_today_come_into_the_holdings_on_the_next_day(client: Client, clock: VirtualClock) -> None:
    client.broker.set_holding(client.account.ucc, SYMBOL, 0)
    number = client.sell("b1", tt="B", pr=LAST, qt="7")
    clock.advance(1)
    assert client.row(number)["ordSt"] == "complete"
    assert "No holdings found" in client.get("/portfolio/v1/holdings")["errMsg"]
    clock.advance(86_400)
    client.log_in(clock.now())
    assert holding(client) == (7, 7)


def test_the_quantity_is_the_mornings_unless_it_shrinks_with_todays_sales(client: Client, clock: VirtualClock) -> None:
    client.sell("a1", pr=LAST)
    clock.advance(1)
    assert holding(client) == (100, 90)
    client.broker.configure(holdings_shrink=True)
    assert holding(client) == (90, 90)
    client.sell("b1", tt="B", pr=LAST, qt="4")
    clock.advance(1)
    assert holding(client) == (94, 94)


def test_resting_sells_are_netted_only_when_switched_on(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1", qt="30")
    client.broker.manual_order(client.account.ucc, "SELL", SYMBOL, 5, 900)
    clock.advance(1)
    client.broker.fill(number, 10)
    assert holding(client) == (100, 90)
    url = f"{client.broker.url}/control/settings"
    assert requests.post(url, json={"sellable_nets_orders": True}, timeout=5).status_code == 200
    assert holding(client) == (100, 65)
    client.cancel(number)
    clock.advance(1)
    assert holding(client) == (100, 85)
