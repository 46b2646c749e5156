"""The floor keeps orders, books, markets and the ledger in step: every change of any order goes through it.

Every moment given must not be earlier than the one before.
"""

import itertools
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from broker.simulator.book import Book
from broker.simulator.depth import Depth
from broker.simulator.exchange import Exchange, Market, Match
from broker.simulator.feed import Feeds
from broker.simulator.ledger import Ledger
from broker.simulator.orders import NO_REASON, Fill, Order, Side, State


class Floor:
    """Where orders stand, trade and end."""

    def __init__(self, exchange: Exchange, ledger: Ledger, books: Mapping[str, Book], feeds: Feeds) -> None:
        self._exchange = exchange
        self._ledger = ledger
        self._books = books
        self._feeds = feeds
        self._fill_numbers = itertools.count(207_000_001)

    def receive(self, order: Order, moment: datetime) -> None:
        """A new order enters the books."""
        self._book(order).add(order)
        self._ledger.orders.append(order)
        self.enter(order, State.AMO_RECEIVED if order.ticket.after_market else State.RECEIVED, moment)

    def enter(self, order: Order, state: State, moment: datetime) -> None:
        """The order goes into the state; when it is a last one it leaves market and book."""
        order.enter(state, moment)
        if not order.live:
            self.market(order).withdraw(order)
        book = self._book(order)
        book.update(order)
        if order.ticket.side is Side.SELL:  # what happens to a buy makes nothing worse
            self._ledger.look(book, order.symbol)
        self._feeds.tell_order(order)

    def stand(self, order: Order, moment: datetime) -> None:
        """The order stands at the exchange under its present terms; what can trade at once does."""
        if order.ticket.kind == "SL" and not order.triggered:
            self._progress(order, State.TRIGGER_PENDING, moment)
            self.market(order).park(order)
            return
        self._progress(order, State.OPEN, moment)
        for match in self.market(order).rest(order):
            self._trade(match, moment)
        if order.ticket.validity == "IOC":
            self.withdraw(order, moment)
        if self.market(order).depth:
            self._spring(self.market(order), moment)

    def withdraw(self, order: Order, moment: datetime) -> None:
        """The order ends as far as it has not traded; also how the exchange ends what is left at the close."""
        if order.live:
            order.cancelled = order.remaining
            order.reason = NO_REASON
            self.enter(order, State.AMO_CANCELLED if order.waits else State.CANCELLED, moment)

    def reject(self, order: Order, reason: str, moment: datetime) -> None:
        """The order ends before it reached the exchange."""
        order.reason = reason
        self.enter(order, State.REJECTED, moment)

    def price(self, symbol: str, price: Decimal, liquidity: int | None, moment: datetime) -> None:
        """The last price moves, with so many shares on offer (None: any number)."""
        market = self._exchange.market(symbol)
        market.updated = moment
        for match in market.move(price, liquidity):
            self._trade(match, moment)
        self._spring(market, moment)

    def offer(self, symbol: str, depth: Depth, moment: datetime) -> None:
        """Others have these orders in their book from now on."""
        market = self._exchange.market(symbol)
        market.updated = moment
        for match in market.offer(depth):
            self._trade(match, moment)
        self._spring(market, moment)

    def fill(self, order: Order, quantity: int, price: Decimal, moment: datetime) -> None:
        """So many shares of the order trade now. ValueError unless it is at the exchange with that many left."""
        if not order.resting or not 0 < quantity <= order.remaining:
            raise ValueError(f"order {order.number} is {order.state}, {order.remaining} left: cannot fill {quantity}")
        self._trade(Match(order, quantity, price), moment)

    def close(self, moment: datetime) -> None:
        """The exchange ends every order that is left, except in symbols whose closing auction is on."""
        for order in self._live():
            if not self.market(order).auction:
                self.withdraw(order, moment)

    def freeze(self, moment: datetime) -> None:
        """Continuous trading ends in the eligible symbols; stop orders and limits too far from the last price go."""
        for market in self._exchange.markets.values():
            if market.instrument.auctioned:
                market.begin_auction()
        for order in self._live():
            if order.admitted and not self._may_be_auctioned(order):
                self.withdraw(order, moment)

    def end_auction(self, moment: datetime) -> None:
        """What the last price reaches trades at it, and the exchange ends what is left."""
        ending = [market for market in self._exchange.markets.values() if market.auction]
        for market in ending:
            for match in market.end_auction():
                self._trade(match, moment)
        symbols = {market.instrument.symbol for market in ending}
        for order in self._live():
            if order.symbol in symbols:
                self.withdraw(order, moment)

    def clear_outside(self, market: Market, low: Decimal, high: Decimal, moment: datetime) -> None:
        """The exchange ends the symbol's orders whose limit is outside the range, also those on their way to it."""
        for order in self._live():
            if order.symbol == market.instrument.symbol and order.admitted and not low <= order.price <= high:
                self.withdraw(order, moment)

    def market(self, order: Order) -> Market:
        """Where the order trades."""
        return self._exchange.market(order.symbol)

    def _trade(self, match: Match, moment: datetime) -> None:
        order = match.order
        fill = Fill(str(next(self._fill_numbers)), order, match.quantity, match.price, moment)
        order.filled += match.quantity
        order.value += match.quantity * match.price
        market = self.market(order)
        market.volume += match.quantity
        market.updated = moment
        if market.depth:
            market.print(match.price)
        self._book(order).record(fill)
        self._ledger.fill(fill)
        self.enter(order, order.state if order.filled < order.quantity else State.COMPLETE, moment)
        self._feeds.tell_position(fill, self._book(order).portfolio)

    def _spring(self, market: Market, moment: datetime) -> None:
        """Stop orders whose trigger was reached go to the exchange."""
        for order in market.sprung():
            order.triggered, order.since = True, moment
            self.stand(order, moment)

    def _live(self) -> list[Order]:
        """What the exchange can know of; not what waits for it to open."""
        return [order for book in self._books.values() for order in book.live.values() if not order.waits]

    def _may_be_auctioned(self, order: Order) -> bool:
        limits = self.market(order).auction
        if limits is None:
            return True
        kept = (order.triggered or order.ticket.kind != "SL") and not order.ticket.disclosed
        return kept and limits[0] <= order.price <= limits[1]

    def _progress(self, order: Order, state: State, moment: datetime) -> None:
        """A cancel that is under way goes on showing."""
        if order.state is not State.CANCEL_PENDING:
            self.enter(order, state, moment)

    def _book(self, order: Order) -> Book:
        return self._books[order.account.ucc]
