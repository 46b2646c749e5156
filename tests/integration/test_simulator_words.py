"""The control door refuses nonsense in one sentence, and nothing of it has happened then.

The mutation to try: leave out a check of words.py, or a row of what can befall a call.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simulator_client import SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock

UCC = "the account's"
"""Stands for the client code, which a list of cases cannot know."""
DAY = {"open": "2026-11-23T09:15:00+05:30", "close": "2026-11-23T15:30:00+05:30"}
OF_PYTHON = ("argument", "positional", "Expected", "Expecting", "isoformat", "not supported", "object", "NoneType")
"""Words by which Python speaks, and not we."""

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("price", {"foo": 1}, "price: there is no word foo; it takes symbol, if wanted price, liquidity, low, high, slide"),
    ("price", {"price": 800}, "price: the word symbol is missing; it takes symbol, if wanted price"),
    ("price", {"symbol": SYMBOL}, "price: a price is missing; give price, or low and high for the band, or all three"),
    ("price", {"symbol": SYMBOL, "low": 700}, "price: a price is missing"),
    ("price", {"symbol": SYMBOL, "price": "400.013"}, "whose tick is 0.05; take 400.00 or 400.05"),
    ("price", {"symbol": SYMBOL, "price": 400.013, "low": 300, "high": 500}, "400.013 is no price of IFBIND-EQ"),
    ("price", {"symbol": SYMBOL, "price": True}, "price: price is a price in rupees or null, not true"),
    ("price", {"symbol": SYMBOL, "price": 800, "liquidity": -1}, "liquidity -1: it is the shares on offer"),
    ("price", {"symbol": SYMBOL, "price": 800, "liquidity": 1.5}, "liquidity is a whole number or null, not 1.5"),
    ("depth", {"symbol": SYMBOL, "bids": [[800.02, 5]], "asks": []}, "800.02 is no price of IFBIND-EQ"),
    ("depth", {"symbol": SYMBOL, "bids": [800], "asks": []}, "bids is a list, each of it a list of a price in rupees"),
    ("depth", {"symbol": SYMBOL, "bids": {}, "asks": []}, "depth: bids is a list"),
    ("prices", {"script": f"when,symbol,price\n+1,{SYMBOL},800.02\n"}, "prices: 800.02 is no price of IFBIND-EQ"),
    ("walk", {"percent": "much"}, 'walk: percent is a number, not "much"'),
    ("walk", {"every": 0.000001}, "not a walk: 0.1 % every 1e-06 s"),
    ("walk", {"percent": -1}, "percent is above 0"),
    ("walk", {"liquidity": -5}, "liquidity is 0 shares or more, not -5"),
    ("still", {"now": True}, "still: there is no word now; it takes no words, an empty body will do"),
    ("band", {"symbol": SYMBOL, "low": 900, "high": 800}, "low is at most as high as high"),
    ("fill", {"order": "999"}, "fill: the word quantity is missing; it takes order, quantity, if wanted price"),
    ("fill", {"order": 999, "quantity": 1}, "fill: order is text, not 999"),
    ("manual", {"ucc": UCC, "side": "", "symbol": SYMBOL, "quantity": 1}, "side is BUY or SELL, not ''"),
    ("manual", {"ucc": UCC, "side": "Bye", "symbol": SYMBOL, "quantity": 1}, "side is BUY or SELL, not 'Bye'"),
    ("holdings", {"ucc": UCC, "symbol": SYMBOL, "quantity": -5}, "nobody holds -5 shares; quantity is 0 or more"),
    ("funds", {"ucc": UCC, "cash": "plenty"}, "not a price: 'plenty'; it is a number of rupees above 0"),
    ("corporate-action", {"symbol": SYMBOL, "new": 0, "old": 1}, "new and old are 1 or more"),
    ("day", {"open": "x"}, "day: the word close is missing; it takes open, close, if wanted auction"),
    ("day", DAY | {"open": "x"}, 'day: open is a moment with its zone, such as 2026-11-23T09:15:00+05:30, not "x"'),
    ("day", DAY | {"open": "2026-11-23T09:15:00"}, "day: open is a moment with its zone"),
    ("day", DAY | {"auction": [DAY["open"]]}, "day: auction is a list of a moment with its zone"),
    ("day", {"open": DAY["close"], "close": DAY["open"]}, "every moment is after the one before"),
    ("fault", {"call": "orders", "kind": "lost_repl"}, "there is no kind lost_repl; what can befall orders is 429, "),
    ("fault", {"call": "order", "kind": "hang"}, "there is no call order; calls are cancel, candles, "),
    ("fault", {"call": "place", "kind": "missing_rows"}, "missing_rows cannot befall place; what can befall it is 429"),
    ("fault", {"call": "orders", "kind": "late_row"}, "late_row cannot befall orders"),
    ("fault", {"call": "quotes", "kind": "reject"}, "reject cannot befall quotes"),
    ("fault", {"call": "place", "kind": "no_data"}, "no_data cannot befall place"),
    ("fault", {"call": "history", "kind": "ok_without_number"}, "ok_without_number cannot befall history"),
    ("fault", {"call": "configuration", "kind": "ip_changed"}, "ip_changed cannot befall configuration"),
    ("fault", {"call": "orders", "kind": "429", "times": "x"}, 'times is a whole number or null, not "x"'),
    ("fault", {"call": "orders", "kind": "429", "times": True}, "times is a whole number or null, not true"),
    ("fault", {"call": "orders", "kind": "hang", "seconds": -1}, "seconds of hang cannot be -1; it is 0 at least"),
    ("fault", {"call": "orders", "kind": "hang", "seconds": 1e300}, "seconds of hang cannot be 1e+300"),
    ("fault", {"call": "feed", "kind": "huge_frame", "rows": 5000}, "it is 1 at least and 1024 at most"),
    ("fault", {"call": "orders", "kind": "429", "ucc": "NOBODY"}, "no account NOBODY; GET /control/accounts tells"),
    ("fault", {"call": "configuration", "kind": "429", "ucc": UCC}, "configuration is no account's; leave ucc out"),
    ("drop-feeds", {"ucc": "NOBODY"}, "drop-feeds: no account NOBODY"),
    ("settings", {"latency": -1}, "setting latency cannot be -1; it is 0 at least"),
    ("settings", {"latency": True}, "setting latency cannot be True; it is such as 0.0"),
    ("settings", {"code_seconds": 0}, "setting code_seconds cannot be 0; it is 1 at least"),
    ("settings", {"duplicate_status": 42}, "setting duplicate_status cannot be 42; it is 200 at least and 599 at most"),
    ("settings", {"base_path": "e43"}, "it begins with / and ends without, such as '/e43'"),
    ("whitelist", {"ucc": UCC, "addresses": ["1", "2", "3"]}, "'1' is no IPv4 address, such as 203.0.113.7"),
    ("whitelist", {"ucc": UCC, "addresses": "1 2 3"}, 'addresses is a list, each of it text, not "1 2 3"'),
    ("whitelist", {"ucc": UCC, "addresses": ["1.1.1.1", "1.1.1.2", "1.1.1.3"]}, "at most 2 addresses"),
    ("translate", {"seen": {"127.0.0.2": "home"}}, "'home' is no IPv4 address"),
    ("translate", {"seen": {"127.0.0.2": 7}}, "seen is an object, each value of it text"),
]
BODIES: list[tuple[bytes, str]] = [
    (b"[]", "the body is []; write an object such as"),
    (b"7", "the body is 7; write an object such as"),
    (b"{bad", "the body is no JSON"),
    (b"\xff", "the body is no JSON"),
    (b'{"a": "\\ud800"}', "the body is no JSON"),
    (b"[" * 100_000, "the body is no JSON"),
]
COMMANDS = ("price", "depth", "prices", "walk", "still", "band", "fill", "lapse", "manual", "manual-modify", "holdings")
MORE = ("manual-cancel", "funds", "corporate-action", "change-series", "day", "fault", "clear-faults", "settings")
MISFITS: list[object] = [None, -1, 0, 1.5, True, "", "x", [], [[]], {}, {"x": 1}, 10**400]


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def command(client: Client, name: str, body: bytes) -> requests.Response:
    return client.http.post(f"{client.url}/control/{name}", data=body, timeout=5)


def state(client: Client) -> list[str]:
    names = ("ledger", "settings", "faults", "feeds")
    told = [client.http.get(f"{client.url}/control/{name}", timeout=5).text for name in names]
    return [*told, str(client.broker.last_price(SYMBOL)), str(client.get("/portfolio/v1/holdings"))]


@pytest.mark.parametrize(("name", "words", "said"), REFUSED, ids=lambda value: str(value)[:50])
def test_nonsense_is_refused_in_a_sentence_and_changes_nothing(
    client: Client, name: str, words: dict[str, Any], said: str
) -> None:
    before = state(client)
    spoken = words | ({"ucc": client.account.ucc} if words.get("ucc") == UCC else {})
    answer = command(client, name, json.dumps(spoken).encode())
    assert said in answer.json()["error"]
    assert answer.status_code == 400
    assert state(client) == before


@pytest.mark.parametrize(("body", "said"), BODIES, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("name", ["price", "still", "settings"])
def test_a_body_that_is_no_object_is_refused(client: Client, name: str, body: bytes, said: str) -> None:
    answer = command(client, name, body)
    assert (answer.status_code, answer.json()["error"].startswith(f"{name}: ")) == (400, True)
    assert said in answer.json()["error"]


@pytest.mark.parametrize("name", [*COMMANDS, *MORE, "whitelist", "translate", "end-sessions", "drop-feeds"])
def test_no_word_of_any_command_has_the_simulator_speak_python(client: Client, name: str) -> None:
    right: dict[str, Any] = {"ucc": client.account.ucc, "symbol": SYMBOL, "call": "orders", "kind": "429", **DAY}
    takes = command(client, name, b'{"?": 1}').json()["error"].partition("it takes ")[2]
    words = [word for word in takes.replace("if wanted ", "").split(", ") if word.replace("_", "").isalpha()]
    for word in words or ["latency"]:
        for misfit in MISFITS:
            spoken = {name: value for name, value in right.items() if name in words} | {word: misfit}
            answer = command(client, name, json.dumps(spoken).encode())
            assert answer.status_code in (200, 400), (spoken, answer.text)
            said = answer.json().get("error", "").replace("an object, each", "")
            assert [one for one in OF_PYTHON if one in said] == [], (spoken, said)
    assert client.http.get(f"{client.url}/control/ledger", timeout=5).status_code == 200


def test_price_alone_band_alone_and_both_at_once_are_understood(client: Client) -> None:
    for words in ({"price": 801.5}, {"low": 700, "high": "900"}, {"price": "750.05", "low": 700, "high": 800}):
        assert command(client, "price", json.dumps({"symbol": SYMBOL, **words}).encode()).json() == {"done": True}
    assert str(client.broker.last_price(SYMBOL)) == "750.05"


def test_the_feeds_of_all_are_dropped_without_a_body(client: Client) -> None:
    assert command(client, "drop-feeds", b"").json() == {"done": True}


def test_a_command_that_does_not_exist_is_told_which_do(client: Client) -> None:
    answer = command(client, "prize", b"")
    assert (answer.status_code, "there is no POST /control/prize; " in answer.json()["error"]) == (404, True)
    assert "prices" in answer.json()["error"]


def test_a_fault_of_any_call_waits_for_one_that_it_can_befall(client: Client) -> None:
    client.broker.fault("any", "missing_rows")
    client.sell("a1", qt="1")
    assert client.get("/quick/user/limits") is not None
    assert client.book() == []
    assert len(client.book()) == 1
