"""The client's order feeds against the simulator and against peers that misbehave: hints, and nothing but hints.

The accounts live in virtual time, the connections in real time; nothing here says how fast.
Mutations to try: ring for every frame without `Hint`; follow redirects; keep `_failures` over a new session; never look
at `tenure.stopping`; drop `_pay`.
"""

import base64
import hashlib
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import test_kotak_line
from feed_client import until
from kotak_peer import Handler, Peer, answering, dropping, http
from simulator_client import SYMBOL, Client

from broker.kotak_neo import FeedSettings, Greeting, KotakAccount, KotakNeo, KotakSettings, Way
from broker.kotak_neo.feed.account import AccountFeed
from broker.kotak_neo.feed.feeds import KotakFeeds
from broker.kotak_neo.session import opened
from broker.simulator import Account, Simulator
from domain.clock import SystemClock, VirtualClock
from domain.tenure import Tenure
from domain.users import Credentials

certificate = test_kotak_line.certificate
PATIENCE = 10.0
FAST = FeedSettings(
    first_pause=0.02, longest_pause=0.1, open_within=2.0, heartbeat=5.0, wakes_a_second=100.0, steady_after=0.5
)
ONCE = replace(FAST, first_pause=1000.0, longest_pause=1000.0)
"""Who loses the connection does not come back by itself."""
HERE = Way()
WELCOME = b'{"ak":"ok","type":"cn","task":"cn","msg":"connected"}'


class Ear:
    """A tenure whose account is logged in and followed."""

    def __init__(self, feeds: KotakFeeds, tenure: Tenure, account: KotakAccount, way: Way) -> None:
        self.tenure = tenure
        self.account = account
        self.feed: AccountFeed = feeds.follow(tenure, account, lambda _: way)

    def woken(self) -> bool:
        """Whether a hint came; the next one counts anew."""
        came = self.tenure.wake.wait(PATIENCE)
        self.tenure.wake.clear()
        return came

    def connected(self) -> bool:
        """Whether it is connected within the patience."""
        return bool(until(lambda: self.feed.text == "order feed connected"))


class Hall:
    """A simulator, and the feeds of a process."""

    def __init__(self, clock: VirtualClock, accounts: int = 2) -> None:
        self.clock = clock
        self.broker = Simulator(accounts, clock=clock, rate_limit=0, holdings={SYMBOL: 100}).start()
        self.settings = KotakSettings(self.broker.url, reads_per_second=0)
        self._feeds: list[KotakFeeds] = []

    def feeds(self, settings: FeedSettings = FAST, tls: ssl.SSLContext | None = None) -> KotakFeeds:
        """The feeds of one process; let go at the end."""
        made = KotakFeeds(settings, SystemClock(), tls)
        self._feeds.append(made)
        return made

    def follow(self, feeds: KotakFeeds, number: int = 0, generation: int = 1) -> Ear:
        """The numbered account, logged in and followed."""
        tenure = Tenure(number + 1, generation, f"user{number + 1}")
        account = KotakAccount(credentials(self.broker.accounts[number]), self.settings, self.clock)
        self.log_in(account, tenure)
        return Ear(feeds, tenure, account, Way())

    def heard(self, feeds: KotakFeeds, number: int = 0, generation: int = 1) -> Ear:
        """The same, connected, with the hint of the connection taken."""
        ear = self.follow(feeds, number, generation)
        assert ear.connected()
        assert ear.woken()
        return ear

    def log_in(self, account: KotakAccount, tenure: Tenure) -> None:
        """A session, if there is none."""
        client = KotakNeo(account, tenure, self.clock, self.settings, lambda: None)
        client.login()
        client.close()

    def wire(self, number: int = 0) -> Client:
        """The numbered account by another door."""
        self.clock.advance(60)
        return Client(self.broker, self.broker.accounts[number], self.clock.now())

    def ucc(self, number: int = 0) -> str:
        """The account's code."""
        return self.broker.accounts[number].ucc

    def told(self, what: str, number: int = 0) -> int:
        """How many feeds are open, greetings were heard, frames were sent."""
        return int(self.broker.feeds()[what].get(self.ucc(number), 0))

    def close(self) -> None:
        """End everything."""
        for feeds in self._feeds:
            feeds.close()
        self.broker.stop()


def credentials(account: Account) -> Credentials:
    return Credentials(account.consumer_key, account.mobile, account.ucc, account.mpin, account.totp_secret)


@pytest.fixture
def hall(clock: VirtualClock) -> Iterator[Hall]:
    made = Hall(clock)
    yield made
    made.close()


def test_a_change_of_an_order_wakes_the_tenant_of_its_account_and_nobody_else(hall: Hall) -> None:
    feeds = hall.feeds()
    first, second = hall.heard(feeds, 0), hall.heard(feeds, 1)
    hall.wire(0).sell("a1")
    assert first.woken()
    assert not second.tenure.wake.is_set()


def test_after_a_drop_it_is_connected_again_and_the_tenant_looks_at_what_it_may_have_missed(hall: Hall) -> None:
    ear = hall.heard(hall.feeds())
    hall.broker.drop_feeds(hall.ucc())
    assert ear.woken()
    assert hall.told("hellos") == 2
    hall.wire().sell("a1")
    assert ear.woken()


@pytest.mark.parametrize(
    "kind", ["drop_before", "lost_reply", "garbage_frame", "duplicate_frame", "huge_frame", "deaf"]
)
def test_whatever_goes_wrong_with_a_frame_it_is_heard_again_and_the_other_account_has_noticed_nothing(
    hall: Hall, kind: str
) -> None:
    feeds = hall.feeds(replace(FAST, heartbeat=0.2))
    ear, other = hall.heard(feeds, 0), hall.heard(feeds, 1)
    wire = hall.wire(0)
    hall.broker.fault("feed", kind, ucc=hall.ucc(0), rows=3)
    wire.sell("a1")
    assert until(lambda: hall.broker.faults()["waiting"] == [])
    until(lambda: hall.told("hellos") == (1 if kind in ("garbage_frame", "duplicate_frame") else 2))
    assert ear.connected()
    ear.tenure.wake.clear()
    wire.sell("a2")
    assert ear.woken()
    assert (hall.told("hellos", 1), other.tenure.wake.is_set()) == (1, False)


def test_a_silent_feed_wakes_nobody_and_is_heard_when_it_speaks(hall: Hall) -> None:
    ear = hall.heard(hall.feeds())
    wire = hall.wire()
    hall.broker.fault("feed", "silence", times=None)
    wire.sell("a1")
    hall.broker.clear_faults()
    assert not ear.tenure.wake.is_set()
    wire.sell("a2")
    assert ear.woken()


@pytest.mark.parametrize("fault", ["refuse_hello", "drop_before", "silence", "deaf", "garbage_frame"])
def test_a_greeting_that_is_not_welcome_is_said_again(hall: Hall, fault: str) -> None:
    hall.broker.fault("feed_hello", fault)
    ear = hall.follow(hall.feeds(replace(FAST, open_within=0.3)))
    assert ear.connected()
    assert hall.told("hellos") == 2


@pytest.mark.parametrize(("refused", "form"), [("feed_takes_raw", "json"), ("feed_takes_json", "raw")])
def test_auto_finds_the_form_that_the_broker_takes(
    hall: Hall, caplog: pytest.LogCaptureFixture, refused: str, form: str
) -> None:
    caplog.set_level("INFO")
    hall.broker.configure(**{refused: False})
    assert hall.follow(hall.feeds()).connected()
    assert until(lambda: f"greeted in the form {form}" in caplog.text)


