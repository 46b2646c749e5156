"""The unified order monitor: one read of the broker's book becomes rows, in one transaction.

Acknowledgements, fills in parts, rejections, cancellations, lapses, executed buys and sales by hand all come this
way. What the book reports is stored even where it should not be possible; then the user is halted, loudly.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from domain.book import Book, Holding, OrderReport
from domain.fills import own_shares, sold_of_ours
from domain.market import TradingDay
from domain.models import AccountDay, Order, Position, Snapshot
from domain.orders import LIVE, OrderStatus, Reason, SendOutcome, Side
from domain.reading import Outside, Reading, read_book
from domain.sightings import Look, Sighting, sight
from repositories.journal import Entry
from repositories.sends import Answer
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

    @property
    def unnoted(self) -> tuple[Position, ...]:
        """Positions whose symbol has no figure of the account's own shares yet, and can still get one."""
        known = self.snapshot.account_days.keys() | self.unsettled_sales
        return tuple(p for p in self.snapshot.positions if p.open and traded_symbol(p) not in known)


class OrderMonitor:
    """Turns books into rows for one tenant."""

    def __init__(self, ports: Ports, repositories: Repositories) -> None:
        self._rows = repositories
        self._clock = ports.clock
        self._settings = ports.settings
        self._instruments = ports.instruments
        self._user_id = ports.tenure.user_id
        self._prefix: str | None = None

    def record(self, book: Book, session: TradingDay) -> Recorded:
        """Store what the book says, in one transaction; the rows as they then stand."""
        look = Look(book.began_at, self._clock.now() >= session.close, self._settings.absent_after)
        with self._rows.door():
            snapshot = self._rows.accounts.snapshot(session.day, lock=True)
            reading = read_book(book, snapshot.orders, session.day, self._tag_prefix())
            changed = self._apply(snapshot, reading, look, session)
            self._rows.orders.seen(_seen(reading), book.began_at)
            if changed:
                snapshot = self._rows.accounts.snapshot(session.day)
        return Recorded(snapshot, reading)

    def note_own_shares(self, recorded: Recorded, holdings: Iterable[Holding], session: TradingDay) -> None:
        """Keep what the account itself owns of our symbols, from the day's first holdings."""
        held = {holding.token: holding.quantity for holding in holdings}
        noted = [_own(position, held.get(self._token(position), 0), recorded) for position in recorded.unnoted]
        with self._rows.door():
            self._rows.accounts.note_own_shares(session.day, noted)

    def _token(self, position: Position) -> str:
        instrument = self._instruments.find(position.placed_symbol, position.symbol)
        return instrument.token if instrument else ""

    def _tag_prefix(self) -> str:
        if self._prefix is None:
            self._prefix = self._rows.accounts.tag_prefix()
        return self._prefix

    def _apply(self, snapshot: Snapshot, reading: Reading, look: Look, session: TradingDay) -> bool:
        now = self._clock.now()
        ledger = Ledger(snapshot, self._user_id, now)
        sightings = [(sight(order, row, look), row) for order, row in reading.matched if _worth(order, row)]
        for sighting, _ in sightings:
            ledger.fill(sighting)
        for symbol, shares in _sold_outside(snapshot, reading):
            ledger.sold_outside(symbol, shares, reading.outside[symbol])
        self._rows.sends.answer(_answers(sightings), now)
        missing = self._missing(reading, look) + _refused(snapshot)
        changes = [(s, row) for s, row in sightings if s.changed]
        created = self._rows.positions.create(self._user_id, ledger.opened())
        self._rows.positions.update(ledger.changed())
        placed = ledger.placed(created)
        self._rows.orders.update(
            [(placed(s.after), row.evidence) for s, row in changes] + [(order, None) for order in missing], now
        )
        self._rows.orders.close_buys(self._user_id, ledger.closed_symbols(), now)
        self._rows.accounts.note_removed(session.day, ledger.removed())
        self._breach(ledger)
        self._rows.journal.write([*(_entry(s, row) for s, row in changes), *ledger.entries(created)])
        return bool(changes or missing or ledger.touched)

    def _missing(self, reading: Reading, look: Look) -> list[Order]:
        """Count reads that do not show a send in doubt; the second one, a book lag after the first, proves absence."""
        counted = [order for order in reading.missing if reading.complete and look.too_late_for(order)]
        proven = [order for order in counted if self._proven(order, look)]
        answers = [_absent(order) for order in proven]
        self._rows.sends.answer(answers, self._clock.now())
        for order in proven:
            log.warning("order %s: tag %s is not at the broker after two complete reads", order.id, order.tag)
        first = [_absent_from(order, look) for order in counted if order.absent_since is None]
        return first + proven

    def _proven(self, order: Order, look: Look) -> bool:
        lag = timedelta(seconds=self._settings.book_lag)
        return order.absent_since is not None and look.at - order.absent_since >= lag

    def _breach(self, ledger: Ledger) -> None:
        for text in ledger.breaches:
            log.critical("%s; the user is halted until somebody has looked", text)
            self._rows.accounts.halt(text, "order monitor", self._clock.now())


