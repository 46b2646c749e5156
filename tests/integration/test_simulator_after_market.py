"""Orders for the next opening: taken while the exchange sleeps, kept overnight, sent out when it opens.

The mutation to try: let the end of a day or the night take what waits.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from simulator_client import CANCEL, MODIFY, SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock

INDIA = ZoneInfo("Asia/Kolkata")
BELL = datetime(2026, 11, 23, 9, 15, tzinfo=INDIA)
CLOSE = datetime(2026, 11, 23, 15, 30, tzinfo=INDIA)
DAY = timedelta(days=1)
RECEIVED = "after market order req received"
LIFE = [RECEIVED, "put order req received", "validation pending", "open pending", "open"]
HASH_ERROR = {"stCode": 32, "errMsg": "error from core", "stat": "hash error"}


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100}, day=(BELL, CLOSE)) as running:
        running.trade_within(BELL + DAY, CLOSE + DAY)
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    """In the evening."""
    clock.advance_to(CLOSE + timedelta(hours=4))
    return Client(broker, broker.accounts[0], clock.now())


def in_the_morning(client: Client, clock: VirtualClock, after: float = 1.0) -> None:
    clock.advance_to(BELL + DAY + timedelta(seconds=after))
    client.log_in(clock.now())


def amo(client: Client, tag: str | None = None, **changes: str) -> str:
    return client.sell(tag, am="YES", **changes)


def change(client: Client, number: str, am: str, **changes: str) -> Any:
    words = {"no": number, "pr": "901", "qt": "12", "pt": "L", "tp": "0", "dq": "0", "vd": "DAY", "am": am}
    return client.send(MODIFY, words | changes).json()


def cancel(client: Client, number: str, am: str) -> Any:
    return client.send(CANCEL, {"on": number, "am": am}).json()


def test_an_order_of_the_evening_waits_overnight_and_sets_out_at_the_opening(
    client: Client, clock: VirtualClock
) -> None:
    number = amo(client, "a1")
    in_the_morning(client, clock, after=-0.001)
    row = client.row(number)
    assert (row["ordSt"], row["ordGenTp"], row["exOrdId"], row["GuiOrdId"]) == (RECEIVED, "AMO", "NA", "a1")
    clock.advance(1)
    row = client.row(number)
    assert (row["ordSt"], row["ordGenTp"], row["ordEntTm"]) == ("open", "AMO", "23-Nov-2026 19:30:00")
    assert client.states(number) == LIFE
    assert row["exCfmTm"] == "24-Nov-2026 09:15:00"


def test_it_trades_like_any_other_and_is_marked_in_every_report(client: Client, clock: VirtualClock) -> None:
    number = amo(client, pr="820")
    in_the_morning(client, clock)
    assert (client.row(number)["ordSt"], client.row(number)["avgPrc"]) == ("complete", "825.40")
    (trade,) = client.get("/quick/user/trades")["data"]
    rows = client.send("/quick/order/history", {"nOrdNo": number}).json()["data"]
    assert (trade["ordGenTp"], {row["ordGenTp"] for row in rows}) == ("AMO", {"AMO"})


@pytest.mark.parametrize(
    ("at", "taken"),
    [
        ("09:15:00", False), ("12:00:00", False), ("15:29:59", False), ("15:30:00", False), ("15:44:59", False),
        ("15:45:00", True), ("23:59:59", True),
    ],
)  # fmt: skip
def test_it_is_taken_while_the_exchange_sleeps_and_not_before(
    broker: Simulator, clock: VirtualClock, at: str, taken: bool
) -> None:
    clock.advance_to(datetime.fromisoformat(f"2026-11-23T{at}+05:30"))
    client = Client(broker, broker.accounts[0], clock.now())
    assert client.place(am="YES").json()["stCode"] == (200 if taken else 5202)
    assert len(client.book()) == taken


@pytest.mark.parametrize(("at", "taken"), [("00:10:00", True), ("08:56:59", True), ("08:57:00", False)])
def test_it_is_taken_until_a_little_before_the_opening(
    client: Client, clock: VirtualClock, at: str, taken: bool
) -> None:
    clock.advance_to(datetime.fromisoformat(f"2026-11-24T{at}+05:30"))
    client.log_in(clock.now())
    assert client.place(am="YES").json()["stCode"] == (200 if taken else 5202)


def test_an_exchange_that_is_always_open_takes_none(clock: VirtualClock) -> None:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100}) as running:
        client = Client(running, running.accounts[0], clock.now())
        assert client.place(am="YES").json()["stCode"] == 5202


def test_the_end_of_the_closing_auction_is_the_end_of_the_day(clock: VirtualClock) -> None:
    auction = (CLOSE - timedelta(minutes=15), CLOSE - timedelta(minutes=10), CLOSE + timedelta(minutes=5))
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100}, day=(BELL, CLOSE, auction)) as running:
        clock.advance_to(CLOSE + timedelta(minutes=19, seconds=59))
        client = Client(running, running.accounts[0], clock.now())
        assert client.place(am="YES").json()["stCode"] == 5202
        clock.advance(1)
        assert client.place(am="YES").json()["stCode"] == 200


def test_a_change_takes_effect_at_once_and_shows_its_own_state(client: Client, clock: VirtualClock) -> None:
    number = amo(client, "a1")
    assert change(client, number, "YES")["nOrdNo"] == number
    row = client.row(number)
    assert (row["ordSt"], row["prc"], row["qty"]) == ("modify after market order req received", "901.00", 12)
    assert row["GuiOrdId"].endswith("-ADMINAPI")
    in_the_morning(client, clock)
    assert (client.row(number)["ordSt"], client.row(number)["prc"]) == ("open", "901.00")


def test_a_cancel_ends_it_in_its_own_words(client: Client, clock: VirtualClock) -> None:
    number = amo(client, "a1")
    assert cancel(client, number, "YES")["stat"] == "Ok"
    row = client.row(number)
    assert (row["ordSt"], row["cnlQty"], row["GuiOrdId"][:3]) == ("cancelled after market order", 10, "a1-")
    assert cancel(client, number, "YES")["stCode"] == 1021
    in_the_morning(client, clock)
    assert client.book() == []


def test_whoever_does_not_say_that_it_is_one_gets_a_hash_error(client: Client, clock: VirtualClock) -> None:
    """The wire specification, §3.3."""
    number = amo(client)
    assert change(client, number, "NO") == cancel(client, number, "NO") == HASH_ERROR
    assert client.row(number)["ordSt"] == RECEIVED
    in_the_morning(client, clock)
    assert cancel(client, number, "NO") == HASH_ERROR
    usual = client.sell()
    assert cancel(client, usual, "YES") == HASH_ERROR
    assert cancel(client, number, "YES")["stat"] == "Ok"
    clock.advance(1)
    assert client.row(number)["ordSt"] == "cancelled"


def test_once_sent_on_it_is_an_order_like_any_where_told_so(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(amo_for_life=False)
    number = amo(client)
    assert cancel(client, number, "NO") == HASH_ERROR
    in_the_morning(client, clock)
    assert cancel(client, number, "YES") == HASH_ERROR
    assert cancel(client, number, "NO")["stat"] == "Ok"


def test_the_risk_checks_come_at_the_opening(client: Client, clock: VirtualClock) -> None:
    wide, many = amo(client, "a1", pr="2000"), amo(client, "a2", qt="101")
    assert {row["ordSt"] for row in client.book()} == {RECEIVED}
    in_the_morning(client, clock)
    assert "price range" in client.row(wide)["rejRsn"]
    assert "No Holdings Present" in client.row(many)["rejRsn"]


def test_a_market_order_has_its_protection_from_the_evenings_price(client: Client) -> None:
    number = amo(client, pt="MKT", pr="0")
    assert (client.row(number)["prcTp"], client.row(number)["prc"]) == ("L", "821.25")


def test_its_tag_stays_burnt_as_long_as_it_is_in_the_book(client: Client, clock: VirtualClock) -> None:
    amo(client, "a1")
    assert client.place("a1", am="YES").status_code == 400
    in_the_morning(client, clock)
    assert client.place("a1").status_code == 400
    assert len(client.book()) == 1


def test_what_a_fault_refuses_stays_as_it_was_or_is_rejected(client: Client, clock: VirtualClock) -> None:
    number = amo(client)
    for call, act in (("modify", change), ("cancel", cancel)):
        client.broker.fault(call, "reject", text="RMS:No")
        assert act(client, number, "YES")["stat"] == "Ok"
        row = client.row(number)
        assert (row["ordSt"], row["rejRsn"], row["prc"]) == (RECEIVED, "RMS:No", "900.00")
    client.broker.fault("place", "reject", text="RMS:No")
    other = amo(client)
    clock.advance(1)
    assert client.row(other)["ordSt"] == "rejected"


def test_the_owner_has_the_same_hours_in_the_app(client: Client, clock: VirtualClock) -> None:
    words = {"ucc": client.account.ucc, "side": "SELL", "symbol": SYMBOL, "quantity": 30, "price": "900", "am": "YES"}
    manual = f"{client.url}/control/manual"
    number = requests.post(manual, json=words, timeout=5).json()["order"]
    assert (client.row(number)["ordSt"], client.row(number)["ordSrc"]) == (RECEIVED, "ADMINCPPAPI_MOB")
    client.broker.manual_modify(client.account.ucc, number, price="905")
    in_the_morning(client, clock)
    assert (client.row(number)["ordSt"], client.row(number)["prc"]) == ("open", "905.00")
    refused = requests.post(manual, json=words, timeout=5)
    assert (refused.status_code, "no after-market orders" in refused.json()["error"]) == (400, True)
    with pytest.raises(ValueError, match="YES or NO"):
        client.broker.manual_order(client.account.ucc, "SELL", SYMBOL, 1, 900, am="yes")
    client.broker.manual_cancel(client.account.ucc, number)
    clock.advance(1)
    assert client.row(number)["ordSt"] == "cancelled"


def test_it_keeps_its_number_and_is_still_the_same_order_in_the_ledger(client: Client, clock: VirtualClock) -> None:
    number = amo(client)
    in_the_morning(client, clock)
    later = client.sell(qt="5")
    assert later > number
    (first, second) = client.broker.ledger()["orders"]
    assert (first["order"], first["state"], second["order"]) == (number, "open", later)


def test_an_order_without_am_yes_outside_the_hours_is_rejected_as_ever(client: Client, clock: VirtualClock) -> None:
    number = client.sell()
    clock.advance(1)
    assert client.row(number)["ordSt"] == "rejected"
