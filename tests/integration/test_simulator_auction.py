"""The closing auction of eligible symbols (market rules §2.1, §2.2), beside symbols that trade on to the close."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests
from simulator_client import SYMBOL, Client

from broker.simulator import Simulator
from broker.simulator.instruments import PACKAGED, read_instruments
from domain.clock import VirtualClock

ELIGIBLE = "RELIANCE-EQ"
"""2355.50 at the start: 3 % reach from 2284.84 to 2426.16. SYMBOL is not eligible."""
OPEN = datetime.fromisoformat("2026-11-23T09:15:00+05:30")
FREEZE, ENTRY, CLOSE, END = (OPEN + timedelta(minutes=minutes) for minutes in (360, 365, 375, 380))
TRANSITION = "OMS: Trading session is in Transition to CAS session"
DAY = (OPEN, CLOSE, (FREEZE, ENTRY, END))


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, day=DAY, holdings={SYMBOL: 100, ELIGIBLE: 100}) as running:
        clock.advance_to(FREEZE - timedelta(minutes=1))
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def rest(client: Client, clock: VirtualClock, tag: str, price: str, symbol: str = ELIGIBLE, **changes: str) -> str:
    number = client.sell(tag, ts=symbol, pr=price, **changes)
    clock.advance(1)
    return number


def states(client: Client, *numbers: str) -> list[str]:
    return [client.row(number)["ordSt"] for number in numbers]


def test_the_freeze_cancels_stops_and_far_limits_of_eligible_symbols_only(client: Client, clock: VirtualClock) -> None:
    far, near = rest(client, clock, "a1", "2426.20"), rest(client, clock, "a2", "2426.10")
    stop = rest(client, clock, "a3", "2300", pt="SL", tp="2310")
    other = rest(client, clock, "a4", "990", symbol=SYMBOL)
    client.broker.fill(far, 4)
    clock.advance_to(FREEZE - timedelta(seconds=1))
    assert states(client, far, near, stop, other) == ["open", "open", "trigger pending", "open"]
    clock.advance_to(FREEZE)
    assert states(client, far, near, stop, other) == ["cancelled", "open", "cancelled", "open"]
    row = client.row(far)
    assert (row["fldQty"], row["cnlQty"], row["rejRsn"], row["GuiOrdId"]) == (4, 6, "--", "a1")


def test_every_request_from_freeze_to_entry_is_received_and_then_rejected(client: Client, clock: VirtualClock) -> None:
    near = rest(client, clock, "a1", "2400")
    clock.advance_to(FREEZE)
    placed = client.sell("a2", ts=ELIGIBLE, pr="2400")
    assert states(client, placed) == ["put order req received"]
    assert client.modify(near, "2390", "10")["stat"] == "Ok"
    clock.advance(1)
    assert (client.row(placed)["ordSt"], client.row(placed)["rejRsn"]) == ("rejected", TRANSITION)
    row = client.row(near)
    assert (row["ordSt"], row["prc"], row["rejRsn"]) == ("open", "2400.00", TRANSITION)
    client.cancel(near)
    clock.advance(1)
    assert client.states(near)[-2:] == ["not cancelled", "open"]
    manual = client.broker.manual_order(client.account.ucc, "SELL", ELIGIBLE, 1, 2400)
    clock.advance(1)
    assert states(client, manual, rest(client, clock, "a3", "900", symbol=SYMBOL)) == ["rejected", "open"]
    clock.advance_to(ENTRY)
    assert states(client, rest(client, clock, "a4", "2400")) == ["open"]


def test_the_auction_takes_limits_within_three_percent_and_no_stops(client: Client, clock: VirtualClock) -> None:
    clock.advance_to(ENTRY)
    far, stop = rest(client, clock, "a1", "2426.20"), rest(client, clock, "a2", "2300", pt="SL", tp="2310")
    assert states(client, far, stop) == ["rejected", "rejected"]
    assert "closing auction" in client.row(far)["rejRsn"]
    assert "closing auction" in client.row(stop)["rejRsn"]


def test_the_auction_trades_at_its_end_at_one_price_and_cancels_the_rest(client: Client, clock: VirtualClock) -> None:
    reached, missed = rest(client, clock, "a1", "2400"), rest(client, clock, "a2", "2420")
    clock.advance_to(ENTRY)
    client.broker.set_price(ELIGIBLE, 2410)
    clock.advance_to(CLOSE)
    assert states(client, reached, missed) == ["open", "open"]
    clock.advance_to(END)
    assert states(client, reached, missed) == ["complete", "cancelled"]
    assert client.row(reached)["avgPrc"] == "2410.00"
    assert client.row(reached)["ordDtTm"] == "23-Nov-2026 15:35:00"


def test_the_close_ends_only_what_has_no_auction_and_nothing_is_taken_after_it(
    client: Client, clock: VirtualClock
) -> None:
    eligible, other = rest(client, clock, "a1", "2400"), rest(client, clock, "a2", "900", symbol=SYMBOL)
    clock.advance_to(CLOSE)
    assert states(client, eligible, other) == ["open", "cancelled"]
    late = rest(client, clock, "a3", "2400")
    assert "closed" in client.row(late)["rejRsn"]
    client.cancel(eligible)
    clock.advance(1)
    assert states(client, eligible) == ["cancelled"]


def test_an_order_under_way_at_the_freeze_does_not_slip_through(client: Client, clock: VirtualClock) -> None:
    client.broker.configure(open_delay=3.0)
    clock.advance_to(FREEZE - timedelta(seconds=2.5))
    checked = client.sell("a1", ts=ELIGIBLE, pr="2430")
    clock.advance(2)
    unchecked, near = client.sell("a2", ts=ELIGIBLE, pr="2430"), client.sell("a3", ts=ELIGIBLE, pr="2400")
    clock.advance(5)
    assert states(client, checked, unchecked, near) == ["cancelled", "rejected", "open"]


def test_the_next_day_is_a_day_like_any_other(client: Client, clock: VirtualClock) -> None:
    client.broker.trade_within(OPEN + timedelta(days=1), CLOSE + timedelta(days=1))
    clock.advance_to(OPEN + timedelta(days=1))
    client.log_in(clock.now())
    number = rest(client, clock, "a1", "2550")
    client.broker.set_price(ELIGIBLE, 2550)
    assert states(client, number) == ["complete"]


def test_a_day_with_an_auction_can_be_set_over_http(client: Client, clock: VirtualClock) -> None:
    moments = [(one + timedelta(days=1)).isoformat() for one in (OPEN, CLOSE, FREEZE, ENTRY, END)]
    url = f"{client.broker.url}/control/day"
    body = {"open": moments[0], "close": moments[1], "auction": moments[2:]}
    assert requests.post(url, json=body, timeout=5).status_code == 200
    clock.advance_to(FREEZE + timedelta(days=1))
    client.log_in(clock.now())
    assert client.row(rest(client, clock, "a1", "2400"))["rejRsn"] == TRANSITION
    assert requests.post(url, json=body | {"auction": moments[2:4]}, timeout=5).status_code == 400


@pytest.mark.parametrize(
    "auction", [(ENTRY, FREEZE, END), (FREEZE, ENTRY, ENTRY), (CLOSE, END, END), (OPEN, ENTRY, END)]
)
def test_moments_out_of_order_are_refused(client: Client, auction: tuple[datetime, datetime, datetime]) -> None:
    with pytest.raises(ValueError, match="not a trading day"):
        client.broker.trade_within(OPEN, CLOSE, auction)


def test_a_file_without_the_column_has_no_auction() -> None:
    text = PACKAGED.read_text()
    assert {one.symbol: one.auctioned for one in read_instruments(text)}[ELIGIBLE]
    older = "\n".join(line.rpartition(",")[0] for line in text.splitlines())
    assert not any(one.auctioned for one in read_instruments(older))


def test_a_broker_with_an_older_file_trades_on_to_the_close(tmp_path: Path, clock: VirtualClock) -> None:
    older = tmp_path / "older.csv"
    older.write_text("\n".join(line.rpartition(",")[0] for line in PACKAGED.read_text().splitlines()) + "\n")
    with Simulator(clock=clock, instruments=older, day=DAY, holdings={ELIGIBLE: 100}) as broker:
        clock.advance_to(FREEZE)
        client = Client(broker, broker.accounts[0], clock.now())
        assert states(client, rest(client, clock, "a1", "2550")) == ["open"]
