"""The unified order monitor: one read of the broker's book becomes rows, in one transaction.

Acknowledgements, fills in parts, rejections, cancellations, lapses, executed buys and sales by hand all come this
way. What the book reports is stored even where it should not be possible; then the user is halted, loudly.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from domain.account import grew, ours_overnight, sold_of_ours
from domain.account_days import AccountDay
from domain.book import Book
from domain.market import TradingDay
from domain.models import Order, Position, Snapshot
from domain.reading import Outside, Reading, read_book
from domain.sightings import Look, sight
from domain.wanted import traded_symbol
from service.bookkeeping import Changed, keep
from service.findings import (
    absent,
    absent_from,
    answers,
    entry,
    filled,
    guarded,
    overdue,
    refused,
    seen,
    unanswered,
    worth,
)
from service.ledger import Ledger
from service.live_instruments import LiveInstruments
from service.ports import Ports, Repositories
from service.waypoints import Waypoint
from service.whole_book import WholeBook

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The rows as they stand after a read, and what the read itself showed; `unclear`: symbols sold outside of which
    the day's figure tells two stories about whose shares those were."""

    snapshot: Snapshot
    reading: Reading
    unclear: frozenset[str] = frozenset()

    @property
    def unsettled_sales(self) -> frozenset[str]:
        """Symbols sold outside while it is not known how many shares the account owned by itself, or offered outside
        while it is not known how many can be sold."""
        known, sellable = self.snapshot.account_days, self.snapshot.sellable
        sold = {s for s, outside in self.reading.outside.items() if outside.sold and s not in known}
        return frozenset(sold | self.unclear | {s for s in self.reading.resting_outside if s not in sellable})


