"""One read of the broker's book held against our orders: which row is whose, and what the read proves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from domain.book import Book, OrderReport, ReportedState
from domain.clock import IST
from domain.models import Order
from domain.orders import LIVE, OrderStatus, SendOutcome, Side
from domain.tags import is_ours

REWRITTEN = "-ADMINAPI"
"""How a tag ends that the broker has made."""
APP = "_MOB"
"""The source of orders that the owner placed in the app; they are never ours."""
INTRADAY = frozenset({"MIS", "CO", "BO"})
"""Products whose trades never reach the demat account: they are neither ours nor the owner's delivery shares."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What was traded in a symbol outside this service today: shares, and rupees received for those sold."""

    bought: int = 0
    sold: int = 0
    sold_value: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Reading:
    """`complete`: well-formed, holds every number known today and nothing shrank, so that absence means something.

    `orphans` are symbols, with the shares that traded, of rows that carry our prefix and have no row of ours.
    `resting_outside`: shares of a symbol in live sells that are not ours. `suspects`: orders in doubt, each with a row
    whose tag the broker has rewritten and that could be it. `strangers`: rows that are not ours.
    """

    matched: tuple[tuple[Order, OrderReport], ...]
    missing: tuple[Order, ...]
    complete: bool
    orphans: Mapping[str, int] = field(default_factory=dict)
    outside: Mapping[str, Outside] = field(default_factory=dict)
    resting_outside: Mapping[str, int] = field(default_factory=dict)
    suspects: tuple[tuple[Order, OrderReport], ...] = ()
    strangers: tuple[OrderReport, ...] = ()

    @property
    def unproven(self) -> tuple[Order, ...]:
        """The orders in doubt that no row shows and of which no row could be one with its tag rewritten."""
        suspected = {order.id for order, _ in self.suspects}
        return tuple(order for order in self.missing if order.id not in suspected)


def read_book(book: Book, orders: tuple[Order, ...], day: date, prefix: str) -> Reading:
    """Match by broker number first, by tag where there is none yet; never by symbol."""
    book = _sensible(_of_today(book, day, prefix), orders, prefix)
    by_number = {row.broker_order_id: row for row in book.rows}
    sent = [order for order in orders if order.tag and order.trading_day == day]
    found = _found(sent, by_number)
    matched = tuple((order, row) for order, row in found if row is not None)
    missing = tuple(order for order, row in found if row is None)
    ours = {row.broker_order_id for _, row in matched}
    strangers = [row for row in by_number.values() if row.broker_order_id not in ours]
    foreign = [row for row in strangers if not is_ours(row.tag, prefix)]
    doubted = tuple(order for order in missing if in_doubt(order))
    return Reading(
        matched,
        doubted,
        _complete(book, by_number, matched, missing),
        _orphans(row for row in strangers if is_ours(row.tag, prefix) and _matters(row)),
        traded(foreign),
        _resting(foreign),
        tuple((order, row) for order in doubted for row in foreign if _could_be(order, row)),
        tuple(strangers),
    )


def in_doubt(order: Order) -> bool:
    """Whether a place of this order has no definite answer."""
    send = order.last_send
    return order.status is OrderStatus.SUBMITTING and send is not None and send.outcome in (None, SendOutcome.UNKNOWN)


def _of_today(book: Book, day: date, prefix: str) -> Book:
    """The book without rows of an earlier day, which a broker may still show early in the morning; with one of ours
    among them (ours are for the day alone) it is yesterday's book, and proves nothing. What the owner ordered after
    the market had closed is today's, and takes its shares before the exchange has it."""
    old = [row for row in book.rows if _last_day(row) < day and not (row.after_market and row.resting)]
    if not old:
        return book
    ours = sum(is_ours(row.tag, prefix) for row in old)
    numbers = {row.broker_order_id for row in old}
    rows = tuple(row for row in book.rows if row.broker_order_id not in numbers)
    return replace(book, rows=rows, malformed=book.malformed + ours)


