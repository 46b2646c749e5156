"""Kotak's own SDK and our client at one account of the simulator: what one does the other sees, and both read the same.

The SDK knows nothing of us nor of the simulator: three readings of one protocol have to agree.
The mutation to try: read `unFldSz` for `fldQty`, or have the simulator write the limit into `avgPrc`.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from official_sdk import NSE, Json, official, order_data, position_data, sign_in

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.simulator import Simulator
from domain.book import NewOrder, OrderReport, PriceChange, ReportedState
from domain.candles import Interval
from domain.clock import IST, VirtualClock
from domain.orders import Side
from domain.outcomes import Accepted, NotSent, Refused, Unknown
from domain.portfolio import Prospect
from domain.tenure import Tenure
from domain.users import Credentials

SYMBOL, TOKEN = "IFBIND-EQ", "1485"
STATES = {
    "put order req received": ReportedState.PENDING,
    "validation pending": ReportedState.PENDING,
    "open pending": ReportedState.PENDING,
    "open": ReportedState.OPEN,
    "trigger pending": ReportedState.OPEN,
    "complete": ReportedState.COMPLETE,
    "rejected": ReportedState.REJECTED,
    "cancelled": ReportedState.CANCELLED,
}
SIDES = {"B": Side.BUY, "S": Side.SELL}


class Pair:
    """One account, spoken to by both; `pass_time` lets what is under way at the broker happen."""

    def __init__(self, broker: Simulator, clock: VirtualClock, sdk: Any) -> None:
        self.broker, self.clock, self.sdk = broker, clock, sdk
        self.person = broker.accounts[0]
        settings = KotakSettings(broker.url, orders_per_second=0, reads_per_second=0)
        person = self.person
        secrets = Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)
        account = KotakAccount(secrets, settings, clock)
        self.ours = KotakNeo(account, Tenure(1, 1, "asha"), clock, settings, lambda: None)
        self.ours.login()
        self.pass_time(60)
        sign_in(sdk, person, clock.now())

    def place(self, tag: str, price: str = "900", quantity: int = 10, side: Side = Side.SELL) -> Any:
        """An order of ours."""
        order = NewOrder(tag, SYMBOL, side, quantity, Decimal(price))
        return self.ours.place(order, self.clock.monotonic() + 5)

    def sdk_place(self, tag: str | None, price: str = "900", quantity: str = "10", **changes: str) -> Json:
        """An order of the SDK's."""
        words = {"order_type": "L", "transaction_type": "S", "trigger_price": "0"} | changes
        answer: Json = self.sdk.place_order(NSE, "CNC", price, quantity=quantity, validity="DAY", tag=tag,
                                            trading_symbol=SYMBOL, **words)  # fmt: skip
        return answer

    def pass_time(self, seconds: float = 1) -> None:
        """Move the clock on."""
        self.clock.advance(seconds)


@pytest.fixture
def pair(clock: VirtualClock, tmp_path: Path) -> Iterator[Pair]:
    clock.advance_to(datetime(2026, 11, 23, 6, 30, tzinfo=UTC))
    with (
        Simulator(clock=clock, holdings={SYMBOL: 1000, "IDEA-EQ": 5}, rate_limit=0) as broker,
        official(broker.url, broker.accounts[0].consumer_key, tmp_path) as sdk,
    ):
        made = Pair(broker, clock, sdk)
        yield made
        made.ours.close()


def busy_day(pair: Pair) -> None:
    """Orders of both in every state: resting, changed, filled in part and whole, cancelled, refused, waiting."""
    numbers = [str(pair.place(f"o{number}").broker_order_id) for number in range(4)]
    theirs = [str(pair.sdk_place(f"s{number}")["nOrdNo"]) for number in range(4)]
    pair.sdk_place(None, price="905.05", transaction_type="B", quantity="3")
    pair.sdk_place("stop", price="700", order_type="SL", trigger_price="710")
    pair.sdk_place("market", price="0", order_type="MKT", quantity="7")
    pair.sdk_place("too-many", quantity="5000")
    pair.place("tick", price="900.01")
    pair.pass_time()
    pair.ours.modify(
        PriceChange(numbers[1], SYMBOL, Side.SELL, 10, Decimal("901.5"), TOKEN), pair.clock.monotonic() + 5
    )
    pair.sdk.modify_order(theirs[1], "902.25", "L", "12", "DAY")
    pair.ours.cancel(theirs[2], pair.clock.monotonic() + 5)
    pair.sdk.cancel_order(numbers[2])
    pair.pass_time()
    pair.broker.fill(numbers[3], 4, "900.10")
    pair.broker.fill(numbers[3], 3, "900.25")
    pair.broker.fill(theirs[3], 10)
    pair.sdk_place("young")


