"""What else Kotak can be asked: against the simulator, and against a peer that answers as the documents show.

The mutations to try: leave out `cfBuyQty`; ask for `seg: CASH`; leave out the check of the order's number.
"""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_address
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from kotak_peer import Handler, Peer, answering, http

from broker.api import Broker, Inquiries
from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.session import opened
from broker.simulator import Simulator
from domain.book import NewOrder, PriceChange, ReportedState
from domain.candles import Interval
from domain.clock import VirtualClock
from domain.errors import BadInput, BrokerUnavailable
from domain.orders import Side
from domain.outcomes import Accepted
from domain.portfolio import ClientAddress, Funds, Prospect
from domain.tenure import Tenure
from domain.users import Credentials

SYMBOL, TOKEN = "IFBIND-EQ", "1485"
NOTHING = http(200, {"stat": "Not_Ok", "stCode": 5203, "errMsg": "No Data"})
POSITION = {
    "actId": "ABCXYZ61", "brdLtQty": 225, "cfBuyAmt": "1000.00", "cfSellAmt": "0.00", "cfBuyQty": "5", "cfSellQty": "1",
    "exSeg": "nse_cm", "buyAmt": "4000.00", "sellAmt": "1600.00", "flBuyQty": "15", "flSellQty": "3", "prod": "CNC",
    "tok": "61304", "trdSym": "TCS-EQ", "multiplier": "1", "prcNum": "1", "prcDen": "1", "genNum": "1", "genDen": "1",
    "upldPrc": "0.00", "hsUpTm": "2026/07/24 12:57:46", "newField": [1],
}  # fmt: skip
LIMITS = {
    "Category": "CLIENT_SPECIAL_MARGIN", "EntityId": "account-AB123", "CollateralValue": "38.19", "Collateral": "9.41",
    "MarginUsed": "18.78", "Net": "19.409999999999997", "TimeStamp": "1784878066658", "stCode": 200, "stat": "Ok",
}  # fmt: skip
MARGIN = {
    "avlCash": "10197.480000", "totMrgnUsd": "12540.400000", "mrgnUsd": "40.400000", "ordMrgn": "12500.000000",
    "rmsVldtd": "NOT_OK", "reqdMrgn": "12540.400000", "avlMrgn": "10197.480000", "insufFund": "2342.920000",
    "stat": "Ok", "stCode": 200,
}  # fmt: skip
STEP = {
    "nOrdNo": "250122000612876", "ordSt": "validation pending", "qty": 1, "fldQty": 0, "avgPrc": "0.00", "prc": "9.39",
    "rejRsn": "--", "flDtTm": "22-Jan-2025 14: 32: 53", "GuiOrdId": "nf7abc", "updRecvTm": 1737536281933015920,
}  # fmt: skip
ROW = {
    "nOrdNo": "250122000612876", "GuiOrdId": "nf7abc", "ordSt": "open", "trdSym": "IDEA-EQ", "trnsTp": "S", "qty": 10,
    "fldQty": 0, "prc": "9.39", "avgPrc": "0.00", "rejRsn": "--", "ordEntTm": "22-Jan-2025 14:28:01",
    "ordDtTm": "22-Jan-2025 14:28:05",
}  # fmt: skip


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))


@pytest.fixture
def simulator(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, holdings={SYMBOL: 1000}, open_delay=0.0) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator, clock: VirtualClock) -> Iterator[KotakNeo]:
    person = simulator.accounts[0]
    credentials = Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)
    settings = KotakSettings(simulator.url, reads_per_second=0)
    made = KotakNeo(KotakAccount(credentials, settings, clock), Tenure(1, 1, "asha"), clock, settings, lambda: None)
    made.login()
    yield made
    made.close()


