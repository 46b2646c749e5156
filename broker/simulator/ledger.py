"""What really happened, as the exchange saw it: the evidence by which a client of the simulator is judged.

Nothing here is shown to clients. It outlives the day: at midnight book and tags are cleared, the ledger is not.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from broker.simulator.book import Book, Sells
from broker.simulator.orders import Fill, Order, Side


@dataclass(slots=True)
class Line:
    """One account's shares of one symbol since the start, and the worst that ever was."""

    held: int = 0
    bought: int = 0
    sold: int = 0
    sold_by_api: int = 0
    most_live_api_sells: int = 0
    most_api_sell_shares: int = 0
    worst_excess: int = 0

    def count(self, fill: Fill) -> None:
        """Take in one fill."""
        if fill.order.ticket.side is Side.BUY:
            self.bought += fill.quantity
            return
        self.sold += fill.quantity
        self.sold_by_api += fill.quantity if fill.order.by_api else 0

    def look(self, sells: Sells) -> None:
        """Compare the present with the worst so far."""
        self.most_live_api_sells = max(self.most_live_api_sells, sells.api_orders)
        self.most_api_sell_shares = max(self.most_api_sell_shares, self.sold_by_api + sells.api_shares)
        self.worst_excess = max(self.worst_excess, self.sold + sells.admitted - self.held - self.bought)


@dataclass(frozen=True, slots=True)
class RefusedTag:
    """A repeated tag that was refused."""

    ucc: str
    tag: str
    moment: datetime


class Ledger:
    """Every order, fill and refused tag, and one line per account and symbol."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.fills: list[Fill] = []
        self.refused: list[RefusedTag] = []
        self.lines: defaultdict[tuple[str, str], Line] = defaultdict(Line)

    def held(self, ucc: str, symbol: str, more: int) -> None:
        """Shares came into (or left) the account without a trade."""
        self.lines[ucc, symbol].held += more

    def fill(self, fill: Fill) -> None:
        """A trade happened."""
        self.fills.append(fill)
        self.lines[fill.order.account.ucc, fill.order.symbol].count(fill)

    def look(self, book: Book, symbol: str) -> None:
        """Something changed in the symbol: note whether it is worse than ever before."""
        self.lines[book.account.ucc, symbol].look(book.sells(symbol))
