"""What a book means for the rows of one account, as pure functions: the order monitor writes what they find."""

import logging
from dataclasses import replace

from domain.book import OrderReport
from domain.market import TradingDay
from domain.models import Order, Snapshot
from domain.orders import LIVE, OrderStatus, Reason, SendOutcome, Side
from domain.reading import Reading
from domain.sightings import Look, Sighting, revived
from domain.transitions import allowed
from repositories.journal import Entry
from repositories.sends import Answer

log = logging.getLogger(__name__)

Sightings = list[tuple[Sighting, OrderReport]]


def refused(snapshot: Snapshot) -> list[tuple[Order, dict[str, object]]]:
    """Orders whose refusal was kept as evidence by a generation that could no longer apply it."""
    return [
        (
            replace(o, status=OrderStatus.REJECTED, reason=Reason.REJECTED, reason_text=o.last_send.text),
            {"send": o.last_send.id, "refused": o.last_send.text},
        )
        for o in snapshot.orders
        if o.status is OrderStatus.SUBMITTING
        and not o.doubted
        and o.last_send
        and o.last_send.outcome is SendOutcome.REFUSED
    ]


def overdue(snapshot: Snapshot, session: TradingDay) -> list[Order]:
    """Live orders of an earlier day that do not say yet that nobody saw their end."""
    text = "its day ended without a definite end being seen here; settle it against the broker"
    overdue = [
        replace(o, reason=Reason.UNSETTLED_YESTERDAY, reason_text=text) for o in snapshot.orders if _old(o, session)
    ]
    for order in overdue:
        log.error("order %s of %s: %s", order.id, order.trading_day, text)
    return overdue


def _old(order: Order, session: TradingDay) -> bool:
    earlier = order.trading_day is not None and order.trading_day < session.day
    return earlier and order.status in LIVE and order.reason != Reason.UNSETTLED_YESTERDAY


def guarded(sightings: Sightings, snapshot: Snapshot) -> Sightings:
    """What the rows cannot take over is told as a breach: a step that no order takes, and a second live sell.

    An order that ended here and is live at the broker comes back, unless another sell has taken its place: then both
    stand in the text, what filled is kept, and the order stays ended, since the rows allow one live sell.
    """
    live = {o.position_id: o.id for o in snapshot.orders if o.side is Side.SELL and o.status in LIVE}
    guarded = []
    for sighting, row in sightings:
        before, after = sighting.before, sighting.after
        text = _forbidden(before, after, live.get(before.position_id))
        if text:
            kept = replace(after, status=before.status, reason=Reason.BREACHED, reason_text=text)
            sighting = replace(sighting, after=kept, breach=text)
        elif before.side is Side.SELL and after.status in LIVE:
            live[before.position_id] = before.id
        guarded.append((sighting, row))
    return guarded


def _forbidden(before: Order, after: Order, live: int | None) -> str | None:
    if not allowed(before.side, before.status, after.status):
        return f"NO_STEP: order {before.id} is {before.status} here and {after.status} at the broker"
    revives = before.side is Side.SELL and before.status not in LIVE and after.status in LIVE
    if revives and live is not None:
        return f"TWO_SELLS: order {before.id}, {before.status} here, is live at the broker beside order {live}"
    return None


def filled(snapshot: Snapshot, reading: Reading) -> tuple[Order, ...]:
    """The day's orders with what this book says of their fills."""
    rows = {order.id: row.filled for order, row in reading.matched if row.symbol == order.wire_symbol}
    return tuple(replace(o, filled=max(o.filled, rows.get(o.id, 0))) for o in snapshot.orders)


def worth(order: Order, row: OrderReport) -> bool:
    """Live orders always; an ended one when the broker reports more fills than we know, or shows it live."""
    return order.status in LIVE or row.filled > order.filled or revived(order, row)


def unanswered(snapshot: Snapshot) -> int:
    """How many orders have a last send of which nobody knows how it ended."""
    open_ended = (None, SendOutcome.UNKNOWN)
    return sum(o.last_send is not None and o.last_send.outcome in open_ended for o in snapshot.orders)


def seen(sightings: Sightings) -> list[int]:
    """A row that cannot be the order's does not count as having seen it."""
    return [s.before.id for s, _ in sightings if s.before.status in LIVE and s.breach is None]


def answers(sightings: Sightings) -> list[Answer]:
    """How the sends in doubt of these orders ended, now that they are seen."""
    return [
        Answer(s.before.last_send.id, s.settled, "by the order book", row.evidence)
        for s, row in sightings
        if s.settled is not None and s.before.last_send is not None
    ]


def absent(order: Order) -> Answer:
    """The answer of a send that is proven absent."""
    assert order.last_send is not None
    return Answer(order.last_send.id, SendOutcome.ABSENT, f"in none of {order.absent_reads} complete order books")


def absent_from(order: Order, look: Look) -> Order:
    """The order with one more read that did not show it, and when the first one was."""
    return replace(order, absent_since=order.absent_since or look.at, absent_reads=order.absent_reads + 1)


def entry(sighting: Sighting, row: OrderReport) -> Entry:
    """What to write in the journal about one sighting."""
    after = sighting.after
    detail = {
        "status": after.status,
        "was": sighting.before.status,
        "broker_order_id": after.broker_order_id,
        "filled": after.filled,
        "quantity": after.quantity,
        "price": row.price,
        "average_price": row.average_price,
        "text": row.text or after.reason,
        "settled": sighting.settled,
    }
    return Entry("SIGHTED", after.user_id, after.position_id, after.id, detail)
