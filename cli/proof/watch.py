"""The watch over a seed: looks at rows and processes, tends the crew, and measures how long each recovery takes."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cli.day.rows import Picture, Rows
from cli.day.stage import DidNotHappen
from cli.proof.crew import Crew, Death
from cli.proof.evidence import Recovery, doubts
from domain.clock import Clock
from domain.errors import DatabaseUnavailable
from domain.tenancy import TenantState

FRAME = 0.05
"""Seconds between two looks."""
SERVING = (TenantState.TRADING, TenantState.HELD)


class Interrupted(Exception):
    """Somebody wants the proof to end."""


@dataclass(slots=True)
class Wound:
    """One death and what has healed since: boot-time seconds. `sends`: those in doubt when rows were seen first."""

    death: Death
    sends: frozenset[int] | None = None
    served: float | None = None
    certain: float | None = None

    @property
    def healed(self) -> bool:
        """Whether everything is known again."""
        return self.served is not None and self.certain is not None

    def recovery(self) -> Recovery:
        """In seconds."""
        began = self.death.moment
        ends = [None if moment is None else moment - began for moment in (self.served, self.certain)]
        return Recovery(self.death.point, *ends)


@dataclass(slots=True)
class Watch:
    """Waiting is done here alone, by looking. `stopping` ends it from another thread."""

    rows: Rows
    crew: Crew
    clock: Clock
    stopping: threading.Event
    wounds: list[Wound] = field(default_factory=list)

    def look(self) -> Picture | None:
        """How things are; None while the database does not answer. Raises Interrupted."""
        if self.stopping.is_set():
            raise Interrupted
        self.wounds += [Wound(death) for death in self.crew.tend()]
        try:
            picture = self.rows.picture()
        except DatabaseUnavailable:
            return None
        for wound in self.wounds:
            self._heal(wound, picture)
        return picture

    def pause(self, seconds: float) -> None:
        """Look on until the seconds are over."""
        until = self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            self.look()
            self.clock.wait(self.stopping, FRAME)

    def until(self, what: str, seen: Callable[[Picture], bool], within: float) -> Picture:
        """Look until it can be seen. Raises DidNotHappen after so many seconds, Interrupted."""
        deadline = self.clock.monotonic() + within
        while True:
            picture = self.look()
            if picture is not None and seen(picture):
                return picture
            if self.clock.monotonic() > deadline:
                raise DidNotHappen(f"{what}: this did not happen within {within:g} s")
            self.clock.wait(self.stopping, FRAME)

    def _heal(self, wound: Wound, picture: Picture) -> None:
        if wound.healed:
            return
        now = self.clock.monotonic()
        doubted = frozenset(int(send["id"]) for _, send in doubts(picture.orders, picture.sends))
        if wound.sends is None:
            wound.sends = doubted
        if wound.served is None and served(picture, wound.death):
            wound.served = now
        if wound.certain is None and wound.served is not None and not (wound.sends & doubted):
            wound.certain = now


def served(picture: Picture, since: Death | None = None) -> bool:
    """Whether every user is looked after by a living service that has spoken since then."""
    return all(
        tenant.alive
        and tenant.state in SERVING
        and tenant.beat_at is not None
        and (since is None or tenant.beat_at > since.at)
        for tenant in picture.tenants
    )
