"""The account's rate and its breaker over HTTP: what the broker counts, and what pauses when it has had enough.

Mutations to try: count places alone; let the breaker stop orders; share one breaker between accounts.
"""

import socket
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest
from kotak_peer import Handler, Peer, answering, http

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.session import opened
from broker.simulator import Simulator
from domain.book import NewOrder, PriceChange
from domain.clock import VirtualClock
from domain.errors import BadInput, BrokerUnavailable
from domain.orders import Side
from domain.outcomes import Accepted, NotSent, Unknown
from domain.tenure import Tenure
from domain.users import Credentials

OK = http(200, {"stat": "Ok", "nOrdNo": "261122000100001", "stCode": 200})
NOTHING = http(200, {"stat": "Not_Ok", "stCode": 5203, "errMsg": "No Data"})
BUSY = http(429, {"code": 429, "error": "Rate limit exceeded"}, Retry_After="3")
CHANGE = PriceChange("261122000100001", "IDEA-EQ", Side.SELL, 10, Decimal("9.45"))


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 3, 45, 0, 900_000, tzinfo=UTC))


class Desk:
    """A client with a session."""

    def __init__(self, url: str, clock: VirtualClock, **changed: float) -> None:
        self.clock = clock
        self.settings = KotakSettings(url, **changed)  # type: ignore[arg-type]
        credentials = Credentials("k" * 36, "+919876543210", "AB123", "654321", "JBSW" * 4)
        self.account, tenure = KotakAccount(credentials, self.settings, clock), Tenure(1, 1, "asha")
        with self.account.turn(tenure):
            self.account.remember(opened("t" * 40, "s" * 36, url, clock.now()), tenure)
        self.client = KotakNeo(self.account, tenure, clock, self.settings, lambda: None)

    def place(self) -> object:
        order = NewOrder("nf7abc", "IDEA-EQ", Side.SELL, 10, Decimal("9.40"))
        return self.client.place(order, self.clock.monotonic() + 5)

    def change(self, number: int) -> None:
        """A place, a modify or a cancel, in turn."""
        until = self.clock.monotonic() + 5
        deeds = (self.place, lambda: self.client.modify(CHANGE, until), lambda: self.client.cancel("1", until))
        assert isinstance(deeds[number % 3](), Accepted)


def slow(clock: VirtualClock, seen: list[datetime]) -> Handler:
    """Takes 80 ms to come, is counted, and takes 20 ms to go back."""

    def handle(peer: Peer, connection: socket.socket, request: bytes) -> None:
        clock.advance(0.08 if len(seen) % 2 else 0.0)
        seen.append(clock.now())
        clock.advance(0.02)
        connection.sendall(OK)

    return handle


@pytest.mark.parametrize("rate", [5.0, 9.0, 2.0])
def test_no_second_of_the_broker_sees_more_places_modifies_and_cancels_than_the_rate(
    clock: VirtualClock, rate: float
) -> None:
    seen: list[datetime] = []
    with Peer(slow(clock, seen)) as peer:
        desk, done = Desk(peer.url, clock, orders_per_second=rate), 0
        while done < 60:
            for _ in range(desk.client.take_tokens(20)):
                desk.change(done)
                done += 1
            clock.advance(desk.client.seconds_to_tokens(3))
    seconds = Counter(moment.replace(microsecond=0) for moment in seen)
    assert max(seconds.values()) <= rate
    assert all((b - a).total_seconds() > 0.999 for a, b in zip(seen, seen[int(rate) :], strict=False))


def test_five_a_second_come_close_to_five_a_second(clock: VirtualClock) -> None:
    seen: list[datetime] = []
    with Peer(slow(clock, seen)) as peer:
        desk = Desk(peer.url, clock)
        while len(seen) < 50:
            for _ in range(desk.client.take_tokens(20)):
                desk.change(len(seen))
            clock.advance(desk.client.seconds_to_tokens(3))
    assert (seen[49] - seen[0]).total_seconds() < 1.1 * 10


@pytest.mark.parametrize("rate", [10.0, 25.0, -1.0])
def test_ten_orders_a_second_and_more_are_no_setting(rate: float) -> None:
    with pytest.raises(BadInput, match="must stay below 10"):
        KotakSettings("http://127.0.0.1:1", orders_per_second=rate)


def test_only_a_broker_on_this_machine_takes_orders_without_a_limit() -> None:
    assert KotakSettings("http://127.0.0.1:1", orders_per_second=0).orders_per_second == 0
    with pytest.raises(BadInput, match="this machine only"):
        KotakSettings("https://mis.kotaksecurities.com", orders_per_second=0)


def test_a_read_that_is_turned_away_pauses_the_reads_as_long_as_the_broker_wishes_and_no_order(
    clock: VirtualClock,
) -> None:
    with Peer(answering(BUSY, NOTHING)) as peer:
        desk = Desk(peer.url, clock)
        began = clock.monotonic()
        assert desk.client.order_book().rows == ()
        assert clock.monotonic() - began >= 3.0
        peer.handle = answering(BUSY)
        with pytest.raises(BrokerUnavailable):
            desk.client.order_book()
        peer.handle = answering(OK)
        began = clock.monotonic()
        assert isinstance(desk.place(), Accepted)
        assert clock.monotonic() - began < 1.0
        assert desk.client.notice().startswith("reads pause until 09:15:")
        peer.handle = answering(NOTHING)
        desk.client.order_book()
        assert desk.client.notice() == ""


