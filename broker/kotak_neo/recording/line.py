"""One exchange, or one frame, as a line of a recording: what was said and what we made of it; no secret in it."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from broker.kotak_neo.calls import LOGINS, call_of
from broker.kotak_neo.recording.opinions import NO_OPINION, opinion
from broker.kotak_neo.recording.redaction import HIDDEN, Redaction
from broker.kotak_neo.tap import Frame, FrameKind, Heard
from broker.kotak_neo.wire import Answer, Ask
from domain.clock import IST

LONGEST = 1024 * 1024
KEPT_OF_LONGER = 64 * 1024
"""Bytes of a body up to which it is kept whole, and what is kept of a longer one."""
KEPT_OF_A_FRAME = 16 * 1024
"""Characters; those that the broker sends have some 2,000."""

_PLAIN_HEADERS = frozenset(
    {"accept", "accept-encoding", "content-type", "content-length", "content-encoding", "connection", "date",
     "neo-fin-key", "retry-after", "server", "transfer-encoding", "user-agent", "via", "x-ratelimit-limit",
     "x-ratelimit-remaining", "x-ratelimit-reset"}
)  # fmt: skip
"""Headers whose values are written; of all others only the name."""


def line_of(redaction: Redaction, exchange: Heard) -> dict[str, Any]:
    """The line of an exchange; what it sent and a login's answer teach the redaction on the way."""
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


def frame_line(redaction: Redaction, frame: Frame) -> dict[str, Any]:
    """The line of a frame of the order feed; the secrets of its session are learnt first."""
    redaction.learn(frame.secrets)
    text = frame.text[:KEPT_OF_A_FRAME]
    line: dict[str, Any] = {
        "at": frame.at.astimezone(IST).isoformat(timespec="milliseconds"),
        "feed": frame.kind,
        "meaning": frame.meaning,
        "text": redaction.text(text, strict=frame.kind is FrameKind.SAID),
    }
    line |= {"cut_from": len(frame.text)} if len(frame.text) > KEPT_OF_A_FRAME else {}
    return line | ({"unheard": frame.unheard} if frame.unheard else {})


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
