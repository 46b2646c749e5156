"""Each rule of coverage by its sentence, and that every combination of rows is exactly one state with a reason."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.coverage import Coverage, CoverState, total
from domain.covering import cover
from domain.market import ExchangeCalendar, NoTrading
from domain.models import Order, Position, Send
from domain.opening import opening
from domain.orders import LIVE, OrderStatus, Reason, SendKind, SendOutcome, Side
from domain.reasons import ADVICE, advice
from domain.tenancy import TenantState
from domain.vantage import Moment, Service, Tempo

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
DAY = date(2026, 11, 23)
POSITION = Position(7, 2, "IFBIND-EQ", 10, Decimal("401.20"), NOW - timedelta(days=3))
ORDER = Order(
    12,
    2,
    Side.SELL,
    "IFBIND-EQ",
    OrderStatus.OPEN,
    10,
    Decimal("425.30"),
    position_id=7,
    tag="AB12C0000000000001",
    broker_order_id="2611230000012",
    trading_day=DAY,
    status_at=NOW - timedelta(minutes=5),
    seen_at=NOW - timedelta(seconds=4),
)
SERVICE = Service("asha", True, True, TenantState.TRADING, "", NOW, NOW - timedelta(seconds=4))
OPEN = Moment(NOW, ExchangeCalendar().session(NOW))
CLOSED = Moment(NOW, NoTrading(DAY, "Sunday"), "closed: Sunday; opens Mon 23 Nov 2026 09:15:00 IST")


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def sent(outcome: SendOutcome | None, send_by: datetime = NOW, text: str | None = None) -> Order:
    """The order in SUBMITTING, with this answer."""
    send = Send(3, 12, SendKind.PLACE, 1, 4, ORDER.price, 10, send_by, send_by, outcome, None, text)
    doubted = outcome is not SendOutcome.NOT_SENT
    return replace(ORDER, status=OrderStatus.SUBMITTING, last_send=send, doubted=doubted, broker_order_id=None)


def says(reason: str, text: str = "") -> Position:
    """The position that gives a reason."""
    return replace(POSITION, reason=reason, reason_text=text, reason_at=ago(60))


def state(covered: Coverage) -> tuple[CoverState, Reason | None]:
    return covered.state, covered.reason


def test_an_order_for_all_shares_seen_lately_protects() -> None:
    covered = cover(POSITION, ORDER, SERVICE, OPEN)
    assert state(covered) == (CoverState.PROTECTED, None)
    assert (covered.resting, covered.value, covered.advice) == (10, 0, "")
    assert covered.since == ORDER.status_at


def test_what_counts_is_the_remainder_of_a_partly_filled_order() -> None:
    """Catches: comparing with the order's original quantity."""
    order = replace(ORDER, filled=2)
    assert cover(replace(POSITION, quantity=8), order, SERVICE, OPEN).state is CoverState.PROTECTED
    assert state(cover(POSITION, order, SERVICE, OPEN)) == (CoverState.UNPROTECTED, Reason.PARTLY_COVERED)


@pytest.mark.parametrize(("seconds", "expected"), [(17, CoverState.PROTECTED), (17.1, CoverState.IN_DOUBT)])
def test_a_sighting_is_believed_for_three_cycles(seconds: float, expected: CoverState) -> None:
    """Catches: believing the last known book of a tenant that is down."""
    covered = cover(POSITION, replace(ORDER, seen_at=ago(seconds)), SERVICE, OPEN)
    assert covered.state is expected
    assert (covered.value == 0) == (expected is CoverState.PROTECTED)


def test_a_stale_book_says_since_when() -> None:
    covered = cover(POSITION, replace(ORDER, seen_at=ago(60)), replace(SERVICE, alive=False), OPEN)
    assert state(covered) == (CoverState.IN_DOUBT, Reason.STALE_BOOK)
    assert covered.since == ago(60)
    assert "10:29:00 IST" in covered.text


