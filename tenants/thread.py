"""One generation of one tenant in a thread of its own, and how it ended."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from domain.errors import BadInput, LoginRefused, NinefifteenError, NotAllowed, TenureLost
from domain.tenure import Tenure
from repositories.database import Database

log = logging.getLogger("ninefifteen.tenants.thread")


class Service(Protocol):
    """What serves a tenant."""

    def run(self) -> None:
        """Serve until the tenure is stopping. Beats at least every `stuck_after` seconds."""


Factory = Callable[[Tenure], Service]
"""Makes the service of a tenure, in the tenant's own thread."""


class End(StrEnum):
    """What an end means for the next start."""

    RETURNED = "returned"
    LOST = "lost"
    REFUSED = "refused"
    OUTAGE = "outage"
    FELL = "fell"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a thread ended, and what it had to say."""

    end: End
    text: str


class TenantThread:
    """Runs a tenure's service to its end, whatever that is; then says so and rings."""

    def __init__(
        self, tenure: Tenure, started: float, factory: Factory, database: Database, bell: threading.Event
    ) -> None:
        self.tenure = tenure
        self.started = started
        self.ending: Ending | None = None
        self._factory = factory
        self._database = database
        self._bell = bell
        self._thread = threading.Thread(target=self._run, name=str(tenure), daemon=True)

    def start(self) -> None:
        """Begin; a thread that the system does not give is a fall of this tenant, not of the process."""
        try:
            self._thread.start()
        except RuntimeError as error:
            self.ending = Ending(End.FELL, f"No thread for {self.tenure}: {error}")

    def join(self, seconds: float) -> bool:
        """Wait so many real seconds for the end; whether it has come."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        ending = Ending(End.FELL, "The thread was ended from within.")
        try:
            ending = self._serve()
        finally:
            self.ending = ending
            self._bell.set()

    def _serve(self) -> Ending:
        try:
            self._factory(self.tenure).run()
            return Ending(End.LOST if self.tenure.revoked else End.RETURNED, "The service returned unasked.")
        except NinefifteenError as error:
            return self._told(error)
        except Exception as error:  # the one place: a defect in one tenant's service ends that tenant alone
            log.error("%s fell", self.tenure, exc_info=True)
            return Ending(End.FELL, f"{type(error).__name__}: {error}")
        finally:
            self._database.leave_thread()

    def _told(self, error: NinefifteenError) -> Ending:
        end = _meaning(error)
        level, how = (logging.ERROR, "is refused") if end is End.REFUSED else (logging.WARNING, "ended")
        text = str(error).removeprefix(f"{self.tenure}: ")
        log.log(level, "%s %s: %s", self.tenure, how, text, exc_info=log.isEnabledFor(logging.DEBUG))
        return Ending(end, str(error))


def _meaning(error: NinefifteenError) -> End:
    if isinstance(error, TenureLost):
        return End.LOST
    if isinstance(error, BadInput | LoginRefused | NotAllowed):
        return End.REFUSED
    return End.OUTAGE if error.waiting_helps else End.FELL
