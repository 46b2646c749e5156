"""Brings the roster and the rows together: reads what is wanted, claims, starts, speaks, lets go.

Every method may raise DatabaseUnavailable; whatever was left undone then is found again at the next turn.
"""

import logging
import threading
from itertools import islice

from domain.clock import Clock
from domain.tenure import Tenure
from repositories.listener import Listener
from tenants.lease import Lease
from tenants.roster import Roster
from tenants.settings import Repositories
from tenants.tenant import Tenant
from tenants.thread import Factory, TenantThread
from tenants.wish import Wish

log = logging.getLogger("ninefifteen.tenants.registrar")

STARTS_A_TURN = 50
"""More at once would keep the main loop from renewing its lease in time."""


class Registrar:
    """Works for one supervisor, on its main loop; `holder` is the number under which it holds tenants."""

    def __init__(
        self,
        repositories: Repositories,
        factory: Factory,
        clock: Clock,
        listener: Listener,
        roster: Roster,
        lease: Lease,
        bell: threading.Event,
    ) -> None:
        self._rows = repositories
        self._factory = factory
        self._clock = clock
        self._listener = listener
        self._roster = roster
        self._lease = lease
        self._bell = bell
        self._elsewhere: frozenset[int] = frozenset()
        self._told_bad: dict[int, str] = {}

    def wishes(self) -> dict[int, Wish]:
        """Who is to be served. A row or credentials that cannot be read refuse the start of that user alone."""
        bad = self._sealed()
        wanted = self._rows.users.wanted()
        barred = wanted.barred()
        why = {**{user.id: user.why for user in wanted.bad}, **bad, **barred}
        wishes = [
            Wish(u.id, u.name, u.revision, u, why.get(u.id), u.id in barred) for u in wanted.everybody if u.enabled
        ]
        return {wish.user_id: wish for wish in wishes}

    def start(self, holder: int, now: float) -> None:
        """Claim and start what is due; claim the rest of what is wanted, so that we may speak for it."""
        due = self._roster.which(lambda tenant: tenant.due(now))
        prints = self._rows.credentials.fingerprints(due) if due else {}
        able = ((user_id, tenant) for user_id, tenant in due.items() if tenant.ready(prints.get(user_id, "")))
        ready = dict(islice(able, STARTS_A_TURN))
        unheld = self._roster.which(lambda tenant: tenant.wanted and tenant.generation is None)
        claimed = self._claim(holder, ready | unheld)
        opened = [tenant for user_id, tenant in ready.items() if user_id in claimed and tenant.open()]
        self.speak()
        for tenant in opened:
            self._begin(tenant, claimed[tenant.wish.user_id])

    def settle(self, holder: int) -> None:
        """End the generations of abandoned threads without a successor, speak, give back what is not wanted."""
        for user_id, tenant in self._roster.which(lambda tenant: tenant.outdated).items():
            raised = self._rows.tenants.raise_generation(holder, user_id)
            if raised is not None:
                tenant.claimed(raised)
        left = self._roster.which(lambda tenant: not tenant.wanted and tenant.thread is None)
        for tenant in left.values():
            tenant.part()
        self.speak()
        self._let_go(holder, left)

    def speak(self) -> None:
        """Write what is to be said in the rows of the tenants that we hold."""
        notes = self._roster.notes()
        if notes:
            self._rows.tenants.note_all(notes)
        for tenant in self._roster.which(lambda tenant: tenant.generation is not None).values():
            tenant.said()

    def forget(self, thread: TenantThread) -> None:
        """A thread that is no tenant's any more; needs no database."""
        self._lease.dismiss(thread.tenure)
        self._listener.unregister(thread.tenure.user_id, thread.tenure.wake)

    def _sealed(self) -> dict[int, str]:
        bad = self._rows.credentials.seal_incoming().bad
        for user_id in (user_id for user_id, why in bad.items() if self._told_bad.get(user_id) != why):
            log.error("%s", bad[user_id])
        self._told_bad = bad
        return bad

    def _claim(self, holder: int, tenants: dict[int, Tenant]) -> dict[int, int]:
        claimed = self._rows.tenants.claim(holder, tenants) if tenants else {}
        for user_id, generation in claimed.items():
            tenants[user_id].claimed(generation)
        self._tell_elsewhere(frozenset(tenants.keys() - claimed.keys()))
        return claimed

    def _tell_elsewhere(self, elsewhere: frozenset[int]) -> None:
        if elsewhere - self._elsewhere:
            log.warning("%s tenants are held by another supervisor; claimed when its lease lapses.", len(elsewhere))
        self._elsewhere = elsewhere

    def _begin(self, tenant: Tenant, generation: int) -> None:
        tenure = Tenure(tenant.wish.user_id, generation, tenant.wish.title)
        now = self._clock.monotonic()
        tenure.beat(now)
        self._lease.admit(tenure)
        self._listener.register(tenure.user_id, tenure.wake)
        log.info("%s starts.", tenure)
        tenant.begin(TenantThread(tenure, now, self._factory, self._rows.database, self._bell))

    def _let_go(self, holder: int, left: dict[int, Tenant]) -> None:
        held = self._rows.tenants.release(holder, left) if left else frozenset()
        for user_id in left.keys() - held:
            self._roster.drop(user_id)
