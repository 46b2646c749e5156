"""What a morning's holdings prove, and what a person's word may make of an order."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.account import Taken, free_to_sell, taken_by_us
from domain.account_days import PreviousDay
from domain.book import Holding
from domain.models import Order, Position, Send, Settlement
from domain.orders import LIVE, OrderStatus, Reason, SendKind, SendOutcome, Side
from domain.overnight import Morning, ended_by_holdings, unexplained
from domain.reading import Outside
from domain.rejections import Kind, kind_of
from domain.settling import settle
from domain.transitions import allowed

NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)
MONDAY, TODAY = date(2026, 11, 23), date(2026, 11, 25)
POSITION = Position(7, 2, "IFBIND-EQ", 10, Decimal(800), NOW)
SENT = Send(3, 1, SendKind.PLACE, 1, 1, Decimal(848), 10, NOW - timedelta(days=2), NOW, SendOutcome.ACCEPTED)
LIVE_MONDAY = Order(
    1, 2, Side.SELL, "IFBIND-EQ", OrderStatus.OPEN, 10, Decimal(848), 7,
    tag="T1", broker_order_id="2511", trading_day=MONDAY, last_send=SENT,
)  # fmt: skip
BEFORE = PreviousDay("IFBIND-EQ", MONDAY, 10, 0, 0, 0, 0, 0, 0, Decimal(800), confirmed=True, final=True)


def morning(shares: int, sellable: int | None = None, *, sold: int = 0, follows: bool = True) -> Morning:
    held = Holding("IFBIND", "1485", shares, shares if sellable is None else sellable, Decimal(800))
    return Morning("IFBIND-EQ", held, 10, sold, follows)


@pytest.mark.parametrize(
    ("before", "shown", "explained"),
    [
        (BEFORE, 10, True),
        (BEFORE, 20, False),
        (BEFORE, 5, False),
        (replace(BEFORE, bought=7), 17, True),
        (replace(BEFORE, bought=7), 10, True),
        (replace(BEFORE, sold=4, sold_by_us=4), 6, True),
        (replace(BEFORE, sold=4, sold_by_us=4), 10, True),
        (replace(BEFORE, sold=4, sold_by_us=4), 12, False),
        (replace(BEFORE, outside_bought=5, bought=5), 10, True),
    ],
)
def test_only_what_was_traded_explains_a_change(before: PreviousDay, shown: int, explained: bool):
    assert (unexplained(before, morning(shown)) is None) is explained


def test_after_days_without_a_figure_only_missing_shares_of_ours_are_strange():
    assert unexplained(BEFORE, morning(50, follows=False)) is None
    assert "holdings=4, expected=10" in (unexplained(BEFORE, morning(4, follows=False)) or "")


@pytest.mark.parametrize(("shown", "status", "filled"), [(10, "LAPSED", 0), (6, "LAPSED", 4), (0, "EXECUTED", 10)])
def test_the_shares_that_are_left_tell_how_an_order_ended(shown: int, status: str, filled: int):
    ended = ended_by_holdings(LIVE_MONDAY, POSITION, BEFORE, morning(shown))
    assert ended is not None
    assert (ended.after.status, ended.after.filled, ended.shares) == (status, filled, filled)
    assert ended.after.reason is Reason.SETTLED


@pytest.mark.parametrize(
    ("before", "held"),
    [
        (replace(BEFORE, total=15), morning(15)),
        (replace(BEFORE, bought=3), morning(13)),
        (replace(BEFORE, sold=2), morning(8)),
        (BEFORE, morning(10, sellable=6)),
        (BEFORE, morning(12)),
        (BEFORE, morning(10, sold=1)),
        (BEFORE, morning(10, follows=False)),
        (replace(BEFORE, day=MONDAY - timedelta(days=3)), morning(10)),
    ],
)
def test_where_two_stories_fit_nothing_is_settled(before: PreviousDay, held: Morning):
    assert ended_by_holdings(LIVE_MONDAY, POSITION, before, held) is None


@given(
    st.integers(0, 100),
    st.integers(0, 100),
    st.integers(0, 100),
    st.integers(0, 100),
    st.integers(0, 100),
    st.booleans(),
)
def test_free_shares_are_never_more_than_the_account_can_deliver(sellable, bought, sold, outside_sold, resting, t2t):
    ours = Taken(bought, sold)
    free = free_to_sell(sellable, ours, Outside(sold=outside_sold), resting, t2t)
    assert 0 <= free <= sellable + (0 if t2t else bought)
    assert free == 0 or free + sold + outside_sold + resting <= sellable + (0 if t2t else bought)


def test_our_own_orders_are_counted_by_what_they_did_today():
    today = replace(LIVE_MONDAY, id=2, trading_day=TODAY, filled=3, position_id=8)
    buy = replace(LIVE_MONDAY, id=3, side=Side.BUY, status=OrderStatus.ONGOING, trading_day=TODAY, filled=5)
    taken = taken_by_us([LIVE_MONDAY, today, buy], TODAY)["IFBIND-EQ"]
    assert (taken.bought, taken.sold) == (5, 3)
    assert (taken.leaving({7}), taken.leaving({7, 8})) == (7, 0)
    assert taken.shared(17, {7: 10, 8: 10}) == {7: 10, 8: 7}
    assert Taken(resting={8: 10}).shared(15, {7: 10, 8: 10}) == {7: 5, 8: 10}
    assert Taken().shared(15, {7: 10, 8: 10}) == {7: 10, 8: 5}


words = st.builds(
    lambda verdict, number, filled: Settlement(
        1,
        1,
        verdict,
        "because",
        "asha",
        number if verdict == "placed" else None,
        filled if verdict == "placed" else None,
    ),
    st.sampled_from(["placed", "not-placed"]),
    st.sampled_from(["2511", "9"]),
    st.none() | st.integers(0, 12),
)


@st.composite
def live_orders(draw):
    side, status = draw(st.sampled_from(Side)), draw(st.sampled_from(OrderStatus))
    return replace(
        LIVE_MONDAY,
        side=side,
        status=status,
        filled=draw(st.integers(0, 10)),
        broker_order_id=draw(st.sampled_from([None, "2511"])),
        trading_day=draw(st.sampled_from([MONDAY, TODAY])),
        last_send=draw(st.sampled_from([None, SENT, replace(SENT, send_by=NOW, outcome=SendOutcome.UNKNOWN)])),
    )


@given(live_orders(), words)
def test_a_word_makes_only_what_may_be_of_an_order_and_is_always_answered(order: Order, word: Settlement):
    settled = settle(order, word, TODAY, NOW, 30)
    assert settled.text
    if settled.sighting is None:
        assert settled.text.startswith("refused: ")
        return
    before, after = settled.sighting.before, settled.sighting.after
    assert before.status in LIVE
    assert allowed(before.side, before.status, after.status)
    assert before.filled <= after.filled <= after.quantity
    assert settled.sighting.shares == after.filled - before.filled
    if word.verdict == "not-placed":
        assert before.broker_order_id is None
        assert before.last_send is not None
        assert before.last_send.send_by + timedelta(seconds=30) <= NOW


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("RMS:Rule: Check T1 holdings including TT/BE/Z/T/TS ,No Holdings Present for entity", Kind.RETRYABLE),
        ("OMS: Trading session is in   Transition to CAS session", Kind.NOT_TODAY),
        ("RMS:Margin Exceeds,Cash Available:1.61", Kind.HUMAN),
        ("100008: unauthorized", Kind.HUMAN),
        ("ADAPTER is down", Kind.RETRYABLE),
        ("nobody has seen this", Kind.RETRYABLE),
        (None, Kind.RETRYABLE),
    ],
)
def test_words_of_refusal_have_one_meaning(text: str | None, kind: Kind):
    assert kind_of(text) is kind