def rows_of(answer: Json) -> list[Json]:
    assert answer["stat"].lower() == "ok", answer
    assert answer["stCode"] == 200
    rows: list[Json] = answer["data"]
    return rows


def as_sdk_reads(row: Json) -> dict[str, Any]:
    """The row of the order book by the SDK's own types, in our words."""
    data = order_data(row)
    average = Decimal(data.average_price)
    return {
        "broker_order_id": data.order_id,
        "tag": data.model_extra["GuiOrdId"],
        "symbol": data.trading_symbol,
        "side": SIDES[data.transaction_type],
        "quantity": data.quantity,
        "filled": data.filled_quantity,
        "price": Decimal(data.model_extra["prc"]),
        "average_price": average if data.filled_quantity else None,
        "state": STATES[data.order_status],
        "text": data.model_extra["rejRsn"].strip() if data.order_status == "rejected" else "",
        "product": data.product,
        "source": data.model_extra["ordSrc"],
        "entered_at": moment(data.model_extra["ordEntTm"]),
        "changed_at": moment(data.order_date_time),
        "after_market": data.model_extra["ordGenTp"] == "AMO",
    }


def moment(text: str) -> datetime:
    """A time of the wire, which is one in India."""
    return datetime.strptime(text, "%d-%b-%Y %H:%M:%S").replace(tzinfo=IST)


def as_we_read(report: OrderReport) -> dict[str, Any]:
    names = [name for name in OrderReport.__slots__ if name != "evidence"]
    return {name: getattr(report, name) for name in names}


def test_both_read_the_same_order_book_whoever_placed_changed_or_cancelled(pair: Pair) -> None:
    busy_day(pair)
    rows, book = rows_of(pair.sdk.order_report()), pair.ours.order_book()
    assert book.malformed == 0
    assert [as_we_read(report) for report in book.rows] == [as_sdk_reads(row) for row in rows]
    assert [report.evidence for report in book.rows] == rows
    assert {row["ordSt"] for row in rows} >= {"open", "complete", "cancelled", "rejected", "trigger pending"}
    assert len(rows) == 14


def test_one_order_read_alone_is_the_row_of_the_book(pair: Pair) -> None:
    busy_day(pair)
    for row in rows_of(pair.sdk.order_report()):
        assert rows_of(pair.sdk.order_report(row["nOrdNo"])) == [row]
        report = pair.ours.order(row["nOrdNo"])
        assert report is not None
        assert as_we_read(report) == as_sdk_reads(row)


def test_both_read_the_same_history_of_an_order(pair: Pair) -> None:
    busy_day(pair)
    for row in rows_of(pair.sdk.order_report()):
        steps = rows_of(pair.sdk.order_history(row["nOrdNo"])["data"])
        assert [step["GuiOrdId"] for step in steps] == list(pair.ours.tags_of(row["nOrdNo"]))
        assert [
            (step.status, step.at, step.tag, step.quantity, step.filled, step.price)
            for step in pair.ours.order_history(row["nOrdNo"])
        ] == [
            (step["ordSt"], moment(step["flDtTm"]), step["GuiOrdId"], step["qty"], step["fldQty"], Decimal(step["prc"]))
            for step in steps
        ]
        assert steps[0]["ordSt"] == row["ordSt"]
        assert steps[-1]["ordSt"] == "put order req received"


