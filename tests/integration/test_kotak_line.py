"""The last check, the deadline, and what a broken connection means.

Mutations to try: drop `line.permit` in `_Checked`; drop the alarm in `Call.__enter__`; set `max_retries=1`.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kotak_peer import Handler, Peer, answering, dropping, http, tls_of

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.session import opened
from domain.book import NewOrder, PriceChange
from domain.clock import Clock, SystemClock, VirtualClock
from domain.errors import BrokerUnavailable, NinefifteenError, TenureLost, TransactionHeld
from domain.orders import Side
from domain.outcomes import Accepted, NotSent, Refused, Unknown
from domain.tenure import Tenure
from domain.users import Credentials

ORDER = NewOrder("nf7abc", "IDEA-EQ", Side.SELL, 10, Decimal("9.40"))
CHANGE = PriceChange("261122000100001", "IDEA-EQ", Side.SELL, 10, Decimal("9.45"))
OK = http(200, {"stat": "Ok", "nOrdNo": "261122000100001", "stCode": 200})
EMPTY = http(200, {"stat": "Not_Ok", "stCode": 5203, "errMsg": "No Data"})
CREDENTIALS = Credentials("11111111-2222-3333-4444-555555555555", "+919876543210", "AB123", "654321", "JBSW" * 4)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 3, 45, tzinfo=UTC))


class Desk:
    """A client with a session, and what a test wants to turn."""

    def __init__(self, url: str, clock: Clock, tls: ssl.SSLContext | None = None, deadline: float = 10.0) -> None:
        self.clock = clock
        self.tenure = Tenure(1, 1, "asha")
        self.settings = KotakSettings(url, call_deadline=deadline, reads_per_second=0)
        self.account = KotakAccount(CREDENTIALS, self.settings, clock)
        self.guarded: list[str] = []
        self.client = KotakNeo(self.account, self.tenure, clock, self.settings, self.guard, tls)
        with self.account.turn(self.tenure):
            self.account.remember(opened("t" * 40, "s" * 36, url, clock.now()), self.tenure)

    def guard(self) -> None:
        self.guarded.append("called")

    def place(self, within: float = 5.0) -> object:
        return self.client.place(ORDER, self.clock.monotonic() + within)


@contextmanager
def served(handle: Handler, clock: Clock, deadline: float = 10.0) -> Iterator[tuple[Peer, Desk]]:
    with Peer(handle) as peer:
        desk = Desk(peer.url, clock, deadline=deadline)
        yield peer, desk
        desk.client.close()


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_an_order_is_sent_once_and_accepted(clock: VirtualClock) -> None:
    with served(answering(OK), clock) as (peer, desk):
        outcome = desk.place()
    assert isinstance(outcome, Accepted)
    assert outcome.broker_order_id == "261122000100001"
    assert peer.paths == ["/quick/order/rule/ms/place"]
    assert b"jData=%7B%22am%22" in peer.requests[0]
    for header in (b"Authorization: 1111", b"Sid: sss", b"Auth: ttt", b"neo-fin-key: neotradeapi"):
        assert header in peer.requests[0]


def test_nothing_is_sent_once_the_last_moment_has_come_though_the_socket_is_connected(clock: VirtualClock) -> None:
    with served(answering(OK), clock) as (peer, desk):
        outcome = desk.place(within=0.0)
        assert peer.ended.acquire(timeout=5)
    assert isinstance(outcome, NotSent)
    assert (peer.requests, peer.stray) == ([], [b""])


def test_nothing_is_sent_by_a_revoked_tenure_though_the_socket_is_connected(clock: VirtualClock) -> None:
    with served(answering(OK), clock) as (peer, desk):
        desk.tenure.revoke()
        outcome = desk.place()
        assert peer.ended.acquire(timeout=5)
    assert isinstance(outcome, NotSent)
    assert (peer.requests, peer.stray) == ([], [b""])


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The server's and the client's TLS context for 127.0.0.1."""
    server, file = tls_of(tmp_path_factory.mktemp("tls"))
    return server, ssl.create_default_context(cafile=str(file))


@pytest.mark.parametrize(("what", "within"), [("time", 5.0), ("tenure", 5.0), ("deadline", 60.0), ("nothing", 5.0)])
def test_the_last_check_comes_after_connect_and_tls(
    clock: VirtualClock, certificate: tuple[ssl.SSLContext, ssl.SSLContext], what: str, within: float
) -> None:
    server, trusted = certificate
    with Peer(answering(OK), server) as peer:
        desk = Desk(peer.url, clock, trusted)
        turns: dict[str, Callable[[], None]] = {
            "time": lambda: clock.advance(6),
            "tenure": desk.tenure.revoke,
            "deadline": lambda: clock.advance(11),
        }
        peer.on_accept = turns.get(what, lambda: None)
        outcome = desk.place(within)
        desk.client.close()
        assert peer.ended.acquire(timeout=5)
    assert isinstance(outcome, Accepted if what == "nothing" else NotSent)
    assert len(peer.requests) == (1 if what == "nothing" else 0)
    assert set(peer.stray) == {b""}, "a byte of a request that was not to leave"


