"""The requests of our client beside those of Kotak's own SDK for the same thing: bodies byte for byte, headers by name.

Both speak to a server that only records. What differs stands in `EXPLAINED` with its reason in
docs/decisions (the record about the witness), and each of these differences must really be there.
The mutation to try: send one more field with an order, or a number where a string belongs.
"""

import json
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from kotak_peer import Peer, http
from official_sdk import NSE, official, sign_in

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.simulator.accounts import make_accounts
from broker.simulator.instruments import PACKAGED
from domain.book import NewOrder, PriceChange
from domain.candles import Interval
from domain.clock import VirtualClock
from domain.errors import BrokerUnavailable
from domain.orders import Side
from domain.portfolio import Prospect
from domain.tenure import Tenure
from domain.users import Credentials

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"
(PERSON,) = make_accounts(1, seed=915)
NUMBER = "261123000000001"
TOKEN = "1485"
NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
Answers = dict[str, Callable[[Peer], Any]]
ANSWERS: Answers = {
    "/login/1.0/tradeApiLogin": lambda peer: {"data": {"token": "view-token", "sid": "view-sid"}},
    "/login/1.0/tradeApiValidate": lambda peer: {"data": {"token": "trade", "sid": "trade-sid", "baseUrl": peer.url}},
    "/quick/order/": lambda peer: {"stat": "Ok", "nOrdNo": NUMBER, "stCode": 200},
    "/quick/order/history": lambda peer: {"stat": "Ok", "stCode": 200, "data": []},
    "/portfolio/v1/holdings": lambda peer: {"data": []},
    "/script-details/1.0/quotes/": lambda peer: [],
    "/script-details/1.0/masterscrip/": lambda peer: {"data": {"filesPaths": [f"{peer.url}/nse_cm-v1.csv"]}},
    "/nse_cm-v1.csv": lambda peer: PACKAGED.read_bytes(),
    "/": lambda peer: {"stat": "Not_Ok", "stCode": 5203, "errMsg": "No Data"},
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the socket; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def jdata(self) -> dict[str, Any]:
        """The object in the form field."""
        found: dict[str, Any] = json.loads(parse_qs(self.body.decode(), strict_parsing=True)["jData"][0])
        return found


@dataclass(frozen=True, slots=True)
class Call:
    """The same thing asked of both; `paths` are the beginnings of the targets that it is about."""

    name: str
    ours: Callable[[KotakNeo], object]
    theirs: Callable[[Any], object]
    path: str


CALLS = (
    Call("login", lambda ours: ours.login(), lambda sdk: sdk, "/login/1.0/tradeApiLogin"),
    Call("validate", lambda ours: ours.login(), lambda sdk: sdk, "/login/1.0/tradeApiValidate"),
    Call(
        "place",
        lambda ours: ours.place(NewOrder("n1tag", "M&M-EQ", Side.SELL, 10, Decimal("801.5")), 5.0),
        lambda sdk: sdk.place_order(NSE, "CNC", "801.50", "L", "10", "DAY", "M&M-EQ", "S", tag="n1tag"),
        "/quick/order/rule/ms/place",
    ),
    Call(
        "modify",
        lambda ours: ours.modify(PriceChange(NUMBER, "IFBIND-EQ", Side.SELL, 10, Decimal(802), TOKEN), 5.0),
        lambda sdk: sdk.modify_order(NUMBER, "802.00", "L", "10", "DAY"),
        "/quick/order/vr/modify",
    ),
    Call("cancel", lambda ours: ours.cancel(NUMBER, 5.0), lambda sdk: sdk.cancel_order(NUMBER), "/quick/order/cancel"),
    Call("client ip", lambda ours: ours.client_address(), lambda sdk: sdk.whatsmyip(), "/login/1.0/get-client-ip"),
    Call(
        "one order",
        lambda ours: ours.order(NUMBER),
        lambda sdk: sdk.order_report(NUMBER),
        f"/quick/user/orders/{NUMBER}",
    ),
    Call("order book", lambda ours: ours.order_book(), lambda sdk: sdk.order_report(), "/quick/user/orders"),
    Call(
        "history",
        lambda ours: ours.order_history(NUMBER),
        lambda sdk: sdk.order_history(NUMBER),
        "/quick/order/history",
    ),
    Call("trades", lambda ours: ours.trades(), lambda sdk: sdk.trade_report(), "/quick/user/trades"),
    Call("positions", lambda ours: ours.positions(), lambda sdk: sdk.positions(), "/portfolio/v2/positions"),
    Call("limits", lambda ours: ours.funds(), lambda sdk: sdk.limits(), "/quick/user/limits"),
    Call(
        "margin",
        lambda ours: ours.margin(Prospect(TOKEN, Side.BUY, 1, Decimal(100))),
        lambda sdk: sdk.margin_required(NSE, "100.00", "L", "CNC", "1", TOKEN, "B"),
        "/quick/user/check-margin",
    ),
    Call(
        "candles",
        lambda ours: ours.candles(TOKEN, Interval.MINUTE, date(2026, 8, 20), date(2026, 8, 21)),
        lambda sdk: sdk.historical_data(f"{NSE}|{TOKEN}", "1min", "2026-08-20", "2026-08-21"),
        "/market-data/1.0/historical/details",
    ),
    Call("holdings", lambda ours: ours.holdings(), lambda sdk: sdk.holdings(), "/portfolio/v1/holdings"),
    Call(
        "quotes",
        lambda ours: ours.quotes([TOKEN, "2885"]),
        lambda sdk: sdk.quotes([{"exchange_segment": NSE, "instrument_token": token} for token in (TOKEN, "2885")]),
        "/script-details/1.0/quotes/neosymbol/",
    ),
    Call(
        "file paths",
        lambda ours: ours.instruments(),
        lambda sdk: sdk.search_scrip(NSE, "ifbind"),
        "/script-details/1.0/masterscrip/file-paths",
    ),
    Call(
        "instrument file",
        lambda ours: ours.instruments(),
        lambda sdk: sdk.search_scrip(NSE, "ifbind"),
        "/nse_cm-v1.csv",
    ),
)
EVERY = tuple(call.name for call in CALLS)
DOCUMENTED = (
    "place", "modify", "cancel", "client ip", "one order", "order book", "history", "trades", "positions", "limits",
    "margin", "holdings",
)  # fmt: skip
WITHOUT_BODY = (
    "client ip", "one order", "order book", "trades", "positions", "candles", "holdings", "quotes", "file paths",
)  # fmt: skip
THROUGH_THE_SDK = tuple(name for name in EVERY if name != "instrument file")
EXPLAINED: dict[str, tuple[str, ...]] = {
    "user-agent": EVERY,
    "x-request-id": THROUGH_THE_SDK,
    "x-client-id": THROUGH_THE_SDK,
    "neo-fin-key": DOCUMENTED,
    "content-type": WITHOUT_BODY,
    "accept": ("holdings",),
    "host": ("login", "validate", "client ip"),
    "jData": ("modify",),
}
"""What differs, and in which calls."""
MORE_IN_MODIFY = {"es": NSE, "ts": "IFBIND-EQ", "tt": "S", "pc": "CNC", "dd": "NA", "tk": TOKEN}


def handle(peer: Peer, connection: socket.socket, request: bytes) -> None:
    path = request.split(b" ")[1].decode()
    longest = max((start for start in ANSWERS if path.startswith(start)), key=len)
    connection.sendall(http(200, ANSWERS[longest](peer)))


def read(raw: bytes) -> Request:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return Request(method, target, {name.lower(): value.strip() for name, _, value in pairs}, body)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Request, Request]]:
    """For each call our request and theirs."""
    folder = tmp_path_factory.mktemp("sdk")
    with Peer(handle) as peer:
        ours = recorded(peer, [call.ours for call in CALLS], our_client(peer))
        with official(peer.url, PERSON.consumer_key, folder) as sdk:
            theirs = recorded(peer, [log_in, *(call.theirs for call in CALLS)], sdk)
    return {call.name: (of(call, ours), of(call, theirs)) for call in CALLS}


