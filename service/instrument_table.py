"""The instrument file of the day, once for all tenants of the process."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

from domain.book import Instrument
from domain.errors import BrokerUnavailable
from domain.models import Position
from domain.register import Register
from repositories.instruments import InstrumentsRepository

log = logging.getLogger(__name__)
SERIES = ("EQ", "BE", "BZ", "SM", "ST")
"""Series of shares that an ordinary order can sell, the usual one first; others with the same ISIN are block deals."""
AGAIN = 300.0
"""Seconds between two attempts to have today's file, while an older one serves."""
MOST_DAYS = 7
"""How old a file may be that serves instead of today's: ticks, lots and series change with notice, and seldom."""
PATIENCE = 5.0
"""Seconds for which a tenant waits for the download that another one makes for all, before it makes its own."""


class InstrumentTable:
    """Today's instrument file, loaded once for all tenants of the process."""

    def __init__(self, repository: InstrumentsRepository) -> None:
        self._repository = repository
        self._lock = threading.Lock()
        self._second = threading.Lock()
        self._day: date | None = None
        self._register = Register()
        self._failed: date | None = None
        self._old: date | None = None
        self._again_at = 0.0

    @property
    def day(self) -> date | None:
        """Which day's table it is, or stands for."""
        return self._day

    @property
    def notice(self) -> str:
        """What somebody should know of it; empty for nothing."""
        return "" if self._old is None else _instead(self._old)

    def load(self, day: date, fetch: Callable[[], Iterable[Instrument]], *, hurry: bool = False) -> None:
        """Make sure of the day's table: from memory, else from the rows, else from the broker.

        Raises what `fetch` raises. In a `hurry`, the market being open or about to, the last file serves instead, and
        at once where today's has failed before. Who has waited long for another tenant's download makes a second one;
        while two are under way a third tenant is told so by BrokerUnavailable.
        """
        if self._day == day:
            return
        with self._turn():
            if self._day != day and not (hurry and self._failed == day and self._make_do(day)):
                self._load(day, fetch, hurry)

    def refresh(self, day: date, fetch: Callable[[], Iterable[Instrument]], now: float) -> None:
        """Where the last file serves instead, try now and then to have today's (`now`: monotonic seconds)."""
        if self._old is None or now < self._again_at:
            return
        with self._lock:
            if now < self._again_at:
                return
            self._again_at = now + AGAIN
        try:
            self._take_over(day, fetch)
        except BrokerUnavailable as error:
            log.warning("%s: %s", _instead(self._old or day), error)

    def _load(self, day: date, fetch: Callable[[], Iterable[Instrument]], hurry: bool) -> None:
        try:
            self._take_over(day, fetch)
        except BrokerUnavailable:
            self._failed = day
            if not (hurry and self._make_do(day)):
                raise

    def _make_do(self, day: date) -> bool:
        """Take the last file, if it is not too old. Its bands were those of its day; a quote shows today's."""
        found = self._repository.last_before(day, MOST_DAYS)
        if found is None:
            return False
        self._old, lines = found
        self._register = Register(replace(line, band_low=None, band_high=None) for line in lines)
        self._day = day
        log.critical("%s; it is asked for again every few minutes", _instead(self._old))
        return True

    @contextmanager
    def _turn(self) -> Iterator[None]:
        lock = self._lock if self._lock.acquire(timeout=PATIENCE) else self._second
        if lock is self._second and not lock.acquire(blocking=False):
            raise BrokerUnavailable(f"Two other tenants have been downloading the instrument file for {PATIENCE} s.")
        try:
            yield
        finally:
            lock.release()

    def _take_over(self, day: date, fetch: Callable[[], Iterable[Instrument]]) -> None:
        self._register = self._repository.of_day(day) or self._fetch(day, fetch)
        self._day, self._old = day, None

    def find(self, *symbols: str | None) -> Instrument | None:
        """The first of these trading symbols that is in the table."""
        found = (self._register.find(symbol) for symbol in symbols if symbol)
        return next((line for line in found if line is not None), None)

    def of(self, position: Position) -> Instrument | None:
        """What a position's orders are in: the symbol that its buys were placed under, else its own; where the file
        has neither any more, since the series changed overnight, the line with the same ISIN."""
        named = self.find(position.placed_symbol, position.symbol)
        return named if named is not None or not position.isin else self._usual(position.isin)

    def _usual(self, isin: str) -> Instrument | None:
        traded = [line for line in self._register.of_isin(isin) if line.series in SERIES]
        return min(traded, key=lambda line: SERIES.index(line.series), default=None)

    def _fetch(self, day: date, fetch: Callable[[], Iterable[Instrument]]) -> Register:
        register = Register.of(fetch())
        self._repository.replace(day, register)
        return register


def _instead(day: date) -> str:
    return f"today's cannot be had: the instrument file of {day:%-d %b %Y} is used, without its bands"
