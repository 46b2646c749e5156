"""Whose shares they are: the demat account holds the owner's and ours together, and only rows tell them apart."""

from dataclasses import replace

from domain.models import AccountDay, Order
from domain.orders import OrderStatus, Side
from domain.reading import Outside

MOST = 2**31 - 1


def ours_overnight(held: int, symbol: str, orders: tuple[Order, ...], removed: int) -> int:
    """How many shares of a symbol were ours before the day began, from what is held now and what happened today."""
    today = [o for o in orders if o.wire_symbol == symbol and o.status is not OrderStatus.REQUESTED]
    sold = sum(order.filled for order in today if order.side is Side.SELL)
    bought = sum(order.filled for order in today if order.side is Side.BUY)
    return held + sold + removed - bought


def first_figure(symbol: str, holding: int, outside: Outside, overnight: int) -> AccountDay | None:
    """What to note for the day, or None while the figures contradict each other or allow two stories.

    Whether holdings shrink with today's sales is not documented. If the figure leaves ours untouched after all sales
    outside, both readings agree; if more was sold than it has, it must have shrunk; else nobody can tell.
    """
    total = min(MOST, holding + outside.bought)
    if total - outside.sold >= overnight:
        return AccountDay(symbol, total, outside.bought, 0, outside.sold, outside.sold_value)
    if outside.sold > total and holding >= overnight - outside.bought:
        return AccountDay(
            symbol, min(MOST, holding + outside.sold), outside.bought, 0, outside.sold, outside.sold_value
        )
    return None


def sold_of_ours(day: AccountDay, outside: Outside, overnight: int) -> int:
    """How many more of our shares were sold outside: the owner's are consumed first, each share counted once."""
    own = max(0, day.total - overnight) + max(0, outside.bought - day.outside_bought)
    return max(0, outside.sold - own - day.removed)


def accounted(day: AccountDay, outside: Outside, taken: int) -> AccountDay:
    """The day's figures once these sales are accounted for."""
    return replace(day, removed=day.removed + taken, sold_seen=outside.sold, value_seen=outside.sold_value)
