"""Time for the simulator: the clock it was given, or the machine's own. Nothing else in this package asks for the time.

A clock that offers `advance(seconds)` is virtual: waiting moves it on and takes no real time.
"""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

IST = timezone(timedelta(hours=5, minutes=30), "IST")
LONGEST = 10_000_000
"""Seconds, a third of a year: nothing that is asked for lies further ahead."""


class Clock(Protocol):
    """What the simulator asks of time."""

    def now(self) -> datetime:
        """The wall clock, aware."""

    def monotonic(self) -> float:
        """Seconds that never run backwards."""


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()


async def pass_time(clock: Clock, seconds: float) -> None:
    """Let the seconds pass: slept on a real clock, skipped on a virtual one."""
    if seconds <= 0:
        return
    advance = getattr(clock, "advance", None)
    if advance is None:
        await asyncio.sleep(seconds)
    else:
        advance(seconds)


def ist_date(moment: datetime) -> date:
    """The date in India at the moment; the broker's day changes with it."""
    return moment.astimezone(IST).date()


def ist_midnight(moment: datetime) -> datetime:
    """The midnight in India with which the moment's day began."""
    return moment.astimezone(IST).replace(hour=0, minute=0, second=0, microsecond=0)


def next_midnight(moment: datetime) -> datetime:
    """The first midnight in India after the moment: sessions end, a new day of orders begins."""
    return ist_midnight(moment) + timedelta(days=1)
