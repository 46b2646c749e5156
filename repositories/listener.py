"""Wakes whom a changed row concerns: one connection that listens for the whole process, and heals itself.

A notification only says when to look, so a lost one costs time and nothing else: after each new connection everybody
is woken, since something may have been missed.
"""

import logging
import threading
from types import TracebackType
from typing import Any, Self

import psycopg

from domain.clock import Clock
from repositories.database import Database

CHANNEL = "ninefifteen"
EVERYBODY = "*"
LOOK_UP = 0.5
"""Seconds between two looks at whether to end."""
LONGEST_PAUSE = 10.0
ALIVE: dict[str, Any] = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
"""A silent network shows within 11 seconds."""

log = logging.getLogger("ninefifteen.listener")


class Listener:
    """Sets events: a user's when a row of that user changed, those of the watchers at every change."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._clock = clock
        self._lock = threading.Lock()
        self._watchers: list[threading.Event] = []
        self._events: dict[int, threading.Event] = {}
        self._closed = threading.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def listening(self) -> threading.Event:
        """Set while there is a connection."""
        return self._listening

    def close(self) -> None:
        """End the thread and its connection."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10 * LOOK_UP)

    def watch(self, event: threading.Event) -> None:
        """Have the event set at every change."""
        with self._lock:
            self._watchers.append(event)

    def register(self, user_id: int, event: threading.Event) -> None:
        """Have the event set when a row of the user changed; it replaces an earlier one."""
        with self._lock:
            self._events[user_id] = event

    def unregister(self, user_id: int, event: threading.Event) -> None:
        """Forget the event, unless another has replaced it."""
        with self._lock:
            if self._events.get(user_id) is event:
                del self._events[user_id]

    def _run(self) -> None:
        pause = 1.0
        while not self._closed.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                log.warning("Changed rows are seen late, no connection to listen on: %s", _first_line(error))
            if self._listening.is_set():
                pause = 1.0
                self._listening.clear()
            self._clock.wait(self._closed, pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _listen(self) -> None:
        with psycopg.connect(self._url, autocommit=True, connect_timeout=5, **ALIVE) as connection:
            connection.execute(f"LISTEN {CHANNEL}".encode())
            self._listening.set()
            self._wake(EVERYBODY)
            while not self._closed.is_set():
                for notification in connection.notifies(timeout=LOOK_UP):
                    self._wake(notification.payload)

    def _wake(self, payload: str) -> None:
        with self._lock:
            for event in [*self._watchers, *self._concerned(payload)]:
                event.set()

    def _concerned(self, payload: str) -> list[threading.Event]:
        if payload == EVERYBODY or not payload.isdecimal():
            return list(self._events.values())
        event = self._events.get(int(payload))
        return [event] if event else []


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
