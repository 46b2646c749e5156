"""What every part of the control door stands on: the broker under its lock, and prices read as rupees."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal, InvalidOperation

from broker.simulator.brokerage import Brokerage
from broker.simulator.exchange import Market
from broker.simulator.forms import MOST_RUPEES

Price = Decimal | int | str


class Doorway:
    """Entered for one act at a time; everything due by then has happened."""

    def __init__(self, broker: Brokerage) -> None:
        self._broker = broker

    @contextmanager
    def _now(self) -> Iterator[datetime]:
        with self._broker.lock:
            yield self._broker.settle()


def rupees(price: Price) -> Decimal:
    """The price as a number; ValueError for what is none."""
    try:
        number = Decimal(str(price))
        sound = 0 < number < MOST_RUPEES
    except InvalidOperation:
        sound = False
    if not sound:
        raise ValueError(f"not a price: {price!r}; it is a number of rupees above 0, such as 801.50")
    return number


def on_tick(market: Market, price: Price) -> Decimal:
    """The price as a number; ValueError for one at which nothing of the symbol can trade."""
    number = rupees(price)
    market.require_tick(number)
    return number
