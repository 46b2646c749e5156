"""A paper account as values: what a broker would know of it, kept in rows. Rupees in Decimal, shares, aware times."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from domain.orders import Side


@dataclass(frozen=True, slots=True)
class PaperAccount:
    """Cash, how far the account's exchange has come, and how its line behaves (delays in seconds).

    `day` is the day that its orders and tags belong to, `settled_at` the moment up to which all has happened; both None
    before the first call.
    """

    user_id: int
    cash: Decimal
    day: date | None = None
    settled_at: datetime | None = None
    latency: float = 0.0
    open_delay: float = 0.05
    book_delay: float = 0.0


@dataclass(frozen=True, slots=True)
class PaperHolding:
    """Shares in the depository since the morning."""

    symbol: str
    quantity: int
    average_price: Decimal


@dataclass(frozen=True, slots=True)
class PaperOrder:
    """One order as the paper broker knows it; `value` is the rupees of its fills, `tag` what the client sent.

    `history`: every state so far; `errands`: what is still to happen to it, each at its moment.
    """

    number: str
    day: date
    tag: str
    shown_tag: str
    source: str
    side: Side
    symbol: str
    quantity: int
    price: Decimal
    state: str
    filled: int
    cancelled: int
    value: Decimal
    reason: str
    entered_at: datetime
    visible_from: datetime
    confirmed_at: datetime | None
    admitted: bool
    resting: bool
    history: tuple[Mapping[str, Any], ...] = ()
    errands: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class PaperTrade:
    """One fill, named by its order and the shares of it that had traded with this fill: no fill exists twice."""

    number: str
    filled: int
    quantity: int
    price: Decimal
    at: datetime
    symbol: str
    side: Side


@dataclass(frozen=True, slots=True)
class PaperTraded:
    """What the orders of the day traded in one symbol on one side; `value` in rupees."""

    symbol: str
    side: Side
    quantity: int
    value: Decimal


class Deed(StrEnum):
    """What the owner of a paper account does by his own hand, as in the broker's app."""

    BUY = "BUY"
    SELL = "SELL"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class PaperHand:
    """A wish of the owner; a cancel names an order by `number`, the others become the order of that number."""

    id: int
    deed: Deed
    symbol: str
    quantity: int
    price: Decimal
    number: str
    done_at: datetime | None = None
    words: str = ""

    def done(self, moment: datetime, number: str = "", words: str = "") -> "PaperHand":
        """The wish as it came out; `words` why nothing happened."""
        return replace(self, number=number or self.number, done_at=moment, words=words)


@dataclass(frozen=True, slots=True)
class PaperBook:
    """Everything of one account that its exchange needs, of the account's day: of its orders those that are live, of
    the others what they traded, and the last order number of all.
    """

    account: PaperAccount
    holdings: tuple[PaperHolding, ...] = ()
    orders: tuple[PaperOrder, ...] = ()
    traded: tuple[PaperTraded, ...] = ()
    last_number: str = ""
    hands: tuple[PaperHand, ...] = ()


@dataclass(frozen=True, slots=True)
class PaperNews:
    """What has changed: written in one transaction or not at all. `holdings` None: as they were."""

    account: PaperAccount
    orders: tuple[PaperOrder, ...] = ()
    trades: tuple[PaperTrade, ...] = ()
    holdings: tuple[PaperHolding, ...] | None = None
    hands: tuple[PaperHand, ...] = ()


@dataclass(frozen=True, slots=True)
class PaperFault:
    """Something that goes wrong with a call, on command; the kinds are the simulator's."""

    kind: str
    seconds: float = 0.0
    text: str = ""
    code: int = 1004
    rows: int = 1
