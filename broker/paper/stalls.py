"""The symbols that one account's orders are in, at their prices: where these stood, and what moved them since."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from broker.paper.lines import traded, unlisted
from broker.paper.market import Market
from broker.paper.prices import Path, Tick
from broker.simulator.exchange import Exchange
from broker.simulator.exchange import Market as Stall
from broker.simulator.instruments import Instrument as Traded
from broker.simulator.rms import Auction
from domain.book import Instrument
from domain.orders import Side
from domain.paper import PaperOrder


class Stalls:
    """Of a symbol with live orders all that could meet them matters, of the others only where the price stands."""

    def __init__(
        self,
        market: Market,
        symbols: Iterable[str],
        live: Iterable[PaperOrder],
        since: datetime,
        until: datetime,
        auction: Auction | None,
    ) -> None:
        self._market = market
        self._auction = auction
        self._since = since
        self._until = until
        self._kinds: dict[str, Traded] = {}
        self._limits: defaultdict[str, Limits] = defaultdict(Limits)
        for order in live:
            self._limits[order.symbol].take_in(order)
        wanted = sorted({*symbols, *self._limits})
        self._listed = {symbol: line for symbol in wanted if (line := market.find(symbol)) is not None}
        self.exchange = Exchange(self.kind(symbol) for symbol in wanted)
        self._paths = {symbol: self._path(line) for symbol, line in self._listed.items()}
        for symbol, stall in self.exchange.markets.items():
            path = self._paths.get(symbol)
            _stand_at(stall, path.start if path else None)

    def line(self, symbol: str) -> Instrument | None:
        """The line of a symbol, where today's file has it."""
        return self._listed.get(symbol)

    def kind(self, symbol: str) -> Traded:
        """The symbol as the simulator's exchange wants it."""
        if symbol not in self._kinds:
            line = self._listed.get(symbol) or self._market.find(symbol)
            self._kinds[symbol] = traded(line) if line is not None else unlisted(symbol)
        return self._kinds[symbol]

    def moves(self) -> Iterator[tuple[str, Tick]]:
        """What moved the prices, symbol by symbol."""
        for symbol, path in self._paths.items():
            for tick in path.moves:
                yield symbol, tick

    def resume_auctions(self) -> None:
        """Where the closing auction is on already: around the price with which continuous trading ended."""
        auction = self._auction
        if auction is None or not auction.freeze <= self._since < auction.end:
            return
        for symbol, line in self._listed.items():
            stall = self.exchange.market(symbol)
            if stall.instrument.auctioned:
                present, reference = self._paths[symbol].start, self._market.path(line, auction.freeze, auction.freeze)
                stall.move(reference.start.price if reference.start else stall.last, None)
                stall.begin_auction()
                offered = present.shares if present is not None and present.at >= auction.freeze else None
                stall.move(present.price if present else stall.last, offered)

    def await_auction(self) -> None:
        """What was on offer before a closing auction says nothing about it: until a price of its own any number is."""
        for stall in self.exchange.markets.values():
            if stall.auction:
                stall.available = None

    def _path(self, line: Instrument) -> Path:
        """What the price did, as far as an order could have met it, or all of it where an auction begins at it."""
        path, limits = self._market.path(line, self._since, self._until), self._limits.get(line.symbol)
        auction = self._auction if line.auction else None
        if auction is not None and self._since < auction.end and auction.freeze <= self._until:
            return path
        return Path(path.last) if limits is None else limits.meeting(path)


@dataclass(slots=True)
class Limits:
    """The prices in rupees that live orders of one symbol wait for. `exact`: one of them is still on its way, and meets
    the price that stands when it arrives.
    """

    sell: Decimal | None = None
    buy: Decimal | None = None
    exact: bool = False

    def take_in(self, order: PaperOrder) -> None:
        """Count the order in."""
        if order.side is Side.SELL:
            self.sell = order.price if self.sell is None else min(self.sell, order.price)
        else:
            self.buy = order.price if self.buy is None else max(self.buy, order.price)
        self.exact = self.exact or bool(order.errands)

    def meeting(self, path: Path) -> Path:
        """The path without what meets none of them: hours of a quiet price are caught up with in no time."""
        if self.exact or not path.moves:
            return path
        return Path(path.start, (*filter(self._meets, path.moves[:-1]), path.moves[-1]))

    def _meets(self, tick: Tick) -> bool:
        return (self.sell is not None and tick.price >= self.sell) or (self.buy is not None and tick.price <= self.buy)


def _stand_at(stall: Stall, tick: Tick | None) -> None:
    """The price at the beginning. What was on offer at one moment is gone; without a price nothing is offered."""
    if tick is None:
        stall.move(stall.last, 0)
    else:
        stall.move(tick.price, None if tick.shares is None else 0)
