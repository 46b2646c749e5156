"""What a supervisor is given: its numbers, and the repositories it works with."""

from dataclasses import dataclass, field
from datetime import datetime

from repositories.credentials import CredentialsRepository
from repositories.database import Database
from repositories.tenants import TenantsRepository
from repositories.users import UsersRepository
from tenants.restarts import RestartPolicy


@dataclass(frozen=True, slots=True)
class SupervisorSettings:
    """All times in seconds.

    `stuck_after`: without a beat, until a thread is abandoned; longer than anything a service waits for. `stop_within`:
    from asking to abandoning. `drain_within`: the same for all, when the process ends. `stuck_limit`: so many abandoned
    threads may live on before the process asks to be started again.
    """

    host: str
    pid: int
    lease_seconds: float = 6.0
    turn_seconds: float = 1.0
    stuck_after: float = 90.0
    stop_within: float = 10.0
    drain_within: float = 20.0
    stuck_limit: int = 5
    drill: bool = False
    bell_at: datetime | None = None
    close_at: datetime | None = None
    cycle_seconds: float = 5.0
    restarts: RestartPolicy = field(default_factory=RestartPolicy)

    @property
    def trusted_for(self) -> float:
        """How long after a renewal began we believe in the lease ourselves: two thirds of it."""
        return self.lease_seconds * 2 / 3

    @property
    def turn(self) -> float:
        """The longest pause between two turns: a lease is renewed at least four times before it lapses."""
        return min(self.turn_seconds, self.lease_seconds / 4)


@dataclass(frozen=True, slots=True)
class Repositories:
    """The rows that supervision reads and writes."""

    database: Database
    users: UsersRepository
    credentials: CredentialsRepository
    tenants: TenantsRepository
