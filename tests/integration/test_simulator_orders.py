"""An order at the simulator lives as at the broker: received first, and everything else later."""

from collections.abc import Iterator
from typing import Any

import pytest
from simulator_client import ORDERS, PLACE, SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock

LIFE = ["put order req received", "validation pending", "open pending", "open"]


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100, "GRPLTD-BE": 10, "NIDAN-SM": 5000}) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def test_an_order_goes_through_every_state_at_its_own_moment(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1")
    seen = [client.row(number)["ordSt"]]
    for seconds in (0.02, 0.02, 0.02):
        clock.advance(seconds)
        seen.append(client.row(number)["ordSt"])
    assert seen == LIFE


def test_states_that_nobody_looked_at_are_in_the_history_at_their_own_time(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(open_delay=3.0)
    number = client.sell("a1")
    clock.advance(60)
    assert client.states(number) == LIFE
    rows = client.send("/quick/order/history", {"nOrdNo": number}).json()["data"]
    assert [row["flDtTm"][-2:] for row in rows] == ["03", "02", "01", "00"]


def test_order_numbers_carry_the_day_and_nine_digits(client: Client) -> None:
    first, second = client.sell("a1"), client.sell("a2")
    assert (len(first), first[:6]) == (15, "261123")
    assert second > first


def test_the_row_has_the_types_of_the_wire(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1", pr="900.5")
    clock.advance(1)
    row = client.row(number)
    assert {key: row[key] for key in ("qty", "fldQty", "unFldSz", "cnlQty")} == {
        "qty": 10, "fldQty": 0, "unFldSz": 10, "cnlQty": 0,
    }  # fmt: skip
    assert (row["prc"], row["avgPrc"], row["tckSz"], row["tok"]) == ("900.50", "0.00", "0.0500", "1485")
    assert (row["GuiOrdId"], row["rejRsn"], row["trnsTp"], row["trdSym"]) == ("a1", "--", "S", SYMBOL)
    assert row["ordEntTm"] == "23-Nov-2026 08:30:00"


def test_a_repeated_tag_is_refused_and_makes_no_row(client: Client) -> None:
    client.sell("a1")
    again = client.place("a1")
    assert again.status_code == 400
    assert again.json() == {
        "stCode": 32,
        "errMsg": "error from core",
        "stat": "Put Order Response : Client OrderID already exists Data: 0",
    }
    assert len(client.book()) == 1
    assert [refused["tag"] for refused in client.broker.ledger()["tags_refused"]] == ["a1"]


def test_the_tag_of_a_cancelled_or_rejected_order_stays_burnt(client: Client, clock: VirtualClock) -> None:
    cancelled, _rejected = client.sell("a1"), client.sell("a2", pr="900.01")
    clock.advance(1)
    client.cancel(cancelled)
    clock.advance(1)
    assert {row["ordSt"] for row in client.book()} == {"cancelled", "rejected"}
    assert [client.place(tag).status_code for tag in ("a1", "a2")] == [400, 400]


def test_a_tag_is_free_again_on_the_next_day_and_the_book_is_empty(client: Client, clock: VirtualClock) -> None:
    client.sell("a1")
    clock.advance(86_400)
    client.log_in(clock.now())
    assert client.book() == []
    assert client.place("a1").status_code == 200


def test_the_broker_makes_a_tag_for_an_order_without_one(client: Client) -> None:
    row = client.row(client.sell(None))
    assert row["GuiOrdId"].endswith("-ADMINAPI")


def test_an_order_shows_late_in_the_book_but_trades_all_the_same(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(book_delay=4.0)
    number = client.sell("a1")
    clock.advance(3.9)
    client.broker.set_price(SYMBOL, 900)
    assert client.get(ORDERS) == {"stCode": 5203, "errMsg": "No Data", "stat": "Not_Ok"}
    clock.advance(0.1)
    assert client.row(number)["ordSt"] == "complete"


def test_a_modify_changes_price_and_total_quantity_and_rewrites_the_tag(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1")
    clock.advance(1)
    assert client.modify(number, "910", "12") == {"stat": "Ok", "nOrdNo": number, "stCode": 200}
    assert client.row(number)["prc"] == "900.00"
    clock.advance(1)
    row = client.row(number)
    assert (row["prc"], row["qty"], row["ordSt"]) == ("910.00", 12, "open")
    assert row["GuiOrdId"] != "a1"
    assert row["GuiOrdId"].endswith("-ADMINAPI")


def test_a_refused_modify_leaves_the_order_open_with_a_reason(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1")
    clock.advance(1)
    client.modify(number, "910.01", "10")
    clock.advance(1)
    row = client.row(number)
    assert (row["prc"], row["ordSt"]) == ("900.00", "open")
    assert "tick" in row["rejRsn"]


def test_a_modify_loses_against_a_fill_that_comes_first(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1")
    clock.advance(1)
    client.modify(number, "950", "10")
    client.broker.set_price(SYMBOL, 900)
    clock.advance(1)
    assert (client.row(number)["ordSt"], client.row(number)["prc"]) == ("complete", "900.00")


def test_a_modify_may_take_the_shares_that_the_order_has_and_no_others(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1", qt="60")
    clock.advance(1)
    client.modify(number, "900", "100")
    clock.advance(1)
    assert client.row(number)["qty"] == 100
    client.modify(number, "900", "101")
    clock.advance(1)
    assert client.row(number)["qty"] == 100
    assert "No Holdings Present" in client.row(number)["rejRsn"]


def test_a_cancel_overtakes_a_modify_that_has_not_taken_effect(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(cancel_delay=1.0)
    number = client.sell("a1")
    clock.advance(1)
    client.modify(number, "910", "10")
    client.cancel(number)
    clock.advance(0.5)
    assert (client.row(number)["ordSt"], client.row(number)["prc"]) == ("cancel pending", "900.00")
    clock.advance(0.5)
    assert client.row(number)["ordSt"] == "cancelled"


def test_a_cancel_takes_effect_later_and_appends_the_time_to_the_tag(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1")
    clock.advance(1)
    client.cancel(number)
    assert client.row(number)["ordSt"] == "cancel pending"
    clock.advance(1)
    row = client.row(number)
    assert (row["ordSt"], row["cnlQty"], row["unFldSz"]) == ("cancelled", 10, 0)
    assert row["GuiOrdId"] == f"a1-{int(clock.now().timestamp()) - 1}"


def test_tags_stay_when_the_rewriting_is_switched_off(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(rewrite_tags=False)
    number = client.sell("a1")
    clock.advance(1)
    client.modify(number, "910", "10")
    client.cancel(number)
    assert client.row(number)["GuiOrdId"] == "a1"


def test_shares_that_trade_while_a_cancel_is_pending_have_traded(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1")
    clock.advance(1)
    client.cancel(number)
    client.broker.fill(number, 4)
    clock.advance(1)
    row = client.row(number)
    assert (row["ordSt"], row["fldQty"], row["cnlQty"]) == ("cancelled", 4, 6)


@pytest.mark.parametrize("act", ["modify", "cancel"])
def test_an_ended_order_can_be_neither_changed_nor_cancelled(client: Client, clock: VirtualClock, act: str) -> None:
    number = client.sell("a1", pr="825.40")
    clock.advance(1)
    answer = client.cancel(number) if act == "cancel" else client.modify(number, "950", "10")
    assert answer == {"stCode": 1021, "errMsg": "order is completed", "stat": "please provide valid order number"}


def test_a_cancel_before_the_order_reached_the_exchange_ends_it_unexecuted(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1", pr="700")
    client.cancel(number)
    clock.advance(1)
    row = client.row(number)
    assert (row["ordSt"], row["fldQty"]) == ("cancelled", 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pr": "900.01"}, "tick"),
        ({"pr": "990.50"}, "price range 660.35-990.45"),
        ({"qt": "121152", "tt": "B"}, "freeze quantity 121151"),
        ({"ts": "NIDAN-SM", "pr": "40", "qt": "1500"}, "lot size 1000"),
        ({"pt": "SL-M", "pr": "0"}, "Market order with Algo Id not allowed"),
        ({"qt": "101"}, "No Holdings Present for entity account-"),
    ],
)
def test_what_the_risk_checks_refuse_is_received_and_rejected_later(
    client: Client, clock: VirtualClock, changes: dict[str, str], words: str
) -> None:
    number = client.sell("a1", **changes)
    assert client.row(number)["ordSt"] == "put order req received"
    clock.advance(1)
    row = client.row(number)
    assert row["ordSt"] == "rejected"
    assert words in row["rejRsn"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ts": "NOSUCH-EQ"}, 1007),
        ({"ts": "NIFTY"}, 1007),
        ({"qt": "0"}, 1009),
        ({"qt": "ten"}, 1009),
        ({"pr": "NaN"}, 5202),
        ({"pr": "0"}, 5202),
        ({"tt": "Sell"}, 1007),
        ({"rt": "GTC"}, 5202),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(client: Client, changes: dict[str, str], code: int) -> None:
    assert client.place("a1", **changes).json()["stCode"] == code
    assert client.book() == []


@pytest.mark.parametrize("body", [b"", b"jData", b"jData=%7B", b"jData=[]", b"\xff\xfe"])
def test_garbage_is_answered_with_body_invalid(client: Client, body: bytes) -> None:
    answer = client.http.post(client.broker.url + PLACE, data=body, headers=client.headers).json()
    assert answer == {"stCode": 1007, "errMsg": "body invalid", "stat": "bad request"}


def test_a_market_order_becomes_a_limit_with_protection(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1", pt="MKT", pr="0")
    clock.advance(1)
    row = client.row(number)
    assert (row["prcTp"], row["prc"], row["avgPrc"], row["ordSt"]) == ("L", "821.25", "825.40", "complete")


def test_a_second_sell_cannot_take_shares_that_rest_in_the_first(client: Client, clock: VirtualClock) -> None:
    first, second = client.sell("a1", qt="60"), client.sell("a2", qt="60")
    clock.advance(1)
    assert [client.row(number)["ordSt"] for number in (first, second)] == ["open", "rejected"]


def test_the_holdings_check_can_be_switched_off_as_the_real_one_fails(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(rms_holdings=False)
    number = client.sell("a1", qt="101")
    clock.advance(1)
    assert client.row(number)["ordSt"] == "open"
    assert client.broker.ledger()["totals"]["oversold"] == 1


@pytest.mark.parametrize(
    ("symbol", "price", "state"), [(SYMBOL, "825.40", "open"), ("GRPLTD-BE", "2750.75", "rejected")]
)
def test_shares_bought_today_can_be_sold_today_except_trade_for_trade(
    client: Client, clock: VirtualClock, symbol: str, price: str, state: str
) -> None:
    client.sell("b1", tt="B", ts=symbol, qt="5", pr=price)
    clock.advance(1)
    assert client.broker.ledger()["totals"]["bought"] == 5
    held = {SYMBOL: 100, "GRPLTD-BE": 10}[symbol]
    number = client.sell("a1", ts=symbol, qt=str(held + 5), pr={SYMBOL: "900", "GRPLTD-BE": "2800"}[symbol])
    clock.advance(1)
    assert client.row(number)["ordSt"] == state


def test_a_stop_order_waits_for_its_trigger(client: Client, clock: VirtualClock) -> None:
    number = client.sell("a1", pt="SL", pr="800", tp="805")
    clock.advance(1)
    assert client.row(number)["ordSt"] == "trigger pending"
    client.broker.set_price(SYMBOL, "805.05")
    assert client.row(number)["ordSt"] == "trigger pending"
    client.broker.set_price(SYMBOL, 805)
    assert (client.row(number)["ordSt"], client.row(number)["avgPrc"]) == ("complete", "805.00")


@pytest.mark.parametrize("call", ["modify", "cancel"])
def test_a_stop_order_goes_on_waiting_after_a_refused_change(client: Client, clock: VirtualClock, call: str) -> None:
    number = client.sell("a1", pt="SL", pr="800", tp="805")
    clock.advance(1)
    client.broker.fault(call, "reject")
    answer = client.modify(number, "790", "10") if call == "modify" else client.cancel(number)
    assert answer["stat"] == "Ok"
    clock.advance(1)
    assert client.row(number)["ordSt"] == "trigger pending"
    client.broker.set_price(SYMBOL, 805)
    assert client.row(number)["ordSt"] == "complete"


def test_what_an_immediate_order_leaves_is_cancelled_at_once(client: Client, clock: VirtualClock) -> None:
    client.broker.set_price(SYMBOL, 900, liquidity=4)
    number = client.sell("a1", rt="IOC")
    clock.advance(1)
    row: dict[str, Any] = client.row(number)
    assert (row["ordSt"], row["fldQty"], row["cnlQty"]) == ("cancelled", 4, 6)
