"""One paper account's exchange for the length of one transaction: built from rows, brought up to now, put away again.

Nothing of it outlives the transaction. Whatever process builds it next from the same rows goes on where this one
stopped, and what was due meanwhile (steps of orders, prices, the close, the night) happens at its own moment.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from broker.paper.hours import entry_of, trading_day, trading_hours
from broker.paper.lines import traded, unlisted
from broker.paper.market import Market
from broker.paper.prices import Path, Tick
from broker.paper.reckoning import holdings_of, shortage, spent, trades_of
from broker.paper.rows import LETTERS, order_of, row_of
from broker.simulator.accounts import Account
from broker.simulator.agenda import Agenda
from broker.simulator.book import Book
from broker.simulator.clock import ist_date, next_midnight
from broker.simulator.desk import OrderDesk
from broker.simulator.exchange import Exchange
from broker.simulator.exchange import Market as Stall
from broker.simulator.faults import Faults
from broker.simulator.feed import Feeds
from broker.simulator.floor import Floor
from broker.simulator.instruments import Instrument as Traded
from broker.simulator.ledger import Ledger
from broker.simulator.orders import Fill, Order, Side, Ticket
from broker.simulator.rms import Terms
from broker.simulator.settings import Settings
from domain.book import Instrument, NewOrder, PriceChange
from domain.market import Calendar
from domain.orders import Side as OurSide
from domain.paper import PaperAccount, PaperBook, PaperNews

KEEP_AFTER = 60.0
"""Seconds after which a page is written though nothing happened, so that the next one has little to catch up with."""


class Pit:
    """The exchange of one account. `moment` never runs backwards, whichever machine's clock looks."""

    def __init__(
        self, rows: PaperBook, wanted: Iterable[str], market: Market, calendar: Calendar, now: datetime
    ) -> None:
        account = rows.account
        self.moment = now if account.settled_at is None else max(now, account.settled_at)
        self._since = account.settled_at or self.moment
        self._account, self._rows, self._market = account, rows, market
        self._holder = Account("", "", str(account.user_id), "", "")
        self._kinds: dict[str, Traded] = {}
        self._agenda = Agenda()
        self.book = Book(self._holder)
        symbols = {order.symbol for order in rows.orders} | {held.symbol for held in rows.holdings} | set(wanted)
        self._listed = {symbol: line for symbol in symbols if (line := market.find(symbol)) is not None}
        self._exchange = Exchange(self._kind(symbol) for symbol in sorted(symbols))
        self._ledger = Ledger()
        books = {self._holder.ucc: self.book}
        self._floor = Floor(self._exchange, self._ledger, books, Feeds(Faults(0)))
        self.desk = OrderDesk(self._agenda, self._floor, books, _settings(account))
        days = [trading_day(calendar.session(moment)) for moment in (self._since, self.moment)]
        self._day = days[0]
        self._hours = trading_hours(*days)
        self.desk.hours = trading_hours(*days, *(entry_of(order.entered_at) for order in rows.orders))
        self._over: list[Order] = []
        self._restore()
        self._settle()

    @property
    def latency(self) -> float:
        """Seconds from the client to the broker."""
        return self._account.latency

    @property
    def live_symbols(self) -> set[str]:
        """The symbols whose prices matter now."""
        return {order.symbol for order in self.book.live.values()}

    def line(self, symbol: str) -> Instrument | None:
        """The line of a symbol that was wanted or is in the rows."""
        return self._listed.get(symbol)

    def settle(self) -> None:
        """Let happen what is due at this moment."""
        self._agenda.settle(self.moment)

    def place(self, order: NewOrder, verdict: str | None, hidden: float) -> Order:
        """Receive an order in a symbol that was wanted; `verdict` is a refusal on command, `hidden` in seconds."""
        ticket = Ticket(LETTERS[order.side], self._kind(order.symbol), order.quantity, order.price, order.tag)
        short = self._short(order.price * order.quantity) if order.side is OurSide.BUY else None
        verdict = verdict or self._hours.objection(self.moment) or short
        placed = self.desk.place(self._holder, ticket, self.moment, verdict, hidden)
        self.settle()
        return placed

    def modify(self, order: Order, change: PriceChange, verdict: str | None) -> None:
        """Receive another price for a live order."""
        more = change.price * (change.quantity - order.filled) - order.price * order.remaining
        short = self._short(more) if order.ticket.side is Side.BUY else None
        self.desk.modify(order, Terms(change.price, change.quantity), self.moment, verdict or short)
        self.settle()

    def cancel(self, order: Order, verdict: str | None) -> None:
        """Receive the wish that a live order ends."""
        self.desk.cancel(order, self.moment, verdict)
        self.settle()

    def live(self, number: str) -> Order | None:
        """The live order of that number."""
        return self.book.live.get(number)

    def news(self) -> PaperNews | None:
        """What has to be written; None where nothing happened that the next page would not find by itself."""
        day = ist_date(self.moment)
        before = {row.number: row for row in self._rows.orders}
        ended = [row_of(order, ist_date(order.entered)) for order in self._over]
        present = [row_of(order, day) for order in self.book.orders.values()]
        changed = tuple(row for row in (*ended, *present) if row != before.get(row.number))
        trades = tuple(trades_of(self._ledger.fills, before))
        holdings = holdings_of(self.book) if self._over or self._account.day not in (None, day) else None
        account = replace(self._account, cash=self._cash, day=day, settled_at=self.moment)
        news = PaperNews(account, changed, trades, holdings)
        old = self._account.settled_at is None or (self.moment - self._since).total_seconds() >= KEEP_AFTER
        return news if old or changed or trades or holdings is not None else None

    @property
    def _cash(self) -> Decimal:
        return self._account.cash - spent(self._ledger.fills)

    def _short(self, more: Decimal) -> str | None:
        return shortage(self.book, self._cash, more)

    def _restore(self) -> None:
        for held in self._rows.holdings:
            self.book.portfolio.hold(self._kind(held.symbol), held.quantity, held.average_price)
        for row in self._rows.orders:
            order = order_of(row, self._holder, self._kind(row.symbol))
            self.book.add(order)
            self.book.update(order)
        for trade in self._rows.trades:
            order = self.book.orders[trade.number]
            self.book.record(Fill(f"{trade.number}-{trade.filled}", order, trade.quantity, trade.price, trade.at))

    def _settle(self) -> None:
        """Have everything happen that was due since the rows were written."""
        paths = {symbol: self._path(symbol) for symbol in self._listed}
        for symbol, path in paths.items():
            _stand_at(self._exchange.market(symbol), path.start)
        self._begin_auctions()
        for order in self.book.orders.values():
            if order.resting and order.live:
                self._floor.market(order).resting[order.number] = order
            self.desk.resume(order)
        self._enter_ends()
        for symbol, path in paths.items():
            for tick in path.moves:
                self._enter_price(symbol, tick)
        self.settle()

    def _enter_ends(self) -> None:
        """The end of continuous trading, the close, the end of the auction, the night: as far as they are between."""
        if self._day is not None:
            auction = self._day.auction
            ends = [(self._day.close, self._floor.close)]
            if auction is not None:
                ends += [(auction.freeze, self._floor.freeze), (auction.end, self._floor.end_auction)]
            for moment, end in ends:
                if moment > self._since:
                    self._agenda.at(moment, end)
        midnight = next_midnight(self._since)
        if midnight <= self.moment:
            self._agenda.at(midnight, self._next_day)

    def _next_day(self, midnight: datetime) -> None:
        self._floor.end_auction(midnight)
        self._floor.close(midnight)
        self._over = list(self.book.orders.values())
        self.book.next_day()

    def _enter_price(self, symbol: str, tick: Tick) -> None:
        self._agenda.at(tick.at, lambda when: self._floor.price(symbol, tick.price, tick.shares, when))

    def _begin_auctions(self) -> None:
        """Where a closing auction is on already, around the price with which continuous trading ended."""
        auction = self._day.auction if self._day is not None else None
        if auction is None or not auction.freeze <= self._since < auction.end:
            return
        for symbol, line in self._listed.items():
            market = self._exchange.market(symbol)
            if market.instrument.auctioned:
                present, reference = market.last, self._market.path(line, auction.freeze, auction.freeze).start
                market.move(reference.price if reference else present, None)
                market.begin_auction()
                market.move(present, None)

    def _path(self, symbol: str) -> Path:
        """All that the price did, where an order could have met it; else where it stands."""
        path = self._market.path(self._listed[symbol], self._since, self.moment)
        watched = symbol in self.live_symbols or self._kind(symbol).auctioned
        return path if watched else Path(path.last)

    def _kind(self, symbol: str) -> Traded:
        if symbol not in self._kinds:
            self._kinds[symbol] = traded(self._listed.get(symbol) or unlisted(symbol))
        return self._kinds[symbol]


def _settings(account: PaperAccount) -> Settings:
    """Its cash is in its row, and asked for where a buy is received."""
    settings = Settings()
    settings.change(open_delay=account.open_delay, book_delay=account.book_delay, rms_margin=False)
    return settings


def _stand_at(market: Stall, tick: Tick | None) -> None:
    """The price at the beginning. What was on offer at one moment is gone; without a price nothing is offered."""
    if tick is None:
        market.move(market.last, 0)
    else:
        market.move(tick.price, None if tick.shares is None else 0)
