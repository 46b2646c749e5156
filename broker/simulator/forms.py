"""How values stand in a form: plain digits and known words, as the broker's own software writes them, and nothing else.

Python reads more than that as a number (`9_00`, ` 900 `, `9E2`, digits of other scripts); whoever sends such a thing
to the real broker has no order, and has none here.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from broker.simulator.answers import BODY_INVALID, INVALID_QUANTITY, INVALID_REQUEST, Refusal
from broker.simulator.orders import Side

MOST_RUPEES = Decimal(1_000_000_000)
"""No price is as high."""
_WHOLE = re.compile(r"[0-9]{1,15}")
_RUPEES = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_YES_OR_NO = frozenset({"YES", "NO"})
_SIDES = {"B": Side.BUY, "S": Side.SELL}
_NO_PRICE = "0"
"""What stands for the price of a market order, and nothing else does (market rules §3.3)."""


def require(asked: Mapping[str, Any], keys: Iterable[str]) -> None:
    """Refuse a form that lacks one of the keys, or has null for it."""
    for key in keys:
        if asked.get(key) is None:
            raise Refusal(BODY_INVALID)


def shares(value: object) -> int:
    """A quantity above 0."""
    quantity = _whole(value)
    if not quantity:
        raise Refusal(INVALID_QUANTITY)
    return quantity


def disclosed_shares(value: object) -> int:
    """A disclosed quantity; 0 discloses all."""
    quantity = _whole(value)
    if quantity is None:
        raise Refusal(INVALID_REQUEST)
    return quantity


def rupees(value: object) -> Decimal:
    """A price or 0."""
    text = str(value)
    if not _RUPEES.fullmatch(text):
        raise Refusal(INVALID_REQUEST)
    price = Decimal(text)
    if price >= MOST_RUPEES:
        raise Refusal(INVALID_REQUEST)
    return price


def limit(value: object) -> Decimal:
    """A price above 0."""
    price = rupees(value)
    if price <= 0:
        raise Refusal(INVALID_REQUEST)
    return price


def no_price(value: object) -> None:
    """The price of a market order. Refused with 1009, as the real one does, unless it is a plain 0."""
    if str(value) != _NO_PRICE:
        raise Refusal(INVALID_QUANTITY)


def side(value: object) -> Side:
    """B or S; words are not mapped."""
    found = _SIDES.get(str(value))
    if found is None:
        raise Refusal(BODY_INVALID)
    return found


def is_after_market(value: object) -> bool:
    """Whether `am` says that it is about an order for the next opening."""
    return one_of(value, _YES_OR_NO) == "YES"


def one_of(value: object, known: frozenset[str]) -> str:
    """One of the known words."""
    word = str(value)
    if word not in known:
        raise Refusal(INVALID_REQUEST)
    return word


def _whole(value: object) -> int | None:
    text = str(value)
    return int(text) if _WHOLE.fullmatch(text) else None
