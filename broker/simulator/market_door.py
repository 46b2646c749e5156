"""The exchange's side of the control door: prices, bands, fills, lapses and trading days."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from broker.simulator.depth import Depth, Level
from broker.simulator.doorway import Doorway, Price, on_tick, rupees
from broker.simulator.exchange import Market
from broker.simulator.overnight import adjust, move
from broker.simulator.rms import Auction, TradingDay

AuctionTimes = tuple[datetime, datetime, datetime]
"""Freeze, entry and end."""


Levels = Sequence[tuple[Price, int]]


class MarketDoor(Doorway):
    """What happens to a symbol, whoever has orders in it."""

    def set_price(self, symbol: str, price: Price, liquidity: int | None = None) -> None:
        """Move the last price, with so many shares on offer at it (None: any number); what it reaches trades."""
        self.move_price(symbol, price, liquidity)

    def move_price(
        self,
        symbol: str,
        price: Price | None = None,
        liquidity: int | None = None,
        low: Price | None = None,
        high: Price | None = None,
        slide: bool = False,
    ) -> None:
        """Move the last price (see `set_price`), the band (see `set_band`), or both at once, the band first."""
        if (low is None) != (high is None) or (price is None and low is None):
            raise ValueError("a price is missing; give price, or low and high for the band, or all three")
        if liquidity is not None and (price is None or liquidity < 0):
            raise ValueError(f"liquidity {liquidity}: it is the shares on offer at a price, 0 or more of them")
        with self._now() as now:
            last = None if price is None else on_tick(self._broker.exchange.market(symbol), price)
            if low is not None and high is not None:
                self.set_band(symbol, low, high, slide)
            if last is not None:
                self._broker.floor.price(symbol, last, liquidity, now)

    def set_depth(self, symbol: str, bids: Levels, asks: Levels) -> None:
        """Have others bid and ask for shares, each (price, shares); what they reach trades at the limits that rest.

        Orders that arrive take their shares, best price first, each at its own price. `set_price` takes the book away.
        """
        with self._now() as now:
            market = self._broker.exchange.market(symbol)
            self._broker.floor.offer(symbol, Depth(_levels(market, bids), _levels(market, asks)), now)

    def set_band(self, symbol: str, low: Price, high: Price, slide: bool = False) -> None:
        """Move the day's price range of the symbol for new orders; what rests outside is left alone.

        With `slide` the exchange cancels what rests outside, as it does when a band slides (market rules §3.2).
        """
        lowest, highest = rupees(low), rupees(high)
        if lowest > highest:
            raise ValueError(f"not a band: {lowest} to {highest}; low is at most as high as high")
        with self._now() as now:
            market = self._broker.exchange.market(symbol)
            market.low, market.high = lowest, highest
            if slide:
                self._broker.floor.clear_outside(market, market.low, market.high, now)

    def last_price(self, symbol: str) -> Decimal:
        """The last price."""
        with self._now():
            return self._broker.exchange.market(symbol).last

    def fill(self, order: str, quantity: int, price: Price | None = None) -> None:
        """Have so many shares of an order at the exchange trade, at its limit unless a price is given."""
        with self._now() as now:
            found = self._broker.order(order)
            market = self._broker.floor.market(found)
            self._broker.floor.fill(found, quantity, found.price if price is None else on_tick(market, price), now)

    def lapse(self, order: str) -> None:
        """Have the exchange end an order, as it does at the close."""
        with self._now() as now:
            self._broker.floor.withdraw(self._broker.order(order), now)

    def corporate_action(self, symbol: str, new: int, old: int, isin: str | None = None) -> None:
        """Overnight: `new` shares for every `old` ones in each holding, prices and band in inverse ratio.

        The instrument file has the new band, and the new ISIN if one is given, from now on. ValueError for a symbol
        that was traded today or has live orders.
        """
        with self._now():
            adjust(self._broker, symbol, new, old, isin)

    def change_series(self, symbol: str, series: str) -> str:
        """Overnight: the symbol moves to another series, token, ISIN and holdings stay; its new trading symbol.

        The old one is unknown from now on. ValueError for a symbol that was traded today or has live orders.
        """
        with self._now():
            return move(self._broker, symbol, series)

    def trade_within(self, opens: datetime, closes: datetime, auction: AuctionTimes | None = None) -> None:
        """Add a trading day, aware; at the close the exchange ends what is left. Without a day it is always open.

        `auction` is the closing auction of eligible symbols (market rules §2.1): at the freeze the exchange cancels
        their untriggered stop orders and limits outside 3 % of the last price; until the entry every request about
        them is received and then rejected; at the end, at or after the close, what the last price reaches trades at
        it, and the rest is cancelled. In between they trade only by `fill`.
        """
        if any(moment.tzinfo is None for moment in (opens, closes, *(auction or ()))):
            raise ValueError(f"not a trading day, a time is without a zone: {_told(opens, closes, auction)}")
        day = TradingDay(opens, closes, Auction(*auction) if auction else None)
        if not day.orderly:
            raise ValueError(
                f"not a trading day: {_told(opens, closes, auction)}; every moment is after the one before"
            )
        with self._now():
            self._broker.trade_within(day)


def _levels(market: Market, offered: Levels) -> list[Level]:
    return [Level(on_tick(market, price), shares) for price, shares in offered]


def _told(opens: datetime, closes: datetime, auction: AuctionTimes | None) -> str:
    moments = f", auction {', '.join(moment.isoformat() for moment in auction)}" if auction else ""
    return f"{opens.isoformat()} to {closes.isoformat()}{moments}"
