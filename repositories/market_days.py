"""The operator's word about single dates: a `market_days` row overrides the exchange's calendar, both ways."""

import logging
import threading
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import RowMapping, text

from domain.clock import Clock
from domain.errors import DatabaseUnavailable
from domain.market import DayOverride, ExchangeCalendar, Session
from repositories.database import Database

log = logging.getLogger(__name__)

KEPT_SECONDS = 1.0
FITS = (
    "(CAST(bell_at AT TIME ZONE 'Asia/Kolkata' AS date) = day AND CAST(close_at AT TIME ZONE 'Asia/Kolkata' AS date)"
    " = day)"
)
OVERRIDES = text(
    f"SELECT day, CASE WHEN {FITS} THEN bell_at END AS bell_at, CASE WHEN {FITS} THEN close_at END AS close_at,"
    f" because, coalesce(NOT {FITS}, false) AS misplaced"
    " FROM market_days WHERE day BETWEEN '2000-01-01' AND '2200-01-01' ORDER BY day"
)


class MarketDaysRepository:
    """Belongs to no tenant. A row whose hours lie on another day of India closes its day, and says why."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def overrides(self) -> Mapping[date, DayOverride]:
        """Every override by its date. Raises DatabaseUnavailable."""
        with self._database.as_service("market days") as session:
            rows = session.execute(OVERRIDES).mappings().all()
        return {row["day"]: _override(row) for row in rows}


class RowCalendar:
    """The exchange's days with the rows on top, read anew when older than a second; shared by all threads.

    One thread reads while the others go on with what is known. While the database is away the last known rows stand:
    nothing can be sent without a commit anyway.
    """

    def __init__(self, days: MarketDaysRepository, clock: Clock, kept_seconds: float = KEPT_SECONDS) -> None:
        self._days = days
        self._clock = clock
        self._kept = kept_seconds
        self._reading = threading.Lock()
        self._known: ExchangeCalendar | None = None
        self._read_at = 0.0

    def session(self, moment: datetime) -> Session:
        """The session of the moment's date in India. Raises DatabaseUnavailable before the first good read."""
        known = self._known
        if known is None or self._clock.monotonic() - self._read_at >= self._kept:
            known = self._refreshed(known)
        return known.session(moment)

    def _refreshed(self, known: ExchangeCalendar | None) -> ExchangeCalendar:
        if not self._reading.acquire(blocking=known is None):
            assert known is not None
            return known
        try:
            return self._read()
        finally:
            self._reading.release()

    def _read(self) -> ExchangeCalendar:
        try:
            self._known = ExchangeCalendar(self._days.overrides())
        except DatabaseUnavailable as error:
            if self._known is None:
                raise
            log.warning("market days not read, the last known ones stand: %s", error)
        self._read_at = self._clock.monotonic()
        return self._known


def _override(row: RowMapping) -> DayOverride:
    because = row["because"]
    if row["misplaced"]:
        because = f"The hours of the market_days row of {row['day']} are not on that day in India; correct it."
    return DayOverride(row["day"], row["bell_at"], row["close_at"], because)