@contextmanager
def asked(handle: Handler, clock: VirtualClock, **changed: Any) -> Iterator[tuple[Peer, KotakNeo]]:
    with Peer(handle) as peer:
        settings = KotakSettings(peer.url, reads_per_second=0, **changed)
        account = KotakAccount(Credentials("k" * 36, "+919876543210", "AB123", "654321", "JBSW" * 4), settings, clock)
        tenure = Tenure(1, 1, "asha")
        with account.turn(tenure):
            account.remember(opened("t" * 40, "s" * 36, peer.url, clock.now()), tenure)
        client = KotakNeo(account, tenure, clock, settings, lambda: None)
        yield peer, client
        client.close()


def good(data: Any) -> bytes:
    return http(200, {"stat": "Ok", "stCode": 200, "data": data})


def jdata(request: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(parse_qs(request.partition(b"\r\n\r\n")[2].decode())["jData"][0])
    return found


def rest(client: KotakNeo, clock: VirtualClock, quantity: int = 10) -> str:
    order = NewOrder(f"nf{clock.monotonic():.0f}x{quantity}", SYMBOL, Side.SELL, quantity, Decimal("900.00"))
    placed = client.place(order, clock.monotonic() + 5)
    assert isinstance(placed, Accepted)
    clock.advance(1)
    return placed.broker_order_id


def test_the_client_is_a_broker_and_answers_inquiries(client: KotakNeo) -> None:
    broker: Broker = client
    inquiries: Inquiries = client
    assert broker is inquiries


def test_the_broker_tells_from_which_address_we_come(client: KotakNeo, clock: VirtualClock) -> None:
    told = client.client_address()
    assert told.ip == ip_address("127.0.0.1")
    assert told.at is not None
    assert abs(told.at - clock.now()) < timedelta(seconds=1)


def test_the_address_is_read_as_the_documents_show_it(clock: VirtualClock) -> None:
    body = {"data": [{"ip": "165.85.130.248", "time": "2026-07-07 12:07:34.440"}], "stCode": 1000, "status": "success"}
    with asked(answering(http(200, body)), clock) as (peer, client):
        told = client.client_address()
    assert told.ip == ip_address("165.85.130.248")
    assert told.at == datetime(2026, 7, 7, 6, 37, 34, 440_000, tzinfo=UTC)
    assert peer.paths == ["/login/1.0/get-client-ip"]
    for header in (b"Authorization: kkk", b"Sid: sss", b"Auth: ttt"):
        assert header in peer.requests[0]


@pytest.mark.parametrize("data", [[], [{}], [{"ip": "nonsense"}], [{"ip": "127.0.0.1"}, {"ip": "127.0.0.2"}], None])
def test_an_address_that_makes_no_sense_is_a_failed_read(clock: VirtualClock, data: Any) -> None:
    body = {"data": data, "stCode": 1000, "status": "success"}
    with asked(answering(http(200, body)), clock) as (_, client), pytest.raises(BrokerUnavailable):
        client.client_address()


def test_one_order_is_read_by_its_number(client: KotakNeo, clock: VirtualClock) -> None:
    first, second = rest(client, clock, 10), rest(client, clock, 20)
    told = client.order(second)
    assert told is not None
    assert (told.broker_order_id, told.quantity, told.state) == (second, 20, ReportedState.OPEN)
    assert told.entered_at is not None
    assert timedelta(0) <= clock.now() - told.entered_at < timedelta(seconds=3)
    assert client.order(first) != told
    assert client.order("261123000999999") is None


def test_one_order_that_is_another_one_is_a_failed_read(clock: VirtualClock) -> None:
    with asked(answering(good([ROW])), clock) as (peer, client):
        told = client.order("250122000612876")
        assert told is not None
        assert told.changed_at == datetime(2025, 1, 22, 8, 58, 5, tzinfo=UTC)
        with pytest.raises(BrokerUnavailable, match="another one"):
            client.order("1")
        with pytest.raises(BrokerUnavailable):
            client.order("../limits?x=1")
    assert peer.paths[-1] == "/quick/user/orders/..%2Flimits%3Fx%3D1"


def test_a_history_tells_every_state_the_newest_first(client: KotakNeo, clock: VirtualClock) -> None:
    number = rest(client, clock)
    client.modify(PriceChange(number, SYMBOL, Side.SELL, 10, Decimal("905.00"), TOKEN), clock.monotonic() + 5)
    clock.advance(1)
    steps = client.order_history(number)
    assert steps[0].price == Decimal("905.00")
    assert steps[-1].price == Decimal("900.00")
    assert steps[-1].status == "put order req received"
    assert steps[-1].tag.startswith("nf")
    moments = [step.at for step in steps if step.at is not None]
    assert len(moments) == len(steps)
    assert moments == sorted(moments, reverse=True)
    assert client.order_history("261123000999999") == ()


def test_a_step_is_read_as_the_documents_show_it_and_a_new_status_is_pending(clock: VirtualClock) -> None:
    with asked(answering(good([{**STEP, "ordSt": "never heard of"}, STEP])), clock) as (peer, client):
        newest, oldest = client.order_history("250122000612876")
    assert (newest.state, newest.status) == (ReportedState.PENDING, "never heard of")
    assert (oldest.state, oldest.at) == (ReportedState.PENDING, datetime(2025, 1, 22, 9, 2, 53, tzinfo=UTC))
    assert jdata(peer.requests[0]) == {"nOrdNo": "250122000612876"}
    with asked(answering(good([STEP])), clock) as (_, client), pytest.raises(BrokerUnavailable, match="another order"):
        client.order_history("1")


def test_positions_net_what_was_carried_and_what_was_traded(clock: VirtualClock) -> None:
    with asked(answering(good([POSITION])), clock) as (peer, client):
        (one,) = client.positions()
    assert (one.bought, one.sold, one.quantity) == (20, 4, 16)
    assert (one.buy_average, one.sell_average) == (Decimal(250), Decimal(400))
    assert one.profit_at(Decimal(300)) == Decimal(1600 - 5000 + 16 * 300)
    assert (one.carried_price, one.last_price, one.product, one.segment) == (None, None, "CNC", "nse_cm")
    assert peer.paths == ["/portfolio/v2/positions"]


def test_a_factor_stands_between_units_and_rupees(clock: VirtualClock) -> None:
    row = {**POSITION, "multiplier": "2", "genNum": "3", "genDen": "2", "ltp": "300.5", "upldPrc": "199.5"}
    with asked(answering(good([row])), clock) as (_, client):
        (one,) = client.positions()
    assert one.factor == 3
    assert one.buy_average == Decimal(5000) / 60
    assert one.profit_at(Decimal(100)) == Decimal(1600 - 5000 + 16 * 100 * 3)
    assert (one.last_price, one.carried_price) == (Decimal("300.5"), Decimal("199.5"))


def test_carried_shares_without_a_value_have_no_average(clock: VirtualClock) -> None:
    row = {**POSITION, "cfBuyAmt": "0.00", "buyAmt": "0.00"}
    with asked(answering(good([row])), clock) as (_, client):
        assert client.positions()[0].buy_average is None


@pytest.mark.parametrize("changes", [{"cfBuyQty": None}, {"flSellQty": "?"}, {"genDen": "x"}, {"prcDen": "-1"}])
def test_a_position_that_cannot_be_read_fails_the_read(clock: VirtualClock, changes: dict[str, Any]) -> None:
    told = answering(good([POSITION, {**POSITION, **changes}]))
    with asked(told, clock) as (_, client), pytest.raises(BrokerUnavailable):
        client.positions()


def test_a_sale_of_holdings_is_a_negative_position(client: KotakNeo, simulator: Simulator, clock: VirtualClock) -> None:
    assert client.positions() == ()
    simulator.fill(rest(client, clock), 4, "901.00")
    (one,) = client.positions()
    assert (one.symbol, one.quantity, one.sell_average) == (SYMBOL, -4, Decimal("901.00"))


def test_funds_are_rounded_to_the_paisa(clock: VirtualClock) -> None:
    with asked(answering(http(200, LIMITS)), clock) as (peer, client):
        told = client.funds()
    assert (told.net, told.collateral_value, told.margin_used) == (Decimal("19.41"), Decimal("38.19"), Decimal("18.78"))
    assert told.cash == Decimal("10.00")
    assert told.at == datetime.fromtimestamp(1784878066.658, UTC)
    assert jdata(peer.requests[0]) == {"seg": "ALL", "exch": "ALL", "prod": "ALL"}


def test_funds_follow_what_is_bought(client: KotakNeo, clock: VirtualClock) -> None:
    before = client.funds()
    bought = client.place(NewOrder("nfbuy", SYMBOL, Side.BUY, 10, Decimal("990.00")), clock.monotonic() + 5)
    assert isinstance(bought, Accepted)
    clock.advance(1)
    assert before.net - client.funds().net == 10 * client.trades()[0].price
    assert before.cash == before.net


@pytest.mark.parametrize("body", [{}, {**LIMITS, "Net": "-"}, {**LIMITS, "stat": "Not_Ok"}, []])
def test_funds_that_make_no_sense_are_a_failed_read(clock: VirtualClock, body: Any) -> None:
    with asked(answering(http(200, body)), clock) as (_, client), pytest.raises(BrokerUnavailable):
        client.funds()


def test_a_margin_is_asked_as_the_official_sdk_does(clock: VirtualClock) -> None:
    with asked(answering(http(200, MARGIN)), clock) as (peer, client):
        told = client.margin(Prospect("1485", Side.BUY, 1, Decimal("100")))
        client.margin(Prospect("1485", Side.SELL, 2, None))
    assert (told.enough, told.order, told.in_use) == (False, Decimal("12500.000000"), Decimal("40.400000"))
    assert (told.cash, told.short) == (Decimal("10197.480000"), Decimal("2342.920000"))
    limit, market = (jdata(request) for request in peer.requests)
    assert limit == {
        "exSeg": "nse_cm", "prc": "100.00", "prcTp": "L", "prod": "CNC", "qty": "1", "tok": "1485", "trnsTp": "B",
        "trgPrc": None, "brkName": "KOTAK", "brnchId": "ONLINE", "slAbsOrTks": None, "slVal": None,
        "sqrOffAbsOrTks": None, "sqrOffVal": None, "trailSL": None, "tSLTks": None,
    }  # fmt: skip
    assert (market["prc"], market["prcTp"], market["trnsTp"]) == ("0", "MKT", "S")


def test_a_margin_of_the_simulator_is_read(client: KotakNeo) -> None:
    told = client.margin(Prospect(TOKEN, Side.BUY, 2, Decimal("900.05")))
    assert (told.enough, told.order, told.short) == (True, Decimal("1800.10"), Decimal(0))


def test_a_margin_for_no_price_is_not_asked(clock: VirtualClock) -> None:
    with asked(answering(http(200, MARGIN)), clock) as (peer, client), pytest.raises(BadInput):
        client.margin(Prospect("1485", Side.BUY, 1, Decimal("-1")))
    assert peer.requests == []


def test_a_margin_that_says_neither_is_a_failed_read(clock: VirtualClock) -> None:
    told = answering(http(200, {**MARGIN, "rmsVldtd": "MAYBE"}))
    with asked(told, clock) as (_, client), pytest.raises(BrokerUnavailable):
        client.margin(Prospect("1485", Side.BUY, 1, None))


def test_candles_are_read_as_the_documents_show_them(clock: VirtualClock) -> None:
    rows = [
        ["2026-08-20T09:15:00+0530", 801.6, 802.05, 801, 801.5, 1200, 0],
        ["2026-08-20T09:16:00+05:30", 1, 1, 1, 1, 0],
    ]
    body = {"status": "success", "interval": "1min", "data": {"candles": rows}}
    day = date(2026, 8, 20)
    with asked(answering(http(200, body)), clock) as (peer, client):
        first, second = client.candles("1485", Interval.MINUTE, day, day)
    assert (first.at, second.at) == tuple(datetime(2026, 8, 20, 3, 45 + ahead, tzinfo=UTC) for ahead in (0, 1))
    assert (first.open, first.high, first.low, first.close) == tuple(map(Decimal, ("801.6", "802.05", "801", "801.5")))
    assert first.volume == 1200
    assert peer.paths == [
        "/market-data/1.0/historical/details?neosymbol=nse_cm%7C1485&interval=1min"
        "&fromdate=2026-08-20&todate=2026-08-20"
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"status": "ERROR", "fault": {"code": 400, "message": "Invalid interval value"}},
        {"status": "success", "data": {}},
        {"status": "success", "data": {"candles": None}},
        {"status": "success", "data": {"candles": [[]]}},
        {"status": "success", "data": {"candles": [["yesterday", 1, 1, 1, 1, 0]]}},
        {"status": "success", "data": {"candles": [["2026-08-20T09:15:00+0530", 0, 1, 1, 1, 0]]}},
        {"data": {"candles": []}, "message": "no"},
        [],
    ],
)
def test_candles_that_make_no_sense_are_a_failed_read(clock: VirtualClock, body: Any) -> None:
    with asked(answering(http(200, body)), clock) as (_, client), pytest.raises(BrokerUnavailable):
        client.candles("1485", Interval.DAY, date(2026, 8, 20), date(2026, 8, 20))


