"""The stage: looks at the rows, shows them, and waits until something can be seen in them."""

import threading
from collections.abc import Callable
from typing import Protocol

from cli.day.children import Child
from cli.day.log import Log, Said
from cli.day.rows import Picture, Rows
from domain.clock import SystemClock

FRAME = 0.2
"""Seconds between two looks at the rows."""
PATIENCE = 20.0
"""Seconds in which what was set in motion has to show."""


class DidNotHappen(Exception):
    """The day cannot go on: its text says what was waited for, or who has fallen."""


class Screen(Protocol):
    """Where the day is shown."""

    def say(self, said: Said) -> None:
        """Show a sentence."""

    def show(self, picture: Picture, waiting: str, part: float) -> None:
        """Show how things are: what is waited for, and how much of that wait is over (0 to 1)."""


class Stage:
    """Waiting is done here alone, by looking; the processes in `children` are looked at, too."""

    def __init__(self, rows: Rows, log: Log, screen: Screen, clock: SystemClock) -> None:
        self.rows = rows
        self.log = log
        self.children: list[Child] = []
        self._screen = screen
        self._clock = clock
        self._never = threading.Event()

    def say(self, text: str) -> None:
        """Log a sentence and show it."""
        self.log.say(text)

    def look(self) -> Picture:
        """See how things are, and show it. Raises DidNotHappen when a process has fallen."""
        for one in self.children:
            if one.fallen:
                raise DidNotHappen(one.fallen)
        picture = self.rows.picture()
        self._screen.show(picture, *self.log.waiting())
        return picture

    def until(self, what: str, seen: Callable[[Picture], bool], within: float = PATIENCE) -> Picture:
        """Look until it can be seen. Raises DidNotHappen after so many seconds."""
        deadline = self._clock.monotonic() + within
        while not seen(picture := self.look()):
            if self._clock.monotonic() > deadline:
                raise DidNotHappen(f"{what}: this did not happen within {within:g} s.")
            self._clock.wait(self._never, FRAME)
        return picture

    def until_part(self, part: float) -> None:
        """Look until so much of the day has passed. Raises DidNotHappen when the day is over before its time."""
        if self.log.part >= 1 > part:
            raise DidNotHappen("The day was over before all of it was played: give it more time with --seconds.")
        while self.log.part < part:
            self.look()
            self._clock.wait(self._never, FRAME)
