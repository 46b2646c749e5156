"""Quotes in batches: a symbol that the broker does not quote has it refuse the whole batch, and is found by halving.

    50 refused ──► 25 quoted, so it is among the other 25 ──► 13 refused ──► … ──► one, refused alone: left out today

Source: Kotak answers 1009 "Invalid instrument/code" for a batch with one code that it does not know. One delisted
symbol would otherwise take the prices of all others with it.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from broker.kotak_neo.reports import NotQuoted
from domain.clock import IST, Clock
from domain.errors import BrokerUnavailable
from domain.tenure import Tenure

log = logging.getLogger(__name__)
MOST_QUESTIONS = 16
"""Further questions about one refused batch of 50: enough for one stranger wherever it stands; more are found later."""
REST = 300.0
"""Seconds without halving after it found not one symbol that is quoted: the trouble is not a symbol's."""

Ask = Callable[[Sequence[str]], list[Any]]


class Unquoted:
    """Tokens that one account's broker does not quote today (IST). Safe to use from several threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._day: date | None = None
        self._tokens: set[str] = set()
        self._rest_until = 0.0

    def without(self, tokens: Sequence[str]) -> list[str]:
        """Those of the tokens that are not known as strangers, in their order."""
        with self._lock:
            known = self._of_today()
            return [token for token in tokens if token not in known]

    def add(self, token: str) -> bool:
        """Remember it until the day ends; whether it is new."""
        with self._lock:
            new = token not in self._of_today()
            self._tokens.add(token)
            return new

    @property
    def resting(self) -> bool:
        """Whether halving was in vain a short while ago."""
        return self._clock.monotonic() < self._rest_until

    def rest(self) -> None:
        """Halving was in vain."""
        self._rest_until = self._clock.monotonic() + REST

    def _of_today(self) -> set[str]:
        today = self._clock.now().astimezone(IST).date()
        if today != self._day:
            self._day, self._tokens = today, set()
        return self._tokens


@dataclass(frozen=True, slots=True)
class _Group:
    """`guilty`: a stranger is certainly in it, so that asking for all of it would tell nothing."""

    tokens: Sequence[str]
    guilty: bool = False

    def halved(self) -> tuple[Sequence[str], Sequence[str]]:
        """What to ask for next, and what is then still to be judged."""
        middle = len(self.tokens) // 2 if self.guilty and len(self.tokens) > 1 else len(self.tokens)
        return self.tokens[:middle], self.tokens[middle:]


class Batches:
    """The quotes of one thread. `ask` raises NotQuoted for a batch with a stranger in it."""

    def __init__(self, unquoted: Unquoted, tenure: Tenure, ask: Ask) -> None:
        self._unquoted = unquoted
        self._tenure = tenure
        self._ask = ask

    def rows(self, tokens: Sequence[str], size: int) -> list[Any]:
        """The rows of all that are quoted. Raises what `ask` raises, BrokerUnavailable where all are strangers."""
        asked = self._unquoted.without(tokens)
        if tokens and not asked:
            raise BrokerUnavailable(f"{self._tenure}: the broker does not quote {', '.join(tokens[:5])} today.")
        return [row for start in range(0, len(asked), size) for row in self._batch(asked[start : start + size])]

    def _batch(self, batch: Sequence[str]) -> list[Any]:
        try:
            return self._ask(batch)
        except NotQuoted as refusal:
            if len(batch) == 1 or self._unquoted.resting:
                raise
            return self._in_halves(batch, refusal)

    def _in_halves(self, refused: Sequence[str], refusal: NotQuoted) -> list[Any]:
        """Only what was refused by itself, while others were quoted, is taken for a stranger."""
        found: list[Any] = []
        alone: list[str] = []
        suspects = [_Group(refused, guilty=True)]
        for _ in range(MOST_QUESTIONS):
            if not suspects:
                break
            asked, rest = suspects.pop().halved()
            try:
                found += self._ask(asked)
            except NotQuoted:
                suspects += [_Group(rest)] if rest else []
                suspects += [_Group(asked, guilty=True)] if len(asked) > 1 else []
                alone += asked if len(asked) == 1 else []
            else:
                suspects += [_Group(rest, guilty=True)] if rest else []
        if not found:
            self._unquoted.rest()
            raise refusal
        self._leave_out(alone)
        return found

    def _leave_out(self, alone: Sequence[str]) -> None:
        for token in alone:
            if self._unquoted.add(token):
                log.warning(
                    "%s: the broker does not quote the symbol with the token %s, and is not asked for it again today."
                    " Was it delisted or renamed? SELECT symbol FROM instruments WHERE token = '%s'",
                    self._tenure,
                    token,
                    token,
                )
