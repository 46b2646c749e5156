"""Who serves whom: leases, claims and generations, each by the database's clock.

A supervisor lives while `stopped_at` is null and its lease runs. Whoever claims first buries the supervisors whose
lease has lapsed, which sets `stopped_at` for good: a renewal and a burial of the same row exclude each other, so a
lease that others have seen lapse never comes back. A generation is given by a claim and ends with the next claim or
with the release, so that no thread of the past can pass the fence.
"""

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import text

from domain.tenancy import Note, SupervisorRow, TenantState, TenantStatus
from domain.tenure import Tenure
from repositories.database import Database

LIVE = "(s.stopped_at IS NULL AND s.lease_until >= clock_timestamp())"
OPEN = text(
    "INSERT INTO supervisors (host, pid, lease_until, drill, bell_at, close_at, cycle_seconds)"
    " VALUES (:host, :pid, clock_timestamp() + make_interval(secs => :lease), :drill, :bell_at, :close_at, :cycle)"
    " RETURNING id"
)
RENEW = text(
    "UPDATE supervisors s SET lease_until = clock_timestamp() + make_interval(secs => :lease)"
    f" WHERE id = :id AND {LIVE} RETURNING id"
)
CLOSE = text(
    "UPDATE supervisors SET stopped_at = coalesce(stopped_at, clock_timestamp()),"
    " lease_until = least(lease_until, clock_timestamp()) WHERE id = :id"
)
FREE = text("UPDATE tenants SET supervisor_id = NULL, generation = generation + 1 WHERE supervisor_id = :id")
SERIALLY = text("SELECT pg_advisory_xact_lock(915, 2)")
BURY = text(
    "UPDATE supervisors SET stopped_at = clock_timestamp() WHERE id IN (SELECT id FROM supervisors"
    " WHERE stopped_at IS NULL AND lease_until < clock_timestamp() FOR NO KEY UPDATE SKIP LOCKED)"
)
WELCOME = text(
    "INSERT INTO tenants (user_id, generation) SELECT u.id, 0 FROM users u WHERE u.id = ANY(:ids)"
    " AND NOT EXISTS (SELECT FROM tenants t WHERE t.user_id = u.id) FOR KEY SHARE SKIP LOCKED ON CONFLICT DO NOTHING"
)
TAKE = text(
    "UPDATE tenants SET supervisor_id = :id, generation = generation + 1, claimed_at = clock_timestamp()"
    " WHERE user_id IN (SELECT t.user_id FROM tenants t LEFT JOIN supervisors s ON s.id = t.supervisor_id"
    " WHERE t.user_id = ANY(:ids) AND (s.id IS NULL OR s.id = :id OR s.stopped_at IS NOT NULL)"
    " FOR NO KEY UPDATE OF t SKIP LOCKED)"
    f" AND EXISTS (SELECT FROM supervisors s WHERE s.id = :id AND {LIVE}) RETURNING user_id, generation"
)
RAISE = text(
    "UPDATE tenants SET generation = generation + 1 WHERE user_id IN (SELECT user_id FROM tenants"
    " WHERE user_id = :user_id AND supervisor_id = :id FOR NO KEY UPDATE SKIP LOCKED)"
    f" AND EXISTS (SELECT FROM supervisors s WHERE s.id = :id AND {LIVE}) RETURNING generation"
)
RELEASE = text(
    "UPDATE tenants SET supervisor_id = NULL, generation = generation + 1 WHERE user_id IN (SELECT user_id"
    " FROM tenants WHERE user_id = ANY(:ids) AND supervisor_id = :id FOR NO KEY UPDATE SKIP LOCKED)"
)
STILL_HELD = text("SELECT user_id FROM tenants WHERE user_id = ANY(:ids) AND supervisor_id = :id")
SAY = (
    " ON CONFLICT (user_id) DO UPDATE SET generation = excluded.generation, state = excluded.state,"
    " text = excluded.text, beat_at = excluded.beat_at, book_at = coalesce(excluded.book_at, heartbeats.book_at)"
    " WHERE heartbeats.generation <= excluded.generation"
)
BEAT = text(
    "INSERT INTO heartbeats (user_id, generation, state, text, beat_at, book_at)"
    f" VALUES (:user_id, :generation, :state, :text, clock_timestamp(), :book_at){SAY}"
)
NOTES = text(
    "INSERT INTO heartbeats (user_id, generation, state, text, beat_at)"
    " SELECT r.user_id, r.generation, r.state, r.text, clock_timestamp()"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(user_id bigint, generation bigint, state text, text text)"
    " JOIN tenants t ON t.user_id = r.user_id AND t.generation = r.generation"
    f" JOIN users u ON u.id = r.user_id FOR KEY SHARE OF u SKIP LOCKED{SAY}"
)
SUPERVISOR = text(
    f"SELECT id, host, pid, {LIVE} AS alive, started_at, lease_until, drill, bell_at, close_at, cycle_seconds"
    f" FROM supervisors s WHERE {LIVE} ORDER BY id DESC LIMIT 1"
)
STATUS = text(
    "SELECT u.id AS user_id, u.name, u.enabled, u.revision, t.generation, t.supervisor_id, s.host, s.pid,"
    f" coalesce({LIVE}, false) AS alive, h.state, h.text, h.beat_at, h.book_at,"
    " CAST(extract(epoch FROM clock_timestamp() - h.beat_at) AS double precision) AS beat_age_seconds,"
    " u.broker = 'paper' AS paper"
    " FROM users u LEFT JOIN tenants t ON t.user_id = u.id LEFT JOIN supervisors s ON s.id = t.supervisor_id"
    " LEFT JOIN heartbeats h ON h.user_id = u.id ORDER BY u.id"
)
LONGEST_TEXT = 2000


