"""A broker's book as this service knows it: with what it showed before and lacks now, under the tags of the placing."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from broker.api import Broker
from domain.book import Book, OrderReport
from domain.errors import BrokerUnavailable
from domain.models import Order, Snapshot
from domain.reading import Reading
from service.ports import Repositories
from service.settings import TradingSettings

log = logging.getLogger(__name__)


class WholeBook:
    """What one tenant has learnt of the rows of a day's books. `of` is called inside the transaction of a read, and
    `remember` after its commit, so that memory is never ahead of the rows."""

    def __init__(self, repositories: Repositories, settings: TradingSettings) -> None:
        self._rows = repositories
        self._settings = settings
        self._first_tags: dict[str, str] = {}
        self._strangers: dict[str, OrderReport] = {}
        self._day: date | None = None
        self._lost: dict[str, datetime] = {}

    def of(self, book: Book, snapshot: Snapshot, day: date) -> Book:
        """The book with rows of others that earlier books of the day have shown and this one lacks: a row does not
        leave the book of its day, so that a book without it is not complete, and what it said still counts. One that
        stays away for longer than a book may lag is dropped by the broker, and blinds nobody any more."""
        if self._day != day:
            self._strangers, self._day = dict(self._rows.strangers.of_day(day)), day
        book = self._under_first_tags(book)
        ours = {order.broker_order_id for order in snapshot.orders}
        shown = {row.broker_order_id for row in book.rows}
        lost = {number: row for number, row in self._strangers.items() if number not in shown | ours}
        self._lost = {number: self._lost.get(number, book.began_at) for number in lost}
        lag = timedelta(seconds=self._settings.book_lag)
        recently = sum(book.began_at - since <= lag for since in self._lost.values())
        return replace(book, rows=(*book.rows, *lost.values()), malformed=book.malformed + recently) if lost else book

    def news(self, reading: Reading) -> list[OrderReport]:
        """Rows of others that are new, or say something new."""
        return [row for row in reading.strangers if not _alike(self._strangers.get(row.broker_order_id), row)]

    def remember(self, rows: Iterable[OrderReport]) -> None:
        """Know what others have in the book, once that is committed."""
        self._strangers |= {row.broker_order_id: row for row in rows}

    def ask_tags(self, suspects: Iterable[tuple[Order, OrderReport]], broker: Broker) -> None:
        """Ask under which tags the rows were placed that may be an order in doubt; the next read then knows."""
        for order, row in suspects:
            try:
                tags = broker.tags_of(row.broker_order_id)
            except BrokerUnavailable as error:
                log.warning("order %s may be %s, whose history is not known: %s", order.id, row.broker_order_id, error)
                continue
            if tags:
                self._first_tags[row.broker_order_id] = order.tag if order.tag in tags else tags[-1]

    def _under_first_tags(self, book: Book) -> Book:
        """The book with the tags that its rows were placed under, as far as they had to be asked for."""
        if not self._first_tags:
            return book
        rows = tuple(replace(row, tag=self._first_tags.get(row.broker_order_id, row.tag)) for row in book.rows)
        return replace(book, rows=rows)


def _alike(known: OrderReport | None, row: OrderReport) -> bool:
    """Whether a row says what it said before; its raw form may hold a time of the read."""
    return known is not None and replace(known, evidence=row.evidence) == row
