"""One request and its limits: what must still hold before its first byte, and when its socket is shut."""

import contextlib
import socket
import struct
import threading
from types import TracebackType

from domain.clock import Alarm, Clock
from domain.tenure import Tenure

_DISCARD_UNSENT = struct.pack("ii", 1, 0)


class Withheld(Exception):
    """The last check said no; not a byte was given to the socket.

    Neither an OSError nor an HTTPException: urllib3 must not take it for a broken connection and wrap it.
    """


class Call:
    """A context: inside it the alarm is set. `begun` tells whether a byte may have left this machine.

    Times are moments of the clock's `monotonic()`; `send_by` is None for reads.
    """

    def __init__(self, clock: Clock, tenure: Tenure, deadline: float, send_by: float | None = None) -> None:
        self.begun = False
        self.cut = False
        self.deadline = deadline
        self._send_by = send_by
        self._clock = clock
        self._tenure = tenure
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._alarms: list[Alarm] = []

    def __enter__(self) -> "Call":
        self._alarms = [self._clock.call_at(self.deadline, self._shut)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for alarm in self._alarms:
            alarm.cancel()
        with self._lock:
            self._socket = None

    @property
    def remaining(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - self._clock.monotonic())

    @property
    def seconds_to_connect(self) -> float:
        """Seconds until a connection would come too late, never negative."""
        last = self.deadline if self._send_by is None else min(self.deadline, self._send_by)
        return max(0.0, last - self._clock.monotonic())

    def connecting(self, plug: socket.socket) -> None:
        """Have the alarm shut this socket, over which nothing of the request has gone yet. Raises TimeoutError."""
        with self._lock:
            if self.cut:
                raise TimeoutError(None, "no time left to connect")
            self._socket = plug
        if self._send_by is not None and self._send_by < self.deadline and len(self._alarms) == 1:
            self._alarms.append(self._clock.call_at(self._send_by, self._give_up))

    def permit(self, connected: socket.socket) -> None:
        """The last check, on the connected socket; from here on the request counts as begun. Raises Withheld."""
        now = self._clock.monotonic()
        if self._tenure.revoked:
            raise Withheld(f"{self._tenure} may no longer act")
        if self._send_by is not None and now >= self._send_by:
            raise Withheld(f"the last moment to send had passed {now - self._send_by:.3f} s before")
        with self._lock:
            if self.cut or now >= self.deadline:
                raise Withheld("connecting took the whole time of the call")
            self._socket = connected
            self.begun = True

    def _give_up(self) -> None:
        """The last moment to send has come: what is still being connected is of no use any more."""
        if not self.begun:
            self._shut(begun=False)

    def _shut(self, begun: bool = True) -> None:
        with self._lock:
            if self.begun and not begun:
                return
            self.cut = True
            if self._socket is not None:
                _shut_down(self._socket)


def _shut_down(connected: socket.socket) -> None:
    """End both directions and let nothing that is still queued here reach the broker after the deadline.

    The plain socket's `shutdown`, for TLS too: SSLSocket's own would let a reader go on with the bare bytes.
    """
    with contextlib.suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD_UNSENT)
        socket.socket.shutdown(connected, socket.SHUT_RDWR)