@pytest.mark.parametrize(("interval", "calls"), [(Interval.MINUTE, 4), (Interval.HALF_HOUR, 2), (Interval.WEEK, 1)])
def test_a_long_time_is_asked_for_in_pieces_that_leave_out_no_day(
    clock: VirtualClock, interval: Interval, calls: int
) -> None:
    body = {"status": "success", "data": {"candles": []}}
    first, last = date(2026, 7, 1), date(2026, 10, 8)
    with asked(answering(http(200, body)), clock) as (peer, client):
        client.candles("1485", interval, first, last)
        client.candles("1485", interval, last, first)
    spans = [parse_qs(urlsplit(path).query) for path in peer.paths]
    days = [tuple(date.fromisoformat(span[name][0]) for name in ("fromdate", "todate")) for span in spans]
    assert len(days) == calls
    assert (days[0][0], days[-1][1]) == (first, last)
    for (_, ended), (began, _) in pairwise(days):
        assert began - ended == timedelta(days=1)
    assert all((end - begin).days < interval.most_days for begin, end in days)


@pytest.mark.parametrize("interval", list(Interval))
def test_the_simulators_candles_are_the_same_twice_and_end_with_the_last_price(
    client: KotakNeo, simulator: Simulator, clock: VirtualClock, interval: Interval
) -> None:
    simulator.set_price(SYMBOL, "830.00")
    today = date(2026, 11, 23)
    found = client.candles(TOKEN, interval, today - timedelta(days=17), today)
    assert found == client.candles(TOKEN, interval, today - timedelta(days=17), today)
    assert found[-1].close == Decimal("830")
    assert all(one.low <= one.open <= one.high and one.low <= one.close <= one.high for one in found)
    assert [one.at for one in found] == sorted({one.at for one in found})
    assert all(one.at <= clock.now() for one in found)
    assert len({one.close for one in found}) > 1


