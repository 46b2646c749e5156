"""What an answer to a read proves: rows or an error. "Nothing there" must be said; silence is no empty list."""

from collections.abc import Mapping
from typing import Any

from broker.kotak_neo.meanings import Effect, Seen, Shape, line_for
from broker.kotak_neo.reply import Reply, parsed, reply, short
from broker.kotak_neo.wire import Answer
from broker.kotak_neo.wishes import wish
from broker.retrying import Passing
from domain.errors import BrokerUnavailable, SessionEnded

_NO_HOLDINGS = "no holdings found"
_NOT_QUOTED = 1009


class NotQuoted(BrokerUnavailable):
    """The broker refuses a batch of quotes: it does not know one of the symbols in it, and does not say which."""


def rows_of(answer: Answer) -> list[Any]:
    """The rows of a report, none where Kotak says so (5203). Raises Passing, SessionEnded or BrokerUnavailable."""
    body = parsed(answer.body)
    effect = _effect(answer, body, shape_of(body))
    return _rows(answer, body, effect)


def holdings_of(answer: Answer) -> list[Any]:
    """The same for holdings, which say in words that there are none. Raises as `rows_of`."""
    body = parsed(answer.body)
    said = reply(body)
    none = said is not None and not said.ok and _NO_HOLDINGS in said.text.lower()
    effect = _effect(answer, body, Shape.NO_HOLDINGS if none else shape_of(body))
    return _rows(answer, body, effect)


def object_of(answer: Answer) -> Mapping[str, Any]:
    """An answer that is one object. Raises as `rows_of`."""
    body = parsed(answer.body)
    if _effect(answer, body, shape_of(body)) is Effect.DONE and isinstance(body, dict):
        return body
    raise _refusal(answer, body)


def list_of(answer: Answer) -> list[Any]:
    """The top-level list of a quotes answer; its errors are objects. Raises as `rows_of`, NotQuoted."""
    body = parsed(answer.body)
    effect = _effect(answer, body, shape_of(body))
    if effect is Effect.DONE and isinstance(body, list):
        return body
    said = reply(body)
    kind = (
        NotQuoted if said is not None and effect is Effect.REFUSED and said.code == _NOT_QUOTED else BrokerUnavailable
    )
    raise kind(str(_refusal(answer, body)))


def file_of(answer: Answer) -> bytes:
    """The content of a plain file that said how long it is. Raises Passing or BrokerUnavailable.

    A file, unlike JSON, may be cut where no reader notices it: the instruments after the cut would not exist today.
    """
    if answer.status == 200 and answer.whole:
        return answer.body
    if answer.status == 200:
        raise Passing("the file did not say how long it is, and may have been cut")
    if line_for(Seen(Shape.PAGE, answer.status)).read is Effect.WAIT:
        raise Passing(f"the file was not given: HTTP {answer.status}", wish(answer))
    raise BrokerUnavailable(f"the file was not given: HTTP {answer.status}")


def _effect(answer: Answer, body: Any, shape: Shape) -> Effect:
    """What the table says of a read; NO_ROWS, REFUSED and DONE are for the caller, the others are raised."""
    said = reply(body)
    effect = line_for(Seen(shape, answer.status, said.code if said else None)).read
    if effect is Effect.LOG_IN:
        raise SessionEnded(f"the session is over: {_told(answer, said)}")
    if effect is Effect.WAIT:
        raise Passing(_told(answer, said), wish(answer))
    return effect


def _rows(answer: Answer, body: Any, effect: Effect) -> list[Any]:
    rows = body.get("data") if isinstance(body, dict) else None
    if effect is Effect.NO_ROWS and not rows:
        return []
    if effect is Effect.DONE and isinstance(rows, list):
        return rows
    raise _refusal(answer, body)


def _refusal(answer: Answer, body: Any) -> BrokerUnavailable:
    what = "no readable answer" if body is None else "refused, or of an unknown shape"
    return BrokerUnavailable(f"{what}: {_told(answer, reply(body))}")


def shape_of(body: Any) -> Shape:
    """What the answer to a read looks like: holdings have no stat when all is well, quotes are a bare list."""
    said = reply(body)
    if body is None:
        return Shape.PAGE
    if said is None:
        return Shape.OK if isinstance(body, list) else Shape.MUTE
    silent = "stat" not in said.body and "status" not in said.body
    if said.ok or (silent and not said.text):
        return Shape.OK
    return Shape.WORDS if said.text else Shape.MUTE


def _told(answer: Answer, said: Reply | None) -> str:
    if said is None:
        return f"HTTP {answer.status}, {len(answer.body)} bytes: {short(answer.body[:200].decode('utf-8', 'replace'))}"
    return f"HTTP {answer.status}, code {said.code}: {said.text or 'no reason given'}"
