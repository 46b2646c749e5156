"""Everything that the rows tell about one position, in order of time, read in one query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from domain.errors import BadInput
from repositories.database import Database

ROWS = text(
    "WITH p AS (SELECT * FROM positions WHERE id = :id), o AS (SELECT * FROM orders WHERE position_id = :id),"
    " s AS (SELECT s.* FROM sends s JOIN o ON o.id = s.order_id)"
    " SELECT 'opened' AS kind, 1 AS rank, p.id, p.opened_at AS at,"
    " to_jsonb(p) || jsonb_build_object('user', u.name, 'user_rule', u.exit_rule) AS row FROM p"
    " JOIN users u ON u.id = p.user_id"
    " UNION ALL SELECT 'order', 2, o.id, o.created_at, to_jsonb(o) FROM o"
    " UNION ALL SELECT 'send', 3, s.id, s.created_at, to_jsonb(s) FROM s"
    " UNION ALL SELECT 'answer', 4, s.id, s.outcome_at, to_jsonb(s) FROM s WHERE s.outcome IS NOT NULL"
    " UNION ALL SELECT 'journal', 5, j.id, j.at, to_jsonb(j) FROM journal j WHERE j.position_id = :id"
    " UNION ALL SELECT 'journal', 5, j.id, j.at, to_jsonb(j) FROM journal j"
    " JOIN o ON o.id = j.order_id AND o.user_id = j.user_id WHERE j.position_id IS NULL"
    " UNION ALL SELECT 'reason', 6, p.id, p.reason_at, to_jsonb(p) FROM p WHERE p.reason IS NOT NULL"
    " UNION ALL SELECT 'closed', 7, p.id, p.closed_at, to_jsonb(p) FROM p WHERE p.closed_at IS NOT NULL"
    " ORDER BY at NULLS FIRST, rank, id"
)
TABLES: Mapping[str, str] = {
    "opened": "positions",
    "order": "orders",
    "send": "sends",
    "answer": "sends",
    "journal": "journal",
    "reason": "positions",
    "closed": "positions",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened: its kind, the row that tells it, and when (UTC; None where the row does not say)."""

    kind: str
    id: int
    at: datetime | None
    row: Mapping[str, Any]

    @property
    def source(self) -> str:
        """The table and number of the row."""
        return f"{TABLES[self.kind]} {self.id}"


class StoriesRepository:
    """Reads only. Raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_position(self, position_id: int) -> Sequence[Happening]:
        """What happened to a position, oldest first. Raises BadInput when there is none."""
        with self._database.as_service("explain") as session:
            rows = session.execute(ROWS, {"id": position_id}).mappings().all()
        if not rows:
            raise BadInput(f"Position {position_id} does not exist. See: run.py position list --all")
        return [Happening(row["kind"], row["id"], row["at"], row["row"]) for row in rows]
