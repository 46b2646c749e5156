"""Each account leaves from its own address, and the broker is seen to see it, before an order may go out.

Mutations to try: bind no source; trust a session without asking; use the default route where binding fails.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from kotak_peer import Peer, answering, http
from test_kotak_line import CREDENTIALS, certificate

from broker.kotak_neo import Egress, KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.session import opened
from broker.simulator import Simulator
from domain.book import NewOrder
from domain.clock import VirtualClock
from domain.errors import AddressWrong, BrokerUnavailable, NotAllowed
from domain.orders import Side
from domain.outcomes import Accepted, NotSent
from domain.tenure import Tenure
from domain.users import Credentials

FIRST, SECOND, ELSEWHERE = "127.0.0.2", "127.0.0.3", "127.0.0.4"
NOT_OURS = "192.0.2.1"
"""Of no machine (RFC 5737)."""
certificate = certificate


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 3, 10, 2, tzinfo=UTC))


@pytest.fixture
def simulator(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(2, clock=clock, holdings={"IFBIND-EQ": 1000}, open_delay=0.0) as running:
        running.configure(static_ip=True)
        running.whitelist(running.accounts[0].ucc, [FIRST, SECOND])
        running.whitelist(running.accounts[1].ucc, [ELSEWHERE])
        yield running


class Desk:
    """One account's client, which may be told to leave from elsewhere."""

    def __init__(self, simulator: Simulator, clock: VirtualClock, egress: Egress, number: int = 0) -> None:
        person = simulator.accounts[number]
        self.credentials = Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)
        self.clock = clock
        self.settings = KotakSettings(simulator.url)
        self.account = KotakAccount(self.credentials, self.settings, clock, egress)
        self.tags = 0
        self.client = self.another()

    def another(self, generation: int = 1) -> KotakNeo:
        tenure = Tenure(1, generation, "asha")
        return KotakNeo(self.account, tenure, self.clock, self.settings, lambda: None)

    def place(self) -> object:
        self.tags += 1
        order = NewOrder(f"{self.account.credentials.ucc}x{self.tags}", "IFBIND-EQ", Side.SELL, 1, Decimal(900))
        return self.client.place(order, self.clock.monotonic() + 5)


def seen_by(simulator: Simulator, ucc: str) -> list[str]:
    """The addresses that the account's sessions were begun from."""
    return [session.remote for session in simulator._broker.sessions._by_token.values() if session.account.ucc == ucc]


def test_login_reads_and_orders_of_two_accounts_leave_from_their_own_addresses(
    simulator: Simulator, clock: VirtualClock
) -> None:
    desks = [Desk(simulator, clock, Egress((FIRST,))), Desk(simulator, clock, Egress((ELSEWHERE,)), 1)]
    for desk, address in zip(desks, (FIRST, ELSEWHERE), strict=True):
        desk.client.login()
        assert isinstance(desk.place(), Accepted)
        clock.advance(1)
        assert len(desk.client.order_book().rows) == 1
        assert seen_by(simulator, desk.account.credentials.ucc) == [address] * 2
        session = desk.account.session()
        assert session is not None
        assert session.address == address


def test_without_an_address_nothing_is_bound_and_nothing_is_asked(simulator: Simulator, clock: VirtualClock) -> None:
    simulator.configure(static_ip=False)
    simulator.whitelist(simulator.accounts[0].ucc, [])
    simulator.fault("client_ip", "502_html", times=None)
    desk = Desk(simulator, clock, Egress())
    desk.client.login()
    desk.client.check_address()
    assert isinstance(desk.place(), Accepted)
    assert seen_by(simulator, desk.account.credentials.ucc) == ["127.0.0.1"] * 2


