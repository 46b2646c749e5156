"""The services of a seed: started, killed, frozen, woken, and started again as soon as they have died."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cli.day.children import Child
from domain.clock import Clock

AT_RANDOM = "at random"
DIES, FREEZES = "dies at ", "freezes at "
VERB = ("serve", "--drill", "--open-in", "0", "--day-length", "3600")
Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Death:
    """One SIGKILL: where it struck, and when it was noticed (UTC, boot-time seconds)."""

    point: str
    at: datetime
    moment: float


class Seat:
    """One place for a service. `fates` are further words for its successive lives; those after them live on.

    A life that is killed before it has met its fate leaves it to the next one.
    """

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str], fates: Sequence[Words]) -> None:
        self.name = name
        self._folder = folder
        self._environment = environment
        self._fates = list(fates)
        self._fate: Words = ()
        self._lives = 0
        self._killed = False
        self._woken = False
        self.child = self._born()

    def live_again(self) -> None:
        """A new life, with the next fate."""
        if self._fate[:1] == ("--die-at",) and not self._said(DIES):
            self._fates.insert(0, self._fate)
        self._killed = self._woken = False
        self.child = self._born()

    def freeze(self) -> str:
        """SIGSTOP, unless it has frozen itself; the point."""
        if self.froze_at() is None:
            self.child.signal(signal.SIGSTOP)
        return self.froze_at() or AT_RANDOM

    def wake(self) -> None:
        """SIGCONT, now and whenever it freezes itself later."""
        self._woken = True
        self.child.signal(signal.SIGCONT)

    def keep_awake(self) -> None:
        """Once woken it is not to sleep again."""
        if self._woken and self.froze_at():
            self.child.signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL from outside."""
        self._killed = True
        self.child.signal(signal.SIGKILL)

    @property
    def doomed(self) -> bool:
        """Whether it, or a later life, is still to die at a point."""
        return bool(self._fates) or self._fate[:1] == ("--die-at",)

    @property
    def there(self) -> bool:
        """Whether it has come so far as to serve or to wait as a spare."""
        return self.child.first_line is not None

    def died_at(self) -> str | None:
        """Where it was killed, by itself or from outside; None when it lives or ended otherwise."""
        if self.child.code != -signal.SIGKILL:
            return None
        return self._said(DIES) or (AT_RANDOM if self._killed else None)

    def froze_at(self) -> str | None:
        """The point at which it has frozen itself."""
        return self._said(FREEZES)

    def _said(self, beginning: str) -> str | None:
        lines = [line for line in self.child.complaints.splitlines() if line.startswith(beginning)]
        return lines[-1].removeprefix(beginning) if lines else None

    def _born(self) -> Child:
        self._lives += 1
        self._fate = self._fates.pop(0) if self._fates else ()
        return Child((*VERB, *self._fate), self._folder / f"{self.name}-{self._lives}.out", self._environment)


class Crew:
    """Every seat, and what became of the services in them. `falls`: ends that nobody had asked for, as sentences."""

    def __init__(self, folder: Path, environment: Mapping[str, str], clock: Clock) -> None:
        self.seats: list[Seat] = []
        self.deaths: list[Death] = []
        self.falls: list[str] = []
        self._folder = folder
        self._environment = environment
        self._clock = clock

    def seat(self, name: str, fates: Sequence[Words]) -> Seat:
        """Start a service in a new seat."""
        self.seats.append(Seat(name, self._folder, self._environment, fates))
        return self.seats[-1]

    def tend(self) -> list[Death]:
        """Start again what has died; the deaths that were not known yet."""
        for seat in self.seats:
            seat.keep_awake()
        found = [death for seat in self.seats if (death := self._mourned(seat))]
        self.deaths += found
        return found

    @property
    def doomed(self) -> bool:
        """Whether any service is still to die at a point."""
        return any(seat.doomed for seat in self.seats)

    def holder(self, pid: int | None) -> Seat:
        """The seat whose service has this process number; the first one where there is none."""
        return next((seat for seat in self.seats if seat.child.pid == pid), self.seats[0])

    def stop(self) -> None:
        """Wake and stop all; an end that is not clean is a fall."""
        for seat in self.seats:
            seat.child.signal(signal.SIGCONT)
        for seat in self.seats:
            point, code = seat.died_at(), seat.child.stop()
            if code and point is None and seat.died_at() is None:
                self.falls.append(f"{seat.name} ended with exit code {code} when it was told to stop")

    def _mourned(self, seat: Seat) -> Death | None:
        fallen = seat.child.fallen
        if fallen is None:
            return None
        point = seat.died_at()
        if point is None:
            self.falls.append(f"{seat.name}: {fallen}")
        seat.live_again()
        return Death(point, self._clock.now(), self._clock.monotonic()) if point else None


@contextmanager
def crew(folder: Path, environment: Mapping[str, str], clock: Clock) -> Iterator[Crew]:
    """An empty crew; whatever it has started ends with the block."""
    services = Crew(folder, environment, clock)
    try:
        yield services
    finally:
        services.stop()