def test_both_read_the_same_trades(pair: Pair) -> None:
    busy_day(pair)
    pair.broker.set_price(SYMBOL, "905.05")
    pair.pass_time()
    rows = rows_of(pair.sdk.trade_report())
    read = [
        (
            row["flId"], row["nOrdNo"], row["trdSym"], SIDES[row["trnsTp"]], row["fldQty"], Decimal(row["avgPrc"]),
            datetime.strptime(f"{row['flDt']} {row['flTm']}", "%d-%b-%Y %H:%M:%S").replace(tzinfo=IST),
        )
        for row in rows
    ]  # fmt: skip
    names = ("trade_id", "broker_order_id", "symbol", "side", "quantity", "price", "at")
    assert [tuple(getattr(trade, name) for name in names) for trade in pair.ours.trades()] == read
    assert len(read) >= 5


def test_both_read_the_same_positions_and_the_trades_add_up_to_them(pair: Pair) -> None:
    busy_day(pair)
    (row,) = rows_of(pair.sdk.positions())
    position, trades = position_data(row), pair.ours.trades()
    for side, shares, amount in (
        (Side.BUY, position.filled_buy_quantity, position.buy_amount),
        (Side.SELL, position.filled_sell_quantity, position.sell_amount),
    ):
        mine = [trade for trade in trades if trade.side is side]
        assert sum(trade.quantity for trade in mine) == int(shares)
        assert sum(trade.quantity * trade.price for trade in mine) == Decimal(amount)
    (mine,) = pair.ours.positions()
    assert (mine.symbol, mine.token, mine.product) == (row["trdSym"], row["tok"], position.product)
    assert (mine.bought, mine.sold) == (int(position.filled_buy_quantity), int(position.filled_sell_quantity))
    assert (mine.buy_value, mine.sell_value) == (Decimal(position.buy_amount), Decimal(position.sell_amount))


def test_both_read_the_same_holdings(pair: Pair) -> None:
    busy_day(pair)
    rows = pair.sdk.holdings()["data"]
    assert [
        (held.symbol, held.token, held.quantity, held.sellable, held.average_price) for held in pair.ours.holdings()
    ] == [
        (row["symbol"], row["exchangeIdentifier"], row["quantity"], row["sellableQuantity"],
         Decimal(str(row["averagePrice"])))
        for row in rows
    ]  # fmt: skip
    assert len(rows) == 2


def test_both_read_the_same_quotes(pair: Pair) -> None:
    tokens = [TOKEN, "2885", "14366"]
    pair.broker.set_price(SYMBOL, "801.60")
    rows = pair.sdk.quotes([{"exchange_segment": NSE, "instrument_token": token} for token in tokens], "all")
    assert [
        (one.token, one.symbol, one.last_price, one.at, one.band_low, one.band_high) for one in pair.ours.quotes(tokens)
    ] == [
        (row["exchange_token"], row["display_symbol"], Decimal(row["ltp"]),
         datetime.fromtimestamp(int(row["lstup_time"]), UTC),
         Decimal(row["low_price_range"]), Decimal(row["high_price_range"]))
        for row in rows
    ]  # fmt: skip


@pytest.mark.parametrize("chosen", ["ltp", "ohlc", "circuit_limits", "market_depth", "depth"])
def test_the_sdk_gets_each_part_of_a_quote_that_it_asks_for(pair: Pair, chosen: str) -> None:
    asked = [{"exchange_segment": NSE, "instrument_token": TOKEN}]
    (part,), (whole,) = pair.sdk.quotes(asked, chosen), pair.sdk.quotes(asked)
    assert part.items() <= whole.items()
    assert part.keys() < whole.keys()


