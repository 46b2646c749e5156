"""A price script: which symbol has which last price at what moment, read from CSV.

    when,symbol,price,liquidity
    09:15:00,IFBIND-EQ,801.60,
    +90,IFBIND-EQ,805.05,40
    2026-11-25T14:00:00+05:30,RELIANCE-EQ,2300,

`when` is a time in India, on every day; or seconds after each opening; or one moment with its zone. `liquidity` is the
shares on offer at the price, any number where it is empty.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from broker.simulator.clock import LONGEST
from broker.simulator.forms import MOST_RUPEES

When = datetime | time | timedelta
COLUMNS = ("when", "symbol", "price")


@dataclass(frozen=True, slots=True)
class Line:
    """The last price in rupees from that moment on."""

    when: When
    symbol: str
    price: Decimal
    liquidity: int | None = None


def read_script(text: str) -> list[Line]:
    """Every line; ValueError tells what is wrong with the first one that makes no sense."""
    rows = csv.DictReader(text.splitlines(), restval="")
    try:
        if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
            raise ValueError(f"columns missing: {', '.join(missing)}; the first line is when,symbol,price,liquidity")
        return [_line(row, rows.line_num) for row in rows]
    except csv.Error as wrong:
        raise ValueError(f"line {rows.line_num} is no CSV: {wrong}") from None


def _line(row: Mapping[str | None, str], number: int) -> Line:
    if None in row:
        raise ValueError(f"line {number} has more fields than the first one; a price has no comma, such as 801.60")
    found: dict[str, Any] = {}
    for name, (read, right) in _FIELDS.items():
        text = row.get(name, "").strip()
        try:
            found[name] = read(text)
        except (ValueError, ArithmeticError):
            raise ValueError(f"line {number} has {text[:40]!r} for {name}, which is {right}") from None
    return Line(**found)


def _moment(text: str) -> When:
    if text.startswith("+"):
        return _after(float(text))
    of_every_day = "T" not in text and " " not in text
    moment = time.fromisoformat(text) if of_every_day else datetime.fromisoformat(text)
    if (moment.tzinfo is None) is not of_every_day:
        raise ValueError(text)
    return moment


def _after(amount: float) -> timedelta:
    if not amount <= LONGEST:
        raise ValueError(amount)
    return timedelta(seconds=amount)


def _symbol(text: str) -> str:
    if not text:
        raise ValueError(text)
    return text


def _price(text: str) -> Decimal:
    price = Decimal(text)
    if not 0 < price < MOST_RUPEES:
        raise ValueError(text)
    return price


def _shares(text: str) -> int | None:
    shares = int(text) if text else None
    if shares is not None and shares < 0:
        raise ValueError(text)
    return shares


_FIELDS: dict[str, tuple[Callable[[str], object], str]] = {
    "when": (
        _moment,
        "a time in India such as 09:15:00, seconds after the opening such as +90, or a moment with its zone such as"
        " 2026-11-25T14:00:00+05:30",
    ),
    "symbol": (_symbol, "a trading symbol such as IFBIND-EQ"),
    "price": (_price, "rupees above 0 such as 801.60"),
    "liquidity": (_shares, "a number of shares, or nothing for any number"),
}
