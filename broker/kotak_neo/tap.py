"""What one exchange with the broker was, for whoever is told of all of them: the request, and how it ended."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from broker.kotak_neo.wire import Answer, Ask, NoAnswer


class Ended(StrEnum):
    """How an exchange ended."""

    ANSWER = "answer"
    CUT = "cut"
    """Sent, as far as anybody knows, and no whole answer."""
    NOTHING_SENT = "nothing sent"


@dataclass(frozen=True, slots=True)
class Heard:
    """One exchange with all its secrets; never printed. `why`: what broke, without secrets. Times are UTC."""

    ask: Ask
    began_at: datetime
    ended_at: datetime
    answer: Answer | None
    ended: Ended = Ended.ANSWER
    why: str = ""


class Tap(Protocol):
    """Is told of every exchange of one account, on the thread that made it."""

    def heard(self, exchange: Heard) -> None:
        """Take note. Never raises, never waits."""


def unanswered_by(ask: Ask, began_at: datetime, ended_at: datetime, error: Exception) -> Heard:
    """The exchange that ended in NoAnswer, Withheld or NotAllowed."""
    begun = isinstance(error, NoAnswer) and error.begun
    return Heard(ask, began_at, ended_at, None, Ended.CUT if begun else Ended.NOTHING_SENT, str(error))
