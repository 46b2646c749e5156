"""The rows as the demo sees them: one picture at a time, and SQL as an administrator types it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.coverage import Coverage, CoverState
from domain.market import ExchangeCalendar
from domain.tenancy import TenantStatus
from domain.vantage import Tempo
from repositories.coverage import CoverageRepository
from repositories.database import Database
from repositories.tenants import TenantsRepository

Row = Mapping[str, Any]
NAME = "demo"
LIVE = ("SUBMITTING", "ACCEPTED", "OPEN", "CANCELLING")


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything at one moment. No two users of the demo hold the same symbol, so a symbol names a position."""

    tenants: tuple[TenantStatus, ...]
    covered: tuple[Coverage, ...]
    positions: tuple[Row, ...]
    orders: tuple[Row, ...]
    sends: tuple[Row, ...]

    def tenant(self, name: str) -> TenantStatus:
        """A user by name."""
        return next(tenant for tenant in self.tenants if tenant.name == name)

    def position(self, symbol: str) -> Row | None:
        """The position of a symbol, open or closed."""
        return next((row for row in self.positions if row["symbol"] == symbol), None)

    def cover(self, symbol: str) -> Coverage | None:
        """How the open position of a symbol is covered."""
        return next((one for one in self.covered if one.symbol == symbol), None)

    def protected(self, symbol: str, quantity: int | None = None) -> bool:
        """Whether one sell rests for all shares, and for so many."""
        cover = self.cover(symbol)
        fits = cover is not None and cover.state is CoverState.PROTECTED
        return fits and cover is not None and quantity in (None, cover.quantity)

    def closed(self, symbol: str) -> bool:
        """Whether the position of a symbol has ended."""
        row = self.position(symbol)
        return row is not None and row["closed_at"] is not None

    def sell(self, symbol: str) -> Row:
        """The latest sell of a symbol."""
        return [row for row in self.orders if row["symbol"] == symbol and row["side"] == "SELL"][-1]

    def buy(self, symbol: str) -> Row | None:
        """The buy of a symbol."""
        return next((row for row in self.orders if row["symbol"] == symbol and row["side"] == "BUY"), None)

    def live_sells(self) -> int:
        """Sells that rest at the broker, or may."""
        return sum(row["side"] == "SELL" and row["status"] in LIVE for row in self.orders)

    def lost(self) -> Row | None:
        """The order that was placed and never answered, whatever became of it."""
        asked = [send for send in self.sends if send["kind"] == "place" and send["outcome"] in ("unknown", "found")]
        return next((row for row in self.orders if asked and row["id"] == asked[0]["order_id"]), None)


class Rows:
    """The demo's only way to the service. Raises DatabaseUnavailable."""

    def __init__(self, database: Database, tempo: Tempo) -> None:
        self._database = database
        self._tenants = TenantsRepository(database)
        self._coverage = CoverageRepository(database, ExchangeCalendar(), tempo)

    def picture(self) -> Picture:
        """Everything now."""
        orders, sends = self.ask("SELECT * FROM orders ORDER BY id"), self.ask("SELECT * FROM sends ORDER BY id")
        return Picture(
            self._tenants.status(),
            tuple(self._coverage.read()),
            tuple(self.ask("SELECT * FROM positions ORDER BY id")),
            tuple(orders),
            tuple(sends),
        )

    def ask(self, query: str, **values: object) -> Sequence[Row]:
        """The rows of a query; values stand in it as %(name)s."""
        with self._database.as_operator(NAME) as session:
            return [dict(row) for row in session.connection().exec_driver_sql(query, values or None).mappings()]

    def sql(self, statement: str, **values: object) -> None:
        """One statement, as it would be typed into psql; values stand in it as %(name)s."""
        with self._database.as_operator(NAME) as session:
            session.connection().exec_driver_sql(statement, values)

    def hours(self) -> Row | None:
        """`bell_at` and `close_at` of the drill that is being played, once there is one."""
        found = self.ask("SELECT bell_at, close_at FROM supervisors WHERE drill ORDER BY id DESC LIMIT 1")
        return found[0] if found else None
