"""What the holdings have shown today: of each symbol, for how long and in how many reads alike; and since when nothing.

Only memory: a new process waits once more for two reads alike, and for the minutes that make a figure steady.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.book import Holding
from domain.clock import Clock
from service.settings import TradingSettings


@dataclass(frozen=True, slots=True)
class _Shown:
    holding: Holding | None
    since: datetime
    reads: int = 1


@dataclass(frozen=True, slots=True)
class _Traded:
    shares: tuple[int, int]
    since: datetime


class Shown:
    """One tenant's day of holdings."""

    def __init__(self, clock: Clock, settings: TradingSettings) -> None:
        self._clock = clock
        self._steady = timedelta(seconds=settings.holdings_steady)
        self._lag = timedelta(seconds=settings.holdings_lag)
        self._symbols: dict[str, _Shown] = {}
        self._traded: dict[str, _Traded] = {}
        self._empty_since: datetime | None = None

    def take_in(self, shown: Mapping[str, Holding | None], empty: bool) -> None:
        """One read: what it shows of these symbols; `empty`: it had no row at all."""
        now = self._clock.now()
        for symbol, holding in shown.items():
            before = self._symbols.get(symbol)
            alike = before is not None and before.holding == holding
            self._symbols[symbol] = (
                replace(before, reads=before.reads + 1) if before and alike else _Shown(holding, now)
            )
        self._empty_since = (self._empty_since or now) if empty else None

    def holding(self, symbol: str) -> Holding | None:
        """What the latest read showed of a symbol that it was asked for."""
        return self._symbols[symbol].holding

    def twice(self, symbol: str) -> bool:
        """Whether two reads in a row have shown it alike."""
        return symbol in self._symbols and self._symbols[symbol].reads > 1

    def stood(self, symbol: str) -> bool:
        """Whether a symbol has been shown alike for some minutes, as far as this process knows."""
        shown = self._symbols.get(symbol)
        return shown is None or self._clock.now() - shown.since >= self._steady

    @property
    def empty(self) -> bool:
        """Whether the latest read had no row at all."""
        return self._empty_since is not None

    @property
    def long_empty(self) -> bool:
        """Whether there has been no row at all for some minutes."""
        return self._empty_since is not None and self._clock.now() - self._empty_since >= self._steady

    def trade(self, symbol: str, shares: tuple[int, int]) -> None:
        """Shares sold and bought today, as the book says."""
        if symbol not in self._traded or self._traded[symbol].shares != shares:
            self._traded[symbol] = _Traded(shares, self._clock.now())

    def followed(self, symbol: str) -> bool:
        """Whether the holdings have had the time to follow the book's latest trade."""
        return self._clock.now() - self._traded[symbol].since >= self._lag
