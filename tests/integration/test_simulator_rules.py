"""What the broker asks of a client beyond the order itself: funds, hosts, forms, paces, tokens that live; and faults
that come at their time.

The mutation to try: leave what a live buy blocks out of the funds.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from simulator_client import PLACE, SYMBOL, Client

from broker.simulator import Simulator
from broker.simulator.server import KEEP_ALIVE
from domain.clock import VirtualClock

WRONG_HOST = {
    "stCode": 200032, "errMsg": "Invalid URL. Please verify the 'baseUrl' in the Login Validate API response",
    "stat": "Not_Ok",
}  # fmt: skip
QUOTE = "/script-details/1.0/quotes/neosymbol/nse_cm|1485"


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100}) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def buy(client: Client, tag: str, quantity: str, price: str = "800") -> str:
    return client.sell(tag, tt="B", qt=quantity, pr=price)


def funds(client: Client) -> tuple[Decimal, Decimal]:
    answer = client.send("/quick/user/limits", {"seg": "ALL", "exch": "ALL", "prod": "ALL"}).json()
    return Decimal(answer["MarginUsed"]), Decimal(answer["Net"])


def margin(client: Client, quantity: str) -> dict[str, Any]:
    words = {
        "exSeg": "nse_cm",
        "prc": "800",
        "prcTp": "L",
        "prod": "CNC",
        "qty": quantity,
        "tok": "1485",
        "trnsTp": "B",
        "brkName": "KOTAK",
        "brnchId": "ONLINE",
    }
    answer: dict[str, Any] = client.send("/quick/user/check-margin", words).json()
    return answer


def test_a_buy_beyond_the_funds_is_rejected_in_the_brokers_words(client: Client, clock: VirtualClock) -> None:
    ucc = client.account.ucc
    client.broker.set_funds(ucc, 10_000)
    buy(client, "first", "10")
    number = buy(client, "second", "3")
    clock.advance(1)
    row = client.row(number)
    assert (row["ordSt"], row["rejRsn"]) == (
        "rejected",
        "RMS:Margin Exceeds,Cash Available:2000.00,Additional margin required:400.00 "
        f"for entity account-{ucc} across exchange across segment across product ",
    )


def test_what_a_live_buy_blocks_is_free_again_once_it_is_cancelled(client: Client, clock: VirtualClock) -> None:
    client.broker.set_funds(client.account.ucc, 10_000)
    number = buy(client, "first", "10")
    clock.advance(1)
    assert funds(client) == (8000, 2000)
    client.cancel(number)
    clock.advance(1)
    assert funds(client) == (0, 10_000)


def test_a_change_needs_only_what_it_adds(client: Client, clock: VirtualClock) -> None:
    client.broker.set_funds(client.account.ucc, 10_000)
    number = buy(client, "first", "10")
    clock.advance(1)
    client.modify(number, "800", "12")
    clock.advance(1)
    assert client.row(number)["qty"] == 12
    client.modify(number, "800", "13")
    clock.advance(1)
    row = client.row(number)
    assert (row["qty"], row["ordSt"], row["rejRsn"][:18]) == (12, "open", "RMS:Margin Exceeds")


def test_trades_are_paid_over_night_and_sales_bring_cash(client: Client, clock: VirtualClock) -> None:
    client.broker.set_funds(client.account.ucc, 10_000)
    client.broker.set_price(SYMBOL, "800")
    buy(client, "first", "10")
    clock.advance(1)
    assert funds(client) == (8000, 2000)
    clock.advance(86_400)
    client.log_in(clock.now())
    assert funds(client) == (0, 2000)
    client.sell("back", pr="790", qt="5")
    clock.advance(86_400)
    client.log_in(clock.now())
    assert funds(client) == (0, 6000)


def test_buying_power_is_not_checked_when_told_so(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(rms_margin=False, cash=100.0)
    number = buy(client, "first", "10")
    clock.advance(1)
    assert client.row(number)["ordSt"] == "open"


def test_the_margin_check_says_what_is_short(client: Client, clock: VirtualClock) -> None:
    client.broker.set_funds(client.account.ucc, 10_000)
    enough = margin(client, "12")
    assert (enough["rmsVldtd"], enough["ordMrgn"], enough["insufFund"]) == ("OK", "9600.000000", "0.000000")
    buy(client, "first", "1")
    clock.advance(1)
    short = margin(client, "12")
    assert (short["rmsVldtd"], short["reqdMrgn"], short["avlMrgn"], short["insufFund"]) == (
        "NOT_OK", "10400.000000", "10000.000000", "400.000000",
    )  # fmt: skip


def test_funds_can_be_set_over_http(client: Client) -> None:
    words = {"ucc": client.account.ucc, "cash": "12345.67"}
    assert requests.post(f"{client.url}/control/funds", json=words).status_code == 200
    assert funds(client) == (0, Decimal("12345.67"))


def test_a_trading_call_beside_the_base_url_is_at_the_wrong_host(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(base_path="/e43")
    clock.advance(60)
    data = client.log_in(clock.now())
    assert data["baseUrl"] == f"{client.broker.url}/e43"
    assert client.get("/quick/user/orders") == client.place("a1").json() == WRONG_HOST
    assert client.get("/e43/quick/user/orders")["stCode"] == 5203
    assert client.get(QUOTE)[0]["exchange_token"] == client.get(f"/e43{QUOTE}")[0]["exchange_token"] == "1485"


@pytest.mark.parametrize("value", [10, 10.5, True, ["10"], {"qt": "10"}])
def test_a_value_that_is_no_string_spoils_the_form_unless_told_otherwise(client: Client, value: Any) -> None:
    assert client.send(PLACE, words() | {"qt": value}).json()["stCode"] == 1007
    client.broker.configure(strict_strings=False)
    assert client.send(PLACE, words() | {"qt": 10}).json()["stat"] == "Ok"


@pytest.mark.parametrize("spaced", [(",", ":"), (", ", ": "), (" ,\n", " :\t ")])
@pytest.mark.parametrize("blank", ["+", "%20"])
def test_spaces_in_the_form_mean_nothing_and_come_in_two_ways(
    client: Client, spaced: tuple[str, str], blank: str
) -> None:
    text = json.dumps(words() | {"ig": 'a "tag"=100%25&+'}, separators=spaced)
    body = "jData=" + requests.utils.quote(text, safe="").replace("%20", blank)
    headers = client.headers | {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.http.post(client.url + PLACE, data=body, headers=headers).json()["stat"] == "Ok"
    assert client.book()[0]["GuiOrdId"] == 'a "tag"=100%25&+'


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"es": "bse_cm"}, 1006),
        ({"am": "YES"}, 5202),
        ({"am": "yes"}, 5202),
        ({"pf": "N", "os": "X", "new": "key"}, 200),
    ],
)
def test_exchanges_and_hours_that_are_not_served_are_refused_and_unknown_keys_ignored(
    client: Client, changes: dict[str, str], code: int
) -> None:
    assert client.place("a1", **changes).json()["stCode"] == code


def test_names_of_headers_may_be_written_in_any_case(client: Client) -> None:
    for change in (str.lower, str.upper):
        headers = {change(name): value for name, value in client.headers.items()}
        assert requests.get(f"{client.url}/quick/user/orders", headers=headers).json()["stCode"] == 5203


def test_an_idle_connection_is_kept_for_ten_minutes_and_more() -> None:
    """The wire specification's figure; the time itself is the HTTP library's to measure."""
    assert KEEP_ALIVE >= 600


def test_reads_draw_from_the_limit_of_the_orders_unless_told_otherwise(client: Client, clock: VirtualClock) -> None:
    """The wire specification, §12.9: over all calls."""
    client.broker.configure(rate_limit=10)
    calls = [client.http.get(f"{client.url}/quick/user/orders", headers=client.headers) for _ in range(7)]
    calls += [client.place(f"a{number}", qt="1") for number in range(4)]
    assert [call.status_code for call in calls] == [200] * 10 + [429]
    client.broker.configure(limit_reads=False)
    clock.advance(1)
    assert [client.book()[0]["qty"] for _ in range(20)] == [1] * 20


def test_quotes_have_a_limit_of_their_own_where_reads_are_limited(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(rate_limit=10)
    quotes = [client.http.get(client.url + QUOTE, headers=client.headers).status_code for _ in range(26)]
    assert quotes == [200] * 25 + [429]
    reads = [client.http.get(f"{client.url}/quick/user/orders", headers=client.headers) for _ in range(11)]
    assert [read.status_code for read in reads] == [200] * 10 + [429]
    assert reads[-1].headers["Retry-After"] == "1"
    client.broker.configure(retry_after=False)
    refused = client.http.get(client.url + QUOTE, headers=client.headers)
    assert (refused.status_code, "Retry-After" in refused.headers) == (429, False)
    clock.advance(1)
    assert client.get(QUOTE)[0]["exchange_token"] == "1485"


def test_a_token_lives_as_long_as_told_and_says_so(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(session_hours=0.5)
    client.log_in(clock.now())
    clock.advance(1799)
    assert client.get("/quick/user/orders")["stCode"] == 5203
    clock.advance(1)
    assert client.get("/quick/user/orders")["stCode"] == 100022


def test_the_configuration_service_tells_where_the_feeds_are(client: Client) -> None:
    data = requests.get(f"{client.url}/5config/config").json()["data"]["configs"]
    source = data["SIM_broadcast_source"]
    assert data[f"SIM_{source}_interactive_endpoint"] == f"{client.url}/realtime"


def test_a_fault_on_schedule_strikes_neither_before_nor_after_its_time(client: Client, clock: VirtualClock) -> None:
    client.broker.fault("orders", "502_html", times=None, after=60, lasting=30)
    seen, began = {}, clock.now()
    for second in (0, 59, 60, 89, 90, 200):
        clock.advance_to(began + timedelta(seconds=second))
        seen[second] = client.http.get(f"{client.url}/quick/user/orders", headers=client.headers).status_code
    assert seen == {0: 200, 59: 200, 60: 502, 89: 502, 90: 200, 200: 200}


def test_a_scheduled_fault_is_told_and_can_be_taken_back(client: Client, clock: VirtualClock) -> None:
    client.broker.fault("orders", "no_data", after=60)
    assert [fault["kind"] for fault in client.broker.faults()["planned"]] == ["no_data"]
    client.broker.clear_faults()
    clock.advance(61)
    client.sell("a1")
    assert len(client.book()) == 1
    assert client.broker.faults()["planned"] == client.broker.faults()["waiting"] == []


@pytest.mark.parametrize(("after", "lasting"), [(-1, None), (0, 0), (5, -1)])
def test_a_schedule_that_is_none_is_refused(client: Client, after: float, lasting: float | None) -> None:
    with pytest.raises(ValueError, match=r"(after|lasting) of no_data cannot be"):
        client.broker.fault("orders", "no_data", after=after, lasting=lasting)


def words() -> dict[str, Any]:
    return {
        "am": "NO", "dq": "0", "es": "nse_cm", "mp": "0", "pc": "CNC", "pr": "900", "pt": "L", "qt": "10", "rt": "DAY",
        "tp": "0", "ts": SYMBOL, "tt": "S", "ig": "a1",
    }  # fmt: skip