def test_both_read_the_same_instrument_file(pair: Pair) -> None:
    """The SDK reads it with pandas, we by ourselves."""
    ours = {one.symbol: one for one in pair.ours.instruments()}
    for row in pair.sdk.search_scrip(NSE, "i"):
        if row["dTickSize"] <= 0:
            assert row["pTrdSymbol"] not in ours
            continue
        mine = ours[row["pTrdSymbol"]]
        words = (mine.token, mine.name, mine.series, mine.isin)
        assert words == tuple(str(row[name]) for name in ("pSymbol", "pDesc", "pGroup", "pISIN"))
        numbers = (mine.tick * 100, mine.lot, mine.freeze_quantity, mine.band_low, mine.band_high)
        names = ("dTickSize", "lLotSize", "lFreezeQty", "dLowPriceRange", "dHighPriceRange")
        tick, lot, freeze, low, high = (Decimal(str(row[name])) for name in names)
        assert numbers == (tick, lot, freeze, low / 100, high / 100)


def test_the_list_of_files_is_for_anybody_with_a_key(pair: Pair) -> None:
    assert pair.sdk.scrip_master(NSE).endswith("nse_cm-v1.csv")


def test_both_read_the_same_funds(pair: Pair) -> None:
    busy_day(pair)
    pair.sdk_place("buy", transaction_type="B", price="700", quantity="3")
    pair.pass_time()
    read, mine = pair.sdk.limits(), pair.ours.funds()
    names = ("Net", "CollateralValue", "Collateral", "MarginUsed")
    assert (mine.net, mine.collateral_value, mine.collateral, mine.margin_used) == tuple(
        Decimal(read[n]) for n in names
    )
    assert mine.margin_used == 2100


@pytest.mark.parametrize(("quantity", "enough"), [(12, True), (13, False)])
def test_both_read_the_same_need_of_an_order(pair: Pair, quantity: int, enough: bool) -> None:
    pair.broker.set_funds(pair.person.ucc, 10_000)
    read = pair.sdk.margin_required(NSE, "800.00", "L", "CNC", str(quantity), TOKEN, "B")["data"]
    mine = pair.ours.margin(Prospect(TOKEN, Side.BUY, quantity, Decimal(800)))
    names = ("ordMrgn", "mrgnUsd", "avlCash", "insufFund")
    assert (mine.order, mine.in_use, mine.cash, mine.short) == tuple(Decimal(read[name]) for name in names)
    assert (mine.enough, read["rmsVldtd"]) == (enough, "OK" if enough else "NOT_OK")


@pytest.mark.parametrize("interval", Interval)
def test_both_read_the_same_candles(pair: Pair, interval: Interval) -> None:
    first, last = date(2026, 11, 16), date(2026, 11, 23)
    read = pair.sdk.historical_data(f"{NSE}|{TOKEN}", str(interval), str(first), str(last))
    assert [
        (one.at, one.open, one.high, one.low, one.close, one.volume)
        for one in pair.ours.candles(TOKEN, interval, first, last)
    ] == [
        (datetime.strptime(at, "%Y-%m-%dT%H:%M:%S%z"), *(Decimal(str(price)) for price in prices), volume)
        for at, *prices, volume, _ in read["data"]["candles"]
    ]


def test_both_are_told_the_address_that_the_broker_sees(pair: Pair) -> None:
    (seen,) = pair.sdk.whatsmyip()["data"]
    assert seen["ip"] == str(pair.ours.client_address().ip) == "127.0.0.1"


def test_after_the_login_the_sdk_goes_where_it_was_sent(pair: Pair) -> None:
    assert pair.sdk.configuration.base_url == pair.broker.url
    assert pair.sdk.configuration.rt_url == f"{pair.broker.url}/realtime"
    assert pair.sdk.configuration.feed_url == f"{pair.broker.url}/apifeed"
    pair.sdk.limits()
    assert str(pair.sdk.transport.asked[-1]) == f"{pair.broker.url}/quick/user/limits"


def test_an_empty_account_is_no_data_to_the_sdk_and_no_rows_to_us(pair: Pair) -> None:
    for read in (pair.sdk.order_report, pair.sdk.trade_report, pair.sdk.positions):
        assert read() == {"stCode": 5203, "errMsg": "No Data", "stat": "Not_Ok"}
    assert pair.ours.order_book().rows == pair.ours.trades() == ()
    for symbol in (SYMBOL, "IDEA-EQ"):
        pair.broker.set_holding(pair.person.ucc, symbol, 0)
    assert "No holdings found" in pair.sdk.holdings()["errMsg"]
    assert pair.ours.holdings() == ()


