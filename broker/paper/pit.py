"""One paper account's exchange for the length of one transaction: built from rows, brought up to now, put away again.

Nothing of it outlives the transaction. Whatever process builds it next from the same rows goes on where this one
stopped, and what was due meanwhile (steps of orders, prices, the close, the night) happens at its own moment. A long
time is caught up with in strides, one transaction each: the rows are never held for long, and no stride is lost.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from broker.paper.hours import entry_of, trading_day, trading_hours
from broker.paper.market import Market
from broker.paper.reckoning import day_trades, news_of, spent, trades_of
from broker.paper.rows import order_of, row_of
from broker.paper.stalls import Stalls
from broker.paper.store import Records
from broker.simulator.accounts import Account
from broker.simulator.agenda import Agenda
from broker.simulator.book import Book
from broker.simulator.clock import ist_date, next_midnight
from broker.simulator.desk import OrderDesk
from broker.simulator.faults import Faults
from broker.simulator.feed import Feeds
from broker.simulator.floor import Floor
from broker.simulator.instruments import Instrument as Traded
from broker.simulator.ledger import Ledger
from broker.simulator.orders import Order
from broker.simulator.settings import Settings
from domain.book import Instrument
from domain.market import Calendar
from domain.paper import PaperAccount, PaperBook, PaperHand, PaperNews, PaperOrder, PaperTrade

KEEP_AFTER = 60.0
"""Seconds after which a page is written though nothing happened, so that the next one has little to catch up with."""
STRIDE = timedelta(hours=4)
"""The most time of one symbol with live orders that is caught up with in one transaction; of two symbols half of it."""


class Pit:
    """The exchange of one account. `moment` never runs backwards, whichever machine's clock looks; it is `behind` when
    there was more to catch up with than one stride.
    """

    def __init__(
        self,
        rows: PaperBook,
        records: Records,
        wanted: Iterable[str],
        market: Market,
        calendar: Calendar,
        now: datetime,
    ) -> None:
        account = rows.account
        aim = now if account.settled_at is None else max(now, account.settled_at)
        self._since = account.settled_at or aim
        watched = {order.symbol for order in rows.orders}
        self.moment = min(aim, self._since + STRIDE / len(watched)) if watched else aim
        self.behind = self.moment < aim
        self.records = records
        self._account, self._rows = account, rows
        self._holder = Account("", "", str(account.user_id), "", "")
        days = [trading_day(calendar.session(moment)) for moment in (self._since, self.moment)]
        self._day = days[0]
        auction = self._day.auction if self._day else None
        self._stalls = Stalls(market, wanted, rows.orders, self._since, self.moment, auction)
        self._agenda = Agenda()
        self.book = Book(self._holder)
        self._ledger = Ledger()
        books = {self._holder.ucc: self.book}
        self._floor = Floor(self._stalls.exchange, self._ledger, books, Feeds(Faults(0)))
        self.desk = OrderDesk(self._agenda, self._floor, books, _settings(account))
        self.hours = trading_hours(*days)
        self.desk.hours = trading_hours(*days, *(entry_of(order.entered_at) for order in rows.orders))
        self.done: tuple[PaperHand, ...] = ()
        """What the owner's hand did on this page."""
        self._over: tuple[Order, ...] = ()
        self._restore()
        self._catch_up()

    @property
    def latency(self) -> float:
        """Seconds from the client to the broker."""
        return self._account.latency

    @property
    def cash(self) -> Decimal:
        """Rupees."""
        return self._account.cash - spent(self._ledger.fills)

    @property
    def day(self) -> date:
        """The date in India that orders and tags belong to now."""
        return ist_date(self.moment)

    @property
    def live_symbols(self) -> set[str]:
        """The symbols whose prices matter now."""
        return {order.symbol for order in self.book.live.values()}

    def line(self, symbol: str) -> Instrument | None:
        """The line of a symbol that was wanted or has live orders."""
        return self._stalls.line(symbol)

    def kind(self, symbol: str) -> Traded:
        """The symbol as the simulator's exchange wants it."""
        return self._stalls.kind(symbol)

    def settle(self) -> None:
        """Let happen what is due at this moment."""
        self._agenda.settle(self.moment)

    def orders(self) -> Iterable[PaperOrder]:
        """The orders of the day that were live at its last page."""
        return (row_of(order, self.day) for order in self.book.orders.values())

    def order(self, number: str) -> PaperOrder | None:
        """An order of the day."""
        order = self.book.orders.get(number)
        return row_of(order, self.day) if order else self.records.order(number, self.day)

    def trades(self) -> Iterable[PaperTrade]:
        """The fills of the day that are not written yet."""
        return trades_of(self.book.fills, {row.number: row for row in self._rows.orders})

    def live(self, number: str) -> Order | None:
        """The live order of that number."""
        return self.book.live.get(number)

    def news(self) -> PaperNews | None:
        """What has to be written; None where nothing happened that the next page would not find by itself."""
        orders = (*self._over, *self.book.orders.values())
        news = replace(news_of(self._rows, orders, self._ledger.fills, self.book, self.moment), hands=self.done)
        old = self._account.settled_at is None or (self.moment - self._since).total_seconds() >= KEEP_AFTER
        something = news.orders or news.trades or news.hands or news.holdings is not None
        return news if something or old or self.behind else None

    def _restore(self) -> None:
        for held in self._rows.holdings:
            self.book.portfolio.hold(self._stalls.kind(held.symbol), held.quantity, held.average_price)
        for trade in day_trades(self._rows.traded, self._stalls.kind):
            self.book.portfolio.resume(trade)
        for row in self._rows.orders:
            order = order_of(row, self._holder, self._stalls.kind(row.symbol))
            self.book.add(order)
            self.book.update(order)

    def _catch_up(self) -> None:
        """Have everything happen that was due since the rows were written."""
        self._stalls.resume_auctions()
        self.desk.count_from(self._rows.last_number)
        for order in self.book.orders.values():
            if order.resting and order.live:
                self._floor.market(order).resting[order.number] = order
            self.desk.resume(order)
        self._enter_ends()
        for symbol, tick in self._stalls.moves():
            self._agenda.at(tick.at, partial(self._floor.price, symbol, tick.price, tick.shares))
        self.settle()

    def _enter_ends(self) -> None:
        """The end of continuous trading, the close, the end of the auction, the night: as far as they are between."""
        if self._day is not None:
            auction = self._day.auction
            ends = [(self._day.close, self._floor.close)]
            if auction is not None:
                ends += [(auction.freeze, self._freeze), (auction.end, self._floor.end_auction)]
            for moment, end in ends:
                if moment > self._since:
                    self._agenda.at(moment, end)
        midnight = next_midnight(self._since)
        if midnight <= self.moment:
            self._agenda.at(midnight, self._next_day)

    def _freeze(self, moment: datetime) -> None:
        self._floor.freeze(moment)
        self._stalls.await_auction()

    def _next_day(self, midnight: datetime) -> None:
        self._floor.end_auction(midnight)
        self._floor.close(midnight)
        self._over = tuple(self.book.orders.values())
        self.book.next_day()


def _settings(account: PaperAccount) -> Settings:
    """Its cash is in its row, and asked for where a buy is received."""
    settings = Settings()
    settings.change(open_delay=account.open_delay, book_delay=account.book_delay, rms_margin=False)
    return settings
