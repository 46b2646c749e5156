"""What one account owns: shares in the depository since the morning, and what it bought and sold today."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from broker.simulator.instruments import Instrument
from broker.simulator.orders import Fill, Side


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


class Portfolio:
    """Holdings by symbol; the day's trades by symbol and product."""

    def __init__(self) -> None:
        self.holdings: dict[str, Holding] = {}
        self._traded: dict[str, dict[str, DayTrade]] = {}

    def record(self, fill: Fill) -> None:
        """Take in a fill."""
        instrument, product = fill.order.ticket.instrument, fill.order.ticket.product
        products = self._traded.setdefault(instrument.symbol, {})
        products.setdefault(product, DayTrade(instrument, product)).add(fill)

    def resume(self, trade: DayTrade) -> None:
        """Take up what was traded today before this portfolio was."""
        self._traded.setdefault(trade.instrument.symbol, {})[trade.product] = trade

    def traded(self) -> Iterator[DayTrade]:
        """What was traded today, one for each symbol and product."""
        return (trade for products in self._traded.values() for trade in products.values())

    @property
    def spent(self) -> Decimal:
        """Rupees that today's trades took on balance; negative when more was sold than bought."""
        return sum((trade.buy_value - trade.sell_value for trade in self.traded()), Decimal(0))

    def bought(self, symbol: str) -> int:
        """Shares bought today, all products together."""
        return sum(trade.bought for trade in self._traded.get(symbol, {}).values())

    def sold(self, symbol: str) -> int:
        """Shares sold today, all products together."""
        return sum(trade.sold for trade in self._traded.get(symbol, {}).values())

    def held(self, symbol: str) -> int:
        """Shares held at the start of the day."""
        return self.holdings[symbol].quantity if symbol in self.holdings else 0

    def sellable(self, symbol: str) -> int:
        """Held shares not yet sold: what was bought and sold today is netted first, as at settlement."""
        return max(0, self.held(symbol) - max(0, self.sold(symbol) - self.bought(symbol)))

    def free(self, instrument: Instrument) -> int:
        """Shares that may be sold as far as no order takes them: held + bought today (not in T2T) - sold today."""
        symbol = instrument.symbol
        bought = self.bought(symbol) if instrument.same_day_sale else 0
        return self.held(symbol) + bought - self.sold(symbol)

    def hold(self, instrument: Instrument, quantity: int, average: Decimal) -> None:
        """Set the shares in the depository; none takes the holding away."""
        self.holdings.pop(instrument.symbol, None)
        if quantity > 0:
            self.holdings[instrument.symbol] = Holding(instrument, quantity, average)

    def adjust(self, instrument: Instrument, new: int, old: int) -> int:
        """Have `new` shares for every `old` ones at the same cost, fractions lost; how many shares came (or went)."""
        before = self.holdings.get(instrument.symbol)
        if before is None:
            return 0
        quantity = before.quantity * new // old
        self.hold(instrument, quantity, before.average * old / new)
        return quantity - before.quantity

    def rename(self, symbol: str, instrument: Instrument) -> int:
        """The shares of the symbol are those of the instrument from now on; how many there are."""
        before = self.holdings.pop(symbol, None)
        if before is None:
            return 0
        self.hold(instrument, before.quantity, before.average)
        return before.quantity

    def settle(self) -> None:
        """Turn the day's trades into holdings."""
        for trade in list(self.traded()):
            self._deliver(trade)
        self._traded.clear()

    def _deliver(self, trade: DayTrade) -> None:
        held = self.holdings.get(trade.instrument.symbol)
        before, average = (held.quantity, held.average) if held else (0, Decimal(0))
        if trade.bought:
            average = (average * before + trade.buy_value) / (before + trade.bought)
        self.hold(trade.instrument, before + trade.bought - trade.sold, average)
