"""Reads over a peer: a failed read is never an empty list. The mutation to try: answer [] for an unknown shape."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from kotak_peer import Handler, Peer, answering, dropping, http

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.session import opened
from domain.book import ReportedState
from domain.clock import VirtualClock
from domain.errors import BrokerUnavailable, LoginRefused, NotAllowed, SessionEnded
from domain.tenure import Tenure
from domain.users import Credentials

ROW = {
    "nOrdNo": "250122000612876", "GuiOrdId": "nf7abc", "ordSt": "open", "trdSym": "IDEA-EQ", "trnsTp": "S", "qty": 10,
    "fldQty": 0, "prc": "9.39", "avgPrc": "0.00", "rejRsn": "--",
}  # fmt: skip
BOOK = http(200, {"stat": "Ok", "stCode": 200, "data": [ROW]})
NOTHING = http(200, {"stat": "Not_Ok", "stCode": 5203, "errMsg": "No Data"})
OVER = http(200, {"stat": "Not_Ok", "errMsg": "invalid session token", "stCode": 100022})
BUSY = http(503, b"<html>")
CSV = (
    b"pSymbol,pTrdSymbol,dTickSize ,lPrecision\n1485,IFBIND-EQ,5,2\n2885,RELIANCE-EQ,10,2\n26000,NIFTY,-1,2\n"
)  # fmt: skip


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 3, 45, tzinfo=UTC))


@contextmanager
def served(handle: Handler, clock: VirtualClock, **changed: Any) -> Iterator[tuple[Peer, KotakNeo]]:
    with Peer(handle) as peer:
        settings = KotakSettings(peer.url, **changed)
        credentials = Credentials("k" * 36, "+919876543210", "AB123", "654321", "JBSW" * 4)
        account, tenure = KotakAccount(credentials, settings, clock), Tenure(1, 1, "asha")
        with account.turn(tenure):
            account.remember(opened("old-token", "old-sid", peer.url, clock.now()), tenure)
        client = KotakNeo(account, tenure, clock, settings, lambda: None)
        yield peer, client
        client.close()


def routing(routes: dict[str, Callable[[Peer], bytes]]) -> Handler:
    """Answer by the beginning of the path."""

    def handle(peer: Peer, connection: socket.socket, request: bytes) -> None:
        path = request.split(b" ")[1].decode()
        answer = next((make for start, make in routes.items() if path.startswith(start)), None)
        connection.sendall(answer(peer) if answer else http(404, b""))

    return handle


def login_routes(base: Callable[[Peer], str] = lambda peer: peer.url) -> dict[str, Callable[[Peer], bytes]]:
    view = {"data": {"token": "view", "sid": "view"}}
    return {
        "/login/1.0/tradeApiLogin": lambda peer: http(200, view),
        "/login/1.0/tradeApiValidate": lambda peer: http(
            200, {"data": {"token": "new-token", "sid": "new-sid", "baseUrl": base(peer)}}
        ),
    }


def test_the_book_is_dated_by_the_beginning_of_its_request(clock: VirtualClock) -> None:
    def slowly(peer: Peer, connection: socket.socket, request: bytes) -> None:
        clock.advance(3)
        connection.sendall(BOOK)

    began_at = clock.now()
    with served(slowly, clock) as (_, client):
        book = client.order_book()
    assert (book.began, book.began_at) == (0.0, began_at)
    assert clock.monotonic() == 3.0
    assert [row.state for row in book.rows] == [ReportedState.OPEN]


def test_a_book_that_was_read_at_the_second_attempt_is_dated_by_that(clock: VirtualClock) -> None:
    with served(answering(BUSY, BOOK), clock) as (peer, client):
        assert 0.0 < client.order_book().began == clock.monotonic()
    assert len(peer.requests) == 2


def test_one_malformed_row_is_counted_and_spoils_no_other(clock: VirtualClock) -> None:
    rows = [ROW, {**ROW, "qty": "?"}, "no row", None, {**ROW, "nOrdNo": "2"}]
    with served(answering(http(200, {"stat": "Ok", "stCode": 200, "data": rows})), clock) as (_, client):
        book = client.order_book()
    assert (len(book.rows), book.malformed) == (2, 3)


def test_no_data_is_an_empty_book(clock: VirtualClock) -> None:
    with served(answering(NOTHING), clock) as (_, client):
        book = client.order_book()
        assert (book.rows, book.malformed, client.trades()) == ((), 0, ())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        http(200, b""),
        http(200, b"<html>"),
        http(200, b"null"),
        http(200, []),
        http(200, {}),
        http(200, {"stat": "Ok", "stCode": 200}),
        http(200, {"stat": "Ok", "stCode": 200, "data": None}),
        http(200, {"stat": "Ok", "stCode": 200, "data": {}}),
        http(200, {"stat": "Not_Ok", "stCode": 7777, "errMsg": "?", "data": []}),
        http(200, {"stat": "Not_Ok", "stCode": 1005, "errMsg": "Internal Error"}),
        http(200, {"stat": "Not_Ok", "stCode": 5203, "errMsg": "No Data", "data": [ROW]}),
        http(200, {"stat": "Not_Ok", "errMsg": "No holdings found for this client AB123"}),
        http(200, {"errMsg": "?", "data": []}),
        http(400, {"stat": "Ok", "stCode": 200, "data": []}),
        http(404, {"error": [{"code": 404, "message": "route is invalid"}]}),
        http(302, b"", Location="/quick/user/orders"),
        http(200, BOOK.partition(b"\r\n\r\n")[2][:-5]),
        http(200, b"", Content_Length="50"),
    ],
)
def test_a_failed_read_is_never_an_empty_list(clock: VirtualClock, answer: bytes) -> None:
    def once(peer: Peer, connection: socket.socket, request: bytes) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with served(once, clock) as (_, client):
        for read in (client.order_book, client.trades):
            with pytest.raises(BrokerUnavailable):
                read()


@pytest.mark.parametrize(
    "answer", [BUSY, http(424, b""), http(429, b""), http(200, {"stat": "Not_Ok", "stCode": 1005})]
)
def test_a_passing_trouble_is_read_again(clock: VirtualClock, answer: bytes) -> None:
    with served(answering(answer, answer, BOOK), clock) as (peer, client):
        assert len(client.order_book().rows) == 1
    assert len(peer.requests) == 3


def test_a_read_whose_connection_broke_is_read_again(clock: VirtualClock) -> None:
    def second_time(peer: Peer, connection: socket.socket, request: bytes) -> None:
        (dropping if len(peer.requests) == 1 else answering(BOOK))(peer, connection, request)

    with served(second_time, clock) as (peer, client):
        assert len(client.order_book().rows) == 1
    assert len(peer.requests) == 2


def test_the_brokers_wish_to_wait_is_kept(clock: VirtualClock) -> None:
    with served(answering(http(429, b"", Retry_After="5"), BOOK), clock) as (_, client):
        client.order_book()
    assert clock.monotonic() >= 5.0


def test_reads_keep_to_the_accounts_rate(clock: VirtualClock) -> None:
    with served(answering(NOTHING), clock) as (_, client):
        for _ in range(15):
            client.order_book()
    assert clock.monotonic() == pytest.approx(2.0)


def test_a_lost_session_is_renewed_once_and_the_book_read_again(clock: VirtualClock) -> None:
    left = [OVER, BOOK]
    routes = {**login_routes(), "/quick/user/orders": lambda peer: left.pop(0)}
    with served(routing(routes), clock) as (peer, client):
        assert len(client.order_book().rows) == 1
    assert peer.paths == [
        "/quick/user/orders", "/login/1.0/tradeApiLogin", "/login/1.0/tradeApiValidate", "/quick/user/orders",
    ]  # fmt: skip
    assert b"Sid: old-sid" in peer.requests[0]
    assert b"Sid: new-sid" in peer.requests[3]


def test_a_session_that_is_lost_at_once_is_not_renewed_for_ever(clock: VirtualClock) -> None:
    with (
        served(routing({**login_routes(), "/quick": lambda peer: OVER}), clock) as (peer, client),
        pytest.raises(SessionEnded),
    ):
        client.order_book()
    assert peer.paths.count("/login/1.0/tradeApiLogin") == 1


def test_a_read_says_so_when_the_credentials_are_refused(clock: VirtualClock) -> None:
    refused = http(401, {"status": "error", "message": "Invalid credentials or TOTP.", "errorCode": "401"})
    routes = {"/login": lambda peer: refused, "/quick": lambda peer: http(403, {"message": "Invalid session"})}
    with served(routing(routes), clock) as (_, client):
        with pytest.raises(BrokerUnavailable, match="refusal 1 of 2"):
            client.order_book()
        clock.advance(60)
        with pytest.raises(LoginRefused):
            client.order_book()


def test_holdings_have_no_stat_and_may_be_none(clock: VirtualClock) -> None:
    row = {"symbol": "IDEA", "averagePrice": 9.5, "quantity": 35, "exchangeIdentifier": "14366", "sellableQuantity": 35}
    none_held = http(200, {"stat": "Not_Ok", "errMsg": "No holdings found for this client AB123"})
    with served(answering(http(200, {"data": [row]}), none_held, http(200, {"data": []})), clock) as (_, client):
        assert [(one.token, one.quantity) for one in client.holdings()] == [("14366", 35)]
        assert client.holdings() == ()
        assert client.holdings() == ()


def test_shares_do_not_vanish_because_their_row_cannot_be_read(clock: VirtualClock) -> None:
    with (
        served(answering(http(200, {"data": [{"symbol": "IDEA"}]})), clock) as (_, client),
        pytest.raises(BrokerUnavailable),
    ):
        client.holdings()


def test_a_fill_does_not_vanish_because_its_row_cannot_be_read(clock: VirtualClock) -> None:
    with (
        served(answering(http(200, {"stat": "ok", "stCode": 200, "data": [{"flId": "1"}]})), clock) as (_, client),
        pytest.raises(BrokerUnavailable),
    ):
        client.trades()


def test_quotes_are_asked_fifty_at_a_time_with_the_key_alone(clock: VirtualClock) -> None:
    row = {"exchange_token": "1", "display_symbol": "A-EQ", "lstup_time": "1782374657", "ltp": "801.6000"}
    with served(answering(http(200, [row])), clock) as (peer, client):
        found = client.quotes([str(number) for number in range(120)])
        assert client.quotes([]) == ()
    assert [one.last_price for one in found] == [Decimal("801.6000")] * 3
    assert [path.count("nse_cm") for path in peer.paths] == [50, 50, 20]
    assert b"Authorization: kkk" in peer.requests[0]
    assert b"old-token" not in peer.requests[0]


def test_refused_quotes_are_no_quotes_of_nothing(clock: VirtualClock) -> None:
    told = http(200, {"stat": "Not_Ok", "emsg": "Invalid instrument/code", "stCode": 1009})
    with served(answering(told), clock) as (_, client), pytest.raises(BrokerUnavailable, match="Invalid instrument"):
        client.quotes(["1"])


@pytest.mark.parametrize("told", [[], [{"exchange_token": "1"}], [None]])
def test_quotes_none_of_which_can_be_read_are_a_failed_read(clock: VirtualClock, told: list[Any]) -> None:
    with served(answering(http(200, told)), clock) as (_, client), pytest.raises(BrokerUnavailable):
        client.quotes(["1"])


def files(address: Callable[[Peer], str], content: bytes = CSV) -> Handler:
    listing = "/script-details/1.0/masterscrip/file-paths"
    paths = ["http://127.0.0.1:1/nse_fo.csv"]
    return routing(
        {
            listing: lambda peer: http(200, {"data": {"filesPaths": [*paths, address(peer)]}}),
            "/csv": lambda peer: http(200, content),
        }
    )


def test_the_instrument_file_is_found_and_read_without_any_secret(clock: VirtualClock) -> None:
    with served(files(lambda peer: f"{peer.url}/csv/nse_cm-v1.csv"), clock) as (peer, client):
        found = {one.symbol: one.tick for one in client.instruments()}
    assert found == {"IFBIND-EQ": Decimal("0.05"), "RELIANCE-EQ": Decimal("0.10")}
    for secret in (b"old-token", b"old-sid", b"kkk"):
        assert secret not in peer.requests[1]


def test_an_instrument_file_beyond_loopback_is_not_fetched(clock: VirtualClock) -> None:
    with (
        served(files(lambda peer: "https://lapi.kotaksecurities.com/nse_cm-v1.csv"), clock) as (peer, client),
        pytest.raises(NotAllowed),
    ):
        client.instruments()
    assert len(peer.requests) == 1


def test_an_instrument_file_that_may_have_been_cut_at_the_end_of_a_line_is_a_failed_read(clock: VirtualClock) -> None:
    cut = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"\n".join(CSV.split(b"\n")[:2]) + b"\n"

    def handle(peer: Peer, connection: socket.socket, request: bytes) -> None:
        listing = http(200, {"data": {"filesPaths": [f"{peer.url}/csv/nse_cm.csv"]}})
        connection.sendall(listing if b"file-paths" in request else cut)
        if b"file-paths" not in request:
            connection.shutdown(socket.SHUT_RDWR)

    with served(handle, clock) as (_, client), pytest.raises(BrokerUnavailable, match="may have been cut"):
        client.instruments()


@pytest.mark.parametrize("content", [b"", b"<html>", CSV[:-9], CSV.split(b"\n")[0]])
def test_an_instrument_file_that_makes_no_sense_is_a_failed_read(clock: VirtualClock, content: bytes) -> None:
    with (
        served(files(lambda peer: f"{peer.url}/csv/nse_cm.csv", content), clock) as (_, client),
        pytest.raises(BrokerUnavailable),
    ):
        client.instruments()
