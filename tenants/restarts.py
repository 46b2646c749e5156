"""When a fallen tenant is started again, and when no more: the restart intensity of OTP, one tenant at a time. Pure."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Past:
    """What counts of a tenant's falls: their moments (boot-time seconds), and how many were in a row."""

    falls: tuple[float, ...] = ()
    in_a_row: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The seconds until the next start, None for never, and the past to remember."""

    past: Past
    delay: float | None


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """Delays of `first` seconds, doubling up to `longest`; more than `limit` falls in `window` seconds end it.

    A run of `longest` seconds or more breaks the row, so that the next delay is the first again.
    """

    first: float = 1.0
    longest: float = 60.0
    limit: int = 5
    window: float = 600.0

    def fall(self, past: Past, moment: float, lived: float) -> Verdict:
        """A fall at the moment after so many seconds of service."""
        recent = tuple(fall for fall in past.falls if moment - fall < self.window)
        verdict = self.outage(replace(past, falls=(*recent, moment)), lived)
        return replace(verdict, delay=None) if len(recent) >= self.limit else verdict

    def outage(self, past: Past, lived: float) -> Verdict:
        """An end that waiting helps against: delayed, not counted."""
        row = 1 if lived >= self.longest else past.in_a_row + 1
        return Verdict(replace(past, in_a_row=row), self._delay(row))

    def _delay(self, row: int) -> float:
        return min(self.longest, self.first * 2.0 ** min(row - 1, 32))