def test_a_closed_market_comes_before_everything_and_says_when_it_opens() -> None:
    covered = cover(says("BREACHED", "held=3, resting=5"), ORDER, SERVICE, CLOSED)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.BREACHED)
    assert not covered.alarming
    assert "opens Mon 23 Nov" in covered.text
    assert "held=3, resting=5" in covered.text
    assert not covered.alarming


@pytest.mark.parametrize("service", [replace(SERVICE, enabled=False), replace(SERVICE, alive=False)])
@pytest.mark.parametrize("order", [None, sent(SendOutcome.NOT_SENT)])
def test_nobody_serves_and_nothing_can_rest(service: Service, order: Order | None) -> None:
    covered = cover(says("REJECTED", "old"), order, service, OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.NOT_SERVED)
    assert covered.alarming
    assert covered.value == Decimal("4012.00")


def test_a_breach_is_not_hidden_by_an_order_that_rests() -> None:
    covered = cover(says("BREACHED", "held=3, resting=5"), ORDER, SERVICE, OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.BREACHED)
    assert covered.text == "held=3, resting=5"


def test_an_unanswered_send_is_under_way_until_patience_ends() -> None:
    assert state(cover(POSITION, sent(None, ago(15)), SERVICE, OPEN)) == (CoverState.PLACING, None)
    late = cover(POSITION, sent(None, ago(15.1)), SERVICE, OPEN)
    assert state(late) == (CoverState.IN_DOUBT, Reason.UNKNOWN_SEND)
    assert late.since == ago(15.1)
    assert "next look at the order book: every 5 s" in late.text


@pytest.mark.parametrize("outcome", [SendOutcome.UNKNOWN, SendOutcome.ABSENT, SendOutcome.ACCEPTED])
def test_an_answer_that_proves_nothing_is_doubt(outcome: SendOutcome) -> None:
    covered = cover(POSITION, sent(outcome, text="timed out"), SERVICE, OPEN)
    assert state(covered) == (CoverState.IN_DOUBT, Reason.UNKNOWN_SEND)
    assert "timed out" in covered.text
    assert covered.value == Decimal("4012.00")


def test_what_was_not_sent_is_placed_again() -> None:
    assert cover(POSITION, sent(SendOutcome.NOT_SENT, text="429"), SERVICE, OPEN).state is CoverState.PLACING


def test_what_was_not_sent_by_a_tenant_that_is_down_stays_unsent() -> None:
    """Catches: PLACING for ever."""
    down = replace(SERVICE, state=TenantState.FAILED, text="fell 6 times")
    covered = cover(POSITION, sent(SendOutcome.NOT_SENT), down, OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.TENANT_DOWN)


def test_not_sent_after_an_unknown_send_is_still_doubt() -> None:
    order = replace(sent(SendOutcome.NOT_SENT), doubted=True)
    unserved = cover(POSITION, order, replace(SERVICE, alive=False), OPEN)
    assert state(unserved) == (CoverState.IN_DOUBT, Reason.UNKNOWN_SEND)


def test_an_accepted_order_has_time_to_show_in_the_book() -> None:
    order = replace(ORDER, status=OrderStatus.ACCEPTED, seen_at=None)
    assert cover(POSITION, replace(order, status_at=ago(35)), SERVICE, OPEN).state is CoverState.PLACING
    late = cover(POSITION, replace(order, status_at=ago(36)), SERVICE, OPEN)
    assert state(late) == (CoverState.IN_DOUBT, Reason.STALE_BOOK)
    assert "never seen" in late.text


def test_an_order_being_cancelled_is_being_replaced() -> None:
    order = replace(ORDER, status=OrderStatus.CANCELLING)
    assert state(cover(POSITION, order, SERVICE, OPEN)) == (CoverState.PLACING, Reason.REPLACING)
    stale = cover(POSITION, replace(order, seen_at=ago(60)), SERVICE, OPEN)
    assert state(stale) == (CoverState.IN_DOUBT, Reason.STALE_BOOK)


