"""The control door over HTTP, the owner's own hand, and the ledger by which clients are judged."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simulator_client import SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def command(client: Client, name: str, **words: Any) -> requests.Response:
    return requests.post(f"{client.broker.url}/control/{name}", json=words, timeout=5)


def ledger(client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = requests.get(f"{client.broker.url}/control/ledger", timeout=5).json()
    return answer


def line(client: Client) -> dict[str, Any]:
    (only,) = ledger(client)["symbols"]
    return dict(only)


def test_prices_holdings_and_fills_can_be_set_over_http(client: Client, clock: VirtualClock) -> None:
    ucc = client.account.ucc
    assert command(client, "holdings", ucc=ucc, symbol=SYMBOL, quantity=20, average_price="700.5").status_code == 200
    number = client.sell("a1")
    clock.advance(1)
    command(client, "fill", order=number, quantity=3, price="900")
    command(client, "price", symbol=SYMBOL, price=901, liquidity=2)
    assert client.row(number)["fldQty"] == 5
    (holding,) = client.get("/portfolio/v1/holdings")["data"]
    assert (holding["quantity"], holding["averagePrice"]) == (20, 700.5)


def test_faults_and_settings_can_be_set_over_http(client: Client) -> None:
    command(client, "fault", ucc=None, call="orders", kind="no_data", times=1)
    command(client, "settings", book_delay=4, rms_holdings=False)
    settings = requests.get(f"{client.broker.url}/control/settings", timeout=5).json()
    assert (settings["book_delay"], settings["rms_holdings"]) == (4, False)
    command(client, "clear-faults")
    assert client.place("a1").status_code == 200


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("price", {"symbol": "NOSUCH", "price": 1}, "no instrument NOSUCH"),
        ("price", {"symbol": SYMBOL, "price": "dear"}, "not a price"),
        ("settings", {"speed": 1}, "unknown setting speed"),
        ("settings", {"rate_limit": "fast"}, "rate_limit cannot be"),
        ("fill", {"order": "1", "quantity": 1}, "no order 1"),
        ("manual", {"ucc": "ZZZZZ", "side": "S", "symbol": SYMBOL, "quantity": 1, "price": 900}, "no account ZZZZZ"),
        ("lapse", {}, "order"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(client: Client, name: str, words: dict[str, Any], said: str) -> None:
    answer = command(client, name, **words)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_the_owner_buys_and_sells_by_hand_and_it_shows_as_such(client: Client, clock: VirtualClock) -> None:
    ucc = client.account.ucc
    bought = command(client, "manual", ucc=ucc, side="BUY", symbol=SYMBOL, quantity=10, price="830").json()["order"]
    clock.advance(1)
    sold = client.broker.manual_order(ucc, "SELL", SYMBOL, 4)
    clock.advance(1)
    mine = client.sell("a1", qt="6")
    rows = {row["nOrdNo"]: row for row in client.book()}
    assert [rows[number]["ordSt"] for number in (bought, sold)] == ["complete", "complete"]
    assert (rows[bought]["ordSrc"], rows[bought]["algId"]) == ("ADMINCPPAPI_MOB", "NA")
    assert rows[mine]["ordSrc"] == "ADMINCPPAPI_NEOTRADEAPI"


def test_the_owner_cancels_an_order_of_the_api_by_hand(client: Client, clock: VirtualClock) -> None:
    client.broker.set_holding(client.account.ucc, SYMBOL, 10)
    number = client.sell("a1")
    clock.advance(1)
    command(client, "manual-cancel", ucc=client.account.ucc, order=number)
    clock.advance(1)
    assert client.row(number)["ordSt"] == "cancelled"
    assert "no live order" in command(client, "manual-cancel", ucc=client.account.ucc, order=number).json()["error"]


def test_the_owner_changes_an_order_of_the_api_by_hand_and_it_stays_one_of_the_api(
    client: Client, clock: VirtualClock
) -> None:
    ucc = client.account.ucc
    client.broker.set_holding(ucc, SYMBOL, 20)
    number = client.sell("a1")
    clock.advance(1)
    assert command(client, "manual-modify", ucc=ucc, order=number, price="910", quantity=12).status_code == 200
    clock.advance(1)
    row = client.row(number)
    assert (row["ordSt"], row["prc"], row["qty"]) == ("open", "910.00", 12)
    assert (row["ordSrc"], row["algId"]) == ("ADMINCPPAPI_NEOTRADEAPI", "100001")
    assert row["GuiOrdId"].endswith("-ADMINAPI")
    assert ledger(client)["orders"][0]["api"] is True


def test_the_history_keeps_the_tag_with_which_an_order_came_after_hands_have_changed_it(
    client: Client, clock: VirtualClock
) -> None:
    ucc = client.account.ucc
    client.broker.set_holding(ucc, SYMBOL, 20)
    number = client.sell("a1")
    clock.advance(1)
    for price in (905, 910):
        client.broker.manual_modify(ucc, number, price)
        clock.advance(1)
    client.broker.manual_cancel(ucc, number)
    clock.advance(1)
    rows = client.send("/quick/order/history", {"nOrdNo": number}).json()["data"]
    assert (rows[-1]["ordSt"], rows[-1]["GuiOrdId"]) == ("put order req received", "a1")
    assert rows[0]["GuiOrdId"] == client.row(number)["GuiOrdId"] != "a1"


def test_the_owner_changes_only_what_he_names_of_his_own_order(client: Client, clock: VirtualClock) -> None:
    ucc = client.account.ucc
    client.broker.set_holding(ucc, SYMBOL, 20)
    number = client.broker.manual_order(ucc, "SELL", SYMBOL, 10, 900)
    clock.advance(1)
    client.broker.manual_modify(ucc, number, quantity=4)
    clock.advance(1)
    row = client.row(number)
    assert (row["prc"], row["qty"], row["ordSrc"], row["algId"]) == ("900.00", 4, "ADMINCPPAPI_MOB", "NA")


def test_an_ended_order_or_a_quantity_of_none_cannot_be_changed_by_hand(client: Client, clock: VirtualClock) -> None:
    ucc = client.account.ucc
    client.broker.set_holding(ucc, SYMBOL, 20)
    number = client.sell("a1")
    assert "quantity of 0" in command(client, "manual-modify", ucc=ucc, order=number, quantity=0).json()["error"]
    clock.advance(1)
    client.broker.lapse(number)
    assert "no live order" in command(client, "manual-modify", ucc=ucc, order=number, price=910).json()["error"]


def test_the_exchange_ends_an_order_when_told_to(client: Client, clock: VirtualClock) -> None:
    client.broker.set_holding(client.account.ucc, SYMBOL, 10)
    number = client.sell("a1")
    clock.advance(1)
    command(client, "lapse", order=number)
    row = client.row(number)
    assert (row["ordSt"], row["GuiOrdId"], row["rejRsn"]) == ("cancelled", "a1", "--")


def test_the_ledger_remembers_two_sells_that_lived_at_the_same_time(client: Client, clock: VirtualClock) -> None:
    client.broker.set_holding(client.account.ucc, SYMBOL, 100)
    first = client.sell("a1")
    clock.advance(1)
    client.cancel(first)
    clock.advance(1)
    client.sell("a2")
    assert line(client)["max_live_api_sells"] == 1
    client.sell("a3")
    clock.advance(1)
    client.broker.set_price(SYMBOL, 950)
    assert (line(client)["max_live_api_sells"], line(client)["max_api_sell_shares"]) == (2, 20)
    assert line(client)["sold"] == 20


def test_the_ledger_does_not_count_the_owners_sells_as_the_apis(client: Client, clock: VirtualClock) -> None:
    client.broker.set_holding(client.account.ucc, SYMBOL, 100)
    client.broker.manual_order(client.account.ucc, "S", SYMBOL, 50, 900)
    client.sell("a1")
    clock.advance(1)
    assert line(client)["max_live_api_sells"] == 1


def test_the_ledger_tells_the_worst_oversale_even_after_it_is_gone(client: Client, clock: VirtualClock) -> None:
    client.broker.set_holding(client.account.ucc, SYMBOL, 10)
    client.broker.configure(rms_holdings=False)
    first, second = client.sell("a1"), client.sell("a2", qt="7")
    clock.advance(1)
    client.cancel(second)
    clock.advance(1)
    client.broker.fill(first, 10)
    summary = ledger(client)
    assert line(client)["oversold"] == 7
    assert (summary["totals"]["oversold"], summary["totals"]["sold"], summary["totals"]["api_orders"]) == (7, 10, 2)


def test_the_ledger_has_each_order_and_fill(client: Client, clock: VirtualClock) -> None:
    client.broker.set_holding(client.account.ucc, SYMBOL, 10)
    number = client.sell("a1", qt="5")
    clock.advance(1)
    client.broker.set_price(SYMBOL, 900)
    (order,), (fill,) = ledger(client)["orders"], ledger(client)["fills"]
    assert (order["order"], order["tag"], order["filled"], order["state"]) == (number, "a1", 5, "complete")
    assert order["finished"] == fill["time"] == "2026-11-23T03:00:01+00:00"
    assert (fill["quantity"], fill["price"]) == (5, "900")
    assert line(client)["held_at_start"] == 10


def test_the_accounts_are_told_with_their_credentials(client: Client) -> None:
    (account,) = requests.get(f"{client.broker.url}/control/accounts", timeout=5).json()["accounts"]
    assert account["ucc"] == client.account.ucc
    assert set(account) == {"consumer_key", "mobile", "ucc", "mpin", "totp_secret"}


def test_an_unknown_path_is_answered_as_the_gateway_does(client: Client) -> None:
    answer = client.http.get(client.broker.url + "/portfolio/v9/holdings")
    assert (answer.status_code, answer.json()["error"][0]["code"]) == (404, 404)
