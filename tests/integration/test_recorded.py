"""Recordings played again: what our client makes of each answer, and where the broker and the simulator differ.

`pytest tests/integration/test_recorded.py --recordings DIR` does it with the recordings of a real account, and fails
with the list of differences. The mutations to try: judge "No Data" as a failure; drop a key of the order book.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from recordings import Comparer, FrameComparer, misjudged, read
from simulator_client import SYMBOL, Client

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.recording.recorder import Recorder
from broker.simulator import Simulator
from domain.book import NewOrder, PriceChange
from domain.candles import Interval
from domain.clock import VirtualClock
from domain.errors import BrokerUnavailable
from domain.orders import Side
from domain.outcomes import Accepted
from domain.portfolio import Prospect
from domain.tenure import Tenure
from domain.users import Credentials

FAULTS = ["place: nOrdNo: missing (string)", "place: no JSON"]
"""What is different on purpose in the recording that the tests make: an Ok without a number, and garbage."""


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))


@pytest.fixture
def comparer(clock: VirtualClock) -> Iterator[Comparer]:
    with Simulator(clock=clock, holdings={SYMBOL: 1000}, rate_limit=0) as simulator:
        client = Client(simulator, simulator.accounts[0], clock.now())
        yield Comparer(simulator, client, clock)


@pytest.fixture
def folder(tmp_path: Path, clock: VirtualClock) -> Path:
    """A recording of every call, of an empty account first, and of some faults."""
    folder = tmp_path / "recording"
    recorder = Recorder(folder)
    with Simulator(clock=clock, holdings={SYMBOL: 1000}, open_delay=0.0) as simulator:
        person = simulator.accounts[0]
        credentials = Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)
        settings = KotakSettings(simulator.url, reads_per_second=0, calls_per_second=0)
        account = KotakAccount(credentials, settings, clock, tap=recorder.tap(credentials))
        client = KotakNeo(account, Tenure(1, 1, "asha"), clock, settings, lambda: None)
        client.login()
        tour(client, simulator, clock)
        trouble(client, simulator, clock)
        client.close()
    recorder.close()
    return folder


def tour(client: KotakNeo, simulator: Simulator, clock: VirtualClock) -> None:
    looks: list[Callable[[], Any]] = [client.order_book, client.trades, client.positions, client.holdings, client.funds]
    for look in looks:
        look()
    placed = client.place(NewOrder("nf7abc", SYMBOL, Side.SELL, 10, Decimal("900.00")), clock.monotonic() + 5)
    assert isinstance(placed, Accepted)
    number = placed.broker_order_id
    clock.advance(1)
    simulator.fill(number, 4, "901.00")
    for look in looks:
        look()
    client.order(number)
    client.order_history(number)
    client.modify(PriceChange(number, SYMBOL, Side.SELL, 10, Decimal("905.00"), "1485"), clock.monotonic() + 5)
    clock.advance(1)
    client.cancel(number, clock.monotonic() + 5)
    clock.advance(1)
    client.client_address()
    client.margin(Prospect("1485", Side.BUY, 1, Decimal("900.00")))
    client.quotes(["1485"])
    client.candles("1485", Interval.DAY, date(2026, 11, 20), date(2026, 11, 20))
    client.instruments()


def trouble(client: KotakNeo, simulator: Simulator, clock: VirtualClock) -> None:
    for number, kind in enumerate(("lost_reply", "502_html", "garbage_after", "ok_without_number", "sync_reject")):
        simulator.fault("place", kind)
        client.place(NewOrder(f"nftrouble{number}", SYMBOL, Side.SELL, 1, Decimal("900.00")), clock.monotonic() + 5)
        clock.advance(1)
    simulator.fault("orders", "502_html", times=None)
    with pytest.raises(BrokerUnavailable):
        client.order_book()
    simulator.clear_faults()
    simulator.fault("trades", "session_death")
    clock.advance(60)
    client.trades()


def changed(folder: Path, call: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Rewrite what the broker answered to a call."""
    (path,) = folder.iterdir()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["call"] == call and '"data":' in line.get("body", ""):
            body = json.loads(line["body"])
            change(body)
            line["body"] = json.dumps(body)
    path.write_text("\n".join(map(json.dumps, lines)) + '\n{"format": 1, "cut')


def test_a_recording_of_the_simulator_is_judged_as_it_was_and_differs_in_its_faults_alone(
    folder: Path, comparer: Comparer
) -> None:
    found = read(folder)
    assert (misjudged(found), comparer.differing(found), found.unreadable) == ([], FAULTS, 0)
    assert {one.call for one in found.answered} == {
        "login", "validate", "client-ip", "place", "modify", "cancel", "order", "orders", "history", "trades",
        "positions", "holdings", "limits", "margin", "quotes", "candles", "file-paths", "instruments",
    }  # fmt: skip
    judged = {one.judged for one in found.answered if one.call == "place"}
    assert judged == {"accepted", "unknown", "refused (1004)"}
    assert found.ended["cut"] == 1
    reads = {one.judged for one in found.answered if one.call in ("orders", "trades")}
    assert reads >= {"0 rows", "1 rows", "failed: waits and asks again", "failed: logs in again"}


def test_what_the_broker_does_otherwise_is_listed(folder: Path, comparer: Comparer) -> None:
    def otherwise(body: dict[str, Any]) -> None:
        row = body["data"][0]
        row["qty"] = str(row["qty"])
        row["newKey"] = 1
        del row["rejRsn"]

    changed(folder, "orders", otherwise)
    found = read(folder)
    assert comparer.differing(found) == [
        "orders: data[].newKey: new (number)",
        "orders: data[].qty: string instead of number",
        "orders: data[].rejRsn: missing (string)",
        *FAULTS,
    ]
    assert (misjudged(found), found.unreadable) == ([], 1)


def test_an_answer_that_is_taken_for_something_else_by_now_is_listed(folder: Path) -> None:
    changed(folder, "trades", lambda body: body["data"][0].pop("flId"))
    told = misjudged(read(folder))
    assert len(told) == 2
    assert all("taken for '1 rows, 1 unreadable (no flId)' now, for '1 rows' when it came" in one for one in told)


def test_recordings_of_a_real_account_are_as_the_simulator_answers(
    request: pytest.FixtureRequest, comparer: Comparer
) -> None:
    folder = request.config.getoption("--recordings")
    if folder is None:
        pytest.skip("no --recordings DIR")
    found = read(Path(folder))
    assert found.answered or found.frames, f"no answers in {folder}"
    told = [*misjudged(found), *comparer.differing(found), *FrameComparer().differing(found)]
    counted = f"{len(found.answered)} answers, {len(found.frames)} frames of the order feed"
    summary = f"{counted}, {found.unreadable} unreadable lines, ended: {dict(found.ended)}"
    if told:
        pytest.fail("\n".join([summary, f"{len(told)} differences:", *told]), pytrace=False)