class OrderMonitor:
    """Turns books into rows for one tenant."""

    def __init__(self, ports: Ports, repositories: Repositories, instruments: LiveInstruments) -> None:
        self._rows = repositories
        self._clock = ports.clock
        self._settings = ports.settings
        self._reach = ports.waypoints.reach
        self._instruments = instruments
        self._user_id = ports.tenure.user_id
        self._complete: Mapping[str, Outside] | None = None
        self._whole = WholeBook(repositories, ports.settings)
        self._broker = ports.broker

    def record(self, book: Book, session: TradingDay) -> Recorded:
        """Store what the book says, in one transaction; the rows as they then stand."""
        closed = self._clock.now() >= session.close
        with self._rows.door():
            snapshot = self._rows.accounts.snapshot(session.day, lock=True)
            look = Look(book.began_at, closed, self._settings.absent_after, self._in_auction(snapshot, session))
            reading = read_book(
                self._whole.of(book, snapshot, session.day),
                snapshot.orders,
                session.day,
                self._rows.accounts.tag_prefix(),
            )
            news = self._whole.news(reading)
            self._rows.strangers.keep(session.day, news)
            doubts = unanswered(snapshot)
            earlier, self._complete = self._complete, reading.outside if reading.complete else None
            changed = self._apply(snapshot, reading, earlier or {}, look, session)
            if doubts:
                self._reach(Waypoint.BEFORE_SETTLE)
            if changed:
                snapshot = self._rows.accounts.snapshot(session.day)
            if self._complete is not None and earlier == self._complete:
                self._confirm(snapshot, self._complete, session)
        self._whole.remember(news)
        if unanswered(snapshot) < doubts:
            self._reach(Waypoint.AFTER_SETTLE)
        return Recorded(snapshot, reading, self._unclear(snapshot, reading, session.day))

    def suspect(self, recorded: Recorded) -> None:
        """Ask for the histories of rows that may be orders in doubt; the next read then knows them."""
        self._whole.ask_tags(recorded.reading.suspects, self._broker)

    def _symbol(self, position: Position) -> str:
        return traded_symbol(position, self._instruments.of(position))

    def _in_auction(self, snapshot: Snapshot, session: TradingDay) -> frozenset[str]:
        """Symbols whose closing auction may have begun: all that the file does not exclude."""
        if session.freeze is None or self._clock.now() < session.freeze:
            return frozenset()
        lines = {order.wire_symbol: self._instruments.find(order.wire_symbol) for order in snapshot.orders}
        return frozenset(symbol for symbol, line in lines.items() if line is None or line.auction is not False)

    def _apply(
        self, snapshot: Snapshot, reading: Reading, before: Mapping[str, Outside], look: Look, session: TradingDay
    ) -> bool:
        now = self._clock.now()
        ledger = Ledger(snapshot, self._symbol, self._user_id, now)
        sightings = guarded([(sight(o, row, look), row) for o, row in reading.matched if worth(o, row)], snapshot)
        for sighting, _ in sightings:
            ledger.fill(sighting)
        self._outside(ledger, snapshot, reading, before, session)
        self._rows.orders.seen(seen(sightings), look.at)
        self._rows.sends.answer(answers(sightings), now)
        changes = [(s, row) for s, row in sightings if s.changed]
        orders: list[Changed] = [(s.after, row.evidence) for s, row in changes]
        orders += [(order, None) for order in self._missing(reading, look) + overdue(snapshot, session)]
        orders += refused(snapshot)
        keep(self._rows, ledger, orders, [entry(s, row) for s, row in changes], self._user_id, now)
        self._rows.accounts.account_for(session.day, ledger.accounted())
        return bool(orders or ledger.touched)

    def _outside(
        self, ledger: Ledger, snapshot: Snapshot, reading: Reading, before: Mapping[str, Outside], session: TradingDay
    ) -> None:
        """What was traded beside this service: by the owner's hand, or under tags of ours that have no row.

        Shares are taken only on what two complete books in a row show alike, and never on less than was shown before.
        """
        for symbol, outside in reading.outside.items() if reading.complete else ():
            day = snapshot.account_days.get(symbol)
            if day is not None and before.get(symbol) == outside and grew(day, outside):
                held = ledger.held(symbol)
                taken = self._sold_of_ours(day, outside, held, filled(snapshot, reading), session.day)
                if taken is not None:
                    ledger.sold_outside(day, taken, outside)
        for symbol, shares in reading.orphans.items():
            ledger.orphaned(symbol, shares)

    def _sold_of_ours(
        self, day: AccountDay, outside: Outside, held: int, orders: tuple[Order, ...], today: date
    ) -> int | None:
        return sold_of_ours(day, outside, ours_overnight(held, day.symbol, today, orders, day.removed))

    def _unclear(self, snapshot: Snapshot, reading: Reading, today: date) -> frozenset[str]:
        """Symbols sold outside whose figure of the day leaves it open whose shares those were."""
        told = {s: (day, reading.outside[s]) for s, day in snapshot.account_days.items() if s in reading.outside}
        return frozenset(
            symbol
            for symbol, (day, outside) in told.items()
            if self._sold_of_ours(day, outside, self._held(symbol, snapshot), snapshot.orders, today) is None
        )

    def _held(self, symbol: str, snapshot: Snapshot) -> int:
        return sum(p.quantity for p in snapshot.positions if p.open and self._symbol(p) == symbol)

    def _confirm(self, snapshot: Snapshot, traded: Mapping[str, Outside], session: TradingDay) -> None:
        """What two complete books have shown alike confirms, after the close, the figures whose trades are all
        accounted for."""
        now = self._clock.now()
        if now < session.close + timedelta(seconds=self._settings.book_lag):
            return
        final = now >= session.close + timedelta(seconds=self._settings.evening)
        days = [day for day in snapshot.account_days.values() if not (day.final if final else day.confirmed)]
        shown = {day.symbol: traded.get(day.symbol, Outside()) for day in days}
        self._rows.accounts.confirm(
            session.day,
            [d.symbol for d in days if (shown[d.symbol].sold, shown[d.symbol].bought) == (d.sold_seen, d.bought_seen)],
            final=final,
        )

    def _missing(self, reading: Reading, look: Look) -> list[Order]:
        """Count complete reads that do not show a send in doubt, each a book lag after the one before; enough of them
        prove absence."""
        counts = [order for order in reading.unproven if reading.complete and look.too_late_for(order)]
        counted = [absent_from(order, look) for order in counts if self._due(order, look)]
        proven = [order for order in counted if order.absent_reads >= self._settings.absent_reads]
        self._rows.sends.answer([absent(order) for order in proven], self._clock.now())
        for order in proven:
            log.warning("order %s: tag %s is in none of %s complete reads", order.id, order.tag, order.absent_reads)
        return counted

    def _due(self, order: Order, look: Look) -> bool:
        lag = timedelta(seconds=self._settings.book_lag * order.absent_reads)
        return order.absent_since is None or look.at - order.absent_since >= lag
