"""A stage for the supervisor: real rows, real threads, and services that do what the test wants of each user."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

from cryptography.fernet import Fernet

from domain.clock import Clock, VirtualClock
from domain.tenancy import TenantStatus
from domain.tenure import Tenure
from repositories.credentials import CredentialsRepository
from repositories.database import Database
from repositories.listener import Listener
from repositories.tenants import TenantsRepository
from repositories.users import UsersRepository
from repositories.vault import Vault
from tenants.settings import Repositories, SupervisorSettings
from tenants.supervisor import Supervisor

USER = "INSERT INTO users (id, name, broker, exit_rule) VALUES (%s, %s, 'kotak_neo', '{\"target_percent\": 6}')"
NAMES = {1: "asha", 2: "binod", 3: "chitra"}
PATIENCE = 10
SETTINGS = SupervisorSettings("host", 1, lease_seconds=36_000, stuck_after=90, stop_within=10, stuck_limit=2)


class Play:
    """A service that follows its part."""

    def __init__(self, part: Callable[[Tenure], None], tenure: Tenure) -> None:
        self._part = part
        self._tenure = tenure

    def run(self) -> None:
        """Play it."""
        self._part(self._tenure)


class Stage:
    """A factory of services that do what the test wants of each user, and the supervisors that use it."""

    def __init__(self, database: Database, clock: VirtualClock) -> None:
        self.clock = clock
        self.rows = Repositories(
            database,
            UsersRepository(database),
            CredentialsRepository(database, Vault([Fernet.generate_key().decode()])),
            TenantsRepository(database),
        )
        self.parts: dict[int, Callable[[Tenure], None]] = {}
        self.curtain = threading.Event()
        self._deaf: set[Tenure] = set()
        self._entered: SimpleQueue[Tenure] = SimpleQueue()
        self._tenures: list[Tenure] = []

    def __call__(self, tenure: Tenure) -> Play:
        """The service of a tenure."""
        self._tenures.append(tenure)
        self._entered.put(tenure)
        return Play(self.parts.get(tenure.user_id, self.serve), tenure)

    def serve(self, tenure: Tenure) -> None:
        """Be a good tenant."""
        tenure.stopped.wait(PATIENCE)

    def hang(self, tenure: Tenure) -> None:
        """Hear nothing until the curtain falls."""
        self._deaf.add(tenure)
        self.curtain.wait(PATIENCE)

    def supervisor(self, settings: SupervisorSettings = SETTINGS, clock: Clock | None = None) -> Supervisor:
        """One more process, as it were."""
        clock = clock or self.clock
        return Supervisor(self.rows, self, clock, settings, Listener(self.rows.database, clock))

    def entered(self, count: int = 1) -> list[Tenure]:
        """The next so many tenures that a service was made for, by user."""
        return sorted((self._entered.get(timeout=PATIENCE) for _ in range(count)), key=lambda t: t.user_id)

    def nobody_entered(self) -> bool:
        """Whether no service was made since `entered` was last asked."""
        return self._entered.empty()

    def pass_time(self, supervisor: Supervisor, seconds: float) -> None:
        """Turn by turn, as far apart as a suspended machine would not be; good tenants beat meanwhile."""
        for _ in range(int(seconds / 10)):
            self.clock.advance(10)
            for tenure in self._tenures:
                if tenure not in self._deaf:
                    tenure.beat(self.clock.monotonic())
            supervisor.reconcile()

    def status(self, user_id: int) -> TenantStatus:
        """How an operator sees the user."""
        return next(status for status in self.rows.tenants.status() if status.user_id == user_id)

    def end(self) -> None:
        """Have every thread end."""
        self.curtain.set()
        for tenure in self._tenures:
            tenure.revoke()
            gone(tenure)


def gone(tenure: Tenure) -> None:
    """Wait until the tenure's thread has ended."""
    for thread in threading.enumerate():
        if thread.name == str(tenure):
            thread.join(PATIENCE)
            assert not thread.is_alive()


def raising(error: Exception) -> Callable[[Tenure], None]:
    """A part that ends at once."""

    def part(tenure: Tenure) -> None:
        raise error

    return part