def one_quote(token: str) -> dict[str, str]:
    return {"exchange_token": token, "display_symbol": f"S{token}-EQ", "lstup_time": "1782374657", "ltp": "801.6000"}


def quoting(peer: Peer, connection: socket.socket, request: bytes) -> None:
    asked_for = unquote(request.split(b" ")[1].decode()).split("/")[-2].split(",")
    connection.sendall(http(200, [one_quote(name.partition("|")[2]) for name in asked_for]))


@pytest.mark.parametrize(("literal", "bar"), [(True, "nse_cm|"), (False, "nse_cm%7C")])
def test_the_bar_of_quotes_leaves_as_it_is_set(clock: VirtualClock, literal: bool, bar: str) -> None:
    with asked(quoting, clock, literal_bar=literal) as (peer, client):
        found = client.quotes([*(str(number) for number in range(50)), "Nifty 50"])
    assert [len(path.split(",")) for path in peer.paths] == [50, 1]
    assert peer.paths[0].count(bar) == 50
    assert peer.paths[1] == f"/script-details/1.0/quotes/neosymbol/{bar}Nifty%2050/all"
    assert (len(found), found[-1].token) == (51, "Nifty 50")


@pytest.mark.parametrize("literal", [True, False])
def test_the_simulator_takes_the_bar_either_way(simulator: Simulator, clock: VirtualClock, literal: bool) -> None:
    person = simulator.accounts[0]
    credentials = Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)
    settings = KotakSettings(simulator.url, literal_bar=literal)
    client = KotakNeo(KotakAccount(credentials, settings, clock), Tenure(1, 1, "a"), clock, settings, lambda: None)
    assert [one.symbol for one in client.quotes([TOKEN])] == [SYMBOL]
    client.close()


