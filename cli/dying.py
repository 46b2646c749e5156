"""A process that ends or freezes itself at a waypoint, so that a proof hits exactly the moment that it means."""

import os
import signal
import threading

from domain.errors import BadInput
from service.waypoints import Unwatched, Waypoint, Waypoints

DEADLY = {"dies": signal.SIGKILL, "freezes": signal.SIGSTOP}


class Doom:
    """Sends its own process a signal at the n-th arrival of any thread, and says so on stderr first."""

    def __init__(self, point: Waypoint, arrival: int, deed: str) -> None:
        self._point = point
        self._left = arrival
        self._deed = deed
        self._lock = threading.Lock()

    def reach(self, point: Waypoint) -> None:
        """Count down, and strike."""
        if point is not self._point:
            return
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.write(2, f"{self._deed} at {point}\n".encode())
                os.kill(os.getpid(), DEADLY[self._deed])


def doom(die_at: str | None, freeze_at: str | None) -> Waypoints:
    """What the options ask for; LABEL or LABEL:N. Raises BadInput."""
    if die_at and freeze_at:
        raise BadInput("--die-at and --freeze-at exclude each other.")
    if die_at:
        return Doom(*_read(die_at), "dies")
    return Doom(*_read(freeze_at), "freezes") if freeze_at else Unwatched()


def _read(text: str) -> tuple[Waypoint, int]:
    label, _, number = text.rpartition(":")
    if not (label and number.isdigit() and int(number)):
        label, number = text, "1"
    if label not in set(Waypoint):
        raise BadInput(f"There is no waypoint {label}; known: {', '.join(Waypoint)}.")
    return Waypoint(label), int(number)
