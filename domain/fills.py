"""What fills do to positions: shares come, shares go, and the last one closes the row. Rupees and shares."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from domain.models import Position
from domain.orders import Closed


def bought(position: Position, shares: int, value: Decimal) -> Position:
    """More shares at their own price; the average price follows."""
    quantity = position.quantity + shares
    return replace(position, quantity=quantity, avg_price=(position.quantity * position.avg_price + value) / quantity)


def sold(position: Position, shares: int, value: Decimal, now: datetime, how: Closed) -> Position:
    """Fewer shares; none left closes the position at the average of what was received."""
    reduced = replace(
        position,
        quantity=max(0, position.quantity - shares),
        sold_quantity=position.sold_quantity + shares,
        sold_value=position.sold_value + value,
    )
    if reduced.quantity or not reduced.open:
        return reduced
    price = (reduced.sold_value / reduced.sold_quantity).quantize(Decimal("0.0001"))
    return replace(
        reduced, closed_at=now, exit_price=price, close_reason=how, reason=None, reason_text=None, reason_at=None
    )