def test_nothing_but_the_bar_of_quotes_is_left_as_it_is(clock: VirtualClock) -> None:
    with asked(answering(NOTHING), clock) as (peer, client):
        client.order("a|b")
    assert peer.paths == ["/quick/user/orders/a%7Cb"]


RICH = {
    "displaySymbol": "IDEA", "averagePrice": 9.5699, "quantity": 35, "exchangeSegment": "nse_cm",
    "exchangeIdentifier": "14366", "holdingCost": 334.9475, "mktValue": 327.6, "scripId": "746a0ebb",
    "instrumentToken": 8658, "instrumentType": "Equity", "isAlternateScrip": False, "closingPrice": 9.36,
    "symbol": "IDEA", "sellableQuantity": 35, "sector": "Telecom", "commonScripCode": "IDEA",
    "instrumentName": "VODAFONE IDEA LIMITED", "unrealisedGainLoss": -7.3, "sqGainLoss": 0, "delGainLoss": 0,
    "subTotal": 327.6, "prevDayLtp": 9.4, "subType": "", "instrumentStatus": "A", "marketLot": 1, "expiryDate": None,
    "optType": None, "strikePrice": None, "series": "EQ", "securityType": "EQ", "securitySubType": "", "logoUrl": "",
    "cmotCode": "1",
}  # fmt: skip
SHORT = {key: RICH[key] for key in list(RICH)[:14]}