def _sensible(book: Book, orders: tuple[Order, ...], prefix: str) -> Book:
    """The book without rows of others that have traded more than they are for; ours may tell of a breach."""
    known = {order.broker_order_id for order in orders}
    strange = {
        row.broker_order_id
        for row in book.rows
        if row.filled > row.quantity and row.broker_order_id not in known and not is_ours(row.tag, prefix)
    }
    if not strange:
        return book
    rows = tuple(row for row in book.rows if row.broker_order_id not in strange)
    return replace(book, rows=rows, malformed=book.malformed + len(strange))


def _last_day(row: OrderReport) -> date:
    """The day (IST) of its latest change; no day is later than one that the broker does not say."""
    times = [at for at in (row.entered_at, row.changed_at) if at is not None]
    return max(times).astimezone(IST).date() if times else date.max


def _found(sent: list[Order], by_number: Mapping[str, OrderReport]) -> list[tuple[Order, OrderReport | None]]:
    """Each order with its row; a row is one order's only, and a live order's before an ended one's."""
    free = dict(by_number)
    found: dict[int, OrderReport | None] = {}
    for order in sorted(sent, key=lambda order: (order.status not in LIVE, -order.id)):
        row = _row_of(order, free)
        found[order.id] = row
        if row is not None:
            del free[row.broker_order_id]
    return [(order, found[order.id]) for order in sent]


def _row_of(order: Order, rows: Mapping[str, OrderReport]) -> OrderReport | None:
    """By number; by tag while no book has shown the number, which a person may have told wrongly."""
    if order.broker_order_id is not None:
        known = rows.get(order.broker_order_id)
        if known is not None and order.hearsay and not _may_carry(order, known):
            known = None
        if known is not None or order.seen_at is not None:
            return known
    return next((row for row in rows.values() if order.tag and row.carries(order.tag)), None)


def _may_carry(order: Order, row: OrderReport) -> bool:
    """Whether a row may have been placed under the order's tag; the owner's own orders were not."""
    return bool(order.tag and row.carries(order.tag)) or _could_be(order, row)


def _complete(
    book: Book,
    by_number: Mapping[str, OrderReport],
    matched: tuple[tuple[Order, OrderReport], ...],
    missing: tuple[Order, ...],
) -> bool:
    shrunk = any(row.filled < order.filled for order, row in matched)
    twice = any(row != by_number[row.broker_order_id] for row in book.rows)
    lost = any(order.broker_order_id and not order.hearsay for order in missing)
    return not (book.malformed or shrunk or twice or lost)


def _orphans(rows: Iterable[OrderReport]) -> Mapping[str, int]:
    shares: dict[str, int] = {}
    for row in rows:
        shares[row.symbol] = shares.get(row.symbol, 0) + row.filled
    return shares


def _matters(row: OrderReport) -> bool:
    ended = row.state in (ReportedState.REJECTED, ReportedState.CANCELLED)
    return row.filled > 0 or not ended


def traded(rows: Iterable[OrderReport]) -> Mapping[str, Outside]:
    """What rows have traded for delivery, by symbol."""
    totals: dict[str, Outside] = {}
    for row in rows:
        if row.filled and row.product not in INTRADAY:
            totals[row.symbol] = _added(totals.get(row.symbol, Outside()), row)
    return totals


def _resting(rows: Iterable[OrderReport]) -> Mapping[str, int]:
    shares: dict[str, int] = {}
    for row in rows:
        if row.side is Side.SELL and row.resting and row.product not in INTRADAY:
            shares[row.symbol] = shares.get(row.symbol, 0) + row.quantity - row.filled
    return shares


def _could_be(order: Order, row: OrderReport) -> bool:
    """Whether a row may be an order whose tag was rewritten when somebody changed it in the app (wire, tags)."""
    same = (row.symbol, row.side) == (order.wire_symbol, order.side)
    return same and row.tag.endswith(REWRITTEN) and APP not in row.source


def _added(total: Outside, row: OrderReport) -> Outside:
    if row.side is Side.BUY:
        return Outside(total.bought + row.filled, total.sold, total.sold_value)
    value = row.filled * (row.average_price or row.price)
    return Outside(total.bought, total.sold + row.filled, total.sold_value + value)
