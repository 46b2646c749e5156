"""One account's orders of the day at the broker: fills, burnt tags, and how much its live sells take."""

from collections import defaultdict
from dataclasses import dataclass

from broker.simulator.accounts import Account
from broker.simulator.funds import Funds
from broker.simulator.orders import Fill, Order, Side
from broker.simulator.portfolio import Portfolio


@dataclass(frozen=True, slots=True)
class Sells:
    """Live sells of a symbol: how many came over the API and their shares, and the shares of all that passed RMS."""

    api_orders: int = 0
    api_shares: int = 0
    admitted: int = 0

    def __add__(self, other: "Sells") -> "Sells":
        return Sells(
            self.api_orders + other.api_orders, self.api_shares + other.api_shares, self.admitted + other.admitted
        )

    def __sub__(self, other: "Sells") -> "Sells":
        return Sells(
            self.api_orders - other.api_orders, self.api_shares - other.api_shares, self.admitted - other.admitted
        )


_NONE = Sells()


class Book:
    """The broker's view of one account, today."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.portfolio = Portfolio()
        self.funds = Funds()
        self.orders: dict[str, Order] = {}
        self.live: dict[str, Order] = {}
        self.fills: list[Fill] = []
        self.tags: set[str] = set()
        self.page: bytes | None = None
        """The whole order book as it was last told, until something in it changes."""
        self.told: dict[str, tuple[tuple[object, ...], str]] = {}
        """The rows of the holdings as they were last told, and what they told of."""
        self._sells: defaultdict[str, Sells] = defaultdict(Sells)
        self._counted: dict[str, Sells] = {}

    def add(self, order: Order) -> None:
        """Take in a new order and burn its tag for the day."""
        self.tags.add(order.tag)
        self.orders[order.number] = order
        self.live[order.number] = order

    def record(self, fill: Fill) -> None:
        """Take in a fill."""
        self.portfolio.record(fill)
        self.fills.append(fill)

    def update(self, order: Order) -> None:
        """The order changed: count it anew. The cost does not grow with the orders."""
        self.page = None
        self.funds.update(order)
        present, before = _sells_of(order), self._counted.get(order.number, _NONE)
        if present is not before and present != before:
            self._sells[order.symbol] += present - before
            self._counted[order.number] = present
        if not order.live:
            self._counted.pop(order.number, None)
            self.live.pop(order.number, None)

    def sells(self, symbol: str) -> Sells:
        """The live sells of the symbol."""
        return self._sells[symbol]

    def free_to_sell(self, order: Order) -> int:
        """Shares that this sell may take: free ones less those that other sells take."""
        own = self._counted.get(order.number, _NONE).admitted
        others = self._sells[order.symbol].admitted - own
        return self.portfolio.free(order.ticket.instrument) - others

    def next_day(self) -> None:
        """Settle the day's trades into holdings and start with an empty book; what waits for the opening stays."""
        waiting = [order for order in self.live.values() if order.waits]
        self.funds.next_day(self.portfolio)
        self.portfolio.settle()
        self.orders, self.live, self.fills, self.tags, self._counted = {}, {}, [], set(), {}
        self.page = None
        self._sells.clear()
        for order in waiting:
            self.add(order)
            self.update(order)


def _sells_of(order: Order) -> Sells:
    if order.ticket.side is Side.BUY or not order.live:
        return _NONE
    shares = order.remaining
    return Sells(
        api_orders=1 if order.by_api else 0,
        api_shares=shares if order.by_api else 0,
        admitted=shares if order.admitted else 0,
    )
