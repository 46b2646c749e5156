"""Names that do not resolve, proxies that hang, answers that fit in no memory: each ends in time and is named.

Mutations to try: read bodies whole; keep a connection after an interim answer; resolve names on the caller's thread.
"""

import gzip
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from kotak_peer import Handler, Peer, answering, http
from test_kotak_frozen import trickling
from test_kotak_line import CREDENTIALS, OK, ORDER, Desk, certificate, served

from broker.kotak_neo import Egress, KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.session import opened
from domain.book import NewOrder
from domain.clock import Clock, SystemClock, VirtualClock
from domain.errors import BrokerUnavailable
from domain.orders import Side
from domain.outcomes import Accepted, NotSent, Unknown
from domain.tenure import Tenure

certificate = certificate
FIRST = "127.0.0.2"
MUCH = 256 * 1024 * 1024


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 3, 45, tzinfo=UTC))


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """256 MiB of blanks, packed twice: a few hundred bytes on the line."""
    return gzip.compress(gzip.compress(b" " * MUCH, 9), 9)


def endless(peer: Peer, connection: socket.socket, request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n[")
    with suppress(OSError):
        while True:
            connection.sendall(b" " * 65536)


@pytest.mark.parametrize("kind", ["bomb", "chunked bomb", "endless"])
def test_an_answer_that_is_too_long_is_no_answer_and_costs_little_memory(kind: str, bomb: bytes) -> None:
    packed = {"Content_Encoding": "gzip, gzip"}
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(bomb), bomb)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    handlers: dict[str, Handler] = {
        "bomb": answering(http(200, bomb, **packed)),
        "chunked bomb": answering(head + chunked),
        "endless": endless,
    }
    clock = SystemClock()
    with served(handlers[kind], clock, deadline=20.0) as (_, desk):
        tracemalloc.start()
        try:
            outcome = desk.place()
            with pytest.raises(BrokerUnavailable, match="more than 16 MiB"):
                desk.client.order_book()
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert isinstance(outcome, Unknown)
    assert peak < 64 * 1024 * 1024


def test_the_answer_to_one_order_is_never_taken_for_the_next_ones(clock: VirtualClock) -> None:
    """An interim answer (103) ends the exchange for http.client; the real one then lies on the line for whoever
    speaks next. Catches: giving the connection back to the pool."""
    first: list[socket.socket] = []
    numbers = iter(("261122000100001", "261122000100002"))

    def hinting(peer: Peer, connection: socket.socket, request: bytes) -> None:
        number = next(numbers)
        if not first:
            first.append(connection)
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n")
            return
        with suppress(OSError):
            first[0].sendall(http(200, {"stat": "Ok", "nOrdNo": "261122000100001", "stCode": 200}))
        with suppress(OSError):
            connection.sendall(http(200, {"stat": "Ok", "nOrdNo": number, "stCode": 200}))

    with served(hinting, clock) as (peer, desk):
        assert isinstance(desk.place(), Unknown)
        second = desk.client.place(NewOrder("nf7abd", "IDEA-EQ", Side.SELL, 5, Decimal("9.40")), clock.monotonic() + 5)
    assert isinstance(second, Accepted)
    assert second.broker_order_id == "261122000100002"
    assert peer.connections == 2


class Proxied:
    """A client behind a proxy, with a session that orders may go out in."""

    def __init__(self, proxy: str, target: str, clock: Clock, trusted: ssl.SSLContext) -> None:
        self.clock = clock
        settings = KotakSettings(target)
        account = KotakAccount(CREDENTIALS, settings, clock, Egress((FIRST,), proxy=proxy))
        tenure = Tenure(1, 1, "asha")
        session = opened("t" * 40, "s" * 36, target, clock.now(), address=FIRST)
        with account.turn(tenure):
            account.remember(session, tenure)
        account.trust(session)
        self.client = KotakNeo(account, tenure, clock, settings, lambda: None, trusted)

    def place(self, within: float) -> tuple[Any, float]:
        """The outcome, and the seconds that it took."""
        began = self.clock.monotonic()
        outcome = self.client.place(ORDER, began + within)
        return outcome, self.clock.monotonic() - began


def silent(peer: Peer, connection: socket.socket, request: bytes) -> None:
    """Take the CONNECT and say nothing."""


@pytest.mark.parametrize(
    "handle",
    [trickling(b"HTTP/1.1 200 Connected\r\n", b"X-Slow: y\r\n"), trickling(b"HTTP/1.1 2", b"0"), silent],
    ids=["heads without end", "status line", "silence"],
)
def test_a_proxy_that_never_opens_its_tunnel_ends_with_the_last_moment_to_send(
    handle: Handler, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    clock = SystemClock()
    with Peer(answering(OK), certificate[0]) as broker, Peer(handle) as proxy:
        desk = Proxied(proxy.url, broker.url, clock, certificate[1])
        outcome, took = desk.place(within=0.4)
        desk.client.close()
    assert isinstance(outcome, NotSent)
    assert took < 1.5
    assert "proxy" in outcome.text
    assert broker.connections == 0


def test_what_a_proxy_refuses_is_said_with_what_to_do(
    clock: VirtualClock, certificate: tuple[ssl.SSLContext, ssl.SSLContext], caplog: pytest.LogCaptureFixture
) -> None:
    with Peer(answering(OK), certificate[0]) as broker, Peer(answering(http(407, b"no"))) as proxy:
        url = proxy.url.replace("//", "//asha:s3cret@")
        desk = Proxied(url, broker.url, clock, certificate[1])
        outcome, _ = desk.place(within=1)
        with pytest.raises(BrokerUnavailable) as told:
            desk.client.order_book()
        desk.client.close()
    assert isinstance(outcome, NotSent)
    for text in (outcome.text, str(told.value)):
        assert "the proxy answered 407" in text
        assert "proxy_url" in text
        assert "s3cret" not in text + caplog.text


def test_a_certificate_that_is_not_trusted_is_named(
    clock: VirtualClock, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    with Peer(answering(OK), certificate[0]) as peer:
        desk = Desk(peer.url, clock, ssl.create_default_context())
        with pytest.raises(BrokerUnavailable, match="certificate verify failed"):
            desk.client.order_book()
        desk.client.close()


Lookup = Callable[..., list[Any]]


class Names:
    """What the system's resolver answers from now on about localhost."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.real: Lookup = socket.getaddrinfo
        self.answer: Callable[[int], list[Any]] = lambda port: self.real("127.0.0.1", port)
        self.asked = 0
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)

    def _look_up(self, host: Any, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if host != "localhost":
            return self.real(host, port, *args, **kwargs)
        self.asked += 1
        return self.answer(port)

    def fails(self, port: int) -> list[Any]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


def named(peer: Peer) -> str:
    return peer.url.replace("127.0.0.1", "localhost")


def test_a_name_that_is_not_found_is_named_and_nothing_is_sent(names: Names, clock: VirtualClock) -> None:
    names.answer = names.fails
    with Peer(answering(OK)) as peer:
        desk = Desk(named(peer), clock)
        outcome = desk.place(within=1)
        with pytest.raises(BrokerUnavailable, match=r"localhost.*Temporary failure in name resolution"):
            desk.client.order_book()
    assert isinstance(outcome, NotSent)
    assert "localhost" in outcome.text
    assert peer.connections == 0


def test_what_a_name_meant_last_holds_while_nobody_can_tell(
    names: Names, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    with Peer(answering(OK)) as peer:
        desk = Desk(named(peer), clock)
        assert isinstance(desk.place(), Accepted)
        desk.client.close()
        names.answer = names.fails
        assert isinstance(desk.place(), Accepted)
        desk.client.close()
    assert len(peer.requests) == 2
    assert "localhost" in caplog.text


def test_a_lookup_that_hangs_ends_with_the_last_moment_to_send(names: Names) -> None:
    clock, released = SystemClock(), threading.Event()

    def hanging(port: int) -> list[Any]:
        released.wait(20)
        return names.real("127.0.0.1", port)

    names.answer = hanging
    before = threading.active_count()
    with Peer(answering(OK)) as peer:
        desk = Desk(named(peer), clock)
        began = clock.monotonic()
        outcomes = [desk.place(within=0.2) for _ in range(3)]
        took = clock.monotonic() - began
        assert threading.active_count() <= before + 3, "a thread for each attempt"
        released.set()
        desk.client.close()
    assert [type(one) for one in outcomes] == [NotSent] * 3
    assert took < 2.0
    assert peer.requests == []


@pytest.fixture
def swallowing() -> Iterator[int]:
    """A port of 127.0.0.9 that neither takes nor refuses a connection, like a dead machine."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.9", 0))
        listener.listen(0)
        for _ in range(2):
            plug = stack.enter_context(socket.socket())
            plug.setblocking(False)
            with suppress(BlockingIOError):
                plug.connect(listener.getsockname())
        yield int(listener.getsockname()[1])


def test_dead_addresses_of_a_name_leave_time_for_the_living_one(names: Names, swallowing: int) -> None:
    dead = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.9", swallowing))
    names.answer = lambda port: [dead] * 5 + names.real("127.0.0.1", port, 0, socket.SOCK_STREAM)
    clock = SystemClock()
    with Peer(answering(OK)) as peer:
        desk = Desk(named(peer), clock)
        began = clock.monotonic()
        outcome = desk.place(within=3.0)
        took = clock.monotonic() - began
        desk.client.close()
    assert isinstance(outcome, Accepted)
    assert took < 3.0


def test_an_address_that_swallows_everything_ends_with_the_last_moment_to_send(names: Names, swallowing: int) -> None:
    clock = SystemClock()
    desk = Desk(f"http://127.0.0.9:{swallowing}", clock)
    began = clock.monotonic()
    assert isinstance(desk.place(within=0.3), NotSent)
    assert clock.monotonic() - began < 1.5
