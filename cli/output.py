"""Printing: tables for people, JSON for scripts, sentences; what came from outside cannot steer the terminal."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.clock import IST

WIDE = 400
"""Columns of a table that goes into a file or a pipe, where nothing but whole sentences should be folded."""
SENTENCES = frozenset({"TEXT", "BECAUSE", "HALTED"})
FOLDED = 72
"""Characters of a sentence in one line of a table."""


def write_json(value: object) -> None:
    """Print a value as JSON: times ISO 8601 with zone, rupees as numbers."""
    typer.echo(json.dumps(value, indent=2, default=plain, ensure_ascii=False))


def write_table(headings: Sequence[str], rows: Iterable[Sequence[object]], nothing: str) -> None:
    """Print rows below headings; without rows the sentence."""
    cells = [[Text(shown(value)) for value in row] for row in rows]
    if not cells:
        say(nothing)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, max_width=FOLDED if heading in SENTENCES else None)
    for row in cells:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else WIDE, highlight=False).print(table)


def say(sentence: str) -> None:
    """Print a sentence."""
    typer.echo(printable(sentence))


def note(sentence: str) -> None:
    """Print a sentence beside the output."""
    typer.echo(printable(sentence), err=True)


def with_paper(user: str, paper: bool) -> str:
    """A user's name as tables show it: a paper account says that it is one."""
    return f"{user} (paper)" if paper else user


def shown(value: object) -> str:
    """A value as people read it; times in IST."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(IST):%d %b %H:%M:%S}"
        case Decimal():
            return rupees(value)
        case dict():
            return printable(json.dumps(value, default=plain, ensure_ascii=False))
    return printable(str(value))


def rupees(value: Decimal) -> str:
    """An amount with two decimals, or as many more as it has up to four."""
    if not value.is_finite():
        return str(value)
    text = f"{value:,.4f}"
    return text[:-2] if text.endswith("00") else text


def printable(text: str) -> str:
    """The text without what could move the cursor or break the line."""
    return "".join(char if char.isprintable() else "?" if char > " " else " " for char in text)


def plain(value: object) -> object:
    """What `json` does not know, in JSON's own types."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be printed as JSON")
