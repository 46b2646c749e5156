"""What an answer to place, modify or cancel proves, by the table of meanings, with its evidence."""

from dataclasses import dataclass
from typing import Any

from broker.kotak_neo.breakage import NoAnswer
from broker.kotak_neo.meanings import GOOD, REFUSALS, SESSION_OVER, Effect, Seen, Shape, line_for
from broker.kotak_neo.reply import Reply, parsed, reply, short
from broker.kotak_neo.wire import Answer
from domain.outcomes import Accepted, NotSent, Outcome, Refused, Unknown

__all__ = ["REFUSALS", "SESSION_OVER", "Verdict", "unanswered", "verdict"]
_AT_THE_CORE = ("already exists", "error from core")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`again`: the same request may go out once more before its last moment; `session_over`: log in first; `barred`:
    the broker's words about the address, from which it takes nothing."""

    outcome: Outcome
    again: bool = False
    session_over: bool = False
    barred: str = ""


def verdict(answer: Answer) -> Verdict:
    """Judge the answer, out of which the account's secrets must have been taken."""
    text = answer.body.decode("utf-8", "replace")
    said = reply(parsed(answer.body))
    line = line_for(Seen(shape_of(answer.status, said, text), answer.status, said.code if said else None))
    told = _Told(answer.status, said, text)
    match line.change:
        case Effect.DONE:
            return Verdict(Accepted(told.number, told.evidence))
        case Effect.REFUSED:
            return Verdict(Refused(told.code, told.words or f"code {told.code}", told.evidence))
        case Effect.LOG_IN:
            return Verdict(NotSent(f"session: {told.words or told.code}"), session_over=True)
        case Effect.BARRED:
            words = told.words or "no reason given"
            return Verdict(NotSent(f"the broker takes nothing from this address: {words}"), barred=words)
        case Effect.WAIT:
            words = told.words or "too many requests"
            return Verdict(NotSent(f"the broker's gateway turned it away ({answer.status}): {words}"), again=True)
    return Verdict(Unknown(told.sentence, told.evidence))


def unanswered(error: NoAnswer) -> Verdict:
    """Judge a change that got no answer: nothing of it left, or nobody knows."""
    if line_for(Seen(Shape.SILENCE if error.begun else Shape.UNSENT)).change is Effect.NOT_SENT:
        return Verdict(NotSent(f"nothing was sent: {error}"), again=True)
    return Verdict(Unknown(f"sent, and no answer: {error}"))


def shape_of(status: int, said: Reply | None, text: str) -> Shape:
    """What the answer to a change looks like; `text` is its whole body."""
    if said is None:
        return Shape.PAGE
    if any(sign in f"{text} {said.text}".lower() for sign in _AT_THE_CORE):
        return Shape.CORE
    if said.ok or said.number:
        plain = said.ok and said.number and said.code in (None, 200) and status in GOOD
        return Shape.OK if plain else Shape.MIXED
    return Shape.WORDS if said.text else Shape.MUTE


@dataclass(frozen=True, slots=True)
class _Told:
    """What of an answer goes into an outcome."""

    status: int
    said: Reply | None
    text: str

    @property
    def number(self) -> str:
        return self.said.number if self.said else ""

    @property
    def code(self) -> str:
        return str(self.said.code) if self.said and self.said.code is not None else "none"

    @property
    def words(self) -> str:
        return self.said.text if self.said else short(self.text)

    @property
    def evidence(self) -> dict[str, Any]:
        if self.said is None:
            return {"http": self.status, "text": short(self.text)}
        return {"http": self.status, "answer": dict(self.said.body)}

    @property
    def sentence(self) -> str:
        if self.said is None:
            return f"HTTP {self.status} without a readable answer"
        return f"HTTP {self.status}, code {self.said.code}: {self.said.text or 'no reason given'}"
