"""The process's right to hold tenants: renewed each turn, and given up by itself when that cannot be done.

The alarm does not depend on the main loop, which may hang in a call to the database: two thirds of the lease after
the last renewal *began*, by the boot-time clock, every tenure is revoked, one third before others may claim.
"""

import logging
import threading

from domain.clock import Alarm, Clock
from domain.tenure import Tenure
from repositories.tenants import TenantsRepository
from tenants.settings import SupervisorSettings

log = logging.getLogger("ninefifteen.tenants.lease")


class Lease:
    """`keep` belongs to the main loop; the alarm may strike at any time on another thread."""

    def __init__(self, tenants: TenantsRepository, clock: Clock, settings: SupervisorSettings) -> None:
        self._tenants = tenants
        self._clock = clock
        self._settings = settings
        self._lock = threading.Lock()
        self._tenures: set[Tenure] = set()
        self._trusted_until = 0.0
        self._lost = False
        self._id: int | None = None
        self._alarm: Alarm | None = None

    def keep(self) -> int:
        """The number under which we hold tenants; another than before when the lease had to be opened anew.

        Raises DatabaseUnavailable.
        """
        if self._id is None or not self._renewed(self._id):
            self._id = self._opened()
        return self._id

    def admit(self, tenure: Tenure) -> None:
        """Have the tenure revoked with the lease; at once, if that is lost already."""
        with self._lock:
            self._tenures.add(tenure)
            lost = self._lost
        if lost:
            tenure.revoke()

    def dismiss(self, tenure: Tenure) -> None:
        """Forget a tenure whose thread has ended."""
        with self._lock:
            self._tenures.discard(tenure)

    def revoke_all(self) -> int:
        """Take every tenure's right to act; how many still had it."""
        with self._lock:
            self._lost = True
            revoked = [tenure for tenure in self._tenures if not tenure.revoked]
        for tenure in revoked:
            tenure.revoke()
        return len(revoked)

    def close(self) -> None:
        """Revoke everything and free the rows. Raises DatabaseUnavailable; the lease then lapses by itself."""
        self.revoke_all()
        if self._alarm is not None:
            self._alarm.cancel()
        if self._id is not None:
            self._tenants.close_supervisor(self._id)

    def _renewed(self, supervisor_id: int) -> bool:
        self._strike()
        began = self._clock.monotonic()
        if self._lost:
            return False
        if not self._tenants.renew(supervisor_id, self._settings.lease_seconds):
            log.critical("The lease has lapsed in the database; %s tenures are revoked.", self.revoke_all())
            return False
        return self._trust(began)

    def _opened(self) -> int:
        """Free what the old number still holds, and enter under a new one."""
        if self._id is not None:
            self._tenants.close_supervisor(self._id)
        s = self._settings
        began = self._clock.monotonic()
        opened = self._tenants.open_supervisor(
            s.host, s.pid, s.lease_seconds, s.drill, s.bell_at, s.close_at, s.cycle_seconds
        )
        with self._lock:
            self._lost = False
            self._tenures.clear()
        self._trust(began)
        log.info("Supervisor %s holds a lease of %s s.", opened, s.lease_seconds)
        return opened

    def _trust(self, began: float) -> bool:
        with self._lock:
            if self._lost:
                return False
            self._trusted_until = began + self._settings.trusted_for
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = self._clock.call_at(self._trusted_until, self._strike)
        return True

    def _strike(self) -> None:
        with self._lock:
            due = not self._lost and self._id is not None and self._clock.monotonic() >= self._trusted_until
        if due:
            revoked = self.revoke_all()
            log.critical("The lease could not be renewed in time; %s tenures are revoked.", revoked)
