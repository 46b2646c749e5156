"""How often the holdings may be asked for.

At once while something new is unknown, else now and then, less after failures; and never so shortly before the bell
that a call that hangs would keep the orders waiting.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.clock import Clock
from service.settings import TradingSettings

TIRED = 5
"""Reads that told nothing of a symbol, after which it is asked for only now and then."""
LONGEST = 3
"""The pause after failures is doubled so often at most."""


class Pace:
    """One tenant's reads of the holdings."""

    def __init__(self, clock: Clock, settings: TradingSettings) -> None:
        self._clock = clock
        self._settings = settings
        self._asked: Counter[str] = Counter()
        self._failures = 0
        self._last: datetime | None = None

    def tired(self, symbol: str) -> bool:
        """Whether a symbol was asked for several times in a row and is still not known."""
        return self._asked[symbol] >= TIRED

    def allows(self, urgent: bool, due: bool, bell: datetime) -> bool:
        """Whether to read now."""
        now = self._clock.now()
        if timedelta() < bell - now < timedelta(seconds=self._settings.reads_last):
            return False
        pause = timedelta(seconds=self._settings.holdings_refresh * 2 ** min(self._failures, LONGEST))
        waited = self._last is None or now - self._last >= pause
        return urgent if urgent and not self._failures else (urgent or due) and waited

    def asked(self, urgent: Iterable[str], *, answered: bool) -> None:
        """A read was made, with or without an answer."""
        self._last = self._clock.now()
        self._failures = 0 if answered else self._failures + 1
        self._asked.update(urgent)

    def known(self, symbols: Iterable[str]) -> None:
        """These are known now; should they be asked for again, it is something new."""
        for symbol in symbols:
            self._asked.pop(symbol, None)
