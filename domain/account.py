"""Whose shares they are: the demat account holds the owner's and ours together, and only rows tell them apart."""

from dataclasses import replace
from datetime import date

from domain.models import AccountDay, Order
from domain.orders import Side
from domain.reading import Outside

MOST = 2**31 - 1


def ours_overnight(held: int, symbol: str, day: date, orders: tuple[Order, ...], removed: int) -> int:
    """How many shares of a symbol were ours before the day began, from what is held now and what happened today."""
    today = [o for o in orders if o.wire_symbol == symbol and o.trading_day == day]
    sold = sum(order.filled for order in today if order.side is Side.SELL)
    bought = sum(order.filled for order in today if order.side is Side.BUY)
    return held + sold + removed - bought


def first_figure(symbol: str, holding: int, outside: Outside, overnight: int) -> AccountDay | None:
    """What to note for the day, or None while the figures contradict each other or allow two stories.

    Whether holdings shrink with today's sales is not documented. If the figure leaves ours untouched after all sales
    outside, both readings agree; if more was sold than it has, it must have shrunk; else nobody can tell.
    """
    total = holding + outside.bought
    if outside.sold > total and holding >= overnight - outside.bought:
        total = holding + outside.sold
    elif total - outside.sold < overnight:
        return None
    seen = (outside.sold, outside.sold_value, outside.bought)
    return AccountDay(symbol, min(MOST, total), outside.bought, 0, *seen)


def sold_of_ours(day: AccountDay, outside: Outside, overnight: int) -> int:
    """How many more of our shares were sold outside: the owner's are consumed first, each share counted once."""
    own = max(0, day.total + max(0, outside.bought - day.outside_bought) - overnight)
    return max(0, outside.sold - own - day.removed)


def accounted(day: AccountDay, outside: Outside, taken: int) -> AccountDay:
    """The day's figures once these sales are accounted for."""
    return replace(
        day,
        removed=day.removed + taken,
        sold_seen=outside.sold,
        value_seen=outside.sold_value,
        bought_seen=outside.bought,
    )


def grew(day: AccountDay, outside: Outside) -> bool:
    """Whether a book shows at least what an earlier one has shown."""
    return outside.sold >= day.sold_seen and outside.bought >= day.bought_seen