def test_a_tag_that_one_used_is_refused_to_the_other(pair: Pair) -> None:
    """The broker's words for it are no proof for us that nothing is there: the order is."""
    assert isinstance(pair.place("once"), Accepted)
    assert "already exists" in pair.sdk_place("once")["stat"]
    pair.sdk_place("twice")
    assert isinstance(pair.place("twice"), Unknown)
    assert len(pair.ours.order_book().rows) == 2


def test_an_order_without_a_tag_gets_one_from_the_broker(pair: Pair) -> None:
    pair.sdk_place(None)
    (report,) = pair.ours.order_book().rows
    assert report.tag.endswith("-ADMINAPI")


def test_a_market_order_of_the_sdk_stands_as_a_protected_limit(pair: Pair) -> None:
    """Kotak's grid: half a per cent below the last price, which is above 500; on the tick."""
    pair.broker.set_price(SYMBOL, "801.60")
    pair.sdk_place("market", price="0", order_type="MKT")
    pair.pass_time()
    (row,) = rows_of(pair.sdk.order_report())
    assert (row["prcTp"], row["prc"], row["ordSt"], row["avgPrc"]) == ("L", "797.55", "complete", "801.60")


def test_an_order_that_has_ended_can_be_neither_changed_nor_cancelled_by_either(pair: Pair) -> None:
    number = pair.place("o1").broker_order_id
    pair.pass_time()
    pair.broker.fill(number, 10)
    told = {"stCode": 1021, "errMsg": "order is completed", "stat": "please provide valid order number"}
    assert pair.sdk.cancel_order(number) == told | {"status_code": 400}
    assert pair.sdk.modify_order(number, "901", "L", "10", "DAY") == told | {"status_code": 400}
    refused = pair.ours.cancel(number, pair.clock.monotonic() + 5)
    assert isinstance(refused, Refused)
    assert refused.evidence["answer"] == told


def test_a_session_that_ended_is_over_for_both(pair: Pair) -> None:
    """The SDK hands over the words; we log in again for a read, and never for an order."""
    pair.broker.end_sessions(pair.person.ucc)
    assert pair.sdk.order_report() == pair.sdk_place("late") == {
        "stCode": 100022, "errMsg": "invalid session token", "stat": "Not_Ok",
    }  # fmt: skip
    assert isinstance(pair.place("late"), NotSent)
    assert pair.ours.order_book().rows == ()
    assert isinstance(pair.place("late"), Accepted)


def test_a_view_token_does_not_trade(pair: Pair) -> None:
    sdk, view = pair.sdk, pair.sdk.configuration
    view.edit_token, view.edit_sid = view.view_token, view.sid
    assert sdk.order_report()["stCode"] == 100021


def test_wrong_credentials_read_the_same(pair: Pair) -> None:
    assert pair.sdk.totp_login(pair.person.mobile, pair.person.ucc, "000000") == {
        "status": "error", "message": "Invalid credentials or TOTP.", "errorCode": "401",
    }  # fmt: skip
    sign_in(pair.sdk, pair.person, pair.clock.now())
    assert pair.sdk.totp_validate("000000")["message"] == "Invalid MPIN."


FAULTS: dict[str, tuple[int, Callable[[Json], bool], type]] = {
    "lost_reply": (1, lambda said: "disconnected" in str(said["error"]), Unknown),
    "drop_before": (0, lambda said: "disconnected" in str(said["error"]), Unknown),
    "503_after": (1, lambda said: said["code"] == 503, Unknown),
    "502_after": (1, lambda said: "JSONDecodeError" in repr(said["Error"]), Unknown),
    "502_html": (0, lambda said: "JSONDecodeError" in repr(said["Error"]), Unknown),
    "garbage_after": (1, lambda said: "JSONDecodeError" in repr(said["Error"]), Unknown),
    "ok_without_number": (1, lambda said: said == {"stat": "Ok", "stCode": 200}, Unknown),
    "sync_reject": (0, lambda said: said["stCode"] == 1004, Refused),
    "ip_refused": (0, lambda said: said["stCode"] == 100008, NotSent),
    "ip_changed": (0, lambda said: said["stCode"] == 1037, NotSent),
    "session_death": (0, lambda said: said["stCode"] == 100022, NotSent),
    "late_reply": (1, lambda said: said["stat"] == "Ok", Accepted),
}
"""Orders at the broker after one place under the fault, what the SDK hands to its caller, and how we judge it."""