def log_in(sdk: Any) -> object:
    return sign_in(sdk, PERSON, NOON)


def our_client(peer: Peer) -> KotakNeo:
    clock, settings = VirtualClock(NOON), KotakSettings(peer.url, orders_per_second=0, reads_per_second=0)
    person = Credentials(PERSON.consumer_key, PERSON.mobile, PERSON.ucc, PERSON.mpin, PERSON.totp_secret)
    return KotakNeo(KotakAccount(person, settings, clock), Tenure(1, 1, "asha"), clock, settings, lambda: None)


def recorded(peer: Peer, calls: list[Callable[[Any], object]], client: Any) -> list[Request]:
    before = len(peer.requests)
    for call in calls:
        with suppress(BrokerUnavailable):
            call(client)
    return [read(raw) for raw in peer.requests[before:]]


def of(call: Call, requests: list[Request]) -> Request:
    """The first one with that path, or below it where the path ends with a stroke."""
    below = call.path if call.path.endswith("/") else f"{call.path}?"
    return next(one for one in requests if one.target == call.path or one.target.startswith(below))


def differences(ours: Request, theirs: Request) -> set[str]:
    names = ours.headers.keys() | theirs.headers.keys()
    found = {name for name in names - {"content-length"} if ours.headers.get(name) != theirs.headers.get(name)}
    found |= {"target"} if (ours.method, ours.target) != (theirs.method, theirs.target) else set()
    return found | ({"jData"} if ours.body != theirs.body else set())


@pytest.mark.parametrize("name", EVERY)
def test_our_request_is_the_sdks_but_for_what_is_explained(sent: dict[str, tuple[Request, Request]], name: str) -> None:
    ours, theirs = sent[name]
    explained = {field for field, calls in EXPLAINED.items() if name in calls}
    assert differences(ours, theirs) == explained, (ours, theirs)


def test_a_change_of_price_says_all_that_the_sdk_says_and_restates_the_rest(
    sent: dict[str, tuple[Request, Request]],
) -> None:
    ours, theirs = (request.jdata() for request in sent["modify"])
    assert ours == theirs | MORE_IN_MODIFY


def test_the_sdk_wants_the_login_host_that_the_documents_name(sent: dict[str, tuple[Request, Request]]) -> None:
    assert {sent[name][1].headers["host"] for name in ("login", "validate", "client ip")} == {"mis.kotaksecurities.com"}


def test_every_header_that_we_send_and_the_sdk_does_not_is_the_documented_key(
    sent: dict[str, tuple[Request, Request]],
) -> None:
    more = {name for ours, theirs in sent.values() for name in ours.headers.keys() - theirs.headers.keys()}
    assert more == {"neo-fin-key"}


@pytest.mark.parametrize("field", EXPLAINED)
def test_every_difference_stands_in_the_record_with_its_reason(field: str) -> None:
    (record,) = DECISIONS.glob("*official-sdk*.md")
    assert f"| `{field}`" in record.read_text(encoding="utf-8")
