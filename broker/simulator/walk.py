"""A random walk of prices: every step of every symbol is a matter of the seed, the symbol and the day alone.

So two runs of one seed see the same prices, and no two days are alike.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from broker.simulator.exchange import Market

MOST = 100
"""Per cent; a usual step of more is no price's."""
SHORTEST = 0.01
"""Seconds from step to step: with less the simulator does nothing but walk."""


@dataclass(frozen=True, slots=True)
class Walk:
    """`percent` is the usual step, `gap` the usual step overnight (per cent); a step comes every so many seconds.

    `liquidity` is the shares on offer after each step, None for any number.
    """

    seed: int
    percent: float
    every: float
    gap: float
    symbols: Sequence[str]
    liquidity: int | None = None

    def __post_init__(self) -> None:
        if not (0 < self.percent <= MOST and SHORTEST <= self.every <= 86_400 and 0 <= self.gap <= MOST):
            raise ValueError(
                f"not a walk: {self.percent} % every {self.every} s, {self.gap} % overnight; percent is above 0,"
                f" gap 0 or more, both at most {MOST}, every {SHORTEST} to 86400"
            )
        if self.liquidity is not None and self.liquidity < 0:
            raise ValueError(f"not a walk: liquidity is 0 shares or more, not {self.liquidity}")

    def dice(self, symbol: str, day: date) -> random.Random:
        """The dice of one symbol on one day."""
        return random.Random(f"walk {self.seed} {symbol} {day}")


def stepped(market: Market, dice: random.Random, percent: float) -> Decimal:
    """The next price: a step of that size up or down, on the tick, inside the band."""
    tick = market.instrument.tick
    ticks = round(float(market.last / tick) * (1 + dice.gauss(0, percent / 100)))
    return min(max(ticks * tick, market.low, tick), market.high)
