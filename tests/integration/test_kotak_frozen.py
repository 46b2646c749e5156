"""A thread that freezes between its decision and its first byte, and a peer that lets bytes trickle.

The thread is stopped by the interpreter's own trace function at the very line, as SIGSTOP would stop it there; what
must not leave afterwards is looked for at the peer. The mutations to try: move `permit` before `connect` in
`_Checked.request`; drop `_shut_down` in `Call._shut`; give `Call` no alarm.
"""

import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from kotak_peer import Handler, Peer, answering, http, tls_of

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.call import Call
from broker.kotak_neo.session import opened
from domain.book import NewOrder
from domain.clock import Clock, SystemClock, VirtualClock
from domain.errors import BrokerUnavailable
from domain.orders import Side
from domain.outcomes import Accepted, NotSent, Outcome, Unknown
from domain.tenure import Tenure
from domain.users import Credentials

ORDER = NewOrder("nf7abc", "IDEA-EQ", Side.SELL, 10, Decimal("9.40"))
OK = http(200, {"stat": "Ok", "nOrdNo": "261122000100001", "stCode": 200})
LAST_CHECK = Call.permit.__code__


class Frozen:
    """Runs a call in a thread of its own and stops it on its way into or out of one function, until `thaw`."""

    def __init__(self, code: CodeType, on: str, call: Callable[[], Outcome]) -> None:
        self.there = threading.Event()
        self._thawed = threading.Event()
        self._code, self._on, self._call = code, on, call
        self._ended: list[Outcome] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self.there.wait(10)

    def thaw(self) -> Outcome:
        """Let the thread go on, and how its call ended."""
        self._thawed.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self._ended[0]

    def _run(self) -> None:
        sys.settrace(self._trace)
        try:
            self._ended.append(self._call())
        finally:
            sys.settrace(None)
            self.there.set()

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code is not self._code:
            return None
        if event == self._on:
            self.there.set()
            assert self._thawed.wait(20)
        return self._trace


class Desk:
    """A client with a session, on a virtual clock."""

    def __init__(self, url: str, clock: Clock, tls: ssl.SSLContext | None = None, **changed: Any) -> None:
        self.clock = clock
        self.tenure = Tenure(1, 1, "asha")
        settings = KotakSettings(url, reads_per_second=0, **changed)
        credentials = Credentials("k" * 36, "+919876543210", "AB123", "654321", "JBSW" * 4)
        account = KotakAccount(credentials, settings, clock)
        self.client = KotakNeo(account, self.tenure, clock, settings, lambda: None, tls)
        with account.turn(self.tenure):
            account.remember(opened("t" * 40, "s" * 36, url, clock.now()), self.tenure)

    def place(self) -> Outcome:
        return self.client.place(ORDER, self.clock.monotonic() + 5.0)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 3, 45, tzinfo=UTC))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    return tls_of(tmp_path_factory.mktemp("tls"))


@contextmanager
def served(
    clock: Clock, certificate: tuple[ssl.SSLContext, Path] | None, handle: Handler | None = None, **changed: Any
) -> Iterator[tuple[Peer, Desk]]:
    server, trusted = certificate if certificate else (None, None)
    with Peer(handle or answering(OK), server) as peer:
        tls = ssl.create_default_context(cafile=str(trusted)) if trusted else None
        desk = Desk(peer.url, clock, tls, **changed)
        yield peer, desk
        desk.client.close()


PASSING: dict[str, Callable[[Desk, VirtualClock], None]] = {
    "the last moment": lambda desk, clock: clock.advance(6),
    "the tenure": lambda desk, clock: desk.tenure.revoke(),
    "a minute": lambda desk, clock: clock.advance(60),
}


@pytest.mark.parametrize("secure", [True, False], ids=["tls", "plain"])
@pytest.mark.parametrize("passes", PASSING.values(), ids=PASSING.keys())
def test_a_thread_frozen_after_connect_and_tls_sends_nothing_once_it_may_not(
    clock: VirtualClock,
    certificate: tuple[ssl.SSLContext, Path],
    passes: Callable[[Desk, VirtualClock], None],
    secure: bool,
) -> None:
    with served(clock, certificate if secure else None) as (peer, desk):
        frozen = Frozen(LAST_CHECK, "call", desk.place)
        passes(desk, clock)
        outcome = frozen.thaw()
        assert peer.ended.acquire(timeout=10)
        assert peer.connections == 1, "it stood behind the connect, and behind the handshake"
    assert isinstance(outcome, NotSent)
    assert (peer.requests, peer.stray) == ([], [b""])


