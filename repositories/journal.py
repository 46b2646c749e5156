"""The journal: who did what, when, with which evidence. Written in the transaction of the deed, never changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from repositories.doors import Door, as_rows
from repositories.tables import journal

INSERT = text(
    "INSERT INTO journal (actor, user_id, position_id, order_id, event, detail)"
    " SELECT current_setting('ninefifteen.actor', true), r.user_id, r.position_id, r.order_id, r.event, r.detail"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(user_id bigint, position_id bigint, order_id bigint, event text, detail jsonb)"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    event: str
    user_id: int | None = None
    position_id: int | None = None
    order_id: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written(Entry):
    """An entry as it stands in the table."""

    id: int = 0
    at: datetime | None = None
    actor: str = ""


class JournalRepository:
    """Appends and reads entries."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def write(self, entries: Iterable[Entry]) -> None:
        """Append all of them with one statement; nothing for none."""
        rows = [_row(entry) for entry in entries]
        if rows:
            with self._door() as session:
                session.execute(INSERT, {"rows": as_rows(rows)})

    def of_position(self, position_id: int) -> tuple[Written, ...]:
        """The entries of one position, oldest first."""
        query = select(journal).where(journal.c.position_id == position_id).order_by(journal.c.id)
        with self._door() as session:
            return tuple(Written(**row) for row in session.execute(query).mappings())


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "user_id": entry.user_id,
        "position_id": entry.position_id,
        "order_id": entry.order_id,
        "event": entry.event,
        "detail": dict(entry.detail),
    }