@pytest.mark.parametrize("kind", FAULTS)
def test_the_sdk_sends_once_whatever_happens_and_we_judge_what_it_cannot_tell(pair: Pair, kind: str) -> None:
    orders, told, judged = FAULTS[kind]
    before = len(pair.sdk.transport.asked)
    pair.broker.fault("place", kind)
    assert told(pair.sdk_place("theirs"))
    assert len(pair.sdk.transport.asked) - before == 1
    assert pair.broker.ledger()["totals"]["orders"] == orders
    sign_in(pair.sdk, pair.person, pair.clock.now())
    pair.broker.fault("place", kind)
    assert type(pair.place("ours")) is judged
    assert pair.broker.ledger()["totals"]["orders"] == 2 * orders


def test_turned_away_the_sdk_hands_over_the_words_and_we_send_again_under_the_same_tag(pair: Pair) -> None:
    pair.broker.fault("place", "429", times=2)
    assert pair.sdk_place("theirs") == {
        "code": 429, "error": "Rate limit exceeded", "message": "too many request received",
    }  # fmt: skip
    assert isinstance(pair.place("ours"), Accepted)
    assert [order["tag"] for order in pair.broker.ledger()["orders"]] == ["ours"]


def test_beyond_ten_orders_a_second_the_sdk_is_turned_away(pair: Pair) -> None:
    pair.broker.configure(rate_limit=10)
    said = [pair.sdk_place(f"s{number}") for number in range(12)]
    assert ["nOrdNo" in answer for answer in said] == [True] * 10 + [False] * 2
    pair.pass_time()
    assert "nOrdNo" in pair.sdk_place("s12")


def test_neither_the_tree_nor_the_home_folder_gets_a_file(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert import_module("neo_api_client.logger").FILE_LOG_ENABLED is False
    pair.sdk.holdings()
    pair.sdk.search_scrip(NSE, "ifbind")
    assert list(elsewhere.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere", "holdings", "scrips"}


async def heard(pair: Pair, act: Callable[[], str]) -> tuple[str, list[Any], Any]:
    """The order that the deed makes, what the SDK's order feed told of it, and the position that it told at last."""
    updates: list[Any] = []
    welcomed = asyncio.Event()
    feed = pair.sdk.create_order_feed(max_connect_retries=0, max_reconnect_attempts=0)
    feed.on_raw = lambda frame: welcomed.set()
    async with feed:
        await welcomed.wait()
        number = await asyncio.to_thread(act)
        async for message in feed:
            if message.type == "position":
                return number, updates, message.data
            updates.append(message.data)
    raise AssertionError("the feed ended without a position")


def test_the_sdks_order_feed_tells_each_state_as_order_book_and_history_show_it(pair: Pair) -> None:
    def sell() -> str:
        number = str(pair.sdk_place("fed")["nOrdNo"])
        pair.pass_time()
        pair.broker.fill(number, 10, "900.25")
        return number

    number, updates, position = asyncio.run(asyncio.wait_for(heard(pair, sell), 20))
    assert {update.order_id for update in updates} == {number}
    assert {update.model_extra["GuiOrdId"] for update in updates} == {"fed"}
    told = [update.order_status for update in updates]
    steps = [step.status for step in reversed(pair.ours.order_history(number))]
    assert told == steps[: len(told)]
    assert len(told) >= 4
    report = pair.ours.order(number)
    assert report is not None
    assert (report.filled, report.average_price) == (10, Decimal("900.25"))
    assert (int(position.filled_sell_quantity), Decimal(position.sell_amount)) == (10, Decimal("9002.50"))