def test_a_broker_that_has_had_enough_is_asked_less_and_less_and_answers_close_the_breaker(
    clock: VirtualClock,
) -> None:
    """Catches: three reads a cycle for as long as it lasts."""
    with Peer(answering(http(429, b""))) as peer:
        desk = Desk(peer.url, clock, call_deadline=10.0)
        told = ""
        for _ in range(60):
            with pytest.raises(BrokerUnavailable) as error:
                desk.client.order_book()
            told = str(error.value)
            clock.advance(5)
        assert "asha#1: reads pause until" in told
        assert "orders go on: the broker answered HTTP 429, too many requests." in told
        assert len(peer.requests) < clock.monotonic() / 15
        peer.handle = answering(NOTHING)
        clock.advance(30)
        assert desk.client.order_book().rows == ()
        assert desk.client.notice() == ""


def test_a_call_that_hangs_pauses_the_reads(clock: VirtualClock) -> None:
    def hang(peer: Peer, connection: socket.socket, request: bytes) -> None:
        clock.advance(60)

    with Peer(hang) as peer:
        desk = Desk(peer.url, clock)
        assert isinstance(desk.place(), Unknown)
        assert "the broker did not answer a call in time" in desk.client.notice()
        peer.handle = answering(OK)
        assert isinstance(desk.place(), Accepted)
        peer.handle = answering(NOTHING)
        assert desk.client.order_book().rows == ()


@pytest.fixture
def simulator(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(2, clock=clock) as running:
        yield running


def seconds_after(clock: VirtualClock, seconds: float) -> str:
    return format_datetime(clock.now().replace(microsecond=0) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize("dated", [False, True])
def test_an_order_waits_as_long_as_the_broker_asks_for_and_is_not_repeated_into_its_teeth(
    clock: VirtualClock, dated: bool
) -> None:
    wish = seconds_after(clock, 3) if dated else "3"
    busy = http(429, {"code": 429}, Retry_After=wish, Date=seconds_after(clock, 0))
    with Peer(answering(busy, OK)) as peer:
        desk = Desk(peer.url, clock)
        began = clock.monotonic()
        assert isinstance(desk.place(), Accepted)
        assert 2.9 <= clock.monotonic() - began < 5
    assert len(peer.requests) == 2


@pytest.mark.parametrize("rate", [5.0, 0.0])
def test_a_longer_wish_leaves_the_order_unsent_and_no_token_until_it_is_over(clock: VirtualClock, rate: float) -> None:
    with Peer(answering(http(429, {"code": 429}, Retry_After="20"), OK)) as peer:
        desk = Desk(peer.url, clock, orders_per_second=rate)
        assert isinstance(desk.place(), NotSent)
        assert len(peer.requests) == 1
        assert desk.client.take_tokens(3) == 0
        assert 10 < desk.client.seconds_to_tokens(1) <= 20
        assert "orders wait 20 s more, as the broker asked" in desk.client.notice()
        assert isinstance(desk.place(), NotSent)
        clock.advance(desk.client.seconds_to_tokens(1))
        assert desk.client.take_tokens(1) == 1
        assert isinstance(desk.place(), Accepted)
    assert len(peer.requests) == 2


def test_an_absurd_wish_keeps_no_position_without_its_order(clock: VirtualClock) -> None:
    with Peer(answering(http(429, {"code": 429}, Retry_After="86400"), OK)) as peer:
        desk = Desk(peer.url, clock)
        desk.place()
        clock.advance(30)
        assert isinstance(desk.place(), Accepted)


@pytest.mark.parametrize("trouble", ["hangs", "turns away"])
def test_a_host_of_files_that_fails_pauses_no_read_of_the_broker(clock: VirtualClock, trouble: str) -> None:
    """The instrument file comes from another host; its trouble once kept the order book from being read at the bell."""

    def hanging(peer: Peer, connection: socket.socket, request: bytes) -> None:
        clock.advance(61)

    with Peer(hanging if trouble == "hangs" else answering(BUSY)) as files, Peer(answering(NOTHING)) as peer:
        desk = Desk(peer.url, clock)
        peer.handle = answering(http(200, {"data": {"filesPaths": [f"{files.url}/csv/nse_cm.csv"]}}))
        with pytest.raises(BrokerUnavailable):
            desk.client.instruments()
        assert desk.client.notice() == ""
        peer.handle = answering(NOTHING)
        began = clock.monotonic()
        assert desk.client.order_book().rows == ()
        assert clock.monotonic() == began


def test_one_accounts_trouble_is_no_other_accounts(simulator: Simulator, clock: VirtualClock) -> None:
    clients = []
    for number, person in enumerate(simulator.accounts, 1):
        credentials = Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)
        settings = KotakSettings(simulator.url)
        account = KotakAccount(credentials, settings, clock)
        client = KotakNeo(account, Tenure(number, 1, f"user{number}"), clock, settings, lambda: None)
        client.login()
        clients.append(client)
    simulator.fault("orders", "429", ucc=simulator.accounts[0].ucc, times=None)
    with pytest.raises(BrokerUnavailable):
        clients[0].order_book()
    began = clock.monotonic()
    assert clients[1].order_book().rows == ()
    assert clock.monotonic() == began
    assert (clients[0].notice() != "", clients[1].notice()) == (True, "")
