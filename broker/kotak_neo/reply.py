"""A body of Kotak's, in whichever of its shapes, as one value: code, words, state, order number."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_WORDS = ("errMsg", "emsg", "desc", "message", "error", "Error", "fault")
_CODES = ("stCode", "errorCode", "code")
_PLAIN_STATES = frozenset({"ok", "not_ok", "success", "error", "failure"})
"""Anything else in `stat` is Kotak's explanation."""

_LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Reply:
    """`code` None: none given. `text`: the broker's words, joined; `ok`: stat says Ok (or success)."""

    code: int | None
    text: str
    ok: bool
    number: str
    body: Mapping[str, Any]


def parsed(body: bytes) -> Any:
    """The JSON value, fit for jsonb (no NUL, no lone surrogate, no infinity); None for anything that is not JSON."""
    try:
        value = json.loads(body, parse_float=_finite, parse_constant=lambda _: None)
        return _clean(value) if b"\\u" in body or b"\xed" in body else value
    except (ValueError, RecursionError):
        return None


def reply(body: Any) -> Reply | None:
    """The body read as an answer; None unless it is an object."""
    if not isinstance(body, dict):
        return None
    stat = _text(body.get("stat")) or _text(body.get("status"))
    return Reply(_code(body), _words(body, stat), stat.strip().lower() in ("ok", "success"), _number(body), body)


def short(text: str) -> str:
    """The text on one line, cut to what a message or a row can bear."""
    return " ".join(_clean_text(text).split())[:_LONGEST_TEXT]


def whole(value: Any) -> int | None:
    """An integer out of an integer or a string of digits; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) else None


def _code(body: Mapping[str, Any]) -> int | None:
    for holder in (body, *_nested(body)):
        for key in _CODES:
            if (code := whole(holder.get(key))) is not None:
                return code
    return None


def _words(body: Mapping[str, Any], stat: str) -> str:
    found = [_text(holder.get(key)) for holder in (body, *_nested(body)) for key in _WORDS]
    found += [] if stat.strip().lower() in _PLAIN_STATES else [stat]
    return short("; ".join(dict.fromkeys(word for word in found if word)))


def _nested(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    errors = body.get("error")
    listed = errors if isinstance(errors, list) else [errors]
    return [part for part in (*listed, body.get("fault")) if isinstance(part, dict)]


def _number(body: Mapping[str, Any]) -> str:
    number = body.get("nOrdNo")
    text = str(number) if isinstance(number, int) and not isinstance(number, bool) else _text(number).strip()
    return text if text.isascii() and text.isalnum() and len(text) <= 40 else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _finite(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean_text(key): _clean(item) for key, item in value.items()}
    return value


def _clean_text(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