def test_a_thread_that_thaws_in_time_sends_once(clock: VirtualClock, certificate: tuple[ssl.SSLContext, Path]) -> None:
    with served(clock, certificate) as (peer, desk):
        frozen = Frozen(LAST_CHECK, "call", desk.place)
        clock.advance(4.9)
        assert isinstance(frozen.thaw(), Accepted)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("secure", [True, False], ids=["tls", "plain"])
def test_a_thread_frozen_after_the_last_check_finds_its_socket_shut_at_the_deadline(
    clock: VirtualClock, certificate: tuple[ssl.SSLContext, Path], secure: bool
) -> None:
    """Between check and first byte nothing can look again; so the deadline takes the socket away from the thread."""
    with served(clock, certificate if secure else None) as (peer, desk):
        frozen = Frozen(LAST_CHECK, "return", desk.place)
        clock.advance(11)
        outcome = frozen.thaw()
        assert peer.ended.acquire(timeout=10)
    assert isinstance(outcome, Unknown), "whatever has passed the check counts as sent"
    assert peer.requests == []


def test_a_thread_frozen_in_its_answer_ends_as_unknown(clock: VirtualClock) -> None:
    """The request is out, the deadline comes while the thread sleeps: the answer that waits for it is not read."""
    with served(clock, None) as (peer, desk):
        taken = threading.Event()

        def slowly(peer: Peer, connection: socket.socket, request: bytes) -> None:
            clock.advance(11)
            taken.set()
            connection.sendall(OK)

        peer.handle = slowly
        assert isinstance(desk.place(), Unknown)
        assert taken.is_set()
    assert len(peer.requests) == 1


def trickling(start: bytes, drop: bytes = b" ") -> Handler:
    """Begin an answer and never end it, a drop every few milliseconds."""

    def handle(peer: Peer, connection: socket.socket, request: bytes) -> None:
        connection.sendall(start)
        while True:
            threading.Event().wait(0.01)
            connection.sendall(drop)

    return handle


HEAD = b"HTTP/1.1 200 OK\r\n"
TRICKLES = {
    "status line": trickling(b"HTTP/1.1 2", b"0"),
    "head": trickling(HEAD + b"X-Slow: ", b"y"),
    "heads without end": trickling(HEAD, b"X-Slow: y\r\n"),
    "interim answers": trickling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body of a length": trickling(HEAD + b"Content-Length: 1000000\r\n\r\n{"),
    "body without a length": trickling(HEAD + b"Connection: close\r\n\r\n{"),
    "chunks": trickling(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a chunk's size": trickling(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
}


@pytest.mark.parametrize("handle", TRICKLES.values(), ids=TRICKLES.keys())
def test_whatever_trickles_in_a_change_ends_at_its_deadline(handle: Handler) -> None:
    clock = SystemClock()
    with served(clock, None, handle, call_deadline=0.2) as (peer, desk):
        began = clock.monotonic()
        assert isinstance(desk.place(), Unknown)
        assert clock.monotonic() - began < 5.0
    assert peer.paths == ["/quick/order/rule/ms/place"]


@pytest.mark.parametrize("handle", TRICKLES.values(), ids=TRICKLES.keys())
def test_whatever_trickles_in_a_read_ends_at_its_deadline(handle: Handler) -> None:
    clock = SystemClock()
    with served(clock, None, handle, call_deadline=0.2) as (peer, desk):
        began = clock.monotonic()
        with pytest.raises(BrokerUnavailable):
            desk.client.order_book()
        assert clock.monotonic() - began < 5.0
    assert peer.paths == ["/quick/user/orders"]


def test_a_handshake_that_trickles_ends_with_the_time_for_connecting() -> None:
    """The alarm has no socket to shut before the last check; the handshake's own limit ends it."""
    clock = SystemClock()
    with Peer(answering(OK)) as peer:
        ended = threading.Event()

        def drip() -> None:
            connection = peer_socket()
            connection.sendall(b"\x16\x03\x03\x40\x00")
            while not ended.wait(0.01):
                connection.sendall(b"\x02")

        def peer_socket() -> socket.socket:
            return peer.open[-1]

        peer.on_accept = drip
        desk = Desk(peer.url.replace("http:", "https:"), clock, ssl.create_default_context(), connect_timeout=0.2)
        began = clock.monotonic()
        outcome = desk.client.place(ORDER, clock.monotonic() + 0.1)
        took = clock.monotonic() - began
        ended.set()
        desk.client.close()
    assert isinstance(outcome, NotSent)
    assert took < 3.0
