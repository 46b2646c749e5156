"""Orders of any user as an operator lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import text

from repositories.database import Database


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order. Prices in rupees, times UTC; `day` is the trading day in India."""

    id: int
    user: str
    position: int | None
    side: str
    symbol: str
    status: str
    quantity: int
    filled: int
    price: Decimal | None
    execution_price: Decimal | None
    broker_order_id: str | None
    tag: str | None
    day: date | None
    reason: str | None
    text: str | None
    created_at: datetime
    status_at: datetime
    seen_at: datetime | None
    paper: bool = False


LIST = text(
    "SELECT o.id, u.name AS user, o.position_id AS position, o.side, o.symbol, o.status, o.quantity, o.filled, o.price,"
    " o.execution_price, o.broker_order_id, o.tag, o.trading_day AS day, o.reason, o.reason_text AS text, o.created_at,"
    " o.status_at, o.seen_at, u.broker = 'paper' AS paper FROM orders o JOIN users u ON u.id = o.user_id"
    " WHERE (CAST(:user_id AS bigint) IS NULL OR o.user_id = :user_id)"
    " AND (CAST(:day AS date) IS NULL OR o.trading_day = :day)"
    " AND (NOT :live OR o.status IN ('SUBMITTING', 'ACCEPTED', 'OPEN', 'CANCELLING')) ORDER BY o.id"
)


class OrderList:
    """Reads only. Raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, user_id: int | None = None, day: date | None = None, *, live: bool = False) -> Sequence[OrderLine]:
        """Orders by number: of a user, of a trading day, only those that may rest at the broker."""
        with self._database.as_service("orders") as session:
            rows = session.execute(LIST, {"user_id": user_id, "day": day, "live": live}).mappings()
            return [OrderLine(**row) for row in rows]
