"""What one exchange with the broker was, or one frame of its feed, for whoever is told of all of them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from broker.kotak_neo.breakage import NoAnswer
from broker.kotak_neo.wire import Answer, Ask


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


class FrameKind(StrEnum):
    """What happened on the order feed."""

    GREETED = "greeted"
    """The client said who it is, in the form that the text names; what it said is a secret."""
    SAID = "said"
    """The broker said the text."""
    ENDED = "ended"
    """The connection is over; the text says why."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Something that happened on the order feed (UTC), with all its secrets; never printed.

    `meaning`: what we took it for. `secrets` may stand in the text. `unheard`: frames since the last one that are told
    of in this number alone.
    """

    kind: FrameKind
    at: datetime
    text: str
    meaning: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    unheard: int = 0


class Tap(Protocol):
    """Is told of everything between one account and its broker, on the thread where it happened."""

    def heard(self, exchange: Heard) -> None:
        """Take note of an exchange. Never raises, never waits."""

    def told(self, frame: Frame) -> None:
        """Take note of a frame of the order feed. Never raises, never waits."""


def unanswered_by(ask: Ask, began_at: datetime, ended_at: datetime, error: Exception) -> Heard:
    """The exchange that ended in NoAnswer, Withheld or NotAllowed."""
    begun = isinstance(error, NoAnswer) and error.begun
    return Heard(ask, began_at, ended_at, None, Ended.CUT if begun else Ended.NOTHING_SENT, str(error))
