"""An order book of others, as the exchange shows it: how many shares they bid and ask for at which prices."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from broker.simulator.orders import Side


@dataclass(slots=True)
class Level:
    """Shares at one price in rupees."""

    price: Decimal
    shares: int


class Depth:
    """Bids and asks, best first. What is taken is gone. Raises ValueError for a book that would trade with itself."""

    def __init__(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        self.bids = sorted(bids, key=lambda level: -level.price)
        self.asks = sorted(asks, key=lambda level: level.price)
        if any(level.shares <= 0 for level in (*self.bids, *self.asks)):
            raise ValueError("every level of an order book needs shares")
        if self.bids and self.asks and self.bids[0].price >= self.asks[0].price:
            raise ValueError(f"bid {self.bids[0].price} meets ask {self.asks[0].price}")

    def take(self, side: Side, limit: Decimal, wanted: int) -> list[Level]:
        """What an order of the side gets within its limit, best price first; it leaves the book."""
        levels = self.bids if side is Side.SELL else self.asks
        taken: list[Level] = []
        while wanted and levels and _within(side, limit, levels[0].price):
            shares = min(wanted, levels[0].shares)
            taken.append(Level(levels[0].price, shares))
            wanted -= shares
            levels[0].shares -= shares
            if not levels[0].shares:
                del levels[0]
        return taken


def _within(side: Side, limit: Decimal, price: Decimal) -> bool:
    return price >= limit if side is Side.SELL else price <= limit
