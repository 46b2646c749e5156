"""Who serves whom, as values: supervisors with their lease, tenants with their state."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TenantState(StrEnum):
    """What a tenant does at the moment; the text beside it says why."""

    STARTING = "STARTING"
    WAITING = "WAITING"
    """The market is closed."""
    TRADING = "TRADING"
    HELD = "HELD"
    """Looks, but places nothing new."""
    BACKOFF = "BACKOFF"
    """Fell, and is started again later."""
    FAILED = "FAILED"
    """Fell too often; not started again until its revision rises."""
    REFUSED = "REFUSED"
    """Somebody has to correct its rows or credentials first."""
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True)
class Note:
    """What a supervisor says about a tenant whose thread cannot speak for itself."""

    user_id: int
    generation: int
    state: TenantState
    text: str = ""


@dataclass(frozen=True, slots=True)
class SupervisorRow:
    """A process that serves tenants. Times are UTC, by the database's clock; `alive` means that its lease runs."""

    id: int
    host: str
    pid: int
    alive: bool
    started_at: datetime
    lease_until: datetime
    drill: bool
    bell_at: datetime | None
    close_at: datetime | None
    cycle_seconds: float


@dataclass(frozen=True, slots=True)
class TenantStatus:
    """One user as an operator sees it; None where nothing was ever said. Ages in seconds, times UTC."""

    user_id: int
    name: str
    enabled: bool
    revision: int
    generation: int | None
    supervisor_id: int | None
    host: str | None
    pid: int | None
    alive: bool
    state: str | None
    text: str | None
    beat_at: datetime | None
    book_at: datetime | None
    beat_age_seconds: float | None
    paper: bool = False
