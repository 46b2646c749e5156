"""The simulator as strangers' clients meet it, byte by byte: old HTTP, odd HTTP, much of it at once.

The mutation to try: answer every method of a known path.
"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
import requests
from simulator_client import ORDERS, PLACE, SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock

NOTHING = b'{"stCode":5203,"errMsg":"No Data","stat":"Not_Ok"}'
ORDER_KEYS = (
    "actId algId algCat algSeqNo avgPrc brdLtQty brkClnt cnlQty coPct defMktProV dscQtyPct dscQty exUsrInfo exCfmTm"
    " exOrdId expDt expDtSsb exSeg fldQty boeSec mktProPct mktPro mfdBy minQty mktProFlg noMktProFlg nOrdNo optTp"
    " ordAutSt odCrt ordDtTm ordEntTm ordGenTp ordSrc ordValDt prod prc prcTp qty refLmtPrc rejRsn rmk rptTp reqId"
    " series sipInd stat ordSt stkPrc sym symOrdId tckSz tok trnsTp trgPrc trdSym unFldSz usrId uSec vldt"
    " classification vendorCode genDen genNum prcNum prcDen lotSz multiplier precision hsUpTm GuiOrdId locId appInstlId"
    " ordModNo strategyCode updRecvTm it"
)
TRADE_KEYS = (
    "actId algCat algId avgPrc boeSec brdLtQty brkClnt cstFrm exOrdId exp expDt exSeg exTm fldQty flDt flId flLeg flTm"
    " minQty nOrdNo nReqId optTp ordDur ordGenTp prcTp prod rmk rptTp series stkPrc sym trdSym trnsTp usrId genDen"
    " genNum hsUpTm GuiOrdId locId lotSz multiplier ordSrc prcNum prcDen strategyCode precision tok updRecvTm uSec"
    " posFlg prc qty tm it"
)
POSITION_KEYS = (
    "actId brdLtQty cfBuyAmt cfSellAmt cfBuyQty cfSellQty exSeg buyAmt sellAmt flBuyQty flSellQty prod series tok"
    " trdSym optTp stkPrc type sym sqrFlg posFlg lotSz multiplier precision prcNum prcDen hsUpTm expDt exp genNum"
    " genDen dscQty upldPrc updRecvTm"
)


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100}) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def connect(client: Client) -> socket.socket:
    address = urlsplit(client.url)
    return socket.create_connection((address.hostname or "", address.port or 0), timeout=5)


def head(client: Client, first: str, *more: str) -> bytes:
    session = [f"{name}: {value}" for name, value in client.headers.items()]
    return "\r\n".join([first, "Host: any", *session, *more, "", ""]).encode()


def answers(connection: socket.socket, count: int) -> list[bytes]:
    """Bodies of so many answers, in their order."""
    found: list[bytes] = []
    received = b""
    while len(found) < count:
        whole, blank, rest = received.partition(b"\r\n\r\n")
        length = int(whole.lower().partition(b"content-length:")[2].partition(b"\r")[0]) if blank else 0
        if blank and len(rest) >= length:
            found.append(rest[:length])
            received = rest[length:]
        else:
            received += connection.recv(65536) or pytest.fail("the connection was closed")
    return found


def test_requests_of_one_packet_are_answered_in_their_order(client: Client) -> None:
    read, address = f"GET {ORDERS} HTTP/1.1", "GET /login/1.0/get-client-ip HTTP/1.1"
    with connect(client) as connection:
        connection.sendall(head(client, read) + head(client, address) + head(client, read))
        first, second, third = answers(connection, 3)
    assert (first, b'"stCode":1000' in second, third) == (NOTHING, True, NOTHING)


def test_one_connection_serves_as_many_calls_as_it_is_asked_for(client: Client) -> None:
    with connect(client) as connection:
        for _ in range(200):
            connection.sendall(head(client, f"GET {ORDERS} HTTP/1.1"))
            assert answers(connection, 1) == [NOTHING]


def test_a_client_of_the_first_http_is_answered_and_let_go(client: Client) -> None:
    with connect(client) as connection:
        connection.sendall(head(client, f"GET {ORDERS} HTTP/1.0"))
        assert answers(connection, 1) == [NOTHING]
        assert connection.recv(1) == b""


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_form_may_come_in_chunks(client: Client, size: int) -> None:
    form = b"jData=%7B%22nOrdNo%22%3A+%221%22%7D"
    pieces = (form[at : at + size] for at in range(0, len(form), size))
    headers = client.headers | {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.http.post(f"{client.url}/quick/order/history", data=pieces, headers=headers)
    assert answer.content == NOTHING


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PLACE), ("PUT", PLACE), ("POST", ORDERS), ("DELETE", ORDERS), ("HEAD", ORDERS), ("OPTIONS", ORDERS),
        ("GET", "/quick/user/limits"), ("GET", "/"), ("GET", "/quick//user/orders"), ("POST", PLACE + "/"),
        ("GET", "/Quick/User/Orders"), ("GET", "/apifeed"), ("POST", "/quick/user/positions"),
    ],
)  # fmt: skip
def test_what_is_no_call_is_no_route(client: Client, method: str, path: str) -> None:
    answer = client.http.request(method, client.url + path, headers=client.headers)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("application/json")
    assert method == "HEAD" or "is invalid" in answer.json()["error"][0]["message"]
    assert client.book() == []


def test_a_body_beyond_all_measure_is_refused_and_harms_nobody(client: Client) -> None:
    headers = client.headers | {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.http.post(client.url + PLACE, data=b"jData=" + b"x" * 3_000_000, headers=headers)
    assert answer.status_code == 413
    assert client.sell("a1") == client.book()[0]["nOrdNo"]


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 100 + b"\r\n\r\n"])
def test_what_is_no_http_ends_its_own_connection_alone(client: Client, garbage: bytes) -> None:
    with connect(client) as strange:
        strange.sendall(garbage)
        assert b" 400 " in strange.recv(65536)
    assert client.book() == []


def test_many_connections_are_served_side_by_side(client: Client) -> None:
    request = head(client, f"GET {ORDERS} HTTP/1.1")
    with ExitStack() as stack:
        opened = [stack.enter_context(connect(client)) for _ in range(300)]
        for connection in opened:
            connection.sendall(request)
        assert [answers(connection, 1) for connection in opened] == [[NOTHING]] * 300


def test_a_client_that_leaves_in_the_middle_takes_nothing_with_it(client: Client) -> None:
    with connect(client) as leaving:
        leaving.sendall(head(client, f"POST {PLACE} HTTP/1.1", "Content-Length: 500")[:-10])
    with connect(client) as leaving:
        leaving.sendall(head(client, f"POST {PLACE} HTTP/1.1", "Content-Length: 500") + b"jData=")
    assert client.book() == []


def test_every_row_has_the_keys_of_the_documents_and_no_others(client: Client, clock: VirtualClock) -> None:
    number = client.sell(pr="800")
    clock.advance(1)
    (trade,) = client.get("/quick/user/trades")["data"]
    (position,) = client.get("/portfolio/v2/positions")["data"]
    assert sorted(client.row(number)) == sorted(ORDER_KEYS.split())
    assert sorted(trade) == sorted(TRADE_KEYS.split())
    assert sorted(position) == sorted(POSITION_KEYS.split())
    assert requests.get(f"{client.url}{ORDERS}/{number}", headers=client.headers, timeout=5).json()["data"] == [
        client.row(number)
    ]
