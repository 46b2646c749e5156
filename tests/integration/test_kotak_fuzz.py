"""Whatever Kotak or anything in between answers: our own errors only, no unknown called refused, no garbage read.

A few hundred answers in the suite; 50,000 by `make fuzz`. The mutations to try: judge by the code alone,
whatever the status; take a missing `data` for an empty list; let `csv.Error` or `Decimal`'s own errors through.
"""

import dataclasses
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from fuzz_answers import CSV, GOOD, LISTED, Given, answers, files
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from kotak_peer import Peer, http

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.meanings import CLEAR, DOOR, REFUSALS, SESSION_OVER
from broker.kotak_neo.session import opened
from domain.book import Book, NewOrder, PriceChange
from domain.candles import Interval
from domain.clock import VirtualClock
from domain.errors import NinefifteenError
from domain.orders import Side
from domain.outcomes import Accepted, NotSent, Outcome, Refused, Unknown
from domain.portfolio import Prospect
from domain.register import Register
from domain.tenure import Tenure
from domain.users import Credentials

NUMBER = "261122000100001"
EXAMPLES = max(500, settings().max_examples)


def fuzzed(percent: int) -> settings:
    """So many of all examples."""
    return settings(max_examples=EXAMPLES * percent // 100, suppress_health_check=list(HealthCheck))


CHANGES: dict[str, Callable[[KotakNeo], Outcome]] = {
    "place": lambda client: client.place(NewOrder("nf7abc", "IDEA-EQ", Side.SELL, 10, Decimal("9.40")), 5.0),
    "modify": lambda client: client.modify(PriceChange(NUMBER, "IDEA-EQ", Side.SELL, 10, Decimal("9.45")), 5.0),
    "cancel": lambda client: client.cancel(NUMBER, 5.0),
}
READS: dict[str, Callable[[KotakNeo], Any]] = {
    "order_book": lambda client: client.order_book(),
    "order": lambda client: client.order(NUMBER),
    "order_history": lambda client: client.order_history(NUMBER),
    "tags_of": lambda client: client.tags_of(NUMBER),
    "trades": lambda client: client.trades(),
    "positions": lambda client: client.positions(),
    "holdings": lambda client: client.holdings(),
    "quotes": lambda client: client.quotes(["1333"]),
    "funds": lambda client: client.funds(),
    "margin": lambda client: client.margin(Prospect("1333", Side.SELL, 1, None)),
    "candles": lambda client: client.candles("1333", Interval.DAY, date(2026, 8, 20), date(2026, 8, 20)),
    "client_address": lambda client: client.client_address(),
    "login": lambda client: client.login(),
}


class Desk:
    """A peer that gives what it is told to and hangs up, and a new client of it for each answer."""

    def __init__(self) -> None:
        self.answers: Callable[[bytes], bytes] = lambda request: b""
        self.peer = Peer(self._answer)

    def client(self, session: bool = True) -> KotakNeo:
        """A client at 09:15, with a session or without."""
        clock = VirtualClock(datetime(2026, 11, 23, 3, 45, tzinfo=UTC))
        settings = KotakSettings(self.peer.url, reads_per_second=0, orders_per_second=0)
        credentials = Credentials("k" * 36, "+919876543210", "AB123", "654321", "JBSW" * 4)
        account, tenure = KotakAccount(credentials, settings, clock), Tenure(1, 1, "asha")
        if session:
            with account.turn(tenure):
                account.remember(opened("t" * 40, "s" * 36, self.peer.url, clock.now()), tenure)
        for past in (self.peer.requests, self.peer.stray, self.peer.open):
            past.clear()
        return KotakNeo(account, tenure, clock, settings, lambda: None)

    def _answer(self, peer: Peer, connection: socket.socket, request: bytes) -> None:
        connection.sendall(self.answers(request))
        connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    made = Desk()
    with made.peer:
        yield made


def holders(body: Any) -> list[dict[str, Any]]:
    """Where a code may stand in an answer."""
    if not isinstance(body, dict):
        return []
    errors = body["error"] if isinstance(body.get("error"), list) else [body.get("error")]
    return [part for part in (body, *errors, body.get("fault")) if isinstance(part, dict)]


def codes_in(body: Any) -> set[str]:
    """Every code in an answer, as text."""
    return {str(part[key]).strip() for part in holders(body) for key in ("stCode", "errorCode", "code") if key in part}


def says_ok(body: Any) -> bool:
    return isinstance(body, dict) and str(body.get("stat") or body.get("status")).strip().lower() in ("ok", "success")


@fuzzed(percent=40)
@given(call=st.sampled_from(sorted(CHANGES)), sent=answers(GOOD["change"]))
def test_a_change_ends_as_what_its_answer_proves_and_no_more(desk: Desk, call: str, sent: Given) -> None:
    desk.answers = lambda request: sent.raw
    client = desk.client()
    outcome = CHANGES[call](client)
    client.close()
    event(type(outcome).__name__)
    match outcome:
        case Refused():
            assert not sent.cut
            assert sent.status in CLEAR
            assert codes_in(sent.body) & {str(code) for code in REFUSALS}
            assert not says_ok(sent.body)
            assert not str(sent.body.get("nOrdNo") or "").strip().isalnum() or not str(sent.body["nOrdNo"]).isascii()
            assert b"already exists" not in sent.content
            assert b"error from core" not in sent.content
        case Accepted():
            assert not sent.cut
            assert 200 <= sent.status < 300
            assert says_ok(sent.body)
            assert str(sent.body["nOrdNo"]).strip() == outcome.broker_order_id
        case NotSent():
            named = codes_in(sent.body) & {str(code) for code in SESSION_OVER}
            assert sent.status == 429 or sent.status in DOOR or (named and sent.status in CLEAR and not sent.cut)
        case Unknown():
            pass
    stored = json.dumps(getattr(outcome, "evidence", {}), allow_nan=False)
    assert "\\u0000" not in stored.replace("\\\\", "")
    assert len(desk.peer.requests) == 1 or sent.status == 429


@fuzzed(percent=40)
@given(st.data())
def test_a_read_gives_all_that_was_told_or_one_of_our_errors(desk: Desk, data: st.DataObject) -> None:
    call = data.draw(st.sampled_from(sorted(READS)))
    sent = data.draw(answers(GOOD[call]))
    desk.answers = lambda request: sent.raw
    client = desk.client(session=call != "login")
    try:
        found = READS[call](client)
    except NinefifteenError as error:
        event(type(error).__name__)
        return
    finally:
        client.close()
    event(f"{call}: {'nothing' if found == () else 'something'}")
    assert not sent.cut
    assert 200 <= sent.status < 300 or codes_in(sent.body) >= {"5203"} or "holdings" in call
    require_whole(call, found, sent)
    require_sound(found)


def require_whole(call: str, found: Any, sent: Given) -> None:
    """Nothing was lost on the way, and nothing there was read out of anything but Kotak's words for it."""
    body = sent.body
    if call in ("funds", "margin", "client_address", "login"):
        assert found is not None or call == "login"
        return
    if call == "candles":
        assert len(found) == len(body["data"]["candles"])
        return
    if call == "quotes":
        assert isinstance(body, list)
        assert 0 < len(found) <= len(body)
        return
    told = body.get("data")
    if not told:
        nothing = "5203" in codes_in(body) or "no holdings found" in json.dumps(body).lower()
        assert nothing or (told == [] and not codes_in(body) & {str(code) for code in REFUSALS | {32, 1005}})
        assert not found or isinstance(found, Book)
        assert not isinstance(found, Book) or (found.rows, found.malformed) == ((), 0)
    elif isinstance(found, Book):
        assert len(found.rows) + found.malformed == len(told)
    elif call == "order":
        assert found is not None
        assert found.broker_order_id == NUMBER
    else:
        assert len(found) == len(told) or call == "tags_of"


def require_sound(value: Any) -> None:
    """Finite decimals, aware times, at any depth; evidence that can be stored."""
    if isinstance(value, Decimal):
        assert value.is_finite()
    elif isinstance(value, datetime):
        assert value.utcoffset() is not None
    elif isinstance(value, tuple):
        for one in value:
            require_sound(one)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            require_sound(getattr(value, field.name))
    elif isinstance(value, dict):
        json.dumps(value, allow_nan=False).encode()


@fuzzed(percent=20)
@given(listed=answers(GOOD["instruments"]) | st.just(None), file=files())
def test_a_file_is_read_whole_or_not_at_all(desk: Desk, listed: Given | None, file: Given) -> None:
    def by_path(request: bytes) -> bytes:
        if b"file-paths" not in request:
            return file.raw
        good = json.loads(json.dumps(LISTED).replace("BASE", desk.peer.url))
        return listed.raw.replace(b"BASE/", desk.peer.url.encode() + b"/") if listed is not None else http(200, good)

    desk.answers = by_path
    client = desk.client()
    try:
        found = client.instruments()
    except NinefifteenError as error:
        event(type(error).__name__)
        return
    finally:
        client.close()
    event("a file")
    assert isinstance(found, Register)
    assert not file.cut
    assert len(found) <= 2
    require_sound(tuple(found))
    if file.content == CSV:
        assert [line.symbol for line in found] == ["IFBIND-EQ", "RELIANCE-EQ"]