@pytest.mark.parametrize("row", [SHORT, RICH], ids=["short", "rich"])
def test_holdings_are_the_same_in_both_shapes(clock: VirtualClock, row: dict[str, Any]) -> None:
    with asked(answering(http(200, {"data": [row]})), clock) as (_, client):
        (one,) = client.holdings()
    assert (one.symbol, one.token, one.quantity, one.sellable) == ("IDEA", "14366", 35, 35)
    assert one.average_price == Decimal("9.5699")


READS: dict[str, Callable[[KotakNeo], object]] = {
    "client_address": lambda client: client.client_address(),
    "order": lambda client: client.order("1"),
    "order_history": lambda client: client.order_history("1"),
    "positions": lambda client: client.positions(),
    "funds": lambda client: client.funds(),
    "margin": lambda client: client.margin(Prospect(TOKEN, Side.SELL, 1, None)),
    "candles": lambda client: client.candles(TOKEN, Interval.DAY, date(2026, 8, 20), date(2026, 8, 20)),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_an_inquiry_survives_a_passing_fault_and_not_a_lasting_one(
    clock: VirtualClock, read: Callable[[KotakNeo], object]
) -> None:
    with asked(answering(http(503, b"<html>")), clock) as (peer, client), pytest.raises(BrokerUnavailable):
        read(client)
    assert len(peer.requests) == 3


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize("fault", ["session_death", "502_html", "lost_reply"])
def test_an_inquiry_outlives_the_faults_of_the_simulator(
    client: KotakNeo, simulator: Simulator, read: Callable[[KotakNeo], object], fault: str
) -> None:
    before = read(client)
    simulator.fault("any", fault)
    after = read(client)
    assert after == before or isinstance(after, ClientAddress | Funds)
