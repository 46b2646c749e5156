"""The calls that change orders: place, modify, cancel. An answer means received, nothing more."""

from typing import Any

from broker.simulator import forms
from broker.simulator.answers import (
    BODY_INVALID,
    COMPLETED,
    HASH_ERROR,
    INVALID_REQUEST,
    NOT_CANCELLABLE,
    NOT_MODIFIABLE,
    Answer,
    Refusal,
    accepted,
    duplicate_tag,
)
from broker.simulator.ledger import RefusedTag
from broker.simulator.orders import Order
from broker.simulator.tickets import read_terms, read_ticket
from broker.simulator.visit import Visit


def place(visit: Visit) -> Answer:
    """Receive an order. A tag used before today in this account is refused and makes no row."""
    asked = visit.jdata()
    ticket = read_ticket(asked, visit.broker.exchange, _tag(asked, visit))
    if ticket.tag in visit.book.tags:
        visit.broker.ledger.refused.append(RefusedTag(visit.client.ucc, ticket.tag, visit.now))
        raise Refusal(duplicate_tag(visit.broker.settings.duplicate_status))
    if ticket.after_market and not visit.broker.desk.takes_after_market(visit.now):
        raise Refusal(INVALID_REQUEST)
    order = visit.broker.desk.place(visit.client, ticket, visit.now, visit.verdict, visit.hidden)
    return accepted(order.number)


def modify(visit: Visit) -> Answer:
    """Receive new terms for a live order: `pr` the price, `qt` the new total quantity."""
    asked = visit.jdata()
    order = _live_order("no", asked, visit, NOT_MODIFIABLE)
    terms = read_terms(asked, order, visit.broker.floor.market(order))
    visit.broker.desk.modify(order, terms, visit.now, visit.verdict)
    return accepted(order.number)


def cancel(visit: Visit) -> Answer:
    """Receive a cancel of a live order."""
    order = _live_order("on", visit.jdata(), visit, NOT_CANCELLABLE)
    visit.broker.desk.cancel(order, visit.now, visit.verdict)
    return accepted(order.number)


def _tag(asked: dict[str, Any], visit: Visit) -> str:
    tag = asked.get("ig")
    if tag is None:
        return visit.broker.desk.make_tag(visit.client, visit.now)
    if not isinstance(tag, str) or not tag.strip():
        raise Refusal(BODY_INVALID)
    return tag


def _live_order(key: str, asked: dict[str, Any], visit: Visit, documented: Answer) -> Order:
    """The order that a change is about; `am` has to say whether it is one for after the market.

    `documented` is how the documents refuse one that has ended.
    """
    forms.require(asked, (key,))
    order = visit.book.orders.get(str(asked[key]))
    if order is None or not order.live:
        raise Refusal(documented if visit.broker.settings.documented_errors else COMPLETED)
    for_life = visit.broker.settings.amo_for_life
    after_market = order.waits or (order.ticket.after_market and for_life)
    if forms.is_after_market(asked.get("am", "NO")) is not after_market:
        raise Refusal(HASH_ERROR)
    return order
