"""What an answer to a read proves: rows or an error. "Nothing there" must be said; silence is no empty list."""

from typing import Any

from broker.kotak_neo.reply import Reply, parsed, reply, short
from broker.kotak_neo.verdicts import SESSION_OVER
from broker.kotak_neo.wire import Answer
from broker.retrying import Passing
from domain.errors import BrokerUnavailable, SessionEnded

_NO_DATA = 5203
_TRANSIENT = 1005


def body_of(answer: Answer) -> Any:
    """The parsed body of a good answer. Raises Passing, SessionEnded or BrokerUnavailable."""
    body = parsed(answer.body)
    said = reply(body)
    if (said is not None and said.code in SESSION_OVER) or answer.status in (401, 403):
        raise SessionEnded(f"the session is over: {_told(answer, said)}")
    if answer.status in (424, 429) or answer.status >= 500 or (said is not None and said.code == _TRANSIENT):
        raise Passing(_told(answer, said), _retry_after(answer))
    if body is None:
        raise BrokerUnavailable(f"no readable answer: {_told(answer, said)}")
    return body


def rows_of(answer: Answer, nothing_there: str = "") -> list[Any]:
    """The rows of a report, none where Kotak says so: 5203, or the given words (lower case). Raises as `body_of`."""
    said = reply(body_of(answer))
    if said is None:
        raise BrokerUnavailable(f"a report of an unknown shape: {_told(answer, said)}")
    rows = said.body.get("data")
    if _says_nothing_there(said, nothing_there) and not rows:
        return []
    if answer.status == 200 and isinstance(rows, list) and _is_success(said):
        return rows
    raise BrokerUnavailable(f"the report was refused: {_told(answer, said)}")


def list_of(answer: Answer) -> list[Any]:
    """The top-level list of a quotes answer; its errors are objects. Raises as `body_of`."""
    body = body_of(answer)
    if answer.status == 200 and isinstance(body, list):
        return body
    raise BrokerUnavailable(f"the quotes were refused: {_told(answer, reply(body))}")


def _is_success(said: Reply) -> bool:
    """Holdings carry neither stat nor code when all is well."""
    silent = "stat" not in said.body and "status" not in said.body
    return (said.ok or silent) and said.code in (None, 200) and not (silent and said.text)


def _says_nothing_there(said: Reply, words: str) -> bool:
    return not said.ok and (said.code == _NO_DATA or (words != "" and words in said.text.lower()))


def _told(answer: Answer, said: Reply | None) -> str:
    if said is None:
        return f"HTTP {answer.status}, {len(answer.body)} bytes: {short(answer.body[:200].decode('utf-8', 'replace'))}"
    return f"HTTP {answer.status}, code {said.code}: {said.text or 'no reason given'}"


def _retry_after(answer: Answer) -> float:
    seconds = (answer.retry_after or "").strip()
    return float(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 6 else 0.0


def file_of(answer: Answer) -> bytes:
    """The content of a plain file. Raises Passing or BrokerUnavailable."""
    if answer.status == 200:
        return answer.body
    if answer.status == 429 or answer.status >= 500:
        raise Passing(f"the file was not given: HTTP {answer.status}", _retry_after(answer))
    raise BrokerUnavailable(f"the file was not given: HTTP {answer.status}")
