"""What an answer to place, modify or cancel proves: the one table from wire to outcome.

Sources: Kotak's REST documents, FAQ and live reports. Only what is listed here is a refusal; whatever is new,
contradictory or unreadable stays unknown, since a refusal that was none would sell twice.
"""

from dataclasses import dataclass
from typing import Any

from broker.kotak_neo.reply import Reply, parsed, reply, short
from broker.kotak_neo.wire import Answer
from domain.outcomes import Accepted, NotSent, Outcome, Refused, Unknown

REFUSALS = frozenset({1004, 1006, 1007, 1009, 1017, 1021, 1041, 5202, 100008})
SESSION_OVER = frozenset({1003, 1037, 100021, 100022, 200032})
"""The gateway knows no such session, for this address or at this host: the order system never saw the request."""

_AT_THE_CORE = ("already exists", "error from core")
"""A repeated tag means that the order is there, or just arriving: the book tells, whatever the code says."""

_REFUSING_STATUS = frozenset({400, 401, 403, 404, 422})


@dataclass(frozen=True, slots=True)
class Verdict:
    """`again`: the same request may go out once more before its last moment; `session_over`: log in first."""

    outcome: Outcome
    again: bool = False
    session_over: bool = False


def verdict(answer: Answer) -> Verdict:
    """Judge the answer, out of which the account's secrets must have been taken."""
    text = answer.body.decode("utf-8", "replace")
    said = reply(parsed(answer.body))
    if said is None:
        return _unreadable(answer.status, text)
    evidence = {"http": answer.status, "answer": dict(said.body)}
    if any(sign in f"{text} {said.text}".lower() for sign in _AT_THE_CORE):
        return _unknown(said, evidence)
    return _decided(answer.status, said, evidence) or _unknown(said, evidence)


def _decided(status: int, said: Reply, evidence: dict[str, Any]) -> Verdict | None:
    if said.ok or said.number:
        return _accepted(status, said, evidence)
    if status == 429:
        return _turned_away(said.text)
    if not _may_refuse(status):
        return None
    if said.code in REFUSALS:
        return Verdict(Refused(str(said.code), said.text or f"code {said.code}", evidence))
    return _session_over(said) if _says_session_over(status, said) else None


def _accepted(status: int, said: Reply, evidence: dict[str, Any]) -> Verdict | None:
    plain = said.ok and bool(said.number) and said.code in (None, 200) and 200 <= status < 300
    return Verdict(Accepted(said.number, evidence)) if plain else None


def _says_session_over(status: int, said: Reply) -> bool:
    return said.code in SESSION_OVER or (status in (401, 403) and bool(said.text) and said.code in (None, status))


def _session_over(said: Reply) -> Verdict:
    return Verdict(NotSent(f"session: {said.text or said.code or 'not known to the broker'}"), session_over=True)


def _turned_away(text: str) -> Verdict:
    return Verdict(NotSent(f"the broker's gateway turned it away (429): {text or 'too many requests'}"), again=True)


def _unreadable(status: int, text: str) -> Verdict:
    if status == 429:
        return _turned_away(short(text))
    evidence = {"http": status, "text": short(text)}
    return Verdict(Unknown(f"HTTP {status} without a readable answer", evidence))


def _unknown(said: Reply, evidence: dict[str, Any]) -> Verdict:
    told = said.text or "no reason given"
    return Verdict(Unknown(f"HTTP {evidence['http']}, code {said.code}: {told}", evidence))


def _may_refuse(status: int) -> bool:
    return 200 <= status < 300 or status in _REFUSING_STATUS
