"""One answer of the broker beside the specification: what agreed, what did not, and how sure the specification was."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from broker.kotak_neo.calls import CallName
from broker.kotak_neo.checking.shapes import MAYBE, Shape, shape
from broker.kotak_neo.checking.specification import COLUMNS, NO_DATA, SPECIFIED, Field, Mark, Specified
from broker.kotak_neo.reply import parsed, reply
from broker.kotak_neo.reports import holdings_of
from broker.kotak_neo.wire import Answer
from domain.errors import BrokerUnavailable, SessionEnded


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement of the specification about an answer, and whether it held; `text` says what was found instead."""

    mark: Mark
    held: bool
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`new`: keys that nobody has written down. `note`: what could not be compared, and why."""

    findings: tuple[Finding, ...]
    new: tuple[str, ...] = ()
    note: str = ""


def compared(call: CallName, answer: Answer) -> Comparison:
    """The answer beside what is written about the call. Quotes no value that could be a secret."""
    status = Finding(Mark.CERTAIN, answer.status == 200, f"HTTP status {answer.status}, not 200")
    if call is CallName.INSTRUMENTS:
        return Comparison((status, *_of_file(answer)))
    specified, body = SPECIFIED[call], parsed(answer.body)
    if body is None:
        what = "a page, not JSON" if answer.body.lstrip()[:1] == b"<" else "no JSON"
        return Comparison((status, Finding(Mark.CERTAIN, False, f"{what}, {len(answer.body)} bytes")))
    if _says_nothing_there(call, specified, answer, body):
        agreed = Finding(Mark.CERTAIN, True, "nothing there")
        return Comparison((status, agreed), note="the account has none, so that its keys could not be compared")
    said = reply(body)
    if said is not None and said.text and not said.ok:
        return Comparison((status, Finding(Mark.CERTAIN, False, f"an error instead, code {said.code}: {said.text}")))
    looks = shape(body)
    findings = (status, *_of_fields(specified, looks, body), *_of_words(specified, body))
    bare = "[]" in specified.rows and not _values(body, specified.rows.rstrip("."))
    note = "there are no rows, so that their keys could not be compared" if bare else ""
    return Comparison(findings, tuple(_new(specified, looks)), note)


def _of_fields(specified: Specified, looks: Shape, body: Any) -> Iterator[Finding]:
    for field in specified.fields:
        if _unseen(field.place, looks):
            continue
        kinds = looks.get(field.place, frozenset())
        there = bool(kinds) and MAYBE not in kinds
        yield Finding(field.there, there, f"{field.place} is missing{' in some rows' if kinds else ''}")
        yield from _of_values(field, kinds - {MAYBE}, body) if kinds else ()


def _of_values(field: Field, kinds: frozenset[str], body: Any) -> Iterator[Finding]:
    told = " or ".join(sorted(kinds))
    yield Finding(field.typed, kinds == {field.kind}, f"{field.place} is {told}, not {field.kind}")
    texts = [value for value in _values(body, field.place) if isinstance(value, str)]
    if field.form and texts:
        fits = all(re.fullmatch(field.form, text) for text in texts)
        yield Finding(field.typed, fits, f"{field.place} is not written as {field.form}")


def _of_words(specified: Specified, body: Any) -> Iterator[Finding]:
    for place, wanted in specified.says.items():
        for value in _values(body, place):
            said = value.lower() if isinstance(value, str) else value
            yield Finding(Mark.CERTAIN, said in wanted, f"{place} does not say {wanted[0]}")


def _of_file(answer: Answer) -> Iterator[Finding]:
    names = {name.strip(" ;\r") for name in answer.body.partition(b"\n")[0].decode("utf-8", "replace").split(",")}
    yield Finding(Mark.LIKELY, answer.whole, "the file does not say how long it is")
    for mark, columns in COLUMNS.items():
        for column in sorted(columns):
            yield Finding(mark, column in names, f"column {column} is missing")


def _says_nothing_there(call: CallName, specified: Specified, answer: Answer, body: Any) -> bool:
    if call is CallName.HOLDINGS:
        try:
            return not holdings_of(answer) and not (isinstance(body, dict) and "data" in body)
        except (BrokerUnavailable, SessionEnded):
            return False
    said = reply(body)
    return specified.empty and said is not None and said.code == NO_DATA


def _unseen(place: str, looks: Shape) -> bool:
    """Whether the place is in rows of which there are none; a list that is no list is a difference of its own."""
    rows, mark, _ = place.partition("[]")
    return bool(mark) and f"{rows}[]" not in looks and "list" in looks.get(rows or ".", ())


def _new(specified: Specified, looks: Shape) -> Iterator[str]:
    if not specified.rows:
        return
    known = {re.split(r"[.\[]", field.place.removeprefix(specified.rows))[0] for field in specified.fields}
    for place in looks:
        name = place.removeprefix(specified.rows)
        if place != name and "." not in name and "[" not in name and name not in known | specified.known:
            yield place


def _values(value: Any, place: str) -> Sequence[Any]:
    """Every value at a place such as `data[].qty`."""
    found = [value]
    for part in place.replace("[]", ".[]").strip(".").split(".") if place else ():
        if part == "[]":
            found = [row for rows in found if isinstance(rows, list) for row in rows]
        else:
            found = [one[part] for one in found if isinstance(one, dict) and part in one]
    return found
