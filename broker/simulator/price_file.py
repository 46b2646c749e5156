"""A price script: which symbol has which last price at what moment, read from CSV.

    when,symbol,price,liquidity
    09:15:00,IFBIND-EQ,801.60,
    +90,IFBIND-EQ,805.05,40
    2026-11-25T14:00:00+05:30,RELIANCE-EQ,2300,

`when` is a time in India, on every day; or seconds after each opening; or one moment with its zone. `liquidity` is the
shares on offer at the price, any number where it is empty.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal, InvalidOperation

When = datetime | time | timedelta
_COLUMNS = {"when", "symbol", "price"}


@dataclass(frozen=True, slots=True)
class Line:
    """The last price in rupees from that moment on."""

    when: When
    symbol: str
    price: Decimal
    liquidity: int | None = None


def read_script(text: str) -> list[Line]:
    """Every line; ValueError names the first one that makes no sense."""
    rows = csv.DictReader(text.splitlines(), restval="")
    if not _COLUMNS.issubset(rows.fieldnames or ()):
        raise ValueError(f"a price script has the columns when, symbol, price and, if wanted, liquidity: {text[:80]!r}")
    lines = []
    for number, row in enumerate(rows, start=2):
        try:
            lines.append(_line(row))
        except (ValueError, InvalidOperation):
            raise ValueError(
                f"line {number} of the price script makes no sense: {','.join(map(str, row.values()))}"
            ) from None
    return lines


def _line(row: Mapping[str, str]) -> Line:
    price, offered = Decimal(row["price"]), row.get("liquidity", "").strip()
    if not price.is_finite() or price <= 0:
        raise ValueError(price)
    return Line(moment_of(row["when"].strip()), row["symbol"].strip(), price, int(offered) if offered else None)


def moment_of(text: str) -> When:
    """What stands under `when`; ValueError for what is no moment."""
    if text.startswith("+"):
        return timedelta(seconds=float(text))
    if "T" not in text and " " not in text:
        return time.fromisoformat(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment
