"""The parts of the order feed that need no connection: its words, its address, and how often it may wake."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from broker.kotak_neo.feed.hint import Hint
from broker.kotak_neo.feed.words import Meaning, address, json_greeting, meaning, raw_greeting
from broker.kotak_neo.session import Session, opened

NOW = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)


class OwnTime(asyncio.SelectorEventLoop):
    """A loop whose time the test moves."""

    moment = 1000.0

    def time(self) -> float:
        return self.moment

    def pass_time(self, seconds: float) -> None:
        """Let what falls due meanwhile be called."""
        self.moment += seconds
        self.run_until_complete(asyncio.sleep(0))
        self.run_until_complete(asyncio.sleep(0))


class Counting(threading.Event):
    """An event that remembers how often it was set."""

    times = 0

    def set(self) -> None:
        self.times += 1
        super().set()


@pytest.fixture
def loop() -> Iterator[OwnTime]:
    opened_loop = OwnTime()
    yield opened_loop
    opened_loop.close()


def session(base: str = "http://127.0.0.1:1", feed: str = "") -> Session:
    return opened("token", "sid", base, NOW, feed_url=feed)


@pytest.mark.parametrize(
    ("base", "named", "found"),
    [
        ("http://127.0.0.1:1", "", "http://127.0.0.1:1/realtime"),
        ("https://e43.example.com/some/path?x=1", "", "https://e43.example.com/realtime"),
        ("https://e43.example.com", "wss://rt.example.com/realtime", "https://rt.example.com/realtime"),
        ("https://e43.example.com", "ws://127.0.0.1:5/realtime", "http://127.0.0.1:5/realtime"),
        ("https://e43.example.com", "http://127.0.0.1:5/rt?a=b", "http://127.0.0.1:5/rt?a=b"),
        ("https://e43.example.com", "ftp://x/y", "ftp://x/y"),
    ],
)
def test_the_feed_is_where_the_login_said_else_on_the_sessions_host(base: str, named: str, found: str) -> None:
    assert address(session(base, named)) == found


def test_both_greetings_are_as_the_wire_document_has_them() -> None:
    assert raw_greeting(session()) == "{type:cn,Authorization:token,Sid:sid,src:WEB}"
    assert json_greeting(session()) == '{"type":"cn","Authorization":"token","Sid":"sid","src":"WEB"}'


def test_the_address_of_the_feed_is_not_shown_since_it_may_carry_a_secret() -> None:
    assert "secret" not in repr(session(feed="wss://x/realtime?token=secret"))


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ('{"ak":"ok","type":"cn","task":"cn","msg":"connected"}', Meaning.WELCOME),
        ('{"ak":"nk","type":"failed to process request","task":"nk"}', Meaning.REFUSAL),
        ('{"type":"order","data":{"nOrdNo":"1"}}', Meaning.NEWS),
        ('{"type":"position","data":{}}', Meaning.NEWS),
        ('{"type":"trade"}', Meaning.NEWS),
        ('{"type":["order"]}', Meaning.NEWS),
        ("{}", Meaning.NEWS),
        ('{"type":"hb"}', Meaning.NOTHING),
        ('{"type":"cn"}', Meaning.NOTHING),
        ("[]", Meaning.NONSENSE),
        ("", Meaning.NONSENSE),
        ("null", Meaning.NONSENSE),
        ("{type:order}", Meaning.NONSENSE),
        ("[" * 60_000, Meaning.NONSENSE),
        ('{"a":' * 20_000, Meaning.NONSENSE),
        ("9" * 10_000, Meaning.NONSENSE),
    ],
)
def test_a_frame_is_news_unless_it_is_an_answer_a_heartbeat_or_no_object(text: str, means: Meaning) -> None:
    assert meaning(text) is means


def test_the_first_ring_wakes_at_once_and_a_thousand_more_wake_once_at_the_end_of_the_pause(loop: OwnTime) -> None:
    """Catches: every frame a wake, and so an order book read; and the last change forgotten in the pause."""
    wake = Counting()
    hint = Hint(wake, 2.0, loop)
    for _ in range(1000):
        hint.ring()
    assert wake.times == 1
    loop.pass_time(0.49)
    assert wake.times == 1
    loop.pass_time(0.02)
    assert wake.times == 2
    loop.pass_time(10)
    assert wake.times == 2
    hint.ring()
    assert wake.times == 3


def test_a_feed_that_rings_for_ever_wakes_as_often_as_agreed(loop: OwnTime) -> None:
    wake = Counting()
    hint = Hint(wake, 2.0, loop)
    for _ in range(1000):
        hint.ring()
        loop.pass_time(0.01)
    assert 20 <= wake.times <= 21


def test_a_cancelled_hint_rings_no_more(loop: OwnTime) -> None:
    wake = Counting()
    hint = Hint(wake, 2.0, loop)
    hint.ring()
    hint.ring()
    hint.cancel()
    loop.pass_time(1)
    assert wake.times == 1