@pytest.mark.parametrize(("form", "refused"), [(Greeting.RAW, "feed_takes_raw"), (Greeting.JSON, "feed_takes_json")])
def test_a_form_that_was_set_is_the_only_one(
    hall: Hall, caplog: pytest.LogCaptureFixture, form: Greeting, refused: str
) -> None:
    caplog.set_level("INFO")
    hall.broker.configure(**{refused: False})
    ear = hall.follow(hall.feeds(replace(FAST, greeting=form)))
    warned = until(lambda: [r for r in caplog.records if r.levelname == "WARNING"])
    assert "fills are seen at each cycle" in warned[0].getMessage()
    assert hall.told("hellos") == 0
    hall.broker.configure(**{refused: True})
    assert ear.connected()


def test_a_new_session_is_greeted_at_once_however_long_the_pause(hall: Hall) -> None:
    """Catches: a feed that goes on with the token it once had."""
    ear = hall.heard(hall.feeds(ONCE))
    hall.broker.end_sessions(hall.ucc())
    hall.broker.drop_feeds(hall.ucc())
    assert until(lambda: "not connected" in ear.feed.text)
    old = ear.account.session()
    assert old is not None
    ear.account.forget(old)
    hall.clock.advance(60)
    hall.log_in(ear.account, ear.tenure)
    assert ear.connected()
    assert hall.told("open") == 1


def test_without_a_session_there_is_no_connection(hall: Hall) -> None:
    ear = hall.heard(hall.feeds())
    session = ear.account.session()
    assert session is not None
    ear.account.forget(session)
    assert until(lambda: hall.told("open") == 0)
    assert until(lambda: ear.feed.text == "order feed not connected")


@pytest.mark.parametrize("end", [Tenure.stop, Tenure.revoke])
def test_the_feed_ends_with_its_tenure(hall: Hall, end: Callable[[Tenure], None]) -> None:
    feeds = hall.feeds()
    ear, other = hall.heard(feeds, 0), hall.heard(feeds, 1)
    end(ear.tenure)
    assert until(lambda: hall.told("open", 0) == 0)
    assert hall.told("open", 1) == 1
    hall.wire(1).sell("b1")
    assert other.woken()


def test_a_successor_takes_the_place_of_a_thread_that_hangs(hall: Hall) -> None:
    """Catches: a second connection of the same account beside the first."""
    feeds = hall.feeds()
    hanging = hall.heard(feeds, 0)
    hall.clock.advance(60)
    successor = hall.heard(feeds, 0, generation=2)
    assert until(lambda: hall.told("open") == 1)
    hanging.tenure.wake.clear()
    hall.wire().sell("a1")
    assert successor.woken()
    assert not hanging.tenure.wake.is_set()


def test_two_hundred_feeds_are_one_thread(clock: VirtualClock) -> None:
    hall = Hall(clock, 200)
    try:
        before = threading.active_count()
        feeds = hall.feeds()
        ears = [hall.follow(feeds, number) for number in range(200)]
        assert until(lambda: sum(hall.broker.feeds()["open"].values()) == 200)
        assert threading.active_count() == before + 1
        assert [thread.name for thread in threading.enumerate() if thread.name.startswith("feeds")] == ["feeds"]
        assert all(ear.woken() for ear in ears)
        hall.wire(137).sell("a1")
        assert ears[137].woken()
        assert [ear for ear in ears if ear.tenure.wake.is_set()] == []
    finally:
        hall.close()


def test_closed_feeds_leave_no_connection_and_no_thread_and_follow_nobody(hall: Hall) -> None:
    feeds = hall.feeds()
    hall.heard(feeds, 0)
    feeds.close()
    feeds.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("feeds")]
    assert until(lambda: hall.told("open") == 0)
    assert hall.follow(feeds, 1).feed.text == "order feed not connected"
    assert hall.told("hellos", 1) == 0


def test_feeds_that_nobody_used_are_closed_without_a_thread(hall: Hall) -> None:
    hall.feeds().close()


