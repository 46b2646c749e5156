"""Every exchange with the broker, written down without its secrets: for showing where the broker differs from the book.

The tenants' threads only put what they heard into a queue; one thread takes the secrets out and writes. Whatever fails
here (a full disk, a full queue) is said once and costs a line of the recording, never a call.
"""

import json
import logging
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from broker.kotak_neo.calls import LOGINS, call_of
from broker.kotak_neo.opinions import NO_OPINION, opinion
from broker.kotak_neo.record_file import LARGEST, RecordFile
from broker.kotak_neo.redaction import HIDDEN, Redaction
from broker.kotak_neo.tap import Heard
from broker.kotak_neo.wire import Answer, Ask
from domain.clock import IST
from domain.models import Credentials

log = logging.getLogger(__name__)
FORMAT = 1
LONGEST = 1024 * 1024
KEPT_OF_LONGER = 64 * 1024
"""Bytes of a body up to which it is kept whole, and what is kept of a longer one."""

_WAITING, _WAITING_BYTES = 1000, 32 * 1024 * 1024
_PLAIN_HEADERS = frozenset(
    {"accept", "accept-encoding", "content-type", "content-length", "content-encoding", "connection", "date",
     "neo-fin-key", "retry-after", "server", "transfer-encoding", "user-agent", "via", "x-ratelimit-limit",
     "x-ratelimit-remaining", "x-ratelimit-reset"}
)  # fmt: skip
"""Headers whose values are written; of all others only the name."""


class Recorder:
    """One for a process. `close` writes what is waiting."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        """Raises NotAllowed for a folder that cannot be used or that others can read; bytes of all its recordings."""
        self._file = RecordFile(folder, largest)
        self._queue: queue.Queue[tuple[_Account, Heard] | None] = queue.Queue(_WAITING)
        self._lock = threading.Lock()
        self._held = self._lost = self._accounts = 0
        self._warned = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def tap(self, credentials: Credentials) -> "_Account":
        """What one account's exchanges are told to."""
        with self._lock:
            self._accounts += 1
            return _Account(self, self._accounts, Redaction(credentials))

    def take(self, account: "_Account", exchange: Heard) -> None:
        """Keep it for the writing thread; without room it is lost, and the next line says how many were."""
        size = _size(exchange)
        with self._lock:
            if self._held + size <= _WAITING_BYTES and not self._queue.full():
                self._held += size
                self._queue.put_nowait((account, exchange))
                return
            self._lost += 1

    def close(self, seconds: float = 5.0) -> None:
        """Write what is waiting, as far as it can be done in the time, and end."""
        try:
            self._queue.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def _run(self) -> None:
        while (waiting := self._queue.get()) is not None:
            account, exchange = waiting
            try:
                self._write(account, exchange)
            except Exception as error:  # noqa: BLE001 - a recording must not end because of what the broker sent
                self._warn(f"an exchange could not be written down ({type(error).__name__}); others are tried")
            finally:
                with self._lock:
                    self._held -= _size(exchange)
        self._file.close()
        if self._lost:
            log.warning("recorder: %d exchanges were not recorded: more came at once than could be kept", self._lost)

    def _write(self, account: "_Account", exchange: Heard) -> None:
        with self._lock:
            lost, self._lost = self._lost, 0
        line = {"format": FORMAT, "account": account.number, **_line(account.redaction, exchange)}
        line |= {"lost_before": lost} if lost else {}
        self._file.append(exchange.began_at.astimezone(IST).date(), json.dumps(line, ensure_ascii=False))

    def _warn(self, words: str) -> None:
        """Once; never with a traceback, in which secrets may stand."""
        if not self._warned:
            self._warned = True
            log.warning("recorder: %s", words)


class _Account:
    """The tap of one account; its redaction belongs to the writing thread."""

    def __init__(self, recorder: Recorder, number: int, redaction: Redaction) -> None:
        self.number = number
        self.redaction = redaction
        self._recorder = recorder

    def heard(self, exchange: Heard) -> None:
        """Put it into the queue."""
        self._recorder.take(self, exchange)


def _size(exchange: Heard) -> int:
    return len(exchange.answer.body) if exchange.answer is not None else 0


def _line(redaction: Redaction, exchange: Heard) -> dict[str, Any]:
    ask, answer = exchange.ask, exchange.answer
    call = call_of(ask.method, ask.url)
    login = call in LOGINS
    body = "" if answer is None else _start(answer).decode("utf-8", "replace")
    redaction.learn(value for name, value in ask.headers.items() if name.lower() not in _PLAIN_HEADERS)
    if login:
        redaction.learn((ask.json or {}).values())
        redaction.learn_from(body)
    line = {
        "at": exchange.began_at.astimezone(IST).isoformat(timespec="milliseconds"),
        "seconds": round((exchange.ended_at - exchange.began_at).total_seconds(), 3),
        "call": call,
        **_asked(redaction, ask, login),
        "ended": exchange.ended,
    }
    if answer is None:
        return line | {"why": redaction.text(exchange.why)}
    return line | _answered(redaction, answer, body, login) | {"judged": _judged(exchange)}


def _asked(redaction: Redaction, ask: Ask, login: bool) -> dict[str, Any]:
    parts = urlsplit(ask.url)
    asked: dict[str, Any] = {
        "method": ask.method,
        "host": redaction.text(parts.hostname or ""),
        "path": redaction.text(parts.path),
        "query": redaction.text(parts.query),
        "sent_headers": _headers(redaction, ask.headers),
    }
    if ask.json is not None:
        asked["sent_json"] = dict.fromkeys(ask.json, HIDDEN) if login else redaction.text(json.dumps(dict(ask.json)))
    if ask.form is not None:
        asked["sent_form"] = {name: redaction.text(value) for name, value in ask.form.items()}
    return asked


def _answered(redaction: Redaction, answer: Answer, body: str, login: bool) -> dict[str, Any]:
    whole = len(answer.body) <= LONGEST
    told: dict[str, Any] = {
        "status": answer.status,
        "headers": _headers(redaction, answer.headers),
        "whole": answer.whole,
        "body": redaction.text(body, strict=login),
    }
    return told if whole else told | {"body_cut_from": len(answer.body)}


def _start(answer: Answer) -> bytes:
    """The body, or whole lines of its start."""
    if len(answer.body) <= LONGEST:
        return answer.body
    start = answer.body[:KEPT_OF_LONGER]
    return start[: start.rfind(b"\n") + 1] or start


def _judged(exchange: Heard) -> str:
    """Nothing is said of the long files: reading one takes a second of everybody's time."""
    if exchange.answer is None or len(exchange.answer.body) > LONGEST:
        return NO_OPINION
    return opinion(call_of(exchange.ask.method, exchange.ask.url), exchange.answer)


def _headers(redaction: Redaction, headers: Mapping[str, str]) -> dict[str, str]:
    plain = {name: name.lower() in _PLAIN_HEADERS for name in headers}
    return {redaction.text(name): redaction.text(headers[name]) if shown else HIDDEN for name, shown in plain.items()}
