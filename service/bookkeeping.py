"""What became of orders and positions, in one transaction: the same way from a book, a person or the holdings."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from domain.models import Order
from domain.orders import OrderStatus
from repositories.journal import Entry
from service.ledger import Ledger
from service.ports import Repositories

log = logging.getLogger(__name__)

Changed = tuple[Order, Mapping[str, Any] | None]


def keep(
    rows: Repositories, ledger: Ledger, orders: Sequence[Changed], entries: Iterable[Entry], user_id: int, now: datetime
) -> None:
    """Write the orders with their evidence, what they did to positions, and the journal. Joins the caller's unit."""
    rows.positions.update(ledger.changed())
    created = rows.positions.create(user_id, ledger.opened())
    placed = ledger.placed(created)
    rows.orders.update([(placed(order), evidence) for order, evidence in orders], now)
    _close_buys(rows, ledger, orders, user_id, now)
    rows.accounts.end_exits((position.id for position in ledger.closed()), now)
    for text in ledger.breaches:
        log.critical("%s; the user is halted until somebody has looked", text)
        rows.accounts.halt(text, "order monitor")
    rows.journal.write([*entries, *ledger.entries(created)])


def _close_buys(rows: Repositories, ledger: Ledger, orders: Sequence[Changed], user_id: int, now: datetime) -> None:
    """Buys are done when their position is gone, also those that end after it."""
    closed = ledger.closed()
    if closed or any(order.status is OrderStatus.ONGOING for order, _ in orders):
        rows.orders.close_buys(user_id, [position.symbol for position in closed], now)
