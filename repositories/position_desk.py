"""Positions as an operator enters, changes and closes them; every deed is journaled and wakes the tenant."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.orm import Session

from domain.errors import BadInput, ConstraintBroken
from domain.exits import parse_exit_rule
from domain.models import Position
from repositories.database import Database
from repositories.journal import Entry, JournalRepository

COLUMNS = tuple(name for name in Position.__slots__ if name not in ("ticker", "placed_symbol"))
LIST = text(
    "SELECT u.name, u.broker = 'paper' AS paper,"
    f" {', '.join(f'p.{name}' for name in COLUMNS)} FROM positions p JOIN users u ON u.id = p.user_id"
    " WHERE (CAST(:user_id AS bigint) IS NULL OR p.user_id = :user_id) AND (:closed_too OR p.closed_at IS NULL)"
    " ORDER BY p.id"
)
SERIALLY = text("SELECT pg_advisory_xact_lock(915, 4)")
SKIP_TAKEN_NUMBERS = text(
    "SELECT setval('positions_id_seq', m.id) FROM (SELECT max(id) AS id FROM positions) m, positions_id_seq s"
    " WHERE m.id > s.last_value OR (m.id = s.last_value AND NOT s.is_called)"
)
INSERT = text(
    "INSERT INTO positions (user_id, symbol, quantity, avg_price, exit_rule)"
    " VALUES (:user_id, :symbol, :quantity, :price, CAST(:exit_rule AS jsonb)) RETURNING id"
)
SET_EXIT = text(
    "UPDATE positions SET exit_rule = CAST(:exit_rule AS jsonb) WHERE id = :id AND closed_at IS NULL RETURNING user_id"
)
CLOSE = text(
    "UPDATE positions SET closed_at = now(), close_reason = 'OPERATOR', reason = NULL, reason_text = NULL,"
    " reason_at = NULL, exit_price = CASE WHEN sold_quantity > 0 THEN round(sold_value / sold_quantity, 4) END"
    " WHERE id = :id AND closed_at IS NULL RETURNING user_id, quantity"
)
RESTING = text(
    "SELECT id FROM orders WHERE position_id = :id AND side = 'SELL'"
    " AND status IN ('SUBMITTING', 'ACCEPTED', 'OPEN', 'CANCELLING')"
)
CLOSED = text("SELECT closed_at IS NOT NULL FROM positions WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Listed:
    """A position with its owner's name."""

    user: str
    position: Position
    paper: bool = False


class PositionDesk:
    """Written to by people (`by`: who). A method that raises has changed nothing."""

    def __init__(self, database: Database, by: str) -> None:
        self._database = database
        self._door = partial(database.as_operator, by)
        self._journal = JournalRepository(self._door)

    def list(self, user_id: int | None = None, *, closed_too: bool = False) -> Sequence[Listed]:
        """Open positions, or closed ones as well, of one user or of all, by number."""
        with self._door() as session:
            rows = session.execute(LIST, {"user_id": user_id, "closed_too": closed_too}).mappings()
            positions = ((row, Position(**{name: row[name] for name in COLUMNS})) for row in rows)
            return [Listed(row["name"], position, row["paper"]) for row, position in positions]

    def add(
        self, user_id: int, symbol: str, quantity: int, price: Decimal, exit_rule: Mapping[str, object] | None = None
    ) -> int:
        """Enter shares that are held, at their average price in rupees; the new row's number. Raises BadInput."""
        row = {"user_id": user_id, "symbol": symbol, "quantity": quantity, "price": price}
        try:
            return self._add(row, _written(exit_rule))
        except ConstraintBroken as error:
            raise BadInput(_refusal(symbol, error)) from error

    def set_exit(self, position_id: int, exit_rule: Mapping[str, object] | None) -> None:
        """Give an open position its own exit rule, or with None the user's. Raises BadInput."""
        values = {"id": position_id, "exit_rule": _written(exit_rule)}
        with self._door() as session:
            row = self._changed(session, SET_EXIT, values)
            detail = {"exit_rule": exit_rule}
            self._journal.write([Entry("POSITION_EXIT_SET", row["user_id"], position_id, detail=detail)])

    def close(self, position_id: int, because: str) -> int | None:
        """End an open position by an operator's word; the number of its live sell order if it has one.

        Raises BadInput.
        """
        with self._door() as session:
            row = self._changed(session, CLOSE, {"id": position_id})
            detail = {"how": "OPERATOR", "because": because, "shares": row["quantity"]}
            self._journal.write([Entry("POSITION_CLOSED", row["user_id"], position_id, detail=detail)])
            resting: int | None = session.execute(RESTING, {"id": position_id}).scalar_one_or_none()
            return resting

    def _add(self, row: dict[str, object], exit_rule: str | None) -> int:
        with self._door() as session:
            session.execute(SERIALLY)
            session.execute(SKIP_TAKEN_NUMBERS)
            number = int(session.execute(INSERT, row | {"exit_rule": exit_rule}).scalar_one())
            detail = {"symbol": row["symbol"], "shares": row["quantity"], "price": row["price"]}
            user_id = int(str(row["user_id"]))
            self._journal.write([Entry("POSITION_OPENED", user_id, number, detail=detail)])
        return number

    def _changed(self, session: Session, statement: TextClause, values: Mapping[str, object]) -> RowMapping:
        row = session.execute(statement, values).mappings().one_or_none()
        if row is not None:
            return row
        closed = session.execute(CLOSED, {"id": values["id"]}).scalar_one_or_none()
        what = "is closed already" if closed else "does not exist"
        raise BadInput(f"Position {values['id']} {what}; nothing was changed. See: run.py position list --all")


def _written(exit_rule: Mapping[str, object] | None) -> str | None:
    if exit_rule is None:
        return None
    parse_exit_rule(exit_rule)
    return json.dumps(dict(exit_rule), default=str)


def _refusal(symbol: str, error: ConstraintBroken) -> str:
    if "one_open_position" in str(error):
        return f"There is an open position of {symbol} already; close it first, or correct it. Nothing was written."
    return f"The position of {symbol} was not entered; nothing was written. PostgreSQL says: {error}"
