"""The demo's judgement: a sound day breaks nothing, and each thing that may break is named with its numbers."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cli.day.evidence import Evidence
from cli.day.judgement import CHECKS, broken
from cli.day.promises import duplicates, oversold
from cli.day.report import Outcome
from domain.coverage import Coverage, CoverState
from domain.orders import Reason

NOW = datetime(2026, 11, 23, 9, 59, tzinfo=UTC)
Change = Callable[[Any], Any]


def cover(state: CoverState, reason: Reason | None = None, text: str = "") -> Coverage:
    return Coverage(
        1, "asha", 2, "ITC-EQ", 6, 6, state, NOW, NOW, reason, text, "", "11", Decimal(400), Decimal(0)
    )  # fmt: skip


def line(symbol: str, **changes: object) -> dict[str, Any]:
    sound = {"ucc": "A", "symbol": symbol, "held_at_start": 60, "bought": 0, "sold": 0, "sold_by_api": 0}
    return sound | {"max_live_api_sells": 1, "max_api_sell_shares": 10, "oversold": 0} | changes


def ordered(number: str, symbol: str, side: str, filled: int) -> dict[str, Any]:
    return {"ucc": "A", "symbol": symbol, "order": number, "tag": f"t{number}", "api": True, "side": side} | {
        "filled": filled
    }


def row(number: int, symbol: str, side: str, status: str, filled: int, position: int) -> dict[str, Any]:
    names = {"id": number, "symbol": symbol, "side": side, "status": status, "filled": filled}
    return names | {"broker_order_id": str(number), "tag": f"t{number}", "position_id": position, "reason": None}


def position(number: int, symbol: str, quantity: int, sold: int) -> dict[str, Any]:
    ended = {"closed_at": None, "exit_price": None} if quantity else {"closed_at": NOW, "exit_price": Decimal(400)}
    return {"id": number, "user_id": 2, "symbol": symbol, "quantity": quantity, "sold_quantity": sold} | ended


def sent(order: int, outcome: str = "accepted", generation: int = 1) -> dict[str, Any]:
    return {"order_id": order, "kind": "place", "outcome": outcome, "user_id": 2, "generation": generation}


@pytest.fixture
def sound() -> Evidence:
    """10 ITC of which 4 sold, 5 INFY bought today, 3 LT sold in full; the reply about ITC was lost."""
    ledger: dict[str, Any] = {
        "symbols": [
            line("ITC-EQ", sold=4, sold_by_api=4),
            line("INFY-EQ", bought=5, max_api_sell_shares=5),
            line("LT-EQ", sold=3, sold_by_api=3, max_api_sell_shares=3),
        ],
        "orders": [
            ordered("11", "ITC-EQ", "SELL", 4),
            ordered("12", "INFY-EQ", "BUY", 5),
            ordered("13", "INFY-EQ", "SELL", 0),
            ordered("14", "LT-EQ", "SELL", 3),
        ],
        "tags_refused": [],
        "totals": {"live_orders": 0},
    }
    return Evidence(
        ledger,
        {"A": 2},
        {("A", "ITC-EQ"): 10, ("A", "LT-EQ"): 3},
        [position(1, "ITC-EQ", 6, 4), position(2, "INFY-EQ", 5, 0), position(3, "LT-EQ", 0, 3)],
        [
            row(11, "ITC-EQ", "SELL", "LAPSED", 4, 1),
            row(12, "INFY-EQ", "BUY", "ONGOING", 5, 2),
            row(13, "INFY-EQ", "SELL", "LAPSED", 0, 2),
            row(14, "LT-EQ", "SELL", "EXECUTED", 3, 3),
        ],
        [sent(11, "found"), sent(12), sent(13), sent(14)],
        [cover(CoverState.PROTECTED), cover(CoverState.UNPROTECTED, Reason.PRICE_ABOVE_BAND, "too high")],
        (2, 1),
        0,
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


def last(*covered: Coverage) -> Callable[[Evidence], Evidence]:
    return lambda evidence: replace(evidence, last=covered)


BREAKS = {
    "TWICE": ledger(lambda book: book["symbols"][0].update(max_live_api_sells=2)),
    "OVERSOLD": ledger(lambda book: book["symbols"][0].update(oversold=3)),
    "UNSEEN": last(),
    "UNCOVERED": last(cover(CoverState.IN_DOUBT, Reason.STALE_BOOK, "not seen")),
    "UNKNOWN_ORDER": rows("orders", 2, broker_order_id=None),
    "FILLS_DIFFER": rows("orders", 0, filled=3),
    "NO_SUCH_ORDER": rows("orders", 3, broker_order_id="99"),
    "SHARES_DIFFER": rows("positions", 0, quantity=7),
    "SALES_DIFFER": ledger(lambda book: book["symbols"][0].update(sold=5)),
    "BADLY_CLOSED": rows("positions", 2, exit_price=None),
    "NOT_ADOPTED": rows("sends", 0, outcome="accepted"),
    "SENT_AGAIN": ledger(lambda book: book["orders"].append(ordered("15", "ITC-EQ", "SELL", 0) | {"tag": "t11"})),
    "NO_BUY": rows("orders", 1, side="SELL"),
    "BUY_LOST": rows("orders", 1, filled=4),
    "LEFT_LIVE": ledger(lambda book: book["totals"].update(live_orders=1)),
    "NOT_ENDED": rows("orders", 2, status="OPEN"),
    "NOT_LAPSED": rows("orders", 0, status="CANCELLED", reason="CANCELLED_BY_USER"),
    "NOT_RESTARTED": lambda evidence: replace(evidence, restarted=(2, 0)),
    "RESTART_SENT": rows("sends", 3, generation=2),
    "BAD_END": lambda evidence: replace(evidence, service_code=71),
}


def test_a_sound_day_breaks_nothing(sound: Evidence) -> None:
    assert broken(sound) == []
    assert (duplicates(sound), oversold(sound)) == (0, 0)


@pytest.mark.parametrize("name", BREAKS)
def test_each_broken_invariant_is_named(sound: Evidence, name: str) -> None:
    named = [sentence.partition(":")[0] for sentence in broken(BREAKS[name](sound))]
    assert name in named


def test_every_check_can_fail(sound: Evidence) -> None:
    heard = {check for check in CHECKS for change in BREAKS.values() if list(check(change(sound)))}
    assert heard == set(CHECKS)


def test_a_refused_tag_is_a_second_send(sound: Evidence) -> None:
    twice = ledger(lambda book: book["tags_refused"].append({"ucc": "A", "tag": "t11"}))(sound)
    assert broken(twice) == ["SENT_AGAIN: the broker refused tag t11 a second time"]


def test_the_owners_own_shares_are_not_ours_to_sell(sound: Evidence) -> None:
    """The account holds 60, the position 10: sells over 12 are oversold although the broker takes them."""
    greedy = ledger(lambda book: book["symbols"][0].update(max_api_sell_shares=12))(sound)
    assert oversold(greedy) == 2
    assert broken(greedy) == [
        "OVERSOLD: A ITC-EQ: our sells reached 12 shares, the position had 10; excess over the account 0"
    ]


def test_an_unprotected_position_without_words_is_not_explained(sound: Evidence) -> None:
    silent = last(cover(CoverState.UNPROTECTED, Reason.REJECTED, ""))(sound)
    assert [sentence.partition(":")[0] for sentence in broken(silent)] == ["UNCOVERED"]


def test_a_closed_market_is_no_reason_at_the_last_minute(sound: Evidence) -> None:
    late = last(cover(CoverState.UNPROTECTED, Reason.MARKET_CLOSED, "closed since 15:30"))(sound)
    assert [sentence.partition(":")[0] for sentence in broken(late)] == ["UNCOVERED"]


def test_a_day_that_stopped_half_way_is_judged_by_what_always_holds(sound: Evidence) -> None:
    half = BREAKS["NOT_ENDED"](BREAKS["TWICE"](sound))
    assert [sentence.partition(":")[0] for sentence in broken(half, whole=False)] == ["TWICE"]


def test_the_counts_add_up(sound: Evidence) -> None:
    counts = Outcome([], sound.last, sound, [], 1.0).counts
    assert counts == {
        "positions": 3,
        "protected": 1,
        "explained": 1,
        "sold": 1,
        "lapsed": 2,
        "duplicates": 0,
        "oversold": 0,
    }
    assert counts["positions"] == counts["protected"] + counts["explained"] + counts["sold"]
