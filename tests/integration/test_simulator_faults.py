"""Each fault does what its name says: what the client sees, and whether the broker carried the call out."""

import json
from collections.abc import Iterator

import pytest
import requests
from simulator_client import ORDERS, SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(2, clock=clock, rate_limit=0, holdings={SYMBOL: 100}) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


@pytest.mark.parametrize(("kind", "orders"), [("lost_reply", 1), ("hang_after", 1), ("drop_before", 0), ("hang", 0)])
def test_a_dropped_connection_hides_whether_the_order_was_accepted(client: Client, kind: str, orders: int) -> None:
    client.broker.fault("place", kind)
    with pytest.raises(requests.ConnectionError):
        client.place("a1")
    assert len(client.book()) == orders
    assert client.place("a1").status_code == (400 if orders else 200)


def test_a_hang_lasts_as_long_as_told_in_virtual_time(client: Client, clock: VirtualClock) -> None:
    client.broker.fault("orders", "hang", seconds=60)
    before = clock.monotonic()
    with pytest.raises(requests.ConnectionError):
        client.get(ORDERS)
    assert clock.monotonic() - before == 60


def test_a_late_reply_is_true_when_it_comes(client: Client, clock: VirtualClock) -> None:
    client.broker.fault("place", "late_reply", seconds=12)
    before = clock.monotonic()
    number = client.sell("a1")
    assert clock.monotonic() - before == 12
    assert client.row(number)["ordSt"] == "open"


@pytest.mark.parametrize(
    ("kind", "status", "orders"),
    [("502_html", 502, 0), ("502_after", 502, 1), ("503_after", 503, 1), ("429", 429, 0), ("garbage_after", 200, 1)],
)
def test_an_error_page_hides_it_too(client: Client, kind: str, status: int, orders: int) -> None:
    client.broker.fault("place", kind)
    assert client.place("a1").status_code == status
    assert len(client.book()) == orders


@pytest.mark.parametrize("kind", ["502_html", "garbage_after"])
def test_some_answers_are_not_json(client: Client, kind: str) -> None:
    client.broker.fault("orders", kind)
    with pytest.raises(json.JSONDecodeError):
        json.loads(client.http.get(client.broker.url + ORDERS, headers=client.headers).content.decode("latin-1"))


def test_an_ok_can_come_without_a_number(client: Client) -> None:
    client.broker.fault("place", "ok_without_number")
    assert client.place("a1").json() == {"stat": "Ok", "stCode": 200}
    assert [row["GuiOrdId"] for row in client.book()] == ["a1"]


def test_the_book_can_deny_or_miss_what_is_there(client: Client) -> None:
    first, _second, _third = (client.sell(tag) for tag in ("a1", "a2", "a3"))
    client.broker.fault("orders", "no_data")
    client.broker.fault("orders", "missing_rows", rows=2)
    assert client.get(ORDERS)["stCode"] == 5203
    assert [row["nOrdNo"] for row in client.book()] == [first]
    assert len(client.book()) == 3


def test_one_row_can_be_malformed_and_only_for_once(client: Client) -> None:
    client.sell("a1")
    client.sell("a2")
    client.broker.fault("orders", "malformed_row")
    assert [row["qty"] for row in client.book()] == [10, "many"]
    assert [row["qty"] for row in client.book()] == [10, 10]


def test_a_session_dies_in_the_middle_and_a_new_login_heals_it(client: Client, clock: VirtualClock) -> None:
    client.broker.fault("orders", "session_death")
    assert [client.get(ORDERS)["stCode"] for _ in range(2)] == [100022, 100022]
    client.log_in(clock.now())
    assert client.get(ORDERS)["stCode"] == 5203


@pytest.mark.parametrize(("kind", "code"), [("ip_refused", 100008), ("ip_changed", 1037)])
def test_orders_from_another_address_are_refused(client: Client, kind: str, code: int) -> None:
    client.broker.fault("place", kind)
    assert client.place("a1").json()["stCode"] == code
    assert client.book() == []


