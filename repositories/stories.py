"""Everything that the rows tell about one position, in order of time, read in one query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from domain.errors import BadInput
from repositories.database import Database

JOURNALS = (
    "j AS NOT MATERIALIZED (SELECT 'journal' AS kind, r.* FROM journal r"
    " UNION ALL SELECT 'archive', r.* FROM journal_archive r)"
)
JOURNAL = "SELECT j.kind, 9, j.id, j.at, to_jsonb(j) FROM j"
OF_THE_USER = (
    "j.user_id = p.user_id AND (j.event IN ('USER_EXIT_SET', 'USER_POLICY_SET', 'USER_ENABLED', 'USER_DISABLED',"
    " 'RESUMED') OR (j.event IN ('CHANGED_BY_HAND', 'DELETED_BY_HAND') AND j.detail ->> 'table' IN ('users', 'halts')))"
)
OF_ALL = (
    "j.user_id IS NULL AND (j.event = 'RESUMED' OR (j.event IN ('CHANGED_BY_HAND', 'DELETED_BY_HAND')"
    " AND j.detail ->> 'table' = 'halts'))"
)
ROWS = text(
    "WITH p AS (SELECT * FROM positions WHERE id = :id), o AS (SELECT * FROM orders WHERE position_id = :id),"
    f" s AS (SELECT s.* FROM sends s JOIN o ON o.id = s.order_id), {JOURNALS},"
    " w AS (SELECT w.* FROM settlements w JOIN o ON o.id = w.order_id)"
    " SELECT 'opened' AS kind, 1 AS rank, p.id, p.opened_at AS at,"
    " to_jsonb(p) || jsonb_build_object('user', u.name, 'user_rule', u.exit_rule,"
    " 'paper', u.broker = 'paper') AS row FROM p"
    " JOIN users u ON u.id = p.user_id"
    " UNION ALL SELECT 'halt', 2, h.id, h.created_at, to_jsonb(h) FROM halts h JOIN p"
    " ON (h.user_id = p.user_id OR h.user_id IS NULL) AND coalesce(h.ended_at, 'infinity') >= p.opened_at"
    " AND h.created_at <= coalesce(p.closed_at, 'infinity')"
    " UNION ALL SELECT 'exit', 3, e.id, e.created_at, to_jsonb(e) FROM exits e WHERE e.position_id = :id"
    " UNION ALL SELECT 'order', 4, o.id, o.created_at, to_jsonb(o) || jsonb_build_object('generation',"
    " (SELECT s.generation FROM s WHERE s.order_id = o.id ORDER BY s.id LIMIT 1)) FROM o"
    " UNION ALL SELECT 'send', 5, s.id, s.created_at, to_jsonb(s) FROM s"
    " UNION ALL SELECT 'answer', 6, s.id, s.outcome_at, to_jsonb(s) FROM s WHERE s.outcome IS NOT NULL"
    " UNION ALL SELECT 'absent', 7, o.id, o.absent_since, to_jsonb(o) FROM o WHERE o.absent_since IS NOT NULL"
    " UNION ALL SELECT 'settlement', 8, w.id, w.created_at, to_jsonb(w) FROM w"
    " UNION ALL SELECT 'verdict', 8, w.id, w.answered_at, to_jsonb(w) FROM w WHERE w.answered_at IS NOT NULL"
    f" UNION ALL {JOURNAL} WHERE j.position_id = :id"
    f" UNION ALL {JOURNAL} JOIN o ON o.id = j.order_id AND o.user_id = j.user_id WHERE j.position_id IS NULL"
    f" UNION ALL {JOURNAL} JOIN p ON ({OF_THE_USER} OR {OF_ALL})"
    " WHERE j.position_id IS NULL AND j.order_id IS NULL AND j.at BETWEEN p.opened_at AND coalesce(p.closed_at, now())"
    " UNION ALL SELECT 'reason', 10, p.id, p.reason_at, to_jsonb(p) FROM p WHERE p.reason IS NOT NULL"
    " UNION ALL SELECT 'closed', 11, p.id, p.closed_at, to_jsonb(p) FROM p WHERE p.closed_at IS NOT NULL"
    " ORDER BY at NULLS FIRST, rank, id"
)
TABLES: Mapping[str, str] = {
    "opened": "positions",
    "halt": "halts",
    "exit": "exits",
    "order": "orders",
    "send": "sends",
    "answer": "sends",
    "absent": "orders",
    "settlement": "settlements",
    "verdict": "settlements",
    "journal": "journal",
    "archive": "journal_archive",
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
