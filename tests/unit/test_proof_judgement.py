"""The proof's judgement: a sound seed breaks nothing, and each promise that may break is named with its numbers."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.day.promises import duplicates, oversold
from cli.proof.deeds import Act, Deed
from cli.proof.evidence import Evidence, Freeze, Recovery, Shares, miscounted
from cli.proof.hands import named
from cli.proof.judgement import CHECKS, broken
from cli.proof.report import failure, line, summary
from cli.proof.script import FEED, FEED_FAULTS, HELLO, HELLO_FAULTS, script, telling
from cli.proof.verdict import Tally, Verdict
from domain.coverage import Coverage, CoverState
from domain.orders import Reason

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)
Change = Callable[[Any], Any]


def cover(symbol: str, quantity: int, state: CoverState, reason: Reason | None = None, text: str = "") -> Coverage:
    return Coverage(
        1, "user1", 1, symbol, quantity, 0, state, NOW, NOW, reason, text, "", "11", Decimal(400), Decimal(0)
    )  # fmt: skip


def of_symbol(symbol: str, **changes: object) -> dict[str, Any]:
    sound = {"ucc": "A", "symbol": symbol, "bought": 0, "sold": 0, "sold_by_api": 0}
    return sound | {"max_live_api_sells": 1, "max_api_sell_shares": 10, "oversold": 0} | changes


def ordered(number: str, symbol: str, side: str, quantity: int, filled: int, live: bool) -> dict[str, Any]:
    terms = {"order": number, "tag": f"t{number}", "side": side, "quantity": quantity, "filled": filled}
    ended = None if live else NOW.isoformat()
    return {"ucc": "A", "symbol": symbol, "api": True, "created": NOW.isoformat(), "finished": ended} | terms


def row(number: int, symbol: str, side: str, status: str, filled: int) -> dict[str, Any]:
    names = {"id": number, "user_id": 1, "symbol": symbol, "side": side, "status": status, "filled": filled}
    return names | {"broker_order_id": str(number), "tag": f"t{number}"}


def position(number: int, symbol: str, quantity: int, sold: int) -> dict[str, Any]:
    ended = {"closed_at": None, "exit_price": None} if quantity else {"closed_at": NOW, "exit_price": Decimal(400)}
    return {"id": number, "user_id": 1, "symbol": symbol, "quantity": quantity, "sold_quantity": sold} | ended


def sent(number: int, outcome: str | None = "accepted", kind: str = "place", generation: int = 1) -> dict[str, Any]:
    names = {"id": number, "order_id": number, "kind": kind, "outcome": outcome, "user_id": 1}
    return names | {"generation": generation, "created_at": NOW, "outcome_at": NOW}


@pytest.fixture
def sound() -> Evidence:
    """10 ITC of which 4 sold and the owner sold 5 of his own 30; 5 INFY bought; 3 LT sold; a kill and a freeze."""
    ledger: dict[str, Any] = {
        "symbols": [
            of_symbol("ITC-EQ", sold=9, sold_by_api=4),
            of_symbol("INFY-EQ", bought=5, max_api_sell_shares=5),
            of_symbol("LT-EQ", sold=3, sold_by_api=3, max_api_sell_shares=3),
        ],
        "orders": [
            ordered("11", "ITC-EQ", "SELL", 10, 4, live=True),
            ordered("12", "INFY-EQ", "BUY", 5, 5, live=False),
            ordered("13", "INFY-EQ", "SELL", 5, 0, live=False),
            ordered("14", "LT-EQ", "SELL", 3, 3, live=False),
        ],
        "fills": [],
        "tags_refused": [],
    }
    return Evidence(
        ledger,
        {"A": 1},
        {("A", "ITC-EQ"): Shares(10, 10, 30), ("A", "LT-EQ"): Shares(3, 3, 0)},
        [position(1, "ITC-EQ", 6, 4), position(2, "INFY-EQ", 5, 0), position(3, "LT-EQ", 0, 3)],
        [
            row(11, "ITC-EQ", "SELL", "OPEN", 4),
            row(12, "INFY-EQ", "BUY", "ONGOING", 5),
            row(13, "INFY-EQ", "SELL", "CANCELLED", 0),
            row(14, "LT-EQ", "SELL", "EXECUTED", 3),
        ],
        [sent(11, "found"), sent(12), sent(13), sent(14)],
        [
            cover("ITC-EQ", 6, CoverState.PROTECTED),
            cover("INFY-EQ", 5, CoverState.UNPROTECTED, Reason.CANCELLED_BY_USER, "order 13 was cancelled"),
        ],
        [],
        [Freeze("before_send:place", NOW, LATER, LATER, {1: 2})],
        [Recovery("after_send:place", 2.0, 3.0)],
        [],
        [],
    )


def ledger(change: Change) -> Callable[[Evidence], Evidence]:
    def changed(evidence: Evidence) -> Evidence:
        copy = deepcopy(dict(evidence.ledger))
        change(copy)
        return replace(evidence, ledger=copy)

    return changed


def rows(table: str, index: int, **changes: object) -> Callable[[Evidence], Evidence]:
    def changed(evidence: Evidence) -> Evidence:
        copy = [dict(one) for one in getattr(evidence, table)]
        copy[index].update(changes)
        return replace(evidence, **{table: copy})

    return changed


def with_(**changes: object) -> Callable[[Evidence], Evidence]:
    return lambda evidence: replace(evidence, **changes)


BREAKS = {
    "TWICE": ledger(lambda book: book["symbols"][0].update(max_live_api_sells=2)),
    "TAG_TWICE": ledger(lambda book: book["orders"].append(book["orders"][0] | {"order": "15"})),
    "OVERSOLD": ledger(lambda book: book["symbols"][0].update(max_api_sell_shares=11)),
    "UNKNOWN_ORDER": rows("orders", 2, broker_order_id=None),
    "FILLS_DIFFER": rows("orders", 0, filled=3),
    "NO_SUCH_ORDER": rows("orders", 3, broker_order_id="99"),
    "SHARES_DIFFER": rows("positions", 0, quantity=7),
    "SALES_DIFFER": ledger(lambda book: book["symbols"][0].update(sold=35)),
    "BADLY_CLOSED": rows("positions", 2, exit_price=None),
    "UNCOVERED": with_(covered=[cover("ITC-EQ", 6, CoverState.IN_DOUBT, Reason.STALE_BOOK, "not seen")]),
    "NOT_RESTING": ledger(lambda book: book["orders"][0].update(finished=NOW.isoformat())),
    "DOUBT_LEFT": rows("sends", 0, outcome="unknown"),
    "UNSETTLED": with_(pending=["order 11 of ITC-EQ is ACCEPTED"]),
    "HALTED": with_(halts=[{"user_id": 1, "because": "order 11: sold=12, held=10"}]),
    "WOKEN": ledger(lambda book: book["orders"][0].update(created=LATER.isoformat())),
    "NOT_RECOVERED": with_(recoveries=[Recovery("before_ack", 2.0, None)]),
    "FELL": with_(falls=["service: run.py serve ended with exit code 70"]),
}


def test_a_sound_seed_breaks_nothing(sound: Evidence) -> None:
    assert broken(sound) == []
    assert (duplicates(sound), oversold(sound), miscounted(sound)) == (0, 0, 0)


@pytest.mark.parametrize("name", BREAKS)
def test_each_broken_promise_is_named(sound: Evidence, name: str) -> None:
    named = [sentence.partition(":")[0] for sentence in broken(BREAKS[name](sound))]
    assert name in named


def test_every_check_can_fail(sound: Evidence) -> None:
    heard = {check for check in CHECKS for change in BREAKS.values() if list(check(change(sound)))}
    assert heard == set(CHECKS)


def test_the_owners_own_shares_are_not_ours_to_sell(sound: Evidence) -> None:
    """The account has 40, the position had 10: sells that reach 12 are oversold although the broker takes them."""
    greedy = ledger(lambda book: book["symbols"][0].update(max_api_sell_shares=12))(sound)
    assert oversold(greedy) == 2
    assert broken(greedy) == [
        "OVERSOLD: A ITC-EQ: our sells reached 12 shares, the position had 10; excess over the account 0"
    ]


def test_a_fill_counted_twice_is_miscounted(sound: Evidence) -> None:
    assert miscounted(rows("orders", 0, filled=8)(sound)) == 4


def test_a_woken_service_may_keep_what_it_learnt_before_but_not_send(sound: Evidence) -> None:
    """Frozen before the send: an answer told after the waking means that it went out all the same."""
    sent_late = rows("sends", 0, outcome="accepted", outcome_at=LATER)(sound)
    assert [sentence.partition(":")[0] for sentence in broken(sent_late)] == ["WOKEN"]
    unsent = rows("sends", 0, outcome="not_sent", outcome_at=LATER)(sound)
    assert broken(unsent) == []
    after = replace(sent_late, freezes=[replace(sound.freezes[0], point="after_send:place")])
    assert broken(after) == []


def test_an_order_of_the_successor_is_no_order_of_the_woken(sound: Evidence) -> None:
    late = BREAKS["WOKEN"](sound)
    by_successor = replace(late, sends=[*sound.sends, sent(11, "found", generation=2)])
    assert broken(by_successor) == []


def test_a_reason_that_cannot_last_is_no_cover(sound: Evidence) -> None:
    passing = with_(covered=[cover("ITC-EQ", 6, CoverState.UNPROTECTED, Reason.TENANT_DOWN, "BACKOFF")])(sound)
    assert [sentence.partition(":")[0] for sentence in broken(passing)] == ["UNCOVERED"]


def test_the_same_seed_is_the_same_script() -> None:
    assert script(7) == script(7)
    assert script(7) != script(8)


def test_three_seeds_in_a_row_strike_the_order_feed_in_every_way() -> None:
    for first in range(4):
        told = {(fault.call, fault.kind) for seed in range(first, first + 3) for fault in script(seed).told}
        assert told == {*((FEED, kind) for kind in FEED_FAULTS), *((HELLO, kind) for kind in HELLO_FAULTS)}


@pytest.mark.parametrize(
    ("call", "acts"), [(FEED, ["fault", "rule changed"]), (HELLO, ["fault", "order feed dropped", "rule changed"])]
)
def test_a_struck_feed_has_something_to_tell_and_a_greeting_comes_after_a_drop(call: str, acts: list[str]) -> None:
    deeds = telling(Deed(0.0, Act.FAULT, call=call, kind="silence", amount=1), 0, 2, "ITC-EQ")
    assert [deed.act for deed in deeds] == acts
    assert {deed.user for deed in deeds} == {2}


def test_faults_of_the_feed_are_told_apart_from_those_of_calls(sound: Evidence) -> None:
    assert [named(call, "drop_before") for call in ("place", FEED, HELLO)] == [
        "drop_before", "feed drop_before", "feed_hello drop_before",
    ]  # fmt: skip
    struck = replace(sound, struck={"feed deaf": 2, "feed_hello silence": 1})
    told = "\n".join(summary(Tally([Verdict(script(1), Path(), 1.0, [], struck)])))
    assert "the order feed was struck 3 times: feed deaf 2, feed_hello silence 1" in told


def test_a_dozen_seeds_die_at_every_point() -> None:
    assert {script(seed).points[0] for seed in range(12)} == set(script(0).points[0].__class__)


def test_every_point_freezes_an_owner_sooner_or_later() -> None:
    frozen = [script(seed).freeze_at for seed in range(60)]
    assert {str(point).removesuffix(":1") for point in frozen if point} == set(script(0).points[0].__class__)


def test_no_script_has_the_owner_sell_more_than_his_own() -> None:
    for seed in range(200):
        played = script(seed)
        own = {(one.user, one.symbol): one.own for one in played.stakes}
        for deed in played.deeds:
            if deed.act == "owner sells own shares" or (deed.act == "quantity raised" and own[deed.user, deed.symbol]):
                own[deed.user, deed.symbol] -= deed.amount
        assert min(own.values()) >= 0, played


def test_a_failing_seed_says_how_to_play_it_again(sound: Evidence) -> None:
    verdict = Verdict(script(4), Path("kept"), 9.0, ["TWICE: 2 sells"], BREAKS["TWICE"](sound), {"429": 2})
    assert "BROKEN" in line(verdict)
    assert list(failure(verdict))[-1].endswith("kept in kept; replay: run.py prove --seed 4")
    tally = Tally([verdict])
    assert tally.as_object()["failed"] == {4: ["TWICE: 2 sells"]}
    assert any("duplicates = 1, oversold = 0" in sentence for sentence in summary(tally))
    assert "before_send:place 0" in next(s for s in summary(tally) if "kills:" in s)
