"""The order feed as a bare client meets it: greetings, frames, and what can go wrong with each."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from feed_client import REFUSED, WELCOME, FeedClient
from simulator_client import SYMBOL, Client

from broker.simulator import Simulator
from broker.simulator.clock import SystemClock
from domain.clock import VirtualClock


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(2, clock=clock, rate_limit=0, holdings={SYMBOL: 100}) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


@pytest.fixture
def feed(client: Client) -> Iterator[FeedClient]:
    """Connected and not greeted."""
    with FeedClient(client.broker.url, client.headers) as connected:
        yield connected


@pytest.fixture
def welcome(feed: FeedClient) -> FeedClient:
    """Connected and greeted."""
    feed.greet()
    assert feed.frame() == WELCOME
    return feed


def fill(client: Client, clock: VirtualClock) -> str:
    """An order of ten shares that rests and then trades; its number."""
    number = client.sell("a1")
    clock.advance(1)
    client.broker.fill(number, 10)
    return number


def test_the_login_names_the_feed(client: Client, clock: VirtualClock) -> None:
    clock.advance(60)
    assert client.log_in(clock.now())["rtUrl"] == f"{client.broker.url}/realtime"


def test_both_forms_of_the_greeting_are_welcome(client: Client) -> None:
    for greet in (FeedClient.greet, FeedClient.greet_in_json):
        with FeedClient(client.broker.url, client.headers) as feed:
            greet(feed)
            assert feed.frame() == WELCOME


def test_what_is_no_greeting_is_answered_nk_and_may_be_followed_by_one(feed: FeedClient) -> None:
    for words in ("hello", "{type:cn}", '{"type":"cn"}', "[1]", "[" * 50_000):
        feed.say(words)
        assert feed.frame() == REFUSED
    feed.greet()
    assert feed.frame() == WELCOME


def test_a_token_that_is_not_good_is_refused_and_the_connection_ended(client: Client, feed: FeedClient) -> None:
    feed.token = "x" * 40
    feed.greet()
    assert feed.frame() == REFUSED
    assert feed.frame() is None


def test_every_change_of_an_order_is_told_and_every_fill_as_a_position(
    client: Client, welcome: FeedClient, clock: VirtualClock
) -> None:
    number = fill(client, clock)
    opening = ["put order req received", "validation pending", "open pending", "open"]
    assert welcome.states(4) == opening
    order, position = welcome.frame(), welcome.frame()
    assert (order["type"], position["type"]) == ("order", "position")
    row = client.row(number)
    assert order["data"] == row
    assert (row["ordSt"], row["fldQty"], row["GuiOrdId"]) == ("complete", 10, "a1")
    told = {name: position["data"][name] for name in ("actId", "flSellQty", "sellAmt", "posFlg", "sqrFlg")}
    ucc = client.account.ucc
    assert told == {"actId": ucc, "flSellQty": "10", "sellAmt": "9000.00", "posFlg": "true", "sqrFlg": "true"}


def test_an_account_hears_nothing_of_another_ones_orders(
    client: Client, welcome: FeedClient, clock: VirtualClock
) -> None:
    other = Client(client.broker, client.broker.accounts[1], clock.now())
    theirs, ours = other.sell("b1"), client.sell("a1")
    told = welcome.frame()["data"]["nOrdNo"]
    assert (told, client.broker.feeds()["frames"]) == (ours, {client.account.ucc: 1})
    assert theirs != ours


@pytest.mark.parametrize("end", ["midnight", "withdrawn"])
def test_a_session_that_has_ended_hears_of_nothing_more(
    client: Client, welcome: FeedClient, clock: VirtualClock, end: str
) -> None:
    if end == "midnight":
        clock.advance(86_400)
    else:
        client.broker.end_sessions(client.account.ucc)
    client.log_in(clock.now())
    client.sell("a2")
    assert welcome.frame() is None
    assert client.broker.feeds()["frames"] == {}


@pytest.mark.parametrize("snapshot", [True, False])
def test_who_comes_back_is_told_every_order_of_the_day_if_the_broker_does_so(
    client: Client, clock: VirtualClock, snapshot: bool
) -> None:
    client.broker.configure(feed_snapshot=snapshot)
    number = fill(client, clock)
    with FeedClient(client.broker.url, client.headers) as feed:
        feed.greet()
        assert feed.frame() == WELCOME
        later = client.sell("a2")
        told = [feed.frame()["data"]["nOrdNo"] for _ in range(1 + snapshot)]
    assert told == ([number, later] if snapshot else [later])


def test_a_ping_is_answered_and_a_heartbeat_is_not(welcome: FeedClient) -> None:
    welcome.say("{type:hb}")
    welcome.say('{"type": "hb"}')
    assert welcome.answers_a_ping()


@pytest.mark.parametrize(("form", "setting"), [("greet", "feed_takes_raw"), ("greet_in_json", "feed_takes_json")])
def test_a_form_that_is_not_taken_drops_the_connection(client: Client, form: str, setting: str) -> None:
    client.broker.configure(**{setting: False})
    with FeedClient(client.broker.url, client.headers) as feed:
        getattr(feed, form)()
        assert feed.frame() is None


FRAME_FAULTS: list[tuple[str, int, list[str]]] = [
    ("silence", 1, ["validation pending"]),
    ("duplicate_frame", 2, ["put order req received"] * 3),
    ("drop_before", 1, ["end"]),
    ("lost_reply", 1, ["put order req received", "end"]),
    ("garbage_frame", 1, ["garbage", "validation pending"]),
    ("huge_frame", 2, ["huge", "validation pending"]),
]


@pytest.mark.parametrize(("kind", "rows", "heard"), FRAME_FAULTS)
def test_each_fault_of_a_frame_does_what_its_name_says(
    client: Client, welcome: FeedClient, clock: VirtualClock, kind: str, rows: int, heard: list[str]
) -> None:
    client.broker.fault("feed", kind, ucc=client.account.ucc, rows=rows)
    client.sell("a1")
    clock.advance(1)
    client.book()
    assert [state_in(welcome) for _ in heard] == heard
    assert client.broker.faults()["struck"] == {kind: 1}


def state_in(feed: FeedClient) -> str:
    text = feed.text()
    if text is None:
        return "end"
    if len(text) > 1 << 20:
        return "huge"
    return "garbage" if "\x00" in text else str(feed_state(text))


def feed_state(text: str) -> Any:
    return json.loads(text)["data"]["ordSt"]


def test_a_deaf_feed_says_nothing_more_and_answers_no_ping(
    client: Client, welcome: FeedClient, clock: VirtualClock
) -> None:
    client.broker.fault("feed", "deaf")
    fill(client, clock)
    assert not welcome.answers_a_ping(0.2)
    assert client.broker.feeds()["frames"] == {}


@pytest.mark.parametrize(
    ("kind", "heard"),
    [
        ("refuse_hello", [REFUSED, None]),
        ("drop_before", [None]),
        ("lost_reply", [WELCOME, None]),
        ("session_death", [REFUSED, None]),
    ],
)
def test_each_fault_of_a_greeting_does_what_its_name_says(
    client: Client, feed: FeedClient, kind: str, heard: list[Any]
) -> None:
    client.broker.fault("feed_hello", kind)
    feed.greet()
    assert [feed.frame() for _ in heard] == heard


@pytest.mark.parametrize(("kind", "pings"), [("silence", True), ("deaf", False)])
def test_a_greeting_that_is_not_answered_opens_nothing(
    client: Client, feed: FeedClient, kind: str, pings: bool
) -> None:
    client.broker.fault("feed_hello", kind)
    feed.greet()
    client.sell("a1")
    assert feed.answers_a_ping(0.2) is pings
    assert client.broker.feeds()["open"] == {}


def test_a_fault_of_another_account_or_of_any_call_spares_the_feed(
    client: Client, welcome: FeedClient, clock: VirtualClock
) -> None:
    client.broker.fault("feed", "silence", ucc=client.broker.accounts[1].ucc, times=None)
    client.broker.fault("any", "429", times=None)
    client.broker.manual_order(client.account.ucc, "S", SYMBOL, 1, 900)
    assert welcome.states(1) == ["put order req received"]


@pytest.mark.parametrize(
    ("call", "kind"),
    [("feed", "429"), ("feed", "refuse_hello"), ("place", "silence"), ("any", "deaf"), ("any", "huge_frame")],
)
def test_a_fault_that_cannot_befall_the_call_is_refused(client: Client, call: str, kind: str) -> None:
    with pytest.raises(ValueError, match="cannot befall"):
        client.broker.fault(call, kind)


def test_feeds_are_counted_and_dropped_on_command(client: Client, welcome: FeedClient) -> None:
    told = requests.get(f"{client.broker.url}/control/feeds", timeout=5).json()
    assert told == {"open": {client.account.ucc: 1}, "hellos": {client.account.ucc: 1}, "frames": {}}
    done = requests.post(f"{client.broker.url}/control/drop-feeds", json={"ucc": client.account.ucc}, timeout=5)
    assert done.status_code == 200
    assert welcome.frame() is None


def test_without_an_upgrade_there_is_no_feed_and_the_broker_lives_on(client: Client) -> None:
    assert requests.get(f"{client.broker.url}/realtime", timeout=5).status_code == 400
    assert client.book() == []


def test_in_real_time_frames_come_by_themselves_and_a_dead_session_ends_the_feed() -> None:
    """Catches: a simulator that moves only when it is asked something, as it may in virtual time."""
    clock = SystemClock()
    with Simulator(1, clock=clock, rate_limit=0, holdings={SYMBOL: 100}) as broker:
        client = Client(broker, broker.accounts[0], clock.now())
        with FeedClient(broker.url, client.headers) as feed:
            feed.greet()
            assert feed.frame() == WELCOME
            client.sell("a1")
            assert feed.states(4)[-1] == "open"
            broker.end_sessions(client.account.ucc)
            assert feed.frame() is None
