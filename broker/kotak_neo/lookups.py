"""Host names become addresses in bounded time: one daemon thread for each name that is being looked up, however slowly.

The system's resolver can take half a minute and cannot be interrupted; no call may wait for it longer than its own
last moment. While a name cannot be looked up, what it meant last still holds: TLS tells whether it is the right host.
"""

import logging
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from ipaddress import ip_address
from typing import Any

log = logging.getLogger(__name__)
Place = tuple[socket.AddressFamily, tuple[Any, ...]]
"""A family, and an address of it as `socket.connect` wants it."""
_Key = tuple[str, int, socket.AddressFamily]


class Lookups:
    """One for a process; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[_Key, Future[list[Place]]] = {}
        self._last: dict[_Key, list[Place]] = {}

    def places(self, host: str, port: int, family: socket.AddressFamily, seconds: float) -> Sequence[Place]:
        """Where a host is, waiting so long at most. Raises OSError with a text that names the host."""
        key = (host, port, family)
        if _is_address(host):
            return _ask(key)
        try:
            return self._looking(key).result(seconds)
        except OSError as error:  # a TimeoutError is one, too
            why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
        if key not in self._last:
            raise OSError(None, f"the name {host} cannot be looked up: {why}")
        log.warning("the name %s cannot be looked up (%s): what it meant last is used", host, why)
        return self._last[key]

    def _looking(self, key: _Key) -> "Future[list[Place]]":
        with self._lock:
            if key not in self._pending:
                self._pending[key] = Future()
                threading.Thread(target=self._look_up, args=(key,), name="names", daemon=True).start()
            return self._pending[key]

    def _look_up(self, key: _Key) -> None:
        try:
            found, error = _ask(key), None
        except OSError as trouble:
            found, error = [], trouble
        except UnicodeError:
            found, error = [], OSError(None, "not a name")
        with self._lock:
            pending = self._pending.pop(key)
            if found:
                self._last[key] = found
        if error is None:
            pending.set_result(found)
        else:
            pending.set_exception(error)


def _ask(key: _Key) -> list[Place]:
    host, port, family = key
    lines = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    return [(kind, place) for kind, _, _, _, place in lines]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
