"""The exchange: a last price or an order book of others, and limit orders that rest until one of them reaches them.

Orders of clients never meet one another, only the price or the others. A resting order trades at its limit; one that
is marketable on arrival at the last price, or at the prices of the order book. The better limit trades first, at equal
limits the order that has stood there longer.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from broker.simulator.depth import Depth
from broker.simulator.instruments import Instrument
from broker.simulator.orders import Order, Side

_AUCTION_SHARE = Decimal("0.03")


@dataclass(frozen=True, slots=True)
class Match:
    """So many shares of an order trade at a price in rupees."""

    order: Order
    quantity: int
    price: Decimal


@dataclass(slots=True)
class Market:
    """One symbol. `available` = shares left to trade at this price, None without limit."""

    instrument: Instrument
    last: Decimal
    low: Decimal
    high: Decimal
    available: int | None = None
    auction: tuple[Decimal, Decimal] | None = None
    """The price range of the closing auction while it is on; nothing trades until its end."""
    resting: dict[str, Order] = field(default_factory=dict)
    stops: dict[str, Order] = field(default_factory=dict)
    previous: Decimal = Decimal(0)
    """The last price of the day before."""
    opened: Decimal | None = None
    highest: Decimal | None = None
    lowest: Decimal | None = None
    volume: int = 0
    """Shares that traded today."""
    updated: datetime | None = None
    """When price or book last changed; an idle market tells an old time."""
    depth: Depth | None = None
    """The order book of others, where there is one; a last price that is set takes it away."""
    quoted_at: tuple[object, ...] = ()
    quoted: dict[str, str] = field(default_factory=dict)
    """Quotes as they were last written, and the state of the market that they tell."""

    def require_tick(self, price: Decimal) -> None:
        """ValueError for a price at which nothing of the symbol can trade."""
        line = self.instrument
        if line.tradable and not line.on_tick(price):
            low = line.down_to_tick(price)
            near = f"take {low:.2f} or {low + line.tick:.2f}"
            raise ValueError(f"{price} is no price of {line.symbol}, whose tick is {line.tick}; {near}")

    def begin_auction(self) -> None:
        """From now on prices keep within 3 % of the last one, and trading waits (market rules §2.2)."""
        self.auction = (self.last * (1 - _AUCTION_SHARE), self.last * (1 + _AUCTION_SHARE))

    def end_auction(self) -> list[Match]:
        """What trades at the end of the auction, all of it at the last price."""
        self.auction = None
        return self._matches(at=self.last)

    def move(self, price: Decimal, liquidity: int | None) -> list[Match]:
        """Set the last price and the shares on offer at it; what trades of the resting orders."""
        self.depth, self.available = None, liquidity
        self.print(price)
        return self._matches() if self.resting and not self.auction else []

    def offer(self, depth: Depth) -> list[Match]:
        """Others have these orders from now on; what trades of the resting orders, each at its own limit."""
        self.depth = depth
        return [] if self.auction else [match for match in map(self._meet, self._in_turn()) if match.quantity]

    def print(self, price: Decimal) -> None:
        """Something traded at the price."""
        self.last = price
        self.opened = self.opened or price
        self.highest = max(self.highest or price, price)
        self.lowest = min(self.lowest or price, price)

    def follow(self) -> None:
        """Lay the band around the last price, as wide in proportion as the instrument file has it."""
        instrument = self.instrument
        width = (instrument.high - instrument.low) / (instrument.high + instrument.low)
        low = max(instrument.tick, instrument.down_to_tick(self.last * (1 - width)))
        self.low, self.high = low, max(low, instrument.down_to_tick(self.last * (1 + width)))
        self.instrument = replace(instrument, low=self.low, high=self.high)

    def next_day(self) -> None:
        """The last price becomes that of the day before."""
        self.previous, self.volume = self.last, 0
        self.opened = self.highest = self.lowest = None

    def sprung(self) -> list[Order]:
        """Stop orders whose trigger the last price has reached; they are taken off the list."""
        if not self.stops:
            return []
        hit = [order for order in self.stops.values() if self._triggered(order)]
        for order in hit:
            del self.stops[order.number]
        return hit

    def park(self, order: Order) -> None:
        """Keep a stop order until its trigger is reached."""
        self.stops[order.number] = order

    def rest(self, order: Order) -> list[Match]:
        """Take in a limit order; what trades at once."""
        self.resting[order.number] = order
        if self.auction:
            return []
        if self.depth:
            taken = self.depth.take(order.ticket.side, order.price, order.remaining)
            return [Match(order, level.shares, level.price) for level in taken]
        match = self._match(order, self.last) if self._reached(order) else None
        return [match] if match and match.quantity else []

    def withdraw(self, order: Order) -> None:
        """Take an order out; harmless when it is not there."""
        self.resting.pop(order.number, None)
        self.stops.pop(order.number, None)

    def _matches(self, at: Decimal | None = None) -> list[Match]:
        matches = (self._match(order, at or order.price) for order in self._in_turn() if self._reached(order))
        return [match for match in matches if match.quantity]

    def _in_turn(self) -> list[Order]:
        return sorted(self.resting.values(), key=_priority)

    def _meet(self, order: Order) -> Match:
        taken = self.depth.take(order.ticket.side, order.price, order.remaining) if self.depth else []
        return Match(order, sum(level.shares for level in taken), order.price)

    def _match(self, order: Order, price: Decimal) -> Match:
        quantity = order.remaining if self.available is None else min(order.remaining, self.available)
        if self.available is not None:
            self.available -= quantity
        return Match(order, quantity, price)

    def _reached(self, order: Order) -> bool:
        selling = order.ticket.side is Side.SELL
        return order.price <= self.last if selling else order.price >= self.last

    def _triggered(self, order: Order) -> bool:
        selling = order.ticket.side is Side.SELL
        return self.last <= order.ticket.trigger if selling else self.last >= order.ticket.trigger


class Exchange:
    """Every symbol of the instrument file, by symbol and by token."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.markets = {instrument.symbol: _market(instrument) for instrument in instruments}
        self.by_token = {market.instrument.token: market for market in self.markets.values()}

    def market(self, symbol: str) -> Market:
        """The market of the symbol; ValueError when the instrument file does not have it."""
        try:
            return self.markets[symbol]
        except KeyError:
            known = ", ".join(itertools.islice(self.markets, 3))
            raise ValueError(
                f"no instrument {symbol}; the instrument file has {len(self.markets)}, written as {known}"
            ) from None

    def index(self, name: str) -> Market | None:
        """The index of that name; symbols that trade have tokens."""
        market = self.markets.get(name)
        return market if market and not market.instrument.tradable else None


def _market(instrument: Instrument) -> Market:
    middle = (instrument.low + instrument.high) / 2
    last = instrument.down_to_tick(middle)
    return Market(instrument, last, instrument.low, instrument.high, previous=last)


def _priority(order: Order) -> tuple[Decimal, datetime, str]:
    price = order.price if order.ticket.side is Side.SELL else -order.price
    return price, order.since or order.entered, order.number
