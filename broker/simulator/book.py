"""One account's day at the broker: its orders, fills, tags, holdings and what it bought and sold."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from broker.simulator.accounts import Account
from broker.simulator.instruments import Instrument
from broker.simulator.orders import Fill, Order, Side


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares in the depository at the start of the day. `average` in rupees."""

    instrument: Instrument
    quantity: int
    average: Decimal


@dataclass(slots=True)
class DayTrade:
    """What was bought and sold today in one symbol and product. Values in rupees."""

    instrument: Instrument
    product: str
    bought: int = 0
    sold: int = 0
    buy_value: Decimal = Decimal(0)
    sell_value: Decimal = Decimal(0)

    def add(self, fill: Fill) -> None:
        """Count one fill."""
        value = fill.price * fill.quantity
        if fill.order.ticket.side is Side.BUY:
            self.bought += fill.quantity
            self.buy_value += value
        else:
            self.sold += fill.quantity
            self.sell_value += value


class Book:
    """The broker's view of one account, today."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.orders: dict[str, Order] = {}
        self.fills: list[Fill] = []
        self.tags: set[str] = set()
        self.holdings: dict[str, Holding] = {}
        self.traded: dict[tuple[str, str], DayTrade] = {}
        self._live: defaultdict[str, dict[str, Order]] = defaultdict(dict)

    def add(self, order: Order) -> None:
        """Take in a new order and burn its tag for the day."""
        self.tags.add(order.tag)
        self.orders[order.number] = order
        self._live[order.ticket.instrument.symbol][order.number] = order

    def end(self, order: Order) -> None:
        """The order can no longer trade."""
        self._live[order.ticket.instrument.symbol].pop(order.number, None)

    def record(self, fill: Fill) -> None:
        """Take in a fill."""
        ticket = fill.order.ticket
        key = (ticket.instrument.symbol, ticket.product)
        self.traded.setdefault(key, DayTrade(ticket.instrument, ticket.product)).add(fill)
        self.fills.append(fill)

    def live_orders(self) -> list[Order]:
        """Every order that may still trade."""
        return [order for orders in self._live.values() for order in orders.values()]

    def live_sells(self, symbol: str) -> list[Order]:
        """Every sell of the symbol that may still trade."""
        return [order for order in self._live[symbol].values() if order.ticket.side is Side.SELL]

    def resting_sells(self, symbol: str, besides: Order | None = None) -> int:
        """Shares in sells that passed the risk checks and may still trade."""
        return sum(sell.remaining for sell in self.live_sells(symbol) if sell.admitted and sell is not besides)

    def bought(self, symbol: str) -> int:
        """Shares bought today, all products together."""
        return sum(trade.bought for trade in self._trades(symbol))

    def sold(self, symbol: str) -> int:
        """Shares sold today, all products together."""
        return sum(trade.sold for trade in self._trades(symbol))

    def held(self, symbol: str) -> int:
        """Shares held at the start of the day."""
        return self.holdings[symbol].quantity if symbol in self.holdings else 0

    def sellable(self, symbol: str) -> int:
        """Held shares not yet sold: what was bought and sold today is netted first, as at settlement."""
        return max(0, self.held(symbol) - max(0, self.sold(symbol) - self.bought(symbol)))

    def free_to_sell(self, instrument: Instrument, besides: Order | None = None) -> int:
        """Shares that a new sell may take: held + bought today (not in T2T) - sold today - resting sells."""
        symbol = instrument.symbol
        bought = self.bought(symbol) if instrument.same_day_sale else 0
        return self.held(symbol) + bought - self.sold(symbol) - self.resting_sells(symbol, besides)

    def next_day(self) -> None:
        """Settle the day's trades into holdings and start with an empty book."""
        for trade in self.traded.values():
            self._deliver(trade)
        self.orders, self.fills, self.tags, self.traded = {}, [], set(), {}
        self._live.clear()

    def _deliver(self, trade: DayTrade) -> None:
        symbol = trade.instrument.symbol
        price = trade.buy_value / trade.bought if trade.bought else Decimal(0)
        holding = self.holdings.get(symbol, Holding(trade.instrument, 0, price))
        quantity = holding.quantity + trade.bought - trade.sold
        self.holdings[symbol] = replace(holding, quantity=quantity)
        if quantity <= 0:
            del self.holdings[symbol]

    def _trades(self, symbol: str) -> Iterable[DayTrade]:
        return (trade for (traded, _), trade in self.traded.items() if traded == symbol)