def test_a_failed_handshake_is_not_sent(
    clock: VirtualClock, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    with Peer(answering(OK), certificate[0]) as peer:
        outcome = Desk(peer.url, clock, ssl.create_default_context()).place(within=0.05)
    assert isinstance(outcome, NotSent)
    assert peer.requests == []


def test_a_connection_that_was_withheld_is_not_left_half_used(clock: VirtualClock) -> None:
    with served(answering(OK), clock) as (peer, desk):
        assert isinstance(desk.place(), Accepted)
        assert isinstance(desk.place(within=0.0), NotSent)
        assert isinstance(desk.place(), Accepted)
    assert len(peer.requests) == 2


def test_a_refused_connection_is_not_sent_and_is_tried_until_the_last_moment(clock: VirtualClock) -> None:
    outcome = Desk(closed_port(), clock).place(within=5.0)
    assert isinstance(outcome, NotSent)
    assert 2.0 < clock.monotonic() < 5.0


def test_an_order_that_was_dropped_after_the_request_is_unknown_and_sent_once(clock: VirtualClock) -> None:
    with served(dropping, clock) as (peer, desk):
        assert isinstance(desk.place(), Unknown)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_never_followed(clock: VirtualClock, status: int) -> None:
    with served(answering(http(status, b"", Location="/quick/order/rule/ms/place")), clock) as (peer, desk):
        assert isinstance(desk.place(), Unknown)
    assert len(peer.requests) == 1


def test_a_redirect_to_nonsense_breaks_nothing(clock: VirtualClock) -> None:
    with served(answering(http(302, b"", Location="http://[")), clock) as (_, desk):
        assert isinstance(desk.place(), Unknown)


def test_turned_away_by_the_gateway_an_order_goes_out_again_until_its_last_moment(clock: VirtualClock) -> None:
    busy = http(429, {"code": 429, "error": "Rate limit exceeded", "message": "too many request received"})
    with served(answering(busy, busy, OK), clock) as (peer, desk):
        assert isinstance(desk.place(), Accepted)
        assert len(peer.requests) == 3
        peer.handle = answering(busy)
        assert isinstance(desk.place(), NotSent)


def test_repeats_of_an_order_draw_from_the_accounts_rate(clock: VirtualClock) -> None:
    """Catches: repeats that are not counted, which make ten orders a second out of five."""
    came: list[float] = []

    def busy(peer: Peer, connection: socket.socket, request: bytes) -> None:
        came.append(clock.monotonic())
        connection.sendall(http(429, b""))

    with served(busy, clock) as (_, desk):
        for _ in range(3):
            desk.place(within=1.5)
    assert len(came) > 5
    assert all(sixth - first > 0.999999 for first, sixth in zip(came, came[5:], strict=False))


def test_a_trickling_answer_is_cut_at_the_deadline_of_the_call() -> None:
    clock = SystemClock()
    done = threading.Event()

    def trickle(peer: Peer, connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{")
        while not done.wait(0.02):
            connection.sendall(b" ")

    with served(trickle, clock, deadline=0.3) as (_, desk):
        began = clock.monotonic()
        outcome = desk.place()
        took = clock.monotonic() - began
        done.set()
    assert isinstance(outcome, Unknown)
    assert 0.25 < took < 5.0


def test_a_trickling_head_is_cut_as_well(clock: VirtualClock) -> None:
    def trickle(peer: Peer, connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(20):
            connection.sendall(b"y")
            clock.advance(1)

    with served(trickle, clock) as (_, desk):
        assert isinstance(desk.place(), Unknown)
    assert clock.monotonic() >= 10.0


def test_virtual_time_cuts_a_hanging_read_as_well(clock: VirtualClock) -> None:
    def hang(peer: Peer, connection: socket.socket, request: bytes) -> None:
        clock.advance(60)

    with served(hang, clock) as (peer, desk), pytest.raises(BrokerUnavailable, match="deadline"):
        desk.client.order_book()
    assert len(peer.requests) == 1


def test_an_answer_in_time_leaves_no_alarm_behind(clock: VirtualClock) -> None:
    with served(answering(OK), clock) as (peer, desk):
        assert isinstance(desk.place(), Accepted)
        clock.advance(60)
        assert isinstance(desk.place(), Accepted)
    assert peer.connections == 1


def test_a_connection_that_the_server_closed_while_idle_is_replaced_before_sending(clock: VirtualClock) -> None:
    with served(answering(OK), clock) as (peer, desk):
        assert isinstance(desk.place(), Accepted)
        peer.hang_up()
        assert peer.ended.acquire(timeout=5)
        assert isinstance(desk.place(), Accepted)
    assert len(peer.requests) == 2


def test_a_connection_that_dies_under_the_request_is_unknown_and_nothing_is_sent_again(clock: VirtualClock) -> None:
    """The keep-alive race: the second request meets a server that has just decided to close."""

    def once(peer: Peer, connection: socket.socket, request: bytes) -> None:
        if len(peer.requests) == 1:
            connection.sendall(OK)
        else:
            connection.shutdown(socket.SHUT_RDWR)

    with served(once, clock) as (peer, desk):
        assert isinstance(desk.place(), Accepted)
        assert isinstance(desk.place(), Unknown)
    assert len(peer.requests) == 2


def test_a_revoked_tenure_reads_nothing(clock: VirtualClock) -> None:
    with served(answering(EMPTY), clock) as (peer, desk):
        desk.tenure.revoke()
        with pytest.raises(TenureLost):
            desk.client.order_book()
    assert (peer.requests, peer.connections) == ([], 0)


def test_a_tenure_that_is_revoked_while_a_read_waits_is_lost(clock: VirtualClock) -> None:
    with served(answering(http(503, b"")), clock) as (peer, desk):
        clock.call_at(0.05, desk.tenure.revoke)
        with pytest.raises((TenureLost, BrokerUnavailable)):
            desk.client.order_book()
    assert len(peer.requests) == 1


def test_every_call_asks_the_guard_first(clock: VirtualClock) -> None:
    with served(answering(OK), clock) as (_, desk):
        for call in (desk.place, lambda: desk.client.modify(CHANGE, 5.0), lambda: desk.client.cancel("1", 5.0)):
            desk.guarded.clear()
            call()
            assert desk.guarded
        desk.guarded.clear()
        with pytest.raises(BrokerUnavailable):
            desk.client.order_book()
        assert desk.guarded


def test_no_call_leaves_while_a_transaction_is_held(clock: VirtualClock) -> None:
    def held() -> None:
        raise TransactionHeld("a transaction is open")

    with Peer(answering(OK)) as peer:
        desk = Desk(peer.url, clock)
        client = KotakNeo(desk.account, desk.tenure, clock, desk.settings, held)
        for call in (lambda: client.place(ORDER, 5.0), client.order_book, client.login, client.instruments):
            with pytest.raises(TransactionHeld):
                call()
    assert peer.requests == []


def test_without_a_session_a_change_is_not_sent(clock: VirtualClock) -> None:
    with served(answering(OK), clock) as (peer, desk):
        session = desk.account.session()
        assert session is not None
        desk.account.forget(session)
        assert isinstance(desk.place(), NotSent)
    assert peer.requests == []


def test_a_lost_session_ends_the_change_and_is_forgotten(clock: VirtualClock) -> None:
    over = http(200, {"stat": "Not_Ok", "errMsg": "invalid session token", "stCode": 100022})
    with served(answering(over), clock) as (peer, desk):
        assert isinstance(desk.place(), NotSent)
        assert desk.account.session() is None
    assert peer.paths == ["/quick/order/rule/ms/place"]


def test_an_order_that_makes_no_sense_is_not_sent(clock: VirtualClock) -> None:
    with served(answering(OK), clock) as (peer, desk):
        wrong = NewOrder("t", "IDEA-EQ", Side.SELL, 1, Decimal("9.405"))
        assert isinstance(desk.client.place(wrong, 5.0), NotSent)
    assert peer.requests == []


def test_no_secret_reaches_the_evidence_or_the_log(clock: VirtualClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    told = {"stat": "Not_Ok", "stCode": 1009, "errMsg": f"{'t' * 40} {'s' * 36} {CREDENTIALS.consumer_key}"}
    with served(answering(http(200, told)), clock) as (_, desk):
        outcome = desk.place()
        shown = f"{outcome} {desk.account!r} {desk.client!r} {desk.account.session()!r} {caplog.text}"
    assert isinstance(outcome, Refused)
    for secret in ("t" * 40, "s" * 36, CREDENTIALS.consumer_key, CREDENTIALS.totp_secret, CREDENTIALS.mpin):
        assert secret not in shown


def test_the_environment_does_not_redirect_us(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", closed_port())
    monkeypatch.setenv("http_proxy", closed_port())
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with served(answering(OK), clock) as (_, desk):
        assert isinstance(desk.place(), Accepted)


def test_the_thread_shows_its_life_before_each_call(clock: VirtualClock) -> None:
    clock.advance(7)
    with served(answering(OK), clock) as (_, desk):
        desk.place()
    assert desk.tenure.beaten == 7.0


@pytest.fixture(scope="module")
def noisy() -> Iterator[tuple[Peer, Desk]]:
    quiet = VirtualClock(datetime(2026, 11, 23, 3, 45, tzinfo=UTC))
    with served(dropping, quiet) as both:
        yield both


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=200) | st.binary(max_size=100).map(lambda body: http(200, body, Set_Cookie="a=\x01;;=")))
def test_whatever_comes_back_a_change_ends_in_an_outcome_and_a_read_in_our_errors(
    noisy: tuple[Peer, Desk], raw: bytes
) -> None:
    peer, desk = noisy

    def noise(peer: Peer, connection: socket.socket, request: bytes) -> None:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_RDWR)

    peer.handle = noise
    assert isinstance(desk.place(), Unknown)
    with pytest.raises(NinefifteenError):
        desk.client.order_book()
