"""A command of the control door as JSON asks for it: its words and their types are those of the method behind it.

Whatever does not fit is told in one sentence that names the command, the word and what it takes; nothing was done.
"""

import inspect
import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

Asked = dict[str, Any]
_TYPES: dict[object, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    Decimal: "a price in rupees",
    bool: "true or false",
    datetime: "a moment with its zone, such as 2026-11-23T09:15:00+05:30",
    NoneType: "null",
}


class Command:
    """One method. `spoken` are words that JSON has another name for; `told` names what the method returns."""

    def __init__(
        self, name: str, method: Callable[..., Any], *, told: str = "", spoken: Mapping[str, str] | None = None
    ) -> None:
        self._name = name
        self._method = method
        self._told = told
        own = inspect.signature(method, eval_str=True).parameters.values()
        self._named = {(spoken or {}).get(word.name, word.name): word for word in own if word.kind not in _REST}
        self._any_word = any(word.kind in _REST for word in own)

    def __call__(self, body: bytes) -> object:
        """Carry it out. Raises ValueError."""
        try:
            told = self._method(**self._words(_read(body)))
        except (ValueError, TypeError, ArithmeticError) as wrong:
            raise ValueError(f"{self._name}: {wrong}") from wrong
        return {self._told: told} if self._told else told

    def _words(self, asked: Asked) -> Asked:
        unknown = [] if self._any_word else [word for word in asked if word not in self._named]
        if unknown:
            raise ValueError(f"there is no word {unknown[0]}; {self._takes()}")
        missing = [name for name, word in self._named.items() if word.default is word.empty and name not in asked]
        if missing:
            raise ValueError(f"the word {missing[0]} is missing; {self._takes()}")
        words = {}
        for name, value in asked.items():
            word = self._named.get(name)
            words[word.name if word else name] = _typed(name, value, word.annotation) if word else value
        return words

    def _takes(self) -> str:
        if not self._named:
            return "it takes no words, an empty body will do"
        needed = [name for name, word in self._named.items() if word.default is word.empty]
        wanted = [name for name in self._named if name not in needed]
        parts = [*needed, f"if wanted {', '.join(wanted)}"] if wanted else needed
        return f"it takes {', '.join(parts)}"


_REST = (inspect.Parameter.VAR_KEYWORD,)


def _read(body: bytes) -> Asked:
    try:
        asked = json.loads(body or b"{}")
        json.dumps(asked, ensure_ascii=False).encode()  # half a character could never be told again
    except (ValueError, RecursionError) as wrong:
        raise ValueError(f'the body is no JSON ({wrong}); write an object such as {{"symbol": "IFBIND-EQ"}}') from None
    if not isinstance(asked, dict):
        raise ValueError(f'the body is {_short(asked)}; write an object such as {{"symbol": "IFBIND-EQ"}}')
    return asked


def _typed(name: str, value: object, kind: Any) -> object:
    if not _fits(value, kind):
        raise ValueError(f"{name} is {_said(kind)}, not {_short(value)}")
    return _made(value, kind)


def _fits(value: object, kind: Any) -> bool:
    """Whether what JSON said is such a thing. True is no number, and neither is what is not finite."""
    form, parts = get_origin(kind) or kind, get_args(kind)
    if form in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if form is Sequence:
        return isinstance(value, list) and all(_fits(one, parts[0]) for one in value)
    if form is tuple:
        return isinstance(value, list) and len(value) == len(parts) and all(map(_fits, value, parts))
    if form is Mapping:
        return isinstance(value, dict) and all(_fits(one, parts[1]) for one in value.values())
    if form is datetime:
        return isinstance(value, str) and _moment(value) is not None
    if form in (float, Decimal):
        return type(value) in (int, float) and math.isfinite(float(str(value)))
    return type(value) is form


def _made(value: Any, kind: Any) -> Any:
    """The moments of it as such; the rest as JSON has it."""
    form, parts = get_origin(kind) or kind, get_args(kind)
    if form is datetime:
        return _moment(value)
    if form is tuple:
        return tuple(map(_made, value, parts))
    return _made(value, next(part for part in parts if _fits(value, part))) if form in (Union, UnionType) else value


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _said(kind: Any) -> str:
    form, parts = get_origin(kind) or kind, get_args(kind)
    if form in (Union, UnionType):
        alone = [part for part in parts if part in (Decimal, NoneType)] if Decimal in parts else list(parts)
        return " or ".join(dict.fromkeys(map(_said, alone)))
    if form is Sequence:
        return f"a list, each of it {_said(parts[0])}"
    if form is tuple:
        return f"a list of {', '.join(map(_said, parts))}"
    if form is Mapping:
        return f"an object, each value of it {_said(parts[1])}"
    return _TYPES.get(form, "text")


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:60]}…"
