"""All tenants of the process and the threads it had to abandon. Main loop only, no database."""

from collections.abc import Callable, Iterator, Mapping

from domain.tenancy import Note
from tenants.settings import SupervisorSettings
from tenants.tenant import Tenant
from tenants.thread import TenantThread
from tenants.wish import Wish

NOT_WANTED = "Not enabled."


class Roster:
    """Knows every enabled user, held by this process or not, and those that are just leaving."""

    def __init__(self, settings: SupervisorSettings) -> None:
        self._settings = settings
        self._tenants: dict[int, Tenant] = {}
        self._abandoned: list[TenantThread] = []
        self._looked = 0.0
        self._grace = 0.0

    def __iter__(self) -> Iterator[Tenant]:
        return iter(tuple(self._tenants.values()))

    def hear(self, wishes: Mapping[int, Wish], now: float) -> None:
        """Take over what is wanted; who is not mentioned leaves."""
        for user_id, wish in wishes.items():
            self._tenants.setdefault(user_id, Tenant(wish, self._settings)).hear(wish, now)
        for user_id in self._tenants.keys() - wishes.keys():
            self._tenants[user_id].leave(now + self._settings.stop_within, NOT_WANTED)

    def look_after(self, now: float) -> list[TenantThread]:
        """Collect the dead and abandon the stuck; the threads that are no longer any tenant's."""
        self._notice_sleep(now)
        collected = [tenant.collect(now) for tenant in self if tenant.thread and tenant.thread.ending]
        abandoned = [tenant.abandon(now) for tenant in self if tenant.overdue(now, self._grace)]
        self._abandoned = [t for t in (*self._abandoned, *abandoned) if t is not None and t.ending is None]
        return [thread for thread in (*collected, *abandoned) if thread is not None]

    def which(self, wanted: Callable[[Tenant], bool]) -> dict[int, Tenant]:
        """Those for which it holds, by user number."""
        return {user_id: tenant for user_id, tenant in self._tenants.items() if wanted(tenant)}

    def notes(self) -> list[Note]:
        """What is to be said in the tenants' rows."""
        return [note for tenant in self for note in tenant.notes()]

    def disowned(self, now: float) -> None:
        """This process holds nobody any more: whoever runs has lost its right."""
        for tenant in self:
            tenant.disowned(now)

    def drain(self, stop_by: float, why: str) -> None:
        """Have everybody who runs end by the moment."""
        for tenant in self.which(lambda tenant: tenant.thread is not None).values():
            tenant.leave(stop_by, why)

    def drop(self, user_id: int) -> None:
        """Forget a user that has left."""
        del self._tenants[user_id]

    def abandon_all(self, now: float) -> list[TenantThread]:
        """Take every thread's right away; those that live on."""
        for tenant in self.which(lambda tenant: tenant.thread is not None).values():
            thread = tenant.abandon(now)
            tenant.part()
            self._abandoned += [thread] if thread else []
        return self.left_behind()

    def left_behind(self) -> list[TenantThread]:
        """Abandoned threads that have not ended."""
        return [thread for thread in self._abandoned if thread.ending is None]

    def busy(self) -> bool:
        """Whether any tenant has a thread."""
        return any(tenant.thread is not None for tenant in self)

    def _notice_sleep(self, now: float) -> None:
        """When the process stood still (suspended, SIGSTOP) no thread could beat: count their silence from now."""
        if now - self._looked > self._settings.stuck_after / 2:
            self._grace = now
        self._looked = now