def test_an_address_that_is_not_whitelisted_is_turned_away_on_orders_alone(
    simulator: Simulator, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The gate turns it away before the order system, so that no order is refused; the next are not even sent."""
    desk = Desk(simulator, clock, Egress((ELSEWHERE,)))
    desk.client.login()
    outcomes = [desk.place() for _ in range(3)]
    assert [type(one) for one in outcomes] == [NotSent] * 3
    assert desk.client.order_book().rows == ()
    with pytest.raises(AddressWrong, match=r"no orders from 127\.0\.0\.4 \(100008: unauthorized\)"):
        desk.client.login()
    assert len([one for one in caplog.records if one.levelname == "CRITICAL"]) == 1
    assert [desk.account.rates.orders.counted(), simulator.ledger()["orders"]] == [1, []]


def test_a_broker_that_sees_another_address_gets_no_order_and_the_sentence_names_both(
    simulator: Simulator, clock: VirtualClock
) -> None:
    simulator.translate({FIRST: "203.0.113.9"})
    desk = Desk(simulator, clock, Egress((FIRST,)))
    with pytest.raises(AddressWrong, match=r"sees asha come from 203\.0\.113\.9, and its address is 127\.0\.0\.2"):
        desk.client.login()
    assert isinstance(desk.place(), NotSent)
    assert simulator.ledger()["orders"] == []
    simulator.translate({})
    with pytest.raises(BrokerUnavailable, match=r"203\.0\.113\.9.*next login comes at 08:41:02 IST"):
        desk.client.login()
    clock.advance(60)
    desk.client.login()
    assert isinstance(desk.place(), Accepted)


def test_no_order_goes_out_before_the_broker_said_what_it_sees(simulator: Simulator, clock: VirtualClock) -> None:
    """Catches: trusting the session when the question was not answered."""
    simulator.fault("client_ip", "502_html", times=None)
    desk = Desk(simulator, clock, Egress((FIRST,)))
    with pytest.raises(BrokerUnavailable):
        desk.client.login()
    assert isinstance(desk.place(), NotSent)
    assert desk.client.order_book().rows == ()
    simulator.clear_faults()
    clock.advance(30)
    desk.client.login()
    assert len(seen_by(simulator, desk.account.credentials.ucc)) == 2
    assert isinstance(desk.place(), Accepted)


def test_what_changes_between_login_and_open_is_found_by_the_second_look(
    simulator: Simulator, clock: VirtualClock
) -> None:
    desk = Desk(simulator, clock, Egress((FIRST,)))
    desk.client.login()
    simulator.translate({FIRST: "203.0.113.9"})
    with pytest.raises(AddressWrong):
        desk.client.check_address()
    assert isinstance(desk.place(), NotSent)


def test_an_address_that_is_not_this_machines_is_never_replaced_by_the_default_route(
    simulator: Simulator, clock: VirtualClock
) -> None:
    desk = Desk(simulator, clock, Egress((NOT_OURS,)))
    with pytest.raises(AddressWrong, match=r"cannot be bound .*never from another address"):
        desk.client.login()
    with pytest.raises(BrokerUnavailable):
        desk.client.order_book()
    assert seen_by(simulator, desk.account.credentials.ucc) == []


def test_an_address_that_goes_away_in_a_session_takes_orders_and_reads_with_it(
    simulator: Simulator, clock: VirtualClock
) -> None:
    desk = Desk(simulator, clock, Egress((FIRST,)))
    desk.client.login()
    leave(desk, FIRST)
    assert isinstance(desk.place(), NotSent)
    with pytest.raises(BrokerUnavailable):
        desk.client.order_book()
    with pytest.raises(AddressWrong):
        desk.client.login()
    assert simulator.ledger()["orders"] == []


def leave(desk: Desk, address: str) -> None:
    """Have the address no more, as when a cable is pulled: what stood for it is of no machine."""
    assert isinstance(desk.account.egress.nat, dict)
    desk.account.egress.nat[address] = NOT_OURS
    desk.client.close()
    desk.client = desk.another(2)


def test_the_second_address_takes_over_aloud_with_a_session_of_its_own(
    simulator: Simulator, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(simulator, clock, Egress((FIRST, SECOND)))
    desk.client.login()
    leave(desk, FIRST)
    clock.advance(60)
    desk.client.login()
    assert isinstance(desk.place(), Accepted)
    assert seen_by(simulator, desk.account.credentials.ucc) == [FIRST, FIRST, SECOND, SECOND]
    assert desk.client.notice() == f"orders leave from the second address {SECOND}: the first could not be bound"
    assert f"its second address {SECOND} is used from now on" in caplog.text


def test_the_second_address_is_kept_until_the_next_day(simulator: Simulator, clock: VirtualClock) -> None:
    """Catches: going to and fro, each time with a new login."""
    desk = Desk(simulator, clock, Egress((FIRST, SECOND)))
    leave(desk, FIRST)
    desk.client.login()
    desk.account.egress.nat.clear()  # type: ignore[attr-defined]
    clock.advance(60)
    desk.client.login()
    assert set(seen_by(simulator, desk.account.credentials.ucc)) == {SECOND}
    clock.advance(24 * 3600)
    desk.client.login()
    session = desk.account.session()
    assert session is not None
    assert session.address == FIRST


def test_another_address_is_another_session_within_the_same_rate(simulator: Simulator, clock: VirtualClock) -> None:
    desk = Desk(simulator, clock, Egress((FIRST,)))
    desk.client.login()
    for _ in range(5):
        assert isinstance(desk.place(), Accepted)
    desk.account = desk.account.renewed(desk.credentials, Egress((SECOND,)))
    desk.client = desk.another(2)
    assert isinstance(desk.place(), NotSent)
    assert desk.client.take_tokens(5) == 0
    desk.client.login()
    assert isinstance(desk.place(), Accepted)


def test_behind_a_nat_the_machines_own_address_is_bound_and_the_public_one_expected(
    simulator: Simulator, clock: VirtualClock
) -> None:
    simulator.translate({FIRST: "203.0.113.7"})
    simulator.whitelist(simulator.accounts[0].ucc, ["203.0.113.7"])
    desk = Desk(simulator, clock, Egress(("203.0.113.7",), {"203.0.113.7": FIRST}))
    desk.client.login()
    assert isinstance(desk.place(), Accepted)


def test_1037_ends_the_session_and_not_the_order(simulator: Simulator, clock: VirtualClock) -> None:
    """The network changes under a session: the broker says 1037, the next login says what is wrong."""
    desk = Desk(simulator, clock, Egress((FIRST,)))
    desk.client.login()
    simulator.translate({FIRST: SECOND})
    assert isinstance(desk.place(), NotSent)
    assert desk.account.session() is None
    with pytest.raises(AddressWrong, match=r"come from 127\.0\.0\.3"):
        desk.client.login()
    assert simulator.ledger()["orders"] == []


class Tunnel:
    """A proxy that takes CONNECT, from one address of its own; `asked` are the first lines that it got."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://asha:s3cret@127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Tunnel":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        with closing(near), suppress(OSError):
            head = near.recv(65536)
            self.asked.append(head)
            host, port = head.split(b" ")[1].split(b":")
            with closing(socket.create_connection((host, int(port)), source_address=(FIRST, 0))) as far:
                near.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                back = threading.Thread(target=_copy, args=(far, near), daemon=True)
                back.start()
                _copy(near, far)
                back.join(5)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)