def test_a_flood_ends_the_connection_wakes_as_often_as_agreed_and_holds_up_nobody(hall: Hall) -> None:
    """Catches: an account whose broker goes mad and takes the one thread from all the others."""
    feeds = hall.feeds(replace(ONCE, burst=1_000_000, wakes_a_second=0.001))
    ear, other = hall.heard(feeds, 0), hall.heard(feeds, 1)
    wire, neighbour = hall.wire(0), Client(hall.broker, hall.broker.accounts[1], hall.clock.now())
    hall.broker.fault("feed", "duplicate_frame", ucc=hall.ucc(0), rows=20_000)
    wire.sell("a1")
    assert until(lambda: "sends more than a feed may" in ear.feed.text)
    assert not ear.tenure.wake.is_set()
    neighbour.sell("b1")
    assert until(lambda: hall.told("frames", 1) >= 1)
    assert other.feed.text == "order feed connected"


def test_no_secret_is_said(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "broker")
    hall.broker.fault("feed_hello", "refuse_hello", times=4)
    ear = hall.follow(hall.feeds())
    assert ear.connected()
    session = ear.account.session()
    assert session is not None
    assert not [secret for secret in (session.token, session.sid) if secret in caplog.text]


# Peers that are no simulator


def followed(hall: Hall, url: str, settings: FeedSettings = ONCE, *, way: Way = HERE, **more: Any) -> Ear:
    """An account whose session names that feed."""
    tenure = Tenure(9, 1, "asha")
    account = KotakAccount(credentials(hall.broker.accounts[0]), hall.settings, hall.clock)
    with account.turn(tenure):
        account.remember(opened("t" * 40, "s" * 36, hall.broker.url, hall.clock.now(), feed_url=url), tenure)
    return Ear(hall.feeds(settings, **more), tenure, account, way)


def why(ear: Ear) -> str:
    """Why it is not connected."""
    return str(until(lambda: ear.feed.text.partition(": ")[2]))


def frame(payload: bytes, opcode: int = 1) -> bytes:
    """A websocket frame of a server."""
    size = len(payload)
    head = bytes([0x80 | opcode, size]) if size < 126 else bytes([0x80 | opcode, 127]) + size.to_bytes(8, "big")
    return head + payload


