"""What should rest for a position, rule by rule, and what may never be decided whatever the rows say."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.book import Instrument
from domain.market import Phase
from domain.models import Exit, Order, Position, Send
from domain.orders import LIVE, OrderStatus, OwnerPolicy, Reason, SendKind, SendOutcome, Side
from domain.plan import plan_sell
from domain.steps import Abandon, Cancel, Circumstances, Hold, Modify, Place, Resend, Wait
from domain.users import User

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
USER = User(2, "asha", "kotak_neo", True, False, 1, {"target_percent": 6})
IFB = Instrument(
    "IFBIND-EQ", "1485", "IFBIND", "EQ", "INE559A01017", Decimal("0.05"), 1, 1000, Decimal("660.35"), Decimal("990.45")
)
POSITION = Position(7, 2, "IFBIND-EQ", 10, Decimal("800"), NOW)
OPEN = Circumstances(USER, Phase.OPEN, TODAY, NOW)
TARGET = Decimal("848.00")
BAD_RULES = [{}, {"target_percent": "six"}, {"target_percent": -1}, {"a": 1}, {"target_price": True}]
SENT = Send(1, 1, SendKind.PLACE, 1, 1, TARGET, 10, NOW + timedelta(seconds=5), NOW)
RESTING = Order(
    1, 2, Side.SELL, "IFBIND-EQ", OrderStatus.OPEN, 10, TARGET, 7, tag="T", broker_order_id="1", trading_day=TODAY,
    last_send=replace(SENT, outcome=SendOutcome.ACCEPTED), status_at=NOW,
)  # fmt: skip

OLD = replace(RESTING, trading_day=TODAY - timedelta(days=1))


def step(position: Position = POSITION, *orders: Order, now: Circumstances = OPEN, instrument: Instrument | None = IFB):
    return plan_sell(position, instrument, orders, now)


def unsent(outcome: SendOutcome | None, doubted: bool = False) -> Order:
    send = replace(SENT, outcome=outcome)
    return replace(RESTING, status=OrderStatus.SUBMITTING, broker_order_id=None, last_send=send, doubted=doubted)


def test_an_open_position_without_an_order_gets_one_for_all_its_shares():
    assert step() == Place(POSITION, "IFBIND-EQ", 10, TARGET)


def test_a_position_whose_order_rests_as_it_should_is_left_alone():
    assert step(POSITION, RESTING) == Wait()


def test_the_rule_of_the_position_beats_the_rule_of_the_user():
    own = replace(POSITION, exit_rule={"target_price": 815.52})
    assert step(own).price == Decimal("815.55")


@pytest.mark.parametrize("rule", BAD_RULES)
def test_a_rule_that_makes_no_sense_holds_that_position(rule):
    assert step(replace(POSITION, exit_rule=rule)).reason is Reason.BAD_RULE


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"phase": Phase.BEFORE}, Reason.MARKET_CLOSED),
        ({"phase": Phase.AFTER}, Reason.MARKET_CLOSED),
        ({"halted": "stop"}, Reason.HALTED),
        ({"orphans": frozenset({"IFBIND-EQ"})}, Reason.ORPHAN_ORDER),
        ({"unsettled_sales": frozenset({"IFBIND-EQ"})}, Reason.MANUAL_SALE),
    ],
)
def test_nothing_is_placed_when(change, reason):
    assert step(now=replace(OPEN, **change)).reason is reason


def test_a_price_above_the_band_is_held_with_both_numbers_and_never_capped():
    held = step(replace(POSITION, exit_rule={"target_percent": 60}))
    assert held.reason is Reason.PRICE_ABOVE_BAND
    assert "1280.00" in held.text
    assert "990.45" in held.text


def test_an_order_below_a_rule_that_cannot_be_placed_today_is_taken_back():
    dearer = replace(POSITION, exit_rule={"target_percent": 60})
    assert isinstance(step(dearer, RESTING), Cancel)
    cheaper = replace(POSITION, exit_rule={"target_price": 500})
    assert step(cheaper, RESTING).reason is Reason.PRICE_BELOW_BAND
    assert step(replace(POSITION, exit_rule={"nonsense": 1}), RESTING) == Wait(
        Reason.BAD_RULE, step(replace(POSITION, exit_rule={"nonsense": 1})).text
    )


def test_above_the_freeze_quantity_one_piece_rests_and_says_so():
    placed = step(replace(POSITION, quantity=2500))
    assert (placed.quantity, placed.reason) == (1000, Reason.FREEZE_QUANTITY)
    resting = replace(RESTING, quantity=1000, filled=400)
    assert step(replace(POSITION, quantity=2100), resting).reason is Reason.FREEZE_QUANTITY


def test_more_shares_than_rest_are_covered_by_replacing_the_order():
    assert isinstance(step(replace(POSITION, quantity=15), RESTING), Cancel)


def test_fewer_shares_than_rest_cancel_the_order_even_while_halted():
    smaller = replace(POSITION, quantity=4)
    assert isinstance(step(smaller, RESTING, now=replace(OPEN, halted="stop")), Cancel)


def test_a_closed_position_cancels_what_still_rests():
    assert isinstance(step(replace(POSITION, closed_at=NOW), RESTING), Cancel)


def test_another_price_is_a_modify_while_nothing_is_filled_and_a_replacement_afterwards():
    dearer = replace(POSITION, exit_rule={"target_price": 900})
    assert step(dearer, RESTING) == Modify(RESTING, Decimal("900.00"))
    assert isinstance(step(replace(dearer, quantity=6), replace(RESTING, filled=4)), Cancel)


def test_an_order_whose_modify_did_not_take_is_replaced():
    tried = replace(SENT, kind=SendKind.MODIFY, price=Decimal(900), outcome=SendOutcome.ABSENT)
    dearer = replace(POSITION, exit_rule={"target_price": 900})
    assert isinstance(step(dearer, replace(RESTING, last_send=tried)), Cancel)


@pytest.mark.parametrize("outcome", [None, SendOutcome.UNKNOWN, SendOutcome.ACCEPTED, SendOutcome.FOUND])
def test_a_send_without_a_definite_no_is_waited_for(outcome):
    assert step(POSITION, unsent(outcome)) == Wait()


def test_what_was_not_sent_is_sent_again_under_its_tag_or_given_up_when_something_moved():
    order = unsent(SendOutcome.NOT_SENT)
    assert step(POSITION, order) == Resend(order, 10, TARGET)
    assert isinstance(step(replace(POSITION, quantity=4), order), Abandon)


def test_an_order_once_in_doubt_keeps_its_tag_and_never_grows():
    order = unsent(SendOutcome.ABSENT, doubted=True)
    assert step(replace(POSITION, quantity=4), order) == Resend(order, 4, TARGET)
    assert step(replace(POSITION, quantity=40), order) == Resend(order, 10, TARGET)
    assert step(POSITION, order, now=replace(OPEN, halted="stop")) == Hold(Reason.HALTED, "stop")
    again = unsent(SendOutcome.NOT_SENT, doubted=True)
    assert step(replace(POSITION, quantity=4), again) == Resend(again, 4, TARGET)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"orphans": frozenset({"IFBIND-EQ"})}, Reason.ORPHAN_ORDER),
        ({"unsettled_sales": frozenset({"IFBIND-EQ"})}, Reason.MANUAL_SALE),
        ({"leaving": {"IFBIND-EQ": RESTING}}, Reason.REPLACING),
        (
            {"leaving": {"IFBIND-EQ": replace(RESTING, trading_day=TODAY - timedelta(days=1))}},
            Reason.UNSETTLED_YESTERDAY,
        ),
    ],
)
def test_what_stops_a_new_order_stops_a_second_send_as_well(change, reason):
    assert step(now=replace(OPEN, **change)).reason is reason
    doubted = unsent(SendOutcome.ABSENT, doubted=True)
    assert step(POSITION, doubted, now=replace(OPEN, **change)).reason is reason
    assert isinstance(step(POSITION, unsent(SendOutcome.NOT_SENT), now=replace(OPEN, **change)), Abandon)


def test_a_refused_second_send_does_not_free_a_tag_that_may_still_arrive():
    assert step(POSITION, unsent(SendOutcome.REFUSED, doubted=True)).reason is Reason.UNKNOWN_SEND


def test_a_cancel_that_never_takes_becomes_a_reason():
    asked = replace(SENT, kind=SendKind.CANCEL, attempt=3, outcome=SendOutcome.ABSENT)
    leaving = replace(RESTING, status=OrderStatus.CANCELLING, last_send=asked)
    assert step(replace(POSITION, quantity=5), leaving).reason is Reason.CANCEL_REFUSED


def test_an_enlarged_position_keeps_its_smaller_order_while_nothing_new_may_be_placed():
    larger = replace(POSITION, quantity=15)
    assert isinstance(step(larger, RESTING), Cancel)
    for change in ({"orphans": frozenset({"IFBIND-EQ"})}, {"unsettled_sales": frozenset({"IFBIND-EQ"})}):
        assert isinstance(step(larger, RESTING, now=replace(OPEN, **change)), Wait)


def test_an_order_of_yesterday_without_an_end_blocks_its_position():
    old = replace(RESTING, trading_day=TODAY - timedelta(days=3))
    assert step(POSITION, old).reason is Reason.UNSETTLED_YESTERDAY
    assert (
        step(POSITION, replace(unsent(None), trading_day=TODAY - timedelta(days=3))).reason
        is Reason.UNSETTLED_YESTERDAY
    )


def test_an_order_that_the_owner_cancelled_is_respected_for_the_day():
    gone = replace(RESTING, status=OrderStatus.CANCELLED, reason=Reason.CANCELLED_BY_USER)
    assert step(POSITION, gone).reason is Reason.CANCELLED_BY_USER
    assert isinstance(step(POSITION, replace(gone, trading_day=TODAY - timedelta(days=1))), Place)


def test_rejections_are_tried_again_later_and_only_three_times():
    no = replace(RESTING, status=OrderStatus.REJECTED, reason=Reason.REJECTED, reason_text="RMS: no")
    assert step(POSITION, no).reason is Reason.RETRYING
    assert isinstance(step(POSITION, no, now=replace(OPEN, at=NOW + timedelta(seconds=31))), Place)
    held = step(POSITION, no, no, no, now=replace(OPEN, at=NOW + timedelta(hours=1)))
    assert held.reason is Reason.REJECTED
    assert "RMS: no" in held.text


def test_a_breached_position_stays_as_it_is():
    broken = replace(POSITION, reason=Reason.BREACHED, reason_text="sold=12, held=10")
    assert step(broken) == Hold(Reason.BREACHED, "sold=12, held=10")
    assert step(replace(broken, exit_rule={"target_price": 900}), RESTING) == Wait()


def test_an_unknown_symbol_is_named():
    assert "IFBIND-EQ" in step(instrument=None).text


positions = st.builds(
    lambda quantity, closed, rule: replace(
        POSITION, quantity=quantity, closed_at=NOW if closed else None, exit_rule=rule
    ),
    st.integers(1, 3000),
    st.booleans(),
    st.sampled_from([None, {"target_percent": 3}, {"target_price": 900}, {"nonsense": 1}, {"target_percent": 90}]),
)
sends = st.builds(
    lambda kind, outcome, price: replace(SENT, kind=kind, outcome=outcome, price=price),
    st.sampled_from(SendKind),
    st.none() | st.sampled_from(SendOutcome),
    st.sampled_from([TARGET, Decimal(900)]),
)


@st.composite
def orders(draw):
    quantity = draw(st.integers(1, 3000))
    status = draw(
        st.sampled_from([s for s in OrderStatus if s in LIVE or s.value in ("REJECTED", "CANCELLED", "LAPSED")])
    )
    return replace(
        RESTING,
        status=status,
        quantity=quantity,
        filled=draw(st.integers(0, quantity)),
        last_send=draw(sends),
        doubted=draw(st.booleans()),
        reason=draw(st.sampled_from([None, Reason.CANCELLED_BY_USER, Reason.REJECTED, Reason.CLOSING_AUCTION])),
        changed_by_owner=draw(st.booleans()),
        trading_day=draw(st.sampled_from([TODAY, TODAY - timedelta(days=1)])),
    )


WISH = Exit(1, POSITION.id, Decimal(1), NOW, price=Decimal("790.10"), priced_on=TODAY)
circumstances = st.builds(
    lambda phase, halted, cancels, free, exits, policy: replace(
        OPEN,
        phase=phase,
        halted=halted,
        halt_cancels=cancels,
        free={} if free is None else {POSITION.id: free},
        exits=exits,
        user=replace(OPEN.user, owner_policy=policy),
    ),
    st.sampled_from(Phase),
    st.sampled_from([None, "x"]),
    st.booleans(),
    st.none() | st.integers(0, 3000),
    st.sampled_from([{}, {POSITION.id: WISH}, {POSITION.id: replace(WISH, price=None)}]),
    st.sampled_from(OwnerPolicy),
)


@given(positions, st.lists(orders(), max_size=4), circumstances)
def test_whatever_the_rows_say_no_second_sell_and_never_more_than_is_held(position, rows, now):
    decided = plan_sell(position, IFB, tuple(rows), now)
    live = [order for order in rows if order.status in LIVE]
    if isinstance(decided, Place):
        assert not live
        assert position.open
        assert decided.quantity <= min(position.quantity, now.free.get(position.id, position.quantity))
        assert now.phase is Phase.OPEN
        assert now.halted is None
    if isinstance(decided, Resend):
        assert decided.order is live[0]
        free = now.free.get(position.id, position.quantity)
        assert decided.quantity <= min(position.quantity, decided.order.quantity, free)
        assert decided.order.last_send.outcome in (SendOutcome.NOT_SENT, SendOutcome.ABSENT)
    if isinstance(decided, Abandon):
        assert not decided.order.doubted
    if isinstance(decided, Modify):
        assert decided.order.filled == 0
        assert decided.order.status is OrderStatus.OPEN


def test_before_the_bell_a_position_tells_what_will_keep_it_from_its_order():
    early = replace(OPEN, phase=Phase.BEFORE)
    assert step(now=early).reason is Reason.MARKET_CLOSED
    assert step(instrument=None, now=early).reason is Reason.UNKNOWN_SYMBOL
    assert step(now=replace(early, halted="audit")).reason is Reason.HALTED
    assert step(instrument=None, now=replace(OPEN, phase=Phase.AFTER)).reason is Reason.MARKET_CLOSED


def test_a_change_that_waits_under_a_halt_is_told_and_a_sound_order_is_silent():
    halted = replace(OPEN, halted="audit")
    assert step(POSITION, RESTING, now=halted) == Wait()
    dearer = replace(POSITION, exit_rule={"target_price": 900})
    assert step(dearer, RESTING, now=halted).reason is Reason.HALTED
