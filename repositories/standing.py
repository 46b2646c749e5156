"""What stands at the moment beside the tenants: running supervisors, halts, and whether credentials are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from domain.tenancy import SupervisorRow
from repositories.database import Database
from repositories.tenants import LIVE

SUPERVISORS = text(
    f"SELECT id, host, pid, {LIVE} AS alive, started_at, lease_until, drill, bell_at, close_at, cycle_seconds"
    " FROM supervisors s WHERE stopped_at IS NULL ORDER BY id"
)
STANDING = text(
    "SELECT h.id, h.user_id, u.name AS user, h.because, h.created_by, h.created_at, h.cancel_orders FROM halts h"
    " LEFT JOIN users u ON u.id = h.user_id WHERE h.ended_at IS NULL ORDER BY h.id"
)
CREDENTIALS = text(
    "SELECT incoming IS NOT NULL AS waiting, sealed IS NOT NULL AS sealed, sealed_at FROM credentials"
    " WHERE user_id = :user_id"
)


@dataclass(frozen=True, slots=True)
class Halt:
    """A standing halt; without a user it holds for all. `cancel_orders`: resting orders are ended as well."""

    id: int
    user_id: int | None
    user: str | None
    because: str
    created_by: str
    created_at: datetime
    cancel_orders: bool


@dataclass(frozen=True, slots=True)
class CredentialState:
    """Whether a user's credentials are there, never what they are. `waiting`: plain, to be sealed by the service."""

    sealed: bool
    waiting: bool
    sealed_at: datetime | None


class StandingRepository:
    """Reads only. Raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def supervisors(self) -> Sequence[SupervisorRow]:
        """Every supervisor that did not end in order, with or without a running lease."""
        with self._database.as_service("standing") as session:
            return [SupervisorRow(**row) for row in session.execute(SUPERVISORS).mappings()]

    def halts(self) -> Sequence[Halt]:
        """The halts that nobody has ended."""
        with self._database.as_service("standing") as session:
            return [Halt(**row) for row in session.execute(STANDING).mappings()]

    def credentials(self, user_id: int) -> CredentialState:
        """How the credentials of a user stand."""
        with self._database.as_service("standing") as session:
            row = session.execute(CREDENTIALS, {"user_id": user_id}).mappings().one_or_none()
        return CredentialState(**row) if row else CredentialState(False, False, None)