def upgraded(*frames: bytes) -> Handler:
    """Accept the handshake, then send the frames whatever the greeting."""

    def handle(peer: Peer, connection: socket.socket, request: bytes) -> None:
        key = next(
            line.split(b": ")[1] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
        )
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        lines = ["HTTP/1.1 101 X", "Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + b"".join(frames))

    return handle


def mute(peer: Peer, connection: socket.socket, request: bytes) -> None:
    """Take the handshake and say nothing."""


@pytest.mark.parametrize(
    ("handle", "says"),
    [
        (answering(http(502, b"<html>")), "no websocket there, HTTP 502"),
        (answering(http(429)), "no websocket there, HTTP 429"),
        (answering(b"nonsense\r\n\r\n"), "ClientResponseError"),
        (dropping, "ServerDisconnectedError"),
        (mute, "no welcome in time"),
        (upgraded(), "no welcome in time"),
        (upgraded(frame(b"", 8)), "not welcome"),
        (upgraded(frame(b"x" * 70_000)), "not welcome"),
        (upgraded(frame(b"", 9) * 50_000), "not welcome: it sends more than a feed may"),
        (upgraded(frame(b"\xff\xfe")), "not welcome"),
    ],
)
def test_what_answers_no_greeting_is_no_feed_and_is_named(hall: Hall, handle: Handler, says: str) -> None:
    with Peer(handle) as peer:
        ear = followed(hall, peer.url, replace(ONCE, open_within=1.0))
        assert why(ear).startswith(says)
        assert not ear.tenure.wake.is_set()


def test_nobody_there_is_said(hall: Hall) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "Connect call failed" in why(followed(hall, f"ws://127.0.0.1:{port}/realtime"))


def test_a_greeting_never_follows_a_redirect(hall: Hall) -> None:
    """Catches: the session's token told to whoever a broken gateway points to."""
    with Peer(mute) as elsewhere, Peer(answering(http(302, Location=f"{elsewhere.url}/realtime"))) as peer:
        assert why(followed(hall, peer.url)) == "it was redirected, which is not followed"
        assert elsewhere.connections == 0


@pytest.mark.parametrize("url", ["wss://example.com/realtime", "ws://192.0.2.1/realtime", "http://[::1", "nonsense"])
def test_a_feed_beyond_this_machine_is_not_even_connected_to(hall: Hall, url: str) -> None:
    assert why(followed(hall, url))
    assert hall.told("hellos") == 0


def test_the_feed_leaves_from_the_address_it_was_given(hall: Hall) -> None:
    seen: list[str] = []

    def handle(peer: Peer, connection: socket.socket, request: bytes) -> None:
        seen.append(connection.getpeername()[0])
        upgraded(frame(WELCOME))(peer, connection, request)

    with Peer(handle) as peer:
        assert followed(hall, peer.url, way=Way(local_address="127.0.0.2")).connected()
    assert seen == ["127.0.0.2"]


def test_the_feed_goes_through_the_proxy_it_was_given(hall: Hall) -> None:
    with Peer(upgraded(frame(WELCOME))) as proxy:
        assert followed(hall, "ws://127.0.0.1:9/realtime", way=Way(proxy=proxy.url)).connected()
        assert proxy.requests[0].startswith(b"GET http://127.0.0.1:9/realtime ")


def test_what_a_proxy_refuses_the_feed_is_said_without_its_password(
    hall: Hall, certificate: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    with Peer(answering(http(407, b"no"))) as proxy:
        url = proxy.url.replace("//", "//user:s3cret@")
        says = why(followed(hall, "wss://127.0.0.1:9/realtime", way=Way(proxy=url), tls=certificate[1]))
    assert says.endswith("the proxy answered 407: correct proxy_url in the credentials, or the proxy")
    assert "s3cret" not in says


def test_a_proxy_beyond_this_machine_is_not_even_connected_to(hall: Hall) -> None:
    says = why(followed(hall, "ws://127.0.0.1:9/realtime", way=Way(proxy="http://user:secret@192.0.2.1:3128")))
    assert "192.0.2.1 is not it" in says
    assert "secret" not in says


def test_a_name_is_looked_up_on_one_thread_beside(hall: Hall) -> None:
    with Peer(upgraded(frame(WELCOME))) as peer:
        assert followed(hall, peer.url.replace("127.0.0.1", "localhost")).connected()
    names = [thread for thread in threading.enumerate() if thread.name == "feeds-names"]
    assert [thread.daemon for thread in names] == [True]


def test_the_broker_is_known_by_its_certificate(hall: Hall, certificate: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    """Catches: a feed that trusts whoever answers, and one that does not use the process's context."""
    server, trusting = certificate
    with Peer(upgraded(frame(WELCOME)), server) as peer:
        assert followed(hall, peer.url, tls=trusting).connected()
        assert "certificate verify failed" in why(followed(hall, peer.url))


def test_whatever_bytes_come_a_feed_is_only_lost_and_tried_again(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    """Catches: an exception of the websocket's parser, or of ours, that ends the feed or the thread."""
    dice = random.Random(915)
    told: list[bytes] = []

    def noise(peer: Peer, connection: socket.socket, request: bytes) -> None:
        opcode, size = dice.choice((0, 1, 2, 3, 8, 9, 10, 15)), dice.randrange(200)
        told.append(dice.choice((frame(dice.randbytes(size), opcode), dice.randbytes(size), frame(b'{"ak":["ok"]}'))))
        upgraded(frame(WELCOME), *told[-1:])(peer, connection, request)
        connection.shutdown(socket.SHUT_RDWR)

    with Peer(noise) as peer:
        settings = replace(FAST, first_pause=0.001, longest_pause=0.001)
        followed(hall, peer.url, settings)
        until(lambda: len(told) > 150)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