def test_too_large_an_order_is_being_replaced_and_both_numbers_are_said() -> None:
    covered = cover(replace(POSITION, quantity=6), ORDER, SERVICE, OPEN)
    assert state(covered) == (CoverState.PLACING, Reason.REPLACING)
    assert "10 shares, 6 are held" in covered.text
    assert covered.value == 0


def test_too_small_an_order_leaves_shares_unprotected() -> None:
    covered = cover(replace(POSITION, quantity=15), replace(ORDER, filled=2), SERVICE, OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.PARTLY_COVERED)
    assert "8 of 15 shares rest" in covered.text
    assert covered.value == 7 * Decimal("401.20")
    frozen = cover(replace(says("FREEZE_QUANTITY", "limit 10"), quantity=15), ORDER, SERVICE, OPEN)
    assert frozen.reason is Reason.FREEZE_QUANTITY


@pytest.mark.parametrize("status", sorted(LIVE))
def test_a_live_order_of_an_earlier_day_blocks(status: OrderStatus) -> None:
    order = replace(ORDER, status=status, trading_day=DAY - timedelta(days=3))
    covered = cover(POSITION, order, SERVICE, OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.UNSETTLED_YESTERDAY)
    assert covered.resting == 0


def test_without_an_order_the_position_says_why() -> None:
    covered = cover(says("REJECTED", "16388: price out of band"), None, SERVICE, OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.REJECTED)
    assert covered.text == "16388: price out of band"
    assert covered.advice == ADVICE[Reason.REJECTED]
    assert covered.since == ago(60)


@pytest.mark.parametrize("word", ["BACKOFF", "FAILED", "REFUSED", "STOPPED"])
def test_a_tenant_that_does_not_look_comes_before_what_its_position_said(word: str) -> None:
    """Catches: RETRYING, "nothing to do yet", of a tenant that is not going to try anything."""
    covered = cover(says("RETRYING", "soon"), None, replace(SERVICE, state=word, text="wrong MPIN"), OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.TENANT_DOWN)
    assert covered.text == f"{word}: wrong MPIN; before that: RETRYING: soon"


def test_a_tenant_that_starts_for_too_long_is_down() -> None:
    slow = replace(SERVICE, state=TenantState.STARTING, beat_at=ago(36))
    assert cover(says("BAD_RULE", "odd"), None, slow, OPEN).reason is Reason.TENANT_DOWN
    assert cover(says("BAD_RULE", "odd"), None, replace(slow, beat_at=ago(35)), OPEN).reason is Reason.BAD_RULE


def test_a_tenant_that_looks_and_is_held_leaves_the_reason_and_says_so() -> None:
    held = replace(SERVICE, state=TenantState.HELD, text="clock 3 s off")
    covered = cover(says("RETRYING", "soon"), None, held, OPEN)
    assert (covered.reason, covered.text) == (Reason.RETRYING, "soon; the tenant is HELD: clock 3 s off")


@pytest.mark.parametrize("reason", ["BREACHED", "UNSETTLED_YESTERDAY"])
@pytest.mark.parametrize("service", [replace(SERVICE, alive=False), replace(SERVICE, state=TenantState.REFUSED)])
def test_what_only_a_person_can_end_stays_whoever_looks(service: Service, reason: str) -> None:
    assert cover(says(reason, "look"), None, service, OPEN).reason == reason


def test_an_order_that_rests_tells_all_the_same_what_its_position_says() -> None:
    """Catches: a rule that cannot be placed, unseen until the old order is gone."""
    covered = cover(says("PRICE_ABOVE_BAND", "price=900, band_high=500"), ORDER, SERVICE, OPEN)
    assert state(covered) == (CoverState.PROTECTED, Reason.PRICE_ABOVE_BAND)
    assert covered.text == "10 of 10 shares rest at 425.30; price=900, band_high=500"
    assert (covered.value, covered.alarming, covered.advice) == (0, False, advice(Reason.PRICE_ABOVE_BAND, "asha", 7))


