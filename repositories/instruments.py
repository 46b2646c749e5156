"""The instrument file of the day, kept so that every command can check a symbol."""

from collections.abc import Iterable
from datetime import date
from itertools import islice

from sqlalchemy import RowMapping, select, text

from domain.book import Instrument
from domain.register import Register
from repositories.database import Database
from repositories.doors import as_rows
from repositories.tables import instruments

REPLACE = text(
    "INSERT INTO instruments (symbol, token, name, series, isin, tick, lot, freeze_quantity, band_low, band_high,"
    " auction, loaded_on) SELECT r.*, :day FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(symbol text, token text,"
    " name text, series text, isin text, tick numeric, lot int, freeze_quantity int, band_low numeric,"
    " band_high numeric, auction boolean) ON CONFLICT (symbol) DO UPDATE SET (token, name, series, isin, tick, lot,"
    " freeze_quantity, band_low, band_high, auction, loaded_on) = (excluded.token, excluded.name, excluded.series,"
    " excluded.isin, excluded.tick, excluded.lot, excluded.freeze_quantity, excluded.band_low, excluded.band_high,"
    " excluded.auction, excluded.loaded_on)"
)
FORGET = text("DELETE FROM instruments WHERE loaded_on <> :day")
LAST_BEFORE = text("SELECT max(loaded_on) FROM instruments WHERE loaded_on < :day")
AT_A_TIME = 500
COUNT = text("SELECT count(*) FROM instruments")


class InstrumentsRepository:
    """Belongs to no tenant: the exchange's list is the same for all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_day(self, day: date) -> Register:
        """The lines loaded on a day, packed as they come; empty when none was."""
        asked = select(instruments).where(instruments.c.loaded_on == day).execution_options(yield_per=AT_A_TIME)
        with self._database.as_service("instruments") as session:
            return Register(_instrument(row) for row in session.execute(asked).mappings())

    def last_before(self, day: date, days: int) -> tuple[date, Register] | None:
        """The lines of the latest earlier day, if it is no more than so many days ago."""
        with self._database.as_service("instruments") as session:
            found = session.execute(LAST_BEFORE, {"day": day}).scalar_one_or_none()
        register = self.of_day(found) if found is not None and (day - found).days <= days else None
        return (found, register) if found is not None and register else None

    def find(self, symbol: str) -> Instrument | None:
        """A line of the latest file."""
        with self._database.as_service("instruments") as session:
            row = session.execute(select(instruments).where(instruments.c.symbol == symbol)).mappings().one_or_none()
            return _instrument(row) if row else None

    def count(self) -> int:
        """How many lines are known."""
        with self._database.as_service("instruments") as session:
            return int(session.execute(COUNT).scalar_one())

    def replace(self, day: date, lines: Iterable[Instrument]) -> None:
        """Make these the only lines, all or nothing; a few at a time, to hold few in memory."""
        left = iter(lines)
        with self._database.as_service("instruments") as session:
            while some := [_row(line) for line in islice(left, AT_A_TIME)]:
                session.execute(REPLACE, {"rows": as_rows(some), "day": day})
            session.execute(FORGET, {"day": day})


def _row(line: Instrument) -> dict[str, object]:
    return {name: getattr(line, name) for name in Instrument.__slots__}


def _instrument(row: RowMapping) -> Instrument:
    return Instrument(**{name: row[name] for name in Instrument.__slots__ if name in row})
