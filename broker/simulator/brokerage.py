"""The whole simulated broker: accounts, order desk, exchange, sessions, faults and ledger, under one lock.

Whoever touches it holds `lock` and has called `settle` first, so that everything due by now has happened.
"""

import threading
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from broker.simulator.accounts import Account
from broker.simulator.addresses import Addresses
from broker.simulator.agenda import Action, Agenda
from broker.simulator.book import Book
from broker.simulator.clock import Clock, next_midnight
from broker.simulator.desk import OrderDesk
from broker.simulator.exchange import Exchange
from broker.simulator.faults import Faults
from broker.simulator.feed import Feeds
from broker.simulator.floor import Floor
from broker.simulator.instrument_file import InstrumentFile
from broker.simulator.instruments import PACKAGED, load_instruments
from broker.simulator.ledger import Ledger
from broker.simulator.orders import Order
from broker.simulator.paths import Paths
from broker.simulator.rms import TradingDay, TradingHours
from broker.simulator.sessions import Sessions
from broker.simulator.settings import Settings
from broker.simulator.throttle import Throttle


class Brokerage:
    """Everything that the server's calls and the control door work on."""

    def __init__(
        self, accounts: Iterable[Account], clock: Clock, settings: Settings, instruments: Path | None, seed: int
    ) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.clock = clock
        self.settings = settings
        path = instruments or PACKAGED
        self.file = InstrumentFile(path.read_bytes())
        self.books = {account.ucc: Book(account) for account in accounts}
        self.by_key = {book.account.consumer_key: book.account for book in self.books.values()}
        self.exchange = Exchange(load_instruments(path, self.file.content))
        self.ledger = Ledger()
        self.sessions = Sessions(seed, settings)
        self.addresses = Addresses()
        self.faults = Faults(seed)
        self.throttle = Throttle()
        self._agenda = Agenda()
        self.feeds = Feeds(self.faults, self.sessions.knows)
        self.floor = Floor(self.exchange, self.ledger, self.books, self.feeds)
        self.desk = OrderDesk(self._agenda, self.floor, self.books, settings)
        self.paths = Paths(self._agenda, self.floor, self.exchange, lambda: self.desk.hours.days)
        self._agenda.at(next_midnight(clock.now()), self._next_day)

    def settle(self) -> datetime:
        """Let everything happen that is due by now; the moment this is."""
        now = self.clock.now()
        self._agenda.settle(now)
        return now

    def at(self, moment: datetime, action: Action) -> None:
        """Have the action called with the moment once it is past."""
        self._agenda.at(moment, action)

    def trade_within(self, day: TradingDay) -> None:
        """Add a day's trading hours. At the close, or the end of their auction, the exchange ends what is left."""
        self.desk.hours = TradingHours((*self.desk.hours.days, day))
        self.paths.day_added(day, self.clock.now())
        self._agenda.at(day.open, self.desk.release)
        self._agenda.at(day.close, self.floor.close)
        if day.auction:
            self._agenda.at(day.auction.freeze, self.floor.freeze)
            self._agenda.at(day.auction.end, self.floor.end_auction)

    def book(self, ucc: str) -> Book:
        """The account's book; ValueError for an unknown account."""
        try:
            return self.books[ucc]
        except KeyError:
            raise ValueError(f"no account {ucc}; GET /control/accounts tells the ucc of each") from None

    def order(self, number: str) -> Order:
        """Today's order of that number, whoever's; ValueError when there is none."""
        for book in self.books.values():
            if number in book.orders:
                return book.orders[number]
        raise ValueError(f"no order {number} today")

    def _next_day(self, moment: datetime) -> None:
        self.floor.end_auction(moment)
        self.floor.close(moment)
        for book in self.books.values():
            book.next_day()
        if self.paths.moved:
            self._move_bands()
        for market in self.exchange.markets.values():
            market.next_day()
        self.paths.next_day(moment)
        self._agenda.at(next_midnight(moment), self._next_day)

    def _move_bands(self) -> None:
        """The band of the new day lies around the last price as that of the day before did around its own."""
        changes: dict[str, dict[str, str]] = {}
        for symbol, market in self.exchange.markets.items():
            if market.instrument.tradable and market.last != market.previous:
                market.follow()
                changes[symbol] = market.instrument.band_columns()
        self.file.revise_all(changes)