@pytest.mark.parametrize(
    ("service", "says_so", "advice"),
    [
        (replace(SERVICE, alive=False), "no running service holds the user asha", "Start the service"),
        (replace(SERVICE, enabled=False), "the user asha is disabled", "Enable the user"),
        (replace(SERVICE, book_at=ago(60), text="no answer"), "the tenant is TRADING: no answer", "see run.py status"),
        (SERVICE, "is read and does not show it, last book 23 Nov 10:29:56 IST", "compare with the broker's app"),
    ],
)
@pytest.mark.parametrize("status", [OrderStatus.OPEN, OrderStatus.ACCEPTED, OrderStatus.CANCELLING])
def test_an_order_not_seen_says_whether_anybody_looks(
    service: Service, says_so: str, advice: str, status: OrderStatus
) -> None:
    covered = cover(POSITION, replace(ORDER, status=status, seen_at=ago(60)), service, OPEN)
    assert state(covered) == (CoverState.IN_DOUBT, Reason.STALE_BOOK)
    assert says_so in covered.text
    assert advice in covered.advice


@pytest.mark.parametrize("reason", [None, "MARKET_CLOSED"])
def test_a_served_position_without_a_reason_is_about_to_be_placed(reason: str | None) -> None:
    """That the market was closed is stale from the bell on."""
    covered = cover(replace(POSITION, reason=reason), None, SERVICE, OPEN)
    assert state(covered) == (CoverState.PLACING, None)


def test_a_tenant_that_reads_no_book_places_nothing() -> None:
    """Catches: PLACING for ever while the broker is away."""
    blind = replace(SERVICE, book_at=ago(100), text="no answer")
    covered = cover(POSITION, None, blind, OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.NOT_LOOKED_AT)
    assert "no answer" in covered.text
    fresh = cover(replace(POSITION, opened_at=ago(1)), None, blind, OPEN)
    assert fresh.state is CoverState.PLACING


@pytest.mark.parametrize("word", ["HELD", "BACKOFF", "FAILED", "REFUSED", "STOPPED"])
def test_a_tenant_that_is_down_is_named_with_its_words(word: str) -> None:
    covered = cover(POSITION, None, replace(SERVICE, state=word, text="login refused"), OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.TENANT_DOWN)
    assert covered.text == f"{word}: login refused"


@pytest.mark.parametrize("word", [None, "STARTING", "WAITING"])
def test_a_tenant_that_has_not_looked_yet(word: str | None) -> None:
    covered = cover(POSITION, None, replace(SERVICE, state=word, book_at=None), OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.NOT_LOOKED_AT)


def test_a_reason_written_by_hand_is_told_and_does_not_break_the_report() -> None:
    covered = cover(says("BECAUSE", "of me"), None, SERVICE, OPEN)
    assert state(covered) == (CoverState.UNPROTECTED, Reason.NOT_LOOKED_AT)
    assert covered.text == "BECAUSE: of me"


def test_every_reason_has_its_advice() -> None:
    assert set(ADVICE) == set(Reason)
    assert all(text.endswith(".") for text in ADVICE.values())


def test_totals_count_each_position_once() -> None:
    covered = [
        cover(POSITION, ORDER, SERVICE, OPEN),
        cover(POSITION, None, SERVICE, OPEN),
        cover(says("REJECTED"), None, SERVICE, OPEN),
        cover(POSITION, sent(SendOutcome.UNKNOWN), SERVICE, OPEN),
    ]
    totals = total(covered, 5)
    assert (totals.positions, totals.protected, totals.placing, totals.in_doubt, totals.unprotected) == (4, 1, 1, 1, 1)
    assert totals.rupees_uncovered == 3 * Decimal("4012.00")
    assert totals.sold_today == 5


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 11, 23, 3, 0, tzinfo=UTC), "not open yet; opens Mon 23 Nov 2026 09:15:00 IST"),
        (datetime(2026, 11, 23, 5, 0, tzinfo=UTC), ""),
        (
            datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
            "closed since 15:30:00 IST; opens Wed 25 Nov 2026 09:15:00 IST",
        ),
        (datetime(2026, 11, 22, 5, 0, tzinfo=UTC), "closed: Sunday; opens Mon 23 Nov 2026 09:15:00 IST"),
        (datetime(2026, 12, 31, 11, 0, tzinfo=UTC), "closed since 15:30:00 IST; no later session is planned"),
        (datetime(2027, 1, 4, 5, 0, tzinfo=UTC), "not open: The holidays of 2027 are not loaded"),
    ],
)
def test_a_closed_market_says_when_it_opens(moment: datetime, words: str) -> None:
    assert opening(ExchangeCalendar(), moment).startswith(words)


