"""The positions: shares held, at most one open row for a user and symbol."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, select, text

from domain.models import Position
from repositories.doors import Door, as_json, as_rows, as_value
from repositories.tables import positions

COLUMNS = (
    "p.id, p.user_id, p.symbol, p.quantity, p.avg_price, p.opened_at, p.closed_at,"
    " CAST(p.exit_rule AS text) AS exit_rule, p.exit_price, p.close_reason, p.sold_quantity, p.sold_value,"
    " p.reason, p.reason_text, p.reason_at, p.isin"
)

HELD = (
    f"SELECT {COLUMNS}, b.ticker, b.placed_symbol FROM positions p LEFT JOIN LATERAL ("
    " SELECT ticker, placed_symbol FROM orders WHERE user_id = p.user_id AND symbol = p.symbol AND side = 'BUY'"
    " AND (filled > 0 OR status IN ('ONGOING', 'CLOSED')) AND (ticker IS NOT NULL OR placed_symbol IS NOT NULL)"
    " ORDER BY id DESC LIMIT 1) b ON true"
    " WHERE p.id = ANY (ARRAY("
    " SELECT id FROM positions WHERE user_id = :user_id AND closed_at IS NULL"
    " UNION SELECT position_id FROM orders WHERE user_id = :user_id AND side = 'SELL'"
    " AND status IN ('SUBMITTING', 'ACCEPTED', 'OPEN', 'CANCELLING')))"
    " ORDER BY p.id"
)
READ_HELD = text(HELD)
LOCK_HELD = text(HELD + " FOR UPDATE OF p")

UPDATE = text(
    "UPDATE positions p SET quantity = r.quantity, avg_price = r.avg_price, closed_at = r.closed_at,"
    " exit_price = r.exit_price, close_reason = r.close_reason, sold_quantity = r.sold_quantity,"
    " sold_value = r.sold_value, reason = r.reason, reason_text = r.reason_text, reason_at = r.reason_at"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, quantity int, avg_price numeric,"
    " closed_at timestamptz, exit_price numeric, close_reason text, sold_quantity int, sold_value numeric,"
    " reason text, reason_text text, reason_at timestamptz) WHERE p.id = r.id"
)

INSERT = text(
    "INSERT INTO positions (user_id, symbol, quantity, avg_price, opened_at)"
    " SELECT :user_id, r.symbol, r.quantity, r.avg_price, r.opened_at"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(symbol text, quantity int, avg_price numeric,"
    " opened_at timestamptz) RETURNING id, symbol"
)


@dataclass(frozen=True, slots=True)
class Reasoned:
    """What a position shall say of itself from now on; None: it has the order it should have."""

    position_id: int
    reason: str | None
    text: str | None


ISINS = text(
    "UPDATE positions p SET isin = r.value FROM jsonb_each_text(CAST(:rows AS jsonb)) r"
    " WHERE p.id = CAST(r.key AS bigint) AND p.isin IS NULL"
)
REASONS = text(
    "UPDATE positions p SET reason = r.reason, reason_text = r.text,"
    " reason_at = CASE WHEN p.reason IS DISTINCT FROM r.reason THEN :now ELSE p.reason_at END"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(position_id bigint, reason text, text text)"
    " WHERE p.id = r.position_id"
)


class PositionsRepository:
    """Reads and writes positions through one door."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def list(self, user_id: int) -> Sequence[Position]:
        """All positions of a user, closed ones too, oldest first."""
        query = select(positions).where(positions.c.user_id == user_id).order_by(positions.c.id)
        with self._door() as session:
            return [_position(row) for row in session.execute(query).mappings()]

    def held(self, user_id: int, *, lock: bool = False) -> tuple[Position, ...]:
        """Open positions, and closed ones whose sell may still trade, with what their buys called them."""
        with self._door() as session:
            rows = session.execute(LOCK_HELD if lock else READ_HELD, {"user_id": user_id}).mappings()
            return tuple(_position(row) for row in rows)

    def update(self, changed: Iterable[Position]) -> None:
        """Write quantities, prices, closing and reason of all of them with one statement."""
        rows = [_changeable(position) for position in changed]
        if rows:
            with self._door() as session:
                session.execute(UPDATE, {"rows": as_rows(rows)})

    def create(self, user_id: int, bought: Iterable["Bought"]) -> Mapping[str, int]:
        """Open a position for each symbol; the new row numbers by symbol."""
        rows = [{"symbol": b.symbol, "quantity": b.quantity, "avg_price": b.price, "opened_at": b.at} for b in bought]
        if not rows:
            return {}
        with self._door() as session:
            created = session.execute(INSERT, {"user_id": user_id, "rows": as_rows(rows)}).all()
        return {symbol: number for number, symbol in created}

    def identify(self, isins: Mapping[int, str]) -> None:
        """Keep by which ISIN the instrument file knows the shares of positions; the first one stays."""
        if isins:
            with self._door() as session:
                session.execute(ISINS, {"rows": as_json({str(number): isin for number, isin in isins.items()})})

    def explain(self, reasons: Iterable[Reasoned], now: datetime) -> None:
        """Let positions say why they have no order, or that they have one; the time of a change of reason stays."""
        rows = [{"position_id": r.position_id, "reason": r.reason, "text": r.text} for r in reasons]
        if rows:
            with self._door() as session:
                session.execute(REASONS, {"rows": as_rows(rows), "now": now})


@dataclass(frozen=True, slots=True)
class Bought:
    """Shares that came in for a symbol without an open position; price is the average in rupees."""

    symbol: str
    quantity: int
    price: Decimal
    at: datetime


def _position(row: RowMapping) -> Position:
    rule = row["exit_rule"]
    return Position(**{**row, "exit_rule": as_value(rule) if isinstance(rule, str) else rule})


def _changeable(position: Position) -> dict[str, Any]:
    return {
        "id": position.id,
        "quantity": position.quantity,
        "avg_price": position.avg_price,
        "closed_at": position.closed_at,
        "exit_price": position.exit_price,
        "close_reason": position.close_reason,
        "sold_quantity": position.sold_quantity,
        "sold_value": position.sold_value,
        "reason": position.reason,
        "reason_text": position.reason_text,
        "reason_at": position.reason_at,
    }
