"""A random walk of prices: each step is a matter of the seed, the symbol and the day alone.

So every process that looks, before a kill or after it, sees the same prices, and no two days are alike.
"""

import random
from array import array
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import overload

from broker.paper.prices import DailyPrices, Tick, middle_of
from domain.book import Instrument
from domain.errors import BadInput
from domain.market import Calendar, round_down_to_tick, round_up_to_tick

STEP = 5.0
"""Seconds from one price to the next."""
PERCENT = 0.04
"""The usual step; over a whole day that makes some 2.7 per cent."""
OPENING = 12
"""The step of the night, in usual steps."""
PREFIX = "walk:"


class Steps(Sequence[Tick]):
    """The prices of one day, mostly four bytes each; a tick is made when somebody looks at it."""

    def __init__(self, bell: datetime, levels: "array[int]", tick: Decimal) -> None:
        self._bell = bell
        self._levels = levels
        self._tick = tick

    def __len__(self) -> int:
        return len(self._levels)

    @overload
    def __getitem__(self, index: int) -> Tick: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Tick]: ...
    def __getitem__(self, index: int | slice) -> Tick | Sequence[Tick]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        return Tick(self._bell + timedelta(seconds=number * STEP), self._levels[number] * self._tick)


class WalkingPrices(DailyPrices):
    """Each trading day begins near the middle of the symbol's band and stays inside it."""

    def __init__(self, seed: int, calendar: Calendar, percent: float = PERCENT) -> None:
        super().__init__(calendar)
        self.words = f"random walk, seed {seed}"
        self._seed = seed
        self._size = percent / 100

    def ticks(self, line: Instrument, day: date, bell: datetime | None, close: datetime | None) -> Sequence[Tick]:
        """A price at the bell and every five seconds until the close."""
        middle = middle_of(line)
        if bell is None or close is None or middle is None:
            return []
        dice = random.Random(f"paper {self._seed} {line.symbol} {day}")
        assert line.band_low is not None
        assert line.band_high is not None
        lowest = max(1, int(round_up_to_tick(line.band_low, line.tick) / line.tick))
        highest = int(round_down_to_tick(line.band_high, line.tick) / line.tick)
        level, levels = float(middle / line.tick), array("i" if highest < 2**31 else "q")
        for number in range(int((close - bell).total_seconds() / STEP) + 1):
            level *= 1 + dice.gauss(0, self._size * (1 if number else OPENING))
            level = min(max(level, lowest), highest)
            levels.append(round(level))
        return Steps(bell, levels, line.tick)


def walk_of(text: str, calendar: Calendar) -> WalkingPrices:
    """The walk of `walk:SEED` or `walk:SEED:PERCENT`. Raises BadInput."""
    seed, _, percent = text.removeprefix(PREFIX).partition(":")
    try:
        size = float(percent) if percent else PERCENT
        if not 0 < size <= 10:
            raise ValueError(size)
        return WalkingPrices(int(seed), calendar, size)
    except ValueError as error:
        raise BadInput(
            f"NINEFIFTEEN_PAPER_PRICES={text[:80]} is no walk: write walk:SEED with a whole number, or"
            " walk:SEED:PERCENT with the usual step in per cent, more than 0 and at most 10."
        ) from error