def test_the_risk_checks_reject_in_the_words_they_are_given(client: Client, clock: VirtualClock) -> None:
    client.broker.fault("place", "reject", text="ADAPTER is down")
    number = client.sell("a1")
    clock.advance(1)
    assert (client.row(number)["ordSt"], client.row(number)["rejRsn"]) == ("rejected", "ADAPTER is down")


def test_a_refusal_at_once_has_the_code_and_text_that_it_is_given_and_makes_no_order(client: Client) -> None:
    client.broker.fault("place", "sync_reject", code=1017, text="algo order not allowed")
    answer = client.place("a1")
    assert (answer.status_code, answer.json()) == (
        200,
        {"stCode": 1017, "errMsg": "algo order not allowed", "stat": "Not_Ok"},
    )
    assert client.book() == []
    assert client.place("a1").status_code == 200


@pytest.mark.parametrize("call", ["modify", "cancel"])
def test_a_change_refused_at_once_changes_nothing(client: Client, clock: VirtualClock, call: str) -> None:
    number = client.sell("a1")
    clock.advance(1)
    client.broker.fault(call, "sync_reject", code=1006, text="Order cannot be modified")
    answer = client.modify(number, "910", "10") if call == "modify" else client.cancel(number)
    clock.advance(1)
    row = client.row(number)
    assert answer["stCode"] == 1006
    assert (row["ordSt"], row["prc"], row["GuiOrdId"], row["rejRsn"]) == ("open", "900.00", "a1", "--")


def test_a_refused_modify_leaves_its_reason_on_the_open_order(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1")
    clock.advance(1)
    client.broker.fault("modify", "reject", text="LPP band violated")
    client.modify(number, "910", "10")
    clock.advance(1)
    row = client.row(number)
    assert (row["ordSt"], row["prc"], row["rejRsn"]) == ("open", "900.00", "LPP band violated")
    assert client.states(number)[-2:] == ["not modified", "open"]


def test_one_order_can_show_late_while_others_show_at_once(client: Client, clock: VirtualClock) -> None:
    client.broker.fault("place", "late_row", seconds=4)
    before = clock.monotonic()
    late, prompt = client.sell("a1"), client.sell("a2")
    assert clock.monotonic() == before
    assert [row["nOrdNo"] for row in client.book()] == [prompt]
    assert client.get(f"{ORDERS}/{late}")["stCode"] == 5203
    clock.advance(4)
    assert [row["nOrdNo"] for row in client.book()] == [late, prompt]


def test_a_refused_cancel_leaves_the_order_open(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1")
    clock.advance(1)
    client.broker.fault("cancel", "reject", text="too late")
    client.cancel(number)
    clock.advance(1)
    assert client.states(number)[-3:] == ["cancel pending", "not cancelled", "open"]
    client.broker.set_price(SYMBOL, 900)
    assert client.row(number)["ordSt"] == "complete"


def test_a_fault_is_for_one_account_one_call_and_as_often_as_told(client: Client, clock: VirtualClock) -> None:
    other = Client(client.broker, client.broker.accounts[1], clock.now())
    client.broker.fault("orders", "502_html", ucc=client.account.ucc, times=2)
    assert other.get(ORDERS)["stCode"] == 5203
    assert client.place("a1").status_code == 200
    seen = [client.http.get(client.broker.url + ORDERS, headers=client.headers).status_code for _ in range(3)]
    assert seen == [502, 502, 200]


def test_the_eleventh_order_of_a_second_is_too_many_and_is_not_accepted(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(rate_limit=10)
    answers = [client.place(f"a{number}", qt="1") for number in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1].json()["message"] == "too many request received"
    assert len(client.broker.orders(client.account.ucc)) == 10
    clock.advance(0.1)
    assert client.place("a10", qt="1").status_code == 200


def test_latency_passes_in_virtual_time(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(latency=0.25)
    before = clock.monotonic()
    client.get(ORDERS)
    assert clock.monotonic() - before == 0.25


@pytest.mark.parametrize(("call", "kind"), [("plase", "hang"), ("place", "hangs")])
def test_a_fault_that_does_not_exist_is_refused(client: Client, call: str, kind: str) -> None:
    with pytest.raises(ValueError, match=r"plase|hangs"):
        client.broker.fault(call, kind)
