"""Values of Kotak's rows: numbers that are strings in one version and numbers in the next. Raise Malformed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from domain.clock import IST
from domain.orders import Side

Row = Mapping[str, Any]
_SIDES = {"B": Side.BUY, "S": Side.SELL}
_WIDEST = 30


class Malformed(ValueError):
    """A row lacks a field that decides something, or has no sense in it."""


def text(row: Row, key: str) -> str:
    """A string that must be there; a number is taken for its digits."""
    value = row.get(key)
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise Malformed(f"no {key}")


def optional(row: Row, key: str) -> str:
    """A string, empty where there is none."""
    value = row.get(key)
    return value.strip() if isinstance(value, str) else ""


def count(row: Row, key: str) -> int:
    """A whole number of shares, written as 10, "10" or "10.00"."""
    number = decimal(row, key)
    if number != number.to_integral_value():
        raise Malformed(f"{key} is no whole number")
    return int(number)


def decimal(row: Row, key: str) -> Decimal:
    """A finite number, in whatever unit the column has."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(written := str(value)) > _WIDEST:
        raise Malformed(f"no {key}")
    try:
        number = Decimal(written.strip())
    except InvalidOperation:
        raise Malformed(f"{key} is no number") from None
    if not number.is_finite() or number.adjusted() > _WIDEST:
        raise Malformed(f"{key} is no number")
    return number


def positive(row: Row, key: str) -> Decimal | None:
    """A number above 0; None for anything else."""
    try:
        number = decimal(row, key)
    except Malformed:
        return None
    return number if number > 0 else None


def side(row: Row) -> Side:
    """B or S."""
    try:
        return _SIDES[text(row, "trnsTp")[:1].upper()]
    except KeyError:
        raise Malformed("trnsTp is no side") from None


@lru_cache(maxsize=4096)
def ist(written: str, form: str) -> datetime | None:
    """The moment (UTC) of a time without zone, which Kotak means as IST; None for anything else.

    The rows of a book share their seconds, so that few are worked out; blanks around colons are tolerated.
    """
    try:
        tidy = ":".join(part.strip() for part in written.split(":"))
        return datetime.strptime(tidy, form).replace(tzinfo=IST).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def whole_time(row: Row, key: str) -> datetime | None:
    """The moment (UTC) of `22-Jan-2025 14:28:01`, as most reports write it; None for anything else."""
    return ist(optional(row, key), "%d-%b-%Y %H:%M:%S")


def epoch(row: Row, key: str) -> datetime | None:
    """The moment (UTC) of seconds since 1970; None for anything else."""
    try:
        return datetime.fromtimestamp(count(row, key), UTC)
    except (Malformed, ValueError, OverflowError, OSError):
        return None
