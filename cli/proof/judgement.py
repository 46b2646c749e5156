"""The judgement of a seed: what must hold, from the broker's ledger and the rows; pure functions.

Every check names what broke, to whom, with both numbers. A seed is sound when none says anything.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from cli.day.promises import never_oversold, never_twice
from cli.proof.evidence import Evidence, Freeze, Row, doubts
from domain.coverage import Coverage, CoverState
from domain.orders import Reason, SendOutcome

STATED = frozenset(
    {
        *(Reason.REJECTED, Reason.CANCELLED_BY_USER, Reason.PRICE_ABOVE_BAND, Reason.PRICE_BELOW_BAND),
        *(Reason.FREEZE_QUANTITY, Reason.ODD_LOT, Reason.MANUAL_SALE),
        *(Reason.NOT_FREE, Reason.REJECTED_TODAY),
    }
)
"""Why a position may rest without its order once everything has settled. A BREACHED one has another check."""
TOLD = (SendOutcome.ACCEPTED, SendOutcome.REFUSED, SendOutcome.UNKNOWN)
UNSENT = ("before_send", "before_intent", "after_intent")
"""Points at which nothing of the send had left."""


def broken(evidence: Evidence) -> list[str]:
    """Every promise that was broken, as a sentence."""
    return [sentence for check in CHECKS for sentence in check(evidence)]


def _no_tag_twice(evidence: Evidence) -> Iterator[str]:
    for (ucc, tag), times in Counter((order["ucc"], order["tag"]) for order in evidence.ours()).items():
        if times > 1:
            yield f"TAG_TWICE: {times} orders in {ucc} carry the tag {tag}"


def _fills_agree(evidence: Evidence) -> Iterator[str]:
    rows = {row["broker_order_id"]: row for row in evidence.orders if row["broker_order_id"]}
    for order in evidence.ours():
        row = rows.get(order["order"])
        if row is None:
            yield f"UNKNOWN_ORDER: order {order['order']} of {order['symbol']} at the broker has no row"
        elif row["filled"] != order["filled"]:
            yield f"FILLS_DIFFER: order {order['order']}: filled={order['filled']}, the row says {row['filled']}"
    for number in sorted(rows.keys() - {order["order"] for order in evidence.ours()}):
        yield f"NO_SUCH_ORDER: the row of order {number} has no order at the broker"


def _shares_add_up(evidence: Evidence) -> Iterator[str]:
    counted, sold = Counter[tuple[int, str]](), Counter[tuple[int, str]]()
    for row in evidence.positions:
        counted[row["user_id"], row["symbol"]] += row["quantity"] + row["sold_quantity"]
        sold[row["user_id"], row["symbol"]] += row["sold_quantity"]
    for line in evidence.ledger["symbols"]:
        place, known = (evidence.users[line["ucc"]], line["symbol"]), evidence.shares.get((line["ucc"], line["symbol"]))
        expected = (known.ours if known else 0) + line["bought"]
        by_hand = line["sold"] - line["sold_by_api"]
        gone = line["sold_by_api"] + max(0, by_hand - (known.own if known else 0))
        if counted[place] != expected:
            yield f"SHARES_DIFFER: {line['ucc']} {place[1]}: {expected} were ours, the rows count {counted[place]}"
        if sold[place] != gone:
            yield f"SALES_DIFFER: {line['ucc']} {place[1]}: {gone} of ours were sold, the rows say {sold[place]}"


def _closed_with_price(evidence: Evidence) -> Iterator[str]:
    for row in evidence.positions:
        if row["closed_at"] is not None and (not row["exit_price"] or row["quantity"]):
            yield f"BADLY_CLOSED: {row['symbol']}: exit_price={row['exit_price']}, quantity={row['quantity']}"


def _covered_or_said(evidence: Evidence) -> Iterator[str]:
    for one in evidence.covered:
        if not rests_well(one):
            why = f"{one.reason}: {one.text}" if one.reason else one.text or "no reason"
            yield f"UNCOVERED: user {one.user_id} {one.symbol} ended {one.state}: {why}"


def rests_well(one: Coverage) -> bool:
    """Whether a position is protected, or says why it is not in a way that may last."""
    said = one.state is CoverState.UNPROTECTED and one.reason in STATED and one.text
    return one.state is CoverState.PROTECTED or bool(said)


def _protected_is_true(evidence: Evidence) -> Iterator[str]:
    accounts = {user: ucc for ucc, user in evidence.users.items()}
    for one in evidence.covered:
        rests = resting(evidence, accounts[one.user_id], one)
        if one.state is CoverState.PROTECTED and rests != [one.quantity]:
            yield f"NOT_RESTING: user {one.user_id} {one.symbol}: {one.quantity} held, at the broker rest {rests}"


def resting(evidence: Evidence, ucc: str, one: Coverage) -> list[int]:
    """Shares of each sell of ours that is live at the broker for a position."""
    return [
        order["quantity"] - order["filled"]
        for order in evidence.ours()
        if (order["ucc"], order["symbol"], order["side"]) == (ucc, one.symbol, "SELL") and order["finished"] is None
    ]


def _no_doubt_left(evidence: Evidence) -> Iterator[str]:
    for order, send in doubts(evidence.orders, evidence.sends):
        yield f"DOUBT_LEFT: order {order['id']} of {order['symbol']} is {order['status']}, {send['kind']} unanswered"
    for what in evidence.pending:
        yield f"UNSETTLED: {what}"


def _nobody_halted(evidence: Evidence) -> Iterator[str]:
    for row in evidence.halts:
        yield f"HALTED: user {row['user_id']}: {row['because']}"


def _woken_did_nothing(evidence: Evidence) -> Iterator[str]:
    for freeze in evidence.freezes:
        for order in evidence.ours():
            late = datetime.fromisoformat(order["created"]) >= freeze.replaced_at
            if late and not _by_successor(evidence, freeze, order):
                yield f"WOKEN: order {order['order']} of {order['symbol']} came from the service frozen {freeze.point}"
        for send in evidence.sends:
            if send["generation"] < freeze.generations.get(send["user_id"], 0) and _acted(send, freeze):
                yield f"WOKEN: send {send['id']} ({send['kind']}) is of a generation that was frozen {freeze.point}"


def _acted(send: Row, freeze: Freeze) -> bool:
    """Whether a send of a frozen generation was committed after its replacement, or told after its waking."""
    told = send["outcome"] in TOLD and send["outcome_at"] >= freeze.woken_at
    return send["created_at"] > freeze.replaced_at or (told and freeze.point.startswith(UNSENT))


def _by_successor(evidence: Evidence, freeze: Freeze, order: Row) -> bool:
    """Whether a send of the order was committed by a generation that was not frozen."""
    row = next((row for row in evidence.orders if row["tag"] == order["tag"]), None)
    first = freeze.generations.get(evidence.users[order["ucc"]], 0)
    return row is not None and any(
        send["order_id"] == row["id"] and send["kind"] == "place" and send["generation"] >= first
        for send in evidence.sends
    )


def _recovered(evidence: Evidence) -> Iterator[str]:
    for one in evidence.recoveries:
        if one.served is None or one.certain is None:
            yield f"NOT_RECOVERED: after the kill {one.point}: served={one.served}, certain={one.certain}"


def _ended_well(evidence: Evidence) -> Iterator[str]:
    for fall in evidence.falls:
        yield f"FELL: {fall}"


Check = Callable[[Evidence], Iterator[str]]
CHECKS: tuple[Check, ...] = (
    never_twice,
    _no_tag_twice,
    never_oversold,
    _fills_agree,
    _shares_add_up,
    _closed_with_price,
    _covered_or_said,
    _protected_is_true,
    _no_doubt_left,
    _nobody_halted,
    _woken_did_nothing,
    _recovered,
    _ended_well,
)
