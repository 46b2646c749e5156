"""Exits as people ask for them: a position's sell becomes a limit close to the last price. One stands at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from domain.errors import BadInput
from repositories.database import Database
from repositories.journal import Entry, JournalRepository

POSITION = text(
    "SELECT p.id, p.user_id, u.name AS user, p.symbol, p.quantity, p.closed_at, p.reason, p.reason_text"
    " FROM positions p JOIN users u ON u.id = p.user_id WHERE p.id = :id FOR UPDATE OF p"
)
END = text("UPDATE exits SET ended_at = now() WHERE position_id = :id AND ended_at IS NULL RETURNING id")
INSERT = text(
    "INSERT INTO exits (position_id, user_id, at_most_percent_below_last, because, created_by)"
    " VALUES (:id, :user_id, :percent, :because, current_setting('ninefifteen.actor')) RETURNING id"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: the exit's number, the earlier one that it ended, and the position as it is."""

    id: int
    replaced: int | None
    user_id: int
    user: str
    symbol: str
    quantity: int
    reason: str | None
    reason_text: str | None


class ExitDesk:
    """Written to by people (`by`: who). A method that raises has changed nothing."""

    def __init__(self, database: Database, by: str) -> None:
        self._door = partial(database.as_operator, by)
        self._journal = JournalRepository(self._door)

    def ask(self, position_id: int, percent: Decimal, because: str = "") -> Asked:
        """Want to be out at most so many percent below the last price; ends an earlier exit. Raises BadInput."""
        with self._door() as session:
            row = _open(session, position_id)
            replaced = session.execute(END, {"id": position_id}).scalar_one_or_none()
            if replaced is not None:
                self._write("EXIT_ENDED", row, {"exit": replaced, "because": "another exit takes its place"})
            values = {"id": position_id, "user_id": row["user_id"], "percent": percent, "because": because}
            number = int(session.execute(INSERT, values).scalar_one())
            detail = {"exit": number, "at_most_percent_below_last": percent, "because": because or None}
            self._write("EXIT_ASKED", row, detail)
        told = {name: row[name] for name in ("user_id", "user", "symbol", "quantity", "reason", "reason_text")}
        return Asked(number, replaced, **told)

    def stop(self, position_id: int, because: str = "") -> int:
        """End the position's standing exit, so that its rule holds again; the exit's number. Raises BadInput."""
        with self._door() as session:
            row = _open(session, position_id)
            ended = session.execute(END, {"id": position_id}).scalar_one_or_none()
            if ended is None:
                raise BadInput(f"No exit of position {position_id} stands; nothing was changed.")
            self._write("EXIT_ENDED", row, {"exit": ended, "because": because or None})
        return int(ended)

    def _write(self, event: str, row: RowMapping, detail: Mapping[str, object]) -> None:
        self._journal.write([Entry(event, row["user_id"], row["id"], detail=detail)])


def _open(session: Session, position_id: int) -> RowMapping:
    """The position's row, held until the transaction ends. Raises BadInput unless it is open."""
    row = session.execute(POSITION, {"id": position_id}).mappings().one_or_none()
    if row is None or row["closed_at"] is not None:
        what = "does not exist" if row is None else "is closed already"
        raise BadInput(f"Position {position_id} {what}; nothing was changed. See: run.py position list --all")
    return row