moments = st.none() | st.floats(-100, 4000).map(ago)
sends = st.builds(
    Send,
    st.just(1),
    st.just(12),
    st.sampled_from(SendKind),
    st.just(1),
    st.just(1),
    st.just(Decimal(5)),
    st.just(5),
    st.floats(-10, 100).map(ago),
    st.floats(-10, 100).map(ago),
    st.none() | st.sampled_from(SendOutcome),
)
orders = st.builds(
    Order,
    st.just(12),
    st.just(2),
    st.just(Side.SELL),
    st.just("X-EQ"),
    st.sampled_from(sorted(LIVE)),
    st.integers(1, 20),
    st.just(Decimal(5)),
    filled=st.integers(0, 20),
    trading_day=st.none() | st.sampled_from([DAY, DAY - timedelta(days=1), DAY + timedelta(days=1)]),
    status_at=moments,
    seen_at=moments,
    last_send=st.none() | sends,
    doubted=st.booleans(),
)
positions = st.builds(
    Position,
    st.just(7),
    st.just(2),
    st.just("X-EQ"),
    st.integers(1, 20),
    st.just(Decimal("3.50")),
    st.floats(-10, 4000).map(ago),
    reason=st.none() | st.sampled_from(Reason) | st.text(max_size=5),
    reason_text=st.none() | st.text(max_size=5),
    reason_at=moments,
)
services = st.builds(
    Service,
    st.just("asha"),
    st.booleans(),
    st.booleans(),
    st.none() | st.sampled_from(TenantState) | st.just("ODD"),
    st.text(max_size=5),
    moments,
    moments,
)


@settings(max_examples=400, deadline=None)
@given(positions, st.none() | orders, services, st.sampled_from([OPEN, CLOSED]), st.floats(0.05, 60))
def test_every_combination_is_one_state_with_a_reason(
    position: Position, order: Order | None, service: Service, moment: Moment, cycle: float
) -> None:
    """Catches: a match without a last case, a state without words, shares counted as covered without an order."""
    covered = cover(position, order, service, replace(moment, tempo=Tempo(cycle)))
    assert covered.state in set(CoverState)
    if covered.state in (CoverState.UNPROTECTED, CoverState.IN_DOUBT):
        assert covered.reason is not None
        assert covered.advice
        assert covered.value > 0 or covered.resting >= position.quantity
    if covered.state is CoverState.PROTECTED:
        assert order is not None
        assert order.remainder == position.quantity == covered.resting
        assert covered.value == 0
    assert covered.text
    assert 0 <= covered.value <= position.quantity * position.avg_price


def test_a_rule_that_cannot_be_read_is_told_once_and_the_verb_is_whole() -> None:
    """Catches: "….; the tenant is HELD: …." with the same sentence twice, and verbs without number or name."""
    wrong = "The exit rule 'target_percnt' is not known."
    service = replace(SERVICE, state=TenantState.HELD, text=wrong)
    told = cover(says("BAD_RULE", wrong), None, service, OPEN)
    assert told.text == wrong.rstrip(".")
    assert told.advice == f"Write a rule that can be read: run.py user set-exit {service.user} JSON."
    own = replace(says("BAD_RULE", wrong), exit_rule={"target_percnt": 6})
    assert cover(own, None, SERVICE, OPEN).advice.endswith(f"run.py position set-exit {own.id} JSON.")


def test_advice_about_a_halt_names_the_user() -> None:
    told = cover(says("HALTED", "somebody"), None, SERVICE, OPEN)
    assert f"run.py resume {SERVICE.user} " in told.advice
