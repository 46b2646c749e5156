"""What one row of the book means for one order, and what a whole book proves."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.account import Taken, ours_overnight, sold_of_ours
from domain.account_days import AccountDay
from domain.book import Book, OrderReport, ReportedState
from domain.figures import Look as HoldingsLook
from domain.figures import Yesterday, figure
from domain.fills import bought, sold
from domain.models import Order, Position, Send
from domain.orders import LIVE, Closed, OrderStatus, Reason, SendKind, SendOutcome, Side
from domain.reading import Outside, read_book
from domain.sightings import Look, sight
from domain.tags import is_ours, new_tag
from domain.transitions import allowed
from service.findings import worth

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
PREFIX = "NTEST"
TAG = new_tag(PREFIX)
SENT = Send(5, 1, SendKind.PLACE, 1, 1, Decimal(848), 10, NOW, NOW)
ORDER = Order(1, 2, Side.SELL, "IFBIND-EQ", OrderStatus.SUBMITTING, 10, Decimal(848), 7, tag=TAG)
ORDER = replace(ORDER, trading_day=TODAY, last_send=SENT)
ROW = OrderReport("11", TAG, "IFBIND-EQ", Side.SELL, 10, 0, Decimal(848), None, ReportedState.OPEN, "", {})
LOOK = Look(NOW + timedelta(seconds=1), False, 30)
LATE = Look(NOW + timedelta(seconds=31), False, 30)


def test_a_row_with_our_tag_is_adopted_and_ends_the_doubt():
    sighting = sight(ORDER, ROW, LOOK)
    assert (sighting.after.status, sighting.after.broker_order_id) == (OrderStatus.OPEN, "11")
    assert sighting.settled is SendOutcome.FOUND


@pytest.mark.parametrize("change", [{"symbol": "ITC-EQ"}, {"side": Side.BUY}, {"filled": 12}])
def test_a_row_that_cannot_be_ours_is_a_breach_each_time_and_news_once(change):
    sighting = sight(ORDER, replace(ROW, **change), LOOK)
    assert sighting.breach
    assert sighting.news
    assert sighting.shares == 0
    again = sight(sighting.after, replace(ROW, **change), LOOK)
    assert again.breach
    assert not again.news


def test_a_larger_order_than_ours_is_a_breach_that_hides_no_fill():
    sighting = sight(ORDER, replace(ROW, quantity=15, filled=12, average_price=Decimal(848)), LOOK)
    assert "quantity=15, ours=10" in sighting.breach
    assert (sighting.shares, sighting.after.quantity, sighting.after.status) == (12, 15, OrderStatus.OPEN)


def test_fills_are_absolute_and_counted_once():
    half = replace(ROW, filled=4, average_price=Decimal(849))
    first = sight(ORDER, half, LOOK)
    assert (first.shares, first.value) == (4, Decimal(849 * 4))
    again = sight(first.after, half, LOOK)
    assert (again.shares, again.value) == (0, 0)


@pytest.mark.parametrize(
    ("state", "look", "asked", "status", "reason"),
    [
        (ReportedState.CANCELLED, LOOK, False, OrderStatus.CANCELLED, Reason.CANCELLED_BY_USER),
        (ReportedState.CANCELLED, LOOK, True, OrderStatus.CANCELLED, Reason.CANCELLED_BY_US),
        (ReportedState.CANCELLED, Look(NOW, True, 30), False, OrderStatus.LAPSED, Reason.END_OF_DAY),
        (ReportedState.REJECTED, LOOK, False, OrderStatus.REJECTED, Reason.REJECTED),
    ],
)
def test_an_order_ends_by_whom_it_was_ended(state, look, asked, status, reason):
    resting = replace(ORDER, status=OrderStatus.OPEN, broker_order_id="11", cancel_asked=asked)
    after = sight(resting, replace(ROW, state=state), look).after
    assert (after.status, after.reason) == (status, reason)


def test_a_buy_that_ended_with_something_filled_is_ongoing():
    buy = replace(ORDER, side=Side.BUY, status=OrderStatus.OPEN, broker_order_id="11")
    row = replace(ROW, side=Side.BUY, filled=3, average_price=Decimal(840), state=ReportedState.CANCELLED)
    assert sight(buy, row, LOOK).after.status is OrderStatus.ONGOING
    assert sight(buy, replace(row, filled=0), LOOK).after.status is OrderStatus.CANCELLED


def test_a_cancel_that_did_not_take_may_be_asked_again_only_when_it_would_show():
    asked = replace(SENT, kind=SendKind.CANCEL, outcome=SendOutcome.UNKNOWN)
    leaving = replace(ORDER, status=OrderStatus.CANCELLING, broker_order_id="11", last_send=asked)
    assert sight(leaving, ROW, LOOK).after.status is OrderStatus.CANCELLING
    assert sight(leaving, ROW, LATE).after.status is OrderStatus.OPEN
    assert sight(leaving, ROW, LATE).settled is SendOutcome.ABSENT


def test_a_modify_in_doubt_is_settled_by_the_price_in_the_book():
    asked = replace(SENT, kind=SendKind.MODIFY, outcome=SendOutcome.UNKNOWN, price=Decimal(900))
    resting = replace(ORDER, status=OrderStatus.OPEN, broker_order_id="11", last_send=asked)
    took = sight(resting, replace(ROW, price=Decimal(900)), LOOK)
    assert (took.after.price, took.settled) == (Decimal(900), SendOutcome.FOUND)
    assert sight(resting, ROW, LOOK).settled is None
    assert sight(resting, ROW, LATE).settled is SendOutcome.ABSENT


states = st.sampled_from(ReportedState)
rows = st.builds(
    lambda filled, state, price: replace(ROW, filled=filled, state=state, average_price=price),
    st.integers(0, 12),
    states,
    st.none() | st.just(Decimal(850)),
)
known = st.builds(
    lambda status, filled, side: replace(
        ORDER, status=status, filled=filled, side=side, broker_order_id="11", execution_price=Decimal(848)
    ),
    st.sampled_from(sorted(LIVE)),
    st.integers(0, 10),
    st.sampled_from(Side),
)


@given(known, rows, st.sampled_from([LOOK, LATE]))
def test_fills_never_shrink_and_nothing_ends_without_the_brokers_word(order: Order, row: OrderReport, look: Look):
    after = sight(order, replace(row, side=order.side), look).after
    assert order.filled <= after.filled <= after.quantity
    if after.status not in LIVE:
        assert row.state in (ReportedState.COMPLETE, ReportedState.REJECTED, ReportedState.CANCELLED)
    if order.side is Side.BUY and after.status not in LIVE and after.filled:
        assert after.status is OrderStatus.ONGOING


def read(*rows: OrderReport, orders: tuple[Order, ...] = (ORDER,), malformed: int = 0):
    return read_book(Book(0, NOW, rows, malformed), orders, TODAY, PREFIX)


def test_the_tag_matches_also_with_what_the_broker_appends():
    assert read(replace(ROW, tag=TAG + "-1764835123")).matched[0][0] is ORDER
    assert read(replace(ROW, tag=TAG + "X")).matched == ()


def test_a_read_proves_absence_only_when_every_known_number_is_there_and_nothing_shrank():
    resting = replace(ORDER, id=2, tag=new_tag(PREFIX), status=OrderStatus.OPEN, broker_order_id="99", filled=3)
    there = replace(ROW, broker_order_id="99", tag="x", filled=3)
    orders = (ORDER, resting)
    assert read(there, orders=orders).complete
    assert read(there, orders=orders).missing == (ORDER,)
    assert not read(orders=orders).complete
    assert not read(replace(there, filled=2), orders=orders).complete
    assert not read(there, orders=orders, malformed=1).complete


def test_a_row_with_our_prefix_and_no_order_of_ours_is_an_orphan_unless_it_ended_empty():
    stranger = replace(ROW, broker_order_id="77", tag=new_tag(PREFIX))
    assert read(stranger, orders=()).orphans == {"IFBIND-EQ": 0}
    assert read(replace(stranger, state=ReportedState.REJECTED), orders=()).orphans == {}
    assert read(replace(stranger, tag="NEOAPP-1"), orders=()).orphans == {}


def test_what_others_traded_is_summed_by_symbol_and_side():
    mine = replace(ROW, broker_order_id="5", tag="NEOAPP-1", filled=4, average_price=Decimal(830))
    theirs = replace(mine, broker_order_id="6", side=Side.BUY, filled=2)
    assert read(mine, theirs, orders=()).outside == {"IFBIND-EQ": Outside(2, 4, Decimal(3320))}


@pytest.mark.parametrize(
    ("total", "overnight", "noted", "bought_now", "sold_now", "removed", "ours"),
    [
        (10, 10, 0, 0, 4, 0, 4),
        (20, 10, 0, 0, 4, 0, 0),
        (13, 10, 0, 0, 4, 0, 1),
        (13, 10, 0, 0, 4, 1, 0),
        (10, 10, 0, 4, 4, 0, 0),
        (10, 10, 4, 4, 4, 0, 4),
        (5, 10, 0, 0, 2, 0, 2),
        (10, 20, 0, 10, 10, 0, 10),
    ],
)
def test_the_owners_own_shares_are_consumed_first(total, overnight, noted, bought_now, sold_now, removed, ours):
    day = AccountDay("IFBIND-EQ", total, noted, removed)
    assert sold_of_ours(day, Outside(bought_now, sold_now, Decimal(0)), overnight) == ours


def test_what_was_ours_overnight_follows_from_now_and_today():
    done = replace(ORDER, status=OrderStatus.EXECUTED, filled=4)
    buy = replace(ORDER, side=Side.BUY, status=OrderStatus.ONGOING, filled=7)
    other = replace(done, symbol="ITC-EQ")
    old = replace(done, trading_day=TODAY - timedelta(days=3))
    assert ours_overnight(10, "IFBIND-EQ", TODAY, (done, buy, other, old), removed=2) == 10 + 4 + 2 - 7


@pytest.mark.parametrize(
    ("holding", "bought_out", "sold_out", "overnight", "total"),
    [
        (35, 0, 0, 10, 35),
        (5, 0, 0, 10, None),
        (0, 0, 0, 10, None),
        (35, 0, 25, 10, 35),
        (10, 0, 25, 10, 35),
        (10, 0, 4, 10, 10),
        (10, 0, 4, 6, 10),
        (0, 8, 0, 8, 8),
    ],
)
def test_the_days_figure_is_noted_unless_it_contradicts_the_rows(holding, bought_out, sold_out, overnight, total):
    outside = Outside(bought_out, sold_out, Decimal(sold_out))
    noted = figure(HoldingsLook("IFBIND-EQ", holding, holding, outside, Taken(), overnight, Yesterday()))
    assert (noted.total if noted else None) == total


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 2000)), min_size=1, max_size=6))
def test_a_position_sold_in_parts_closes_at_the_average_received(parts):
    total = sum(shares for shares, _ in parts)
    position = Position(1, 2, "IFBIND-EQ", total, Decimal(800), NOW)
    for shares, price in parts:
        assert position.open
        position = sold(position, shares, Decimal(shares * price), NOW, Closed.SOLD)
    received = sum(Decimal(shares * price) for shares, price in parts)
    assert not position.open
    assert abs(position.exit_price - received / total) < Decimal("0.0001")


def test_more_shares_at_another_price_move_the_average():
    position = bought(Position(1, 2, "IFBIND-EQ", 10, Decimal(800), NOW), 30, Decimal(30 * 840))
    assert (position.quantity, position.avg_price) == (40, Decimal(830))


@given(st.from_regex(r"[A-Z][A-Z0-9]{4}", fullmatch=True).filter(lambda prefix: prefix != "OTHER"))
def test_tags_are_short_and_recognised(prefix: str):
    tag = new_tag(prefix)
    assert len(tag) <= 20
    assert tag.isalnum()
    assert is_ours(tag, prefix)
    assert is_ours(tag + "-1764835123", prefix)
    assert not is_ours("OTHER" + tag[5:], prefix)


ANY_STATE = st.sampled_from(sorted(set(OrderStatus) - {OrderStatus.REQUESTED}))


@given(known, ANY_STATE, rows, st.sampled_from([LOOK, LATE, replace(LATE, market_closed=True)]))
def test_whatever_a_row_says_it_makes_an_order_take_a_known_step(order, status, row, look):
    wrong = OrderStatus.EXECUTED if order.side is Side.BUY else OrderStatus.ONGOING
    whole = order.quantity if status is OrderStatus.EXECUTED else order.filled
    order, row = replace(order, status=status, filled=whole), replace(row, side=order.side)
    if status is wrong or (order.side is Side.SELL and status is OrderStatus.CLOSED) or not worth(order, row):
        return
    after = sight(order, row, look).after
    assert allowed(order.side, order.status, after.status), (order.status, after.status)
    assert after.filled >= order.filled


def test_a_price_that_no_send_of_ours_can_have_made_is_the_owners():
    resting = replace(ORDER, status=OrderStatus.OPEN, broker_order_id="11")
    moved = replace(ROW, price=Decimal(830))
    assert sight(resting, moved, LOOK).after.changed_by_owner
    assert not sight(replace(resting, price_moved=True), moved, LOOK).after.changed_by_owner
    assert sight(resting, moved, LOOK).after.price == 830


def test_an_end_within_the_closing_auction_is_a_lapse():
    resting = replace(ORDER, status=OrderStatus.OPEN, broker_order_id="11")
    gone = replace(ROW, state=ReportedState.CANCELLED)
    frozen = replace(LOOK, in_auction=frozenset({"IFBIND-EQ"}))
    assert sight(resting, gone, frozen).after.reason is Reason.CLOSING_AUCTION
    assert sight(resting, gone, LOOK).after.reason is Reason.CANCELLED_BY_USER
