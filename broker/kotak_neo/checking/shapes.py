"""What a JSON value looks like without what it says: which keys there are, and which types stand there.

Rows of a list are one kind: `data[].qty`. A key that some rows lack is there all the same, and is told as such.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAYBE = "?"
_NAMES: Mapping[type, str] = {bool: "boolean", int: "number", float: "number", str: "string", list: "list"}
Shape = Mapping[str, frozenset[str]]


class What(StrEnum):
    """How two shapes differ at one place."""

    MISSING = "missing"
    NEW = "new"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class Difference:
    """At a place, and there what was expected and what was found (types)."""

    what: What
    place: str
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        if self.what is What.TYPE:
            return f"{self.place}: {self.found} instead of {self.expected}"
        return f"{self.place}: {self.what} ({self.expected or self.found})"


def shape(value: Any) -> Shape:
    """Every place of the value with the types found there; `?` among them where only some rows have it."""
    found: dict[str, set[str]] = {}
    for place, kind in _places(value, ""):
        found.setdefault(place, set()).add(kind)
    return {place: frozenset(kinds) for place, kinds in found.items()}


def differences(expected: Shape, found: Shape) -> list[Difference]:
    """What is missing, new or of another type; null fits any type, and an empty list says nothing of its rows."""
    gone = [place for place in expected if place not in found and _could_show(place, found)]
    told = [Difference(What.MISSING, place, _said(expected[place])) for place in gone if not _below(place, gone)]
    new = [place for place in found if place not in expected and _could_show(place, expected)]
    told += [Difference(What.NEW, place, found=_said(found[place])) for place in new if not _below(place, new)]
    both = [place for place in expected if place in found]
    told += [
        Difference(What.TYPE, place, _said(expected[place]), _said(found[place]))
        for place in both
        if not _alike(expected[place], found[place])
    ]
    return told


def kind_of(value: Any) -> str:
    """The JSON type of a value."""
    return "null" if value is None else _NAMES.get(type(value), "object")


def _places(value: Any, at: str) -> Iterator[tuple[str, str]]:
    yield at or ".", kind_of(value)
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _places(member, f"{at}.{name}" if at else str(name))
    elif isinstance(value, list):
        names = {name for row in value if isinstance(row, dict) for name in row}
        for row in value:
            yield from _places(row, f"{at}[]")
            for name in names.difference(row) if isinstance(row, dict) else ():
                yield f"{at}[].{name}", MAYBE


def _could_show(place: str, shape_of_other: Shape) -> bool:
    """Whether the other one has what the place stands in: below an empty list nothing can be missing."""
    parent, mark, _ = place.rpartition("[]")
    while mark:
        if f"{parent}[]" not in shape_of_other and "list" in shape_of_other.get(parent or ".", ()):
            return False
        parent, mark, _ = parent.rpartition("[]")
    return True


def _below(place: str, others: list[str]) -> bool:
    return any(place != other and place.startswith((f"{other}.", f"{other}[")) for other in others)


def _alike(expected: frozenset[str], found: frozenset[str]) -> bool:
    loose = {"null", MAYBE}
    left, right = expected - loose, found - loose
    return not left or not right or right <= left


def _said(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds - {MAYBE})) or "null"
