"""Keeps one thread per wanted tenant. Level-triggered: each turn compares the rows with what runs.

    stop requests ► collect the dead, abandon the stuck ► lease ► what is wanted ► claim, speak, start ► let go

The first two need no database; the rest is tried again at the next turn when it does not answer.
"""

import logging
import threading
from queue import Empty, SimpleQueue

from domain.clock import Clock
from domain.errors import DatabaseUnavailable
from repositories.listener import Listener
from tenants.doorbell import Doorbell
from tenants.exits import ExitCode
from tenants.lease import Lease
from tenants.registrar import Registrar
from tenants.roster import Roster
from tenants.settings import Repositories, SupervisorSettings
from tenants.signals import stop_signals
from tenants.thread import Factory

log = logging.getLogger("ninefifteen.tenants.supervisor")

GATHER = 0.05
"""Seconds for which changes are gathered before a turn, so that many rows changed one by one are one turn."""
DRAINED = "The service was stopped."


class Supervisor:
    """One per process. `run` on the main thread; tests call `reconcile` turn by turn."""

    def __init__(
        self,
        repositories: Repositories,
        factory: Factory,
        clock: Clock,
        settings: SupervisorSettings,
        listener: Listener,
    ) -> None:
        self._database = repositories.database
        self._clock = clock
        self._settings = settings
        self._listener = listener
        self._bell = Doorbell()
        self._stops: SimpleQueue[str] = SimpleQueue()
        self._roster = Roster(settings)
        self._lease = Lease(repositories.tenants, clock, settings)
        self._registrar = Registrar(repositories, factory, clock, listener, self._roster, self._lease, self._bell)
        self._holder: int | None = None
        self._drain_by: float | None = None
        self._exit = ExitCode.DRAINED
        self._offline = False

    def run(self) -> int:
        """Supervise until told to stop, by a signal or by `stop`; the exit code."""
        self._listener.watch(self._bell)
        with self._listener, stop_signals(self._stops, self._bell):
            try:
                self._loop()
            finally:
                self._lease.revoke_all()
            return self._leave()

    def stop(self) -> None:
        """Drain and end, as SIGTERM does; asked a second time, revoke everything at once. From any thread."""
        self._stops.put("asked to")
        self._bell.set()

    def reconcile(self) -> None:
        """One turn."""
        now = self._clock.monotonic()
        self._hear_stops(now)
        for thread in self._roster.look_after(now):
            self._registrar.forget(thread)
        self._count_left_behind(now)
        try:
            self._serve(now)
        except DatabaseUnavailable as error:
            self._without_database(error)
        else:
            self._with_database()

    def _loop(self) -> None:
        self.reconcile()
        while not self._over():
            if self._clock.wait(self._bell, self._settings.turn):
                self._clock.wait(threading.Event(), GATHER)
            self._bell.clear()
            self.reconcile()

    def _serve(self, now: float) -> None:
        holder = self._lease.keep()
        if holder != self._holder:
            self._holder = holder
            self._roster.disowned(now)
        if self._drain_by is None:
            self._roster.hear(self._registrar.wishes(), now)
            self._registrar.start(holder, now)
        self._registrar.settle(holder)

    def _hear_stops(self, now: float) -> None:
        try:
            while True:
                self._drain(now, self._stops.get_nowait())
        except Empty:
            return

    def _drain(self, now: float, why: str) -> None:
        within = self._settings.drain_within if self._drain_by is None else 0.0
        self._drain_by = now + within
        log.info("Draining within %g s: %s.", within, why)
        self._roster.drain(self._drain_by, DRAINED)

    def _count_left_behind(self, now: float) -> None:
        stuck = len(self._roster.left_behind())
        if stuck > self._settings.stuck_limit and self._exit is ExitCode.DRAINED:
            self._exit = ExitCode.TOO_MANY_STUCK
            log.critical("%s threads hang; the process ends, to be started again.", stuck)
            if self._drain_by is None:
                self._drain(now, f"{stuck} threads hang")

    def _over(self) -> bool:
        if self._drain_by is None:
            return False
        return not self._roster.busy() or self._clock.monotonic() >= self._drain_by

    def _leave(self) -> int:
        left = self._roster.abandon_all(self._clock.monotonic())
        if left:
            log.critical("Left behind: %s", ", ".join(str(thread.tenure) for thread in left))
            self._exit = self._exit or ExitCode.LEFT_BEHIND
        try:
            self._registrar.speak()
            self._lease.close()
        except DatabaseUnavailable as error:
            log.warning("The lease was left to lapse by itself: %s", error)
        self._database.leave_thread()
        return self._exit

    def _without_database(self, error: DatabaseUnavailable) -> None:
        if not self._offline:
            log.warning("Waiting for the database: %s", error)
        self._offline = True

    def _with_database(self) -> None:
        if self._offline:
            log.info("The database answers again.")
        self._offline = False
