"""Counts what an engine says to PostgreSQL, with the time of each, so that a window can be cut out afterwards."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event

TENANT = "#"
"""Stands in the name of every tenant's thread, and in no other."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Transactions are commits and roll-backs; statements are what lies between, without BEGIN and COMMIT."""

    transactions: int
    statements: int


class Counter:
    """Notes the moment (wall clock, seconds) and the thread of every statement and of every end of a transaction."""

    def __init__(self) -> None:
        self._ends: list[tuple[float, bool]] = []
        self._statements: list[tuple[float, bool]] = []

    def between(self, start: float, end: float, *, tenants_only: bool = False) -> Counts:
        """What happened from one moment to the other."""

        def within(noted: list[tuple[float, bool]]) -> int:
            return sum(start <= moment <= end and (tenant or not tenants_only) for moment, tenant in noted)

        return Counts(within(self._ends), within(self._statements))

    @contextmanager
    def on(self, engine: Engine) -> Iterator["Counter"]:
        """Count while it lasts."""
        listeners: list[tuple[str, Callable[..., None]]] = [
            ("commit", self._ended),
            ("rollback", self._ended),
            ("before_cursor_execute", self._executed),
        ]
        for name, listener in listeners:
            event.listen(engine, name, listener)
        try:
            yield self
        finally:
            for name, listener in listeners:
                event.remove(engine, name, listener)

    def _ended(self, connection: Connection) -> None:
        del connection
        self._ends.append(_now())

    def _executed(self, connection: Connection, cursor: Any, statement: str, *rest: Any) -> None:
        del connection, cursor, statement, rest
        self._statements.append(_now())


def _now() -> tuple[float, bool]:
    return time.time(), TENANT in threading.current_thread().name