def traded_symbol(position: Position) -> str:
    """The trading symbol that a position's orders carry."""
    return position.placed_symbol or position.symbol


def _refused(snapshot: Snapshot) -> list[Order]:
    """Orders whose refusal was kept as evidence by a generation that could no longer apply it."""
    return [
        replace(o, status=OrderStatus.REJECTED, reason=Reason.REJECTED, reason_text=o.last_send.text)
        for o in snapshot.orders
        if o.status is OrderStatus.SUBMITTING and o.last_send and o.last_send.outcome is SendOutcome.REFUSED
    ]


def _worth(order: Order, row: OrderReport) -> bool:
    """Live orders always; an ended one only when the broker reports more fills than we know."""
    return order.status in LIVE or row.filled > order.filled


def _seen(reading: Reading) -> list[int]:
    return [order.id for order, _ in reading.matched if order.status in LIVE]


def _sold_outside(snapshot: Snapshot, reading: Reading) -> list[tuple[str, int]]:
    days = snapshot.account_days
    shares = {s: sold_of_ours(days[s], outside) for s, outside in reading.outside.items() if s in days}
    return [(symbol, count) for symbol, count in shares.items() if count]


def _answers(sightings: list[tuple[Sighting, OrderReport]]) -> list[Answer]:
    return [
        Answer(s.before.last_send.id, s.settled, "by the order book", row.evidence)
        for s, row in sightings
        if s.settled is not None and s.before.last_send is not None
    ]


def _absent(order: Order) -> Answer:
    assert order.last_send is not None
    return Answer(order.last_send.id, SendOutcome.ABSENT, "not in two complete reads of the order book")


def _absent_from(order: Order, look: Look) -> Order:
    return replace(order, absent_since=look.at)


def _own(position: Position, holding: int, recorded: Recorded) -> AccountDay:
    symbol = traded_symbol(position)
    today = [o for o in recorded.snapshot.orders if o.wire_symbol == symbol and o.status is not OrderStatus.REQUESTED]
    sold_today = sum(order.filled for order in today if order.side is Side.SELL)
    bought_today = sum(order.filled for order in today if order.side is Side.BUY)
    outside = recorded.reading.outside.get(symbol, Outside())
    own = own_shares(holding, outside.bought, position, sold_today, bought_today)
    return AccountDay(symbol, own, outside.bought, 0)


def _entry(sighting: Sighting, row: OrderReport) -> Entry:
    after = sighting.after
    detail = {
        "status": after.status,
        "was": sighting.before.status,
        "broker_order_id": after.broker_order_id,
        "filled": after.filled,
        "quantity": after.quantity,
        "price": row.price,
        "average_price": row.average_price,
        "text": row.text or after.reason,
        "settled": sighting.settled,
    }
    return Entry("SIGHTED", after.user_id, after.position_id, after.id, detail)
