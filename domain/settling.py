"""What a person's word makes of an order that nobody saw end: a pure function, which refuses what it cannot be."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from domain.clock import IST
from domain.models import Order, Settlement
from domain.orders import LIVE, OrderStatus, Reason, SendKind, Side
from domain.sightings import Sighting


@dataclass(frozen=True, slots=True)
class Settled:
    """The answer to a settlement: what it made of the order, or None and why not."""

    text: str
    sighting: Sighting | None = None


def settle(order: Order | None, word: Settlement, today: date, now: datetime, absent_after: float) -> Settled:
    """Judge one settlement; `absent_after` seconds after a send's `send_by` the order can no longer be on its way."""
    if order is None or order.status not in LIVE:
        return Settled(f"refused: order {word.order_id} is not live; there is nothing to settle")
    if word.verdict == "not-placed":
        return _not_placed(order, word, now, absent_after)
    if order.broker_order_id not in (None, word.broker_order_id) and not _hearsay(order):
        return Settled(
            f"refused: the order has the broker's number {order.broker_order_id}, not {word.broker_order_id}"
        )
    if order.trading_day is not None and order.trading_day < today:
        return _ended(order, word)
    if word.filled is not None:
        return Settled("refused: what an order of today has traded is for the order book to tell; leave out the shares")
    if order.status is not OrderStatus.SUBMITTING and not _hearsay(order):
        return Settled(
            f"refused: the order is {order.status} under {order.broker_order_id}; the order book tells its end"
        )
    after = replace(order, status=OrderStatus.ACCEPTED, broker_order_id=word.broker_order_id)
    return Settled(f"placed as {word.broker_order_id}; the order book tells the rest", Sighting(order, after))


def possible_from(order: Order, absent_after: float) -> datetime | None:
    """When a send can no longer be on its way, so that it may be called not placed; None while none is recorded."""
    if order.last_send is None:
        return None
    return order.last_send.send_by + timedelta(seconds=absent_after)


def _not_placed(order: Order, word: Settlement, now: datetime, absent_after: float) -> Settled:
    if (order.broker_order_id is not None or order.status is not OrderStatus.SUBMITTING) and not _hearsay(order):
        return Settled(f"refused: the broker gave it the number {order.broker_order_id}: it was placed")
    possible = possible_from(order, absent_after)
    if possible is None or (order.last_send is not None and order.last_send.kind is not SendKind.PLACE):
        return Settled("refused: the order has no recorded send; it was not made here")
    if now < possible:
        clock = f"{possible.astimezone(IST):%H:%M:%S} IST"
        return Settled(f"refused: its last send may still arrive; this can be said from {clock} on")
    ended = replace(order, status=OrderStatus.CANCELLED, broker_order_id=None)
    after = replace(ended, reason=Reason.SETTLED, reason_text=_words(word))
    return Settled("not placed; a new order may follow", Sighting(order, after))


def _hearsay(order: Order) -> bool:
    """Whether the number is only a person's word so far, and may be corrected by another."""
    return order.status is OrderStatus.ACCEPTED and order.hearsay


def _ended(order: Order, word: Settlement) -> Settled:
    if word.filled is None:
        return Settled("refused: the order's day is over; say how many of its shares traded (filled)")
    if not order.filled <= word.filled <= order.quantity:
        return Settled(f"refused: filled={word.filled} must be from {order.filled} to {order.quantity}")
    shares = word.filled - order.filled
    price = word.price or order.price
    whole = word.filled == order.quantity
    done = OrderStatus.ONGOING if order.side is Side.BUY else OrderStatus.EXECUTED
    status = done if whole or (order.side is Side.BUY and word.filled) else OrderStatus.LAPSED
    value = shares * price
    earlier = order.filled * (order.execution_price or order.price)
    average: Decimal | None = (earlier + value) / word.filled if word.filled else None
    after = replace(
        order,
        status=status,
        broker_order_id=word.broker_order_id,
        filled=word.filled,
        execution_price=average,
        reason=Reason.SETTLED,
        reason_text=_words(word),
    )
    return Settled(f"{status}, {word.filled} of {order.quantity} traded", Sighting(order, after, shares, value))


def _words(word: Settlement) -> str:
    return f"{word.verdict} by the word of {word.created_by}: {word.because}"