class TenantsRepository:
    """The rows of supervisors, tenants and heartbeats. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_supervisor(
        self,
        host: str,
        pid: int,
        lease_seconds: float,
        drill: bool = False,
        bell_at: datetime | None = None,
        close_at: datetime | None = None,
        cycle_seconds: float = 5.0,
    ) -> int:
        """Enter a process with a lease of so many seconds; the number under which it claims."""
        row = {"host": host, "pid": pid, "lease": lease_seconds, "cycle": cycle_seconds}
        row |= {"drill": drill, "bell_at": bell_at, "close_at": close_at}
        with self._database.as_service() as session:
            return int(session.execute(OPEN, row).scalar_one())

    def renew(self, supervisor_id: int, lease_seconds: float) -> bool:
        """Extend the lease from now on; False once it has lapsed, since others may already have claimed."""
        with self._database.as_service() as session:
            return session.execute(RENEW, {"id": supervisor_id, "lease": lease_seconds}).first() is not None

    def close_supervisor(self, supervisor_id: int) -> None:
        """End the lease and free every tenant of it; none of its generations may act any more. May be repeated."""
        with self._database.as_service() as session:
            session.execute(SERIALLY)
            session.execute(CLOSE, {"id": supervisor_id})
            session.execute(FREE, {"id": supervisor_id})

    def claim(self, supervisor_id: int, user_ids: Iterable[int]) -> dict[int, int]:
        """Take those of the users whom no other live supervisor holds, each under a new generation.

        A tenant whose row is locked at the moment is left for the next time, so that one stuck transaction does not
        keep the others from being served. Nothing is claimed under a lease that has lapsed.
        """
        asked = {"id": supervisor_id, "ids": list(user_ids)}
        with self._database.as_service() as session:
            session.execute(SERIALLY)
            session.execute(BURY)
            session.execute(WELCOME, asked)
            return {int(user_id): int(generation) for user_id, generation in session.execute(TAKE, asked)}

    def raise_generation(self, supervisor_id: int, user_id: int) -> int | None:
        """End the tenant's present generation; the new one, or None: not ours, or locked (try again)."""
        with self._database.as_service() as session:
            raised = session.execute(RAISE, {"id": supervisor_id, "user_id": user_id}).scalar_one_or_none()
        return None if raised is None else int(raised)

    def release(self, supervisor_id: int, user_ids: Iterable[int]) -> frozenset[int]:
        """Give tenants back and end their generations; those that are still ours because they were locked."""
        asked = {"id": supervisor_id, "ids": list(user_ids)}
        with self._database.as_service() as session:
            session.execute(RELEASE, asked)
            return frozenset(session.execute(STILL_HELD, asked).scalars())

    def beat(self, tenure: Tenure, state: TenantState, text: str = "", book_at: datetime | None = None) -> None:
        """Say how the tenant is, in its own unit of work. `book_at` (UTC): the last good book, None: as before.

        Raises TenureLost.
        """
        row = {"user_id": tenure.user_id, "generation": tenure.generation, "state": str(state)}
        with self._database.unit_of_work(tenure) as session:
            session.execute(BEAT, row | {"text": _clean(text), "book_at": book_at})

    def note(self, user_id: int, generation: int, state: TenantState, text: str = "") -> None:
        """Say how a tenant is that cannot say so itself; ignored unless the generation is the current one."""
        self.note_all([Note(user_id, generation, state, text)])

    def note_all(self, notes: Iterable[Note]) -> None:
        """Say it of many in one statement."""
        rows = [
            {"user_id": n.user_id, "generation": n.generation, "state": n.state, "text": _clean(n.text)} for n in notes
        ]
        with self._database.as_service() as session:
            session.execute(NOTES, {"rows": json.dumps(rows)})

    def live_supervisor(self) -> SupervisorRow | None:
        """The youngest supervisor whose lease runs."""
        with self._database.as_service() as session:
            row = session.execute(SUPERVISOR).mappings().one_or_none()
        return SupervisorRow(**row) if row else None

    def status(self) -> tuple[TenantStatus, ...]:
        """Every user, served or not, by number."""
        with self._database.as_service() as session:
            return tuple(TenantStatus(**row) for row in session.execute(STATUS).mappings())


def _clean(said: str) -> str:
    """What a text column takes of a message that may quote anything."""
    return said.replace("\0", "").encode(errors="replace").decode()[:LONGEST_TEXT]
