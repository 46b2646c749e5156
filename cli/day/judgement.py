"""The judgement: what must hold of a day, checked from the broker's own ledger and from the rows; pure functions.

Every check names what broke, to whom, with both numbers. A day is sound when none says anything.
"""

from collections.abc import Callable, Iterator

from cli.day.evidence import Evidence
from cli.day.promises import never_oversold, never_twice
from domain.coverage import CoverState
from domain.orders import Reason

AT_THE_BROKER = ("ACCEPTED", "OPEN", "CANCELLING", "SUBMITTING")


def broken(evidence: Evidence, whole: bool = True) -> list[str]:
    """Every invariant that broke, as a sentence; of a day that stopped half-way only what holds at every moment."""
    checks = CHECKS if whole else ALWAYS
    return [sentence for check in checks for sentence in check(evidence)]


def _nothing_unsaid(evidence: Evidence) -> Iterator[str]:
    if not evidence.last:
        yield "UNSEEN: the coverage of the last minute was not taken"
    for one in evidence.last:
        said = one.alarming and one.text
        if one.state is not CoverState.PROTECTED and not said:
            yield f"UNCOVERED: {one.user} {one.symbol} was {one.state} at the last minute: {one.text or 'no reason'}"


def _fills_agree(evidence: Evidence) -> Iterator[str]:
    rows = {row["broker_order_id"]: row for row in evidence.orders if row["broker_order_id"]}
    placed = [order for order in evidence.ledger["orders"] if order["api"]]
    for order in placed:
        row = rows.get(order["order"])
        if row is None:
            yield f"UNKNOWN_ORDER: order {order['order']} of {order['symbol']} at the broker has no row"
        elif row["filled"] != order["filled"]:
            yield f"FILLS_DIFFER: order {order['order']}: filled={order['filled']}, the row says {row['filled']}"
    for number in rows.keys() - {order["order"] for order in placed}:
        yield f"NO_SUCH_ORDER: the row of order {number} has no order at the broker"


def _shares_add_up(evidence: Evidence) -> Iterator[str]:
    positions = {(row["user_id"], row["symbol"]): row for row in evidence.positions}
    for line in evidence.ledger["symbols"]:
        row = positions.get((evidence.users[line["ucc"]], line["symbol"]))
        counted = row["quantity"] + row["sold_quantity"] if row else 0
        if counted != evidence.acquired(line):
            ours = evidence.acquired(line)
            yield f"SHARES_DIFFER: {line['ucc']} {line['symbol']}: {ours} were ours, the rows count {counted}"
        if row and row["sold_quantity"] != line["sold"]:
            yield f"SALES_DIFFER: {line['symbol']}: sold={line['sold']}, the position says {row['sold_quantity']}"


def _closed_with_price(evidence: Evidence) -> Iterator[str]:
    for row in evidence.positions:
        if row["closed_at"] is not None and (not row["exit_price"] or row["quantity"]):
            yield f"BADLY_CLOSED: {row['symbol']}: exit_price={row['exit_price']}, quantity={row['quantity']}"


def _lost_reply_adopted(evidence: Evidence) -> Iterator[str]:
    found = {send["order_id"] for send in evidence.sends if send["kind"] == "place" and send["outcome"] == "found"}
    if not found:
        yield "NOT_ADOPTED: no order was found at the broker after its reply was lost"
    for row in evidence.orders:
        sent = sum(order["tag"] == row["tag"] for order in evidence.ledger["orders"])
        if row["id"] in found and sent != 1:
            yield f"SENT_AGAIN: tag {row['tag']} of {row['symbol']} is on {sent} orders at the broker"
    for refused in evidence.ledger["tags_refused"]:
        yield f"SENT_AGAIN: the broker refused tag {refused['tag']} a second time"


def _buys_are_held(evidence: Evidence) -> Iterator[str]:
    buys = [row for row in evidence.orders if row["side"] == "BUY"]
    if not buys:
        yield "NO_BUY: the requested buy has no row"
    for row in buys:
        position = next((one for one in evidence.positions if one["id"] == row["position_id"]), None)
        held = position["quantity"] + position["sold_quantity"] if position else 0
        if held != row["filled"] or not row["filled"]:
            yield f"BUY_LOST: {row['symbol']}: the buy filled {row['filled']}, its position has {held}"


def _nothing_left_live(evidence: Evidence) -> Iterator[str]:
    if evidence.ledger["totals"]["live_orders"]:
        yield f"LEFT_LIVE: {evidence.ledger['totals']['live_orders']} orders are live at the broker after the close"
    for row in evidence.orders:
        if row["status"] in AT_THE_BROKER:
            yield f"NOT_ENDED: the order {row['id']} of {row['symbol']} is {row['status']} after the close"


def _what_is_left_lapses(evidence: Evidence) -> Iterator[str]:
    held = {row["id"] for row in evidence.positions if row["closed_at"] is None}
    for row in evidence.orders:
        if row["position_id"] in held and row["reason"] == Reason.CANCELLED_BY_USER:
            yield f"NOT_LAPSED: nobody cancelled order {row['id']} of {row['symbol']}, yet its row says {row['reason']}"


def _restart_sent_nothing(evidence: Evidence) -> Iterator[str]:
    user, before = evidence.restarted
    sent = sum(send["user_id"] == user and send["generation"] > before for send in evidence.sends)
    if not before:
        yield "NOT_RESTARTED: no tenant was restarted"
    elif sent:
        yield f"RESTART_SENT: user {user} sent {sent} requests after generation {before}, though all orders rested"


def _service_ended_well(evidence: Evidence) -> Iterator[str]:
    if evidence.service_code:
        yield f"BAD_END: the service ended with exit code {evidence.service_code}"


Check = Callable[[Evidence], Iterator[str]]
ALWAYS: tuple[Check, ...] = (never_twice, never_oversold, _closed_with_price)
CHECKS: tuple[Check, ...] = (
    *ALWAYS,
    _nothing_unsaid,
    _fills_agree,
    _shares_add_up,
    _lost_reply_adopted,
    _buys_are_held,
    _nothing_left_live,
    _what_is_left_lapses,
    _restart_sent_nothing,
    _service_ended_well,
)
