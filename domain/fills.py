"""What fills do to positions: shares come, shares go, and the last one closes the row. Rupees and shares."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from domain.models import AccountDay, Position
from domain.orders import Closed
from domain.reading import Outside


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


def own_shares(holding: int, outside_bought: int, position: Position, sold_today: int, bought_today: int) -> int:
    """The account's own shares of a symbol: what it holds less what is ours of it.

    Shares bought today are not among the holdings yet (T+1). Where a broker's holdings shrink with today's sales the
    figure is too small rather than too large, so that a sale by hand takes from the position too early, not too late.
    """
    ours_overnight = position.quantity + sold_today - bought_today
    return max(0, holding + outside_bought - ours_overnight)


def sold_of_ours(day: AccountDay, outside: Outside) -> int:
    """How many more of our shares were sold outside: the account's own are consumed first, each share counted once."""
    own = day.own_shares + max(0, outside.bought - day.outside_bought)
    return max(0, outside.sold - own - day.removed)