def through(proxy: str, peer: Peer, clock: VirtualClock, trusted: ssl.SSLContext, address: str = FIRST) -> KotakNeo:
    """A client behind a proxy with a trusted session."""
    settings = KotakSettings(peer.url)
    account, tenure = KotakAccount(CREDENTIALS, settings, clock, Egress((address,), proxy=proxy)), Tenure(1, 1, "asha")
    session = opened("t" * 40, "s" * 36, peer.url, clock.now(), address=address)
    with account.turn(tenure):
        account.remember(session, tenure)
    account.trust(session)
    return KotakNeo(account, tenure, clock, settings, lambda: None, trusted)


ORDER = NewOrder("nf7abc", "IDEA-EQ", Side.SELL, 10, Decimal("9.40"))
OK = http(200, {"stat": "Ok", "nOrdNo": "261122000100001", "stCode": 200})


def test_behind_a_proxy_the_last_check_still_comes_after_connect_and_tls(
    clock: VirtualClock, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """Catches: taking the request for CONNECT's, so that the last check is passed before the tunnel stands."""
    server, trusted = certificate
    with Tunnel() as tunnel, Peer(answering(OK), server) as peer:
        client = through(tunnel.url, peer, clock, trusted)
        assert isinstance(client.place(ORDER, clock.monotonic() + 5), Accepted)
        client.close()
        peer.on_accept = lambda: clock.advance(6)
        assert isinstance(client.place(ORDER, clock.monotonic() + 5), NotSent)
        client.close()
    assert len(peer.requests) == 1
    assert tunnel.asked[0].startswith(b"CONNECT 127.0.0.1:")
    assert b"Proxy-Authorization: Basic " in tunnel.asked[0]
    assert b"Proxy-Authorization" not in peer.requests[0]


def test_without_its_proxy_an_account_sends_nothing_and_tells_no_password(
    clock: VirtualClock, certificate: tuple[ssl.SSLContext, ssl.SSLContext], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with Tunnel() as tunnel:
        gone = tunnel.url
    with Peer(answering(OK), certificate[0]) as peer:
        client = through(gone, peer, clock, certificate[1])
        outcome = client.place(ORDER, clock.monotonic() + 1)
    assert isinstance(outcome, NotSent)
    assert (peer.requests, peer.connections) == ([], 0)
    assert "s3cret" not in f"{outcome} {caplog.text} {client!r} {Egress((FIRST,), proxy=gone)!r}"


def test_a_proxy_beyond_this_machine_is_not_spoken_to_where_only_this_machine_may_be(
    clock: VirtualClock, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    with Peer(answering(OK), certificate[0]) as peer:
        client = through("http://asha:s3cret@192.0.2.1:3128", peer, clock, certificate[1])
        outcome = client.place(ORDER, clock.monotonic() + 1)
        assert isinstance(outcome, NotSent)
        with pytest.raises(NotAllowed) as told:
            client.order_book()
    assert "192.0.2.1" in str(told.value)
    assert "s3cret" not in f"{told.value} {outcome}"
