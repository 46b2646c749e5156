"""The unified order monitor: one read of the broker's book becomes rows, in one transaction.

Acknowledgements, fills in parts, rejections, cancellations, lapses, executed buys and sales by hand all come this
way. What the book reports is stored even where it should not be possible; then the user is halted, loudly.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from domain.account import first_figure, grew, ours_overnight, sold_of_ours
from domain.book import Book, Holding
from domain.market import TradingDay
from domain.models import AccountDay, Order, Position, Snapshot
from domain.orders import OrderStatus
from domain.reading import Outside, Reading, read_book
from domain.sightings import Look, sight
from domain.wanted import traded_symbol
from service.findings import (
    Sightings,
    absent,
    absent_from,
    answers,
    entry,
    filled,
    guarded,
    overdue,
    refused,
    seen,
    worth,
)
from service.ledger import Ledger
from service.ports import Ports, Repositories

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The rows as they stand after a read, and what the read itself showed."""

    snapshot: Snapshot
    reading: Reading

    @property
    def unsettled_sales(self) -> frozenset[str]:
        """Symbols sold outside while it is not known how many shares the account owned by itself."""
        known = self.snapshot.account_days
        return frozenset(s for s, outside in self.reading.outside.items() if outside.sold and s not in known)


class OrderMonitor:
    """Turns books into rows for one tenant."""

    def __init__(self, ports: Ports, repositories: Repositories) -> None:
        self._rows = repositories
        self._clock = ports.clock
        self._settings = ports.settings
        self._instruments = ports.instruments
        self._user_id = ports.tenure.user_id
        self._figures: dict[str, AccountDay] = {}
        self._traded_outside: Mapping[str, Outside] = {}

    def record(self, book: Book, session: TradingDay) -> Recorded:
        """Store what the book says, in one transaction; the rows as they then stand."""
        look = Look(book.began_at, self._clock.now() >= session.close, self._settings.absent_after)
        with self._rows.door():
            snapshot = self._rows.accounts.snapshot(session.day, lock=True)
            reading = read_book(book, snapshot.orders, session.day, self._rows.accounts.tag_prefix())
            changed = self._apply(snapshot, reading, look, session)
            if changed:
                snapshot = self._rows.accounts.snapshot(session.day)
        return Recorded(snapshot, reading)

    def unnoted(self, recorded: Recorded) -> list[Position]:
        """Open positions whose symbol has no figure of the account's shares for the day yet."""
        known = recorded.snapshot.account_days
        return [p for p in recorded.snapshot.positions if p.open and self._symbol(p) not in known]

    def note_own_shares(self, recorded: Recorded, holdings: Iterable[Holding], session: TradingDay) -> None:
        """Keep what the account holds of our symbols, once two reads of the holdings tell the same story."""
        held = {holding.token: holding.quantity for holding in holdings}
        figures = {
            self._symbol(p): self._figure(p, held.get(self._token(p), 0), recorded, session)
            for p in self.unnoted(recorded)
        }
        known = {symbol: figure for symbol, figure in figures.items() if figure is not None}
        agreed = [figure for symbol, figure in known.items() if self._figures.get(symbol) == figure]
        self._figures = known
        with self._rows.door():
            self._rows.accounts.note_own_shares(session.day, agreed)

    def _figure(self, position: Position, holding: int, recorded: Recorded, session: TradingDay) -> AccountDay | None:
        symbol = self._symbol(position)
        outside = recorded.reading.outside.get(symbol, Outside())
        held = sum(p.quantity for p in recorded.snapshot.positions if p.open and self._symbol(p) == symbol)
        overnight = ours_overnight(held, symbol, session.day, recorded.snapshot.orders, 0)
        return first_figure(symbol, holding, outside, overnight)

    def _symbol(self, position: Position) -> str:
        return traded_symbol(position, self._instruments.of(position))

    def _token(self, position: Position) -> str:
        instrument = self._instruments.of(position)
        return instrument.token if instrument else ""

    def _apply(self, snapshot: Snapshot, reading: Reading, look: Look, session: TradingDay) -> bool:
        now = self._clock.now()
        ledger = Ledger(snapshot, self._symbol, self._user_id, now)
        sightings = guarded([(sight(o, row, look), row) for o, row in reading.matched if worth(o, row)], snapshot)
        for sighting, _ in sightings:
            ledger.fill(sighting)
        self._outside(ledger, snapshot, reading, session)
        self._rows.orders.seen(seen(sightings), look.at)
        self._rows.sends.answer(answers(sightings), now)
        ended = self._missing(reading, look) + refused(snapshot) + overdue(snapshot, session)
        changes = [(s, row) for s, row in sightings if s.changed]
        self._rows.positions.update(ledger.changed())
        created = self._rows.positions.create(self._user_id, ledger.opened())
        placed = ledger.placed(created)
        self._rows.orders.update(
            [(placed(s.after), row.evidence) for s, row in changes] + [(order, None) for order in ended], now
        )
        self._close_buys(ledger, changes)
        self._rows.accounts.account_for(session.day, ledger.accounted())
        self._breach(ledger)
        self._rows.journal.write([*(entry(s, row) for s, row in changes), *ledger.entries(created)])
        return bool(changes or ended or ledger.touched)

    def _outside(self, ledger: Ledger, snapshot: Snapshot, reading: Reading, session: TradingDay) -> None:
        """What was traded beside this service: by the owner's hand, or under tags of ours that have no row.

        Shares are taken only on what two complete books in a row show alike, and never on less than was shown before.
        """
        before, self._traded_outside = self._traded_outside, reading.outside if reading.complete else {}
        for symbol, outside in self._traded_outside.items():
            day = snapshot.account_days.get(symbol)
            if day is not None and before.get(symbol) == outside and grew(day, outside):
                orders = filled(snapshot, reading)
                overnight = ours_overnight(ledger.held(symbol), symbol, session.day, orders, day.removed)
                ledger.sold_outside(day, sold_of_ours(day, outside, overnight), outside)
        for symbol, shares in reading.orphans.items():
            ledger.orphaned(symbol, shares)

    def _close_buys(self, ledger: Ledger, changes: Sightings) -> None:
        """Buys are done when their position is gone, also those that end after it."""
        closed = ledger.closed()
        if closed or any(s.after.status is OrderStatus.ONGOING for s, _ in changes):
            self._rows.orders.close_buys(self._user_id, [p.symbol for p in closed], self._clock.now())

    def _missing(self, reading: Reading, look: Look) -> list[Order]:
        """Count reads that do not show a send in doubt; the second one, a book lag after the first, proves absence."""
        counted = [order for order in reading.missing if reading.complete and look.too_late_for(order)]
        proven = [order for order in counted if self._proven(order, look)]
        self._rows.sends.answer([absent(order) for order in proven], self._clock.now())
        for order in proven:
            log.warning("order %s: tag %s is not at the broker after two complete reads", order.id, order.tag)
        first = [absent_from(order, look) for order in counted if order.absent_since is None]
        return first + proven

    def _proven(self, order: Order, look: Look) -> bool:
        lag = timedelta(seconds=self._settings.book_lag)
        return order.absent_since is not None and look.at - order.absent_since >= lag

    def _breach(self, ledger: Ledger) -> None:
        for text in ledger.breaches:
            log.critical("%s; the user is halted until somebody has looked", text)
            self._rows.accounts.halt(text, "order monitor")
