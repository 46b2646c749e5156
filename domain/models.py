"""The rows as values: users, positions, orders, sends. Money in rupees (Decimal), quantities in shares."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from domain.orders import OrderStatus, SendKind, SendOutcome, Side


class BrokerName(StrEnum):
    """The brokers we speak to."""

    KOTAK_NEO = "kotak_neo"


@dataclass(frozen=True, slots=True)
class User:
    """What is wanted for one account: the admin's row."""

    id: int
    name: str
    broker: str
    enabled: bool
    live: bool
    revision: int
    exit_rule: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a Kotak Neo login needs; never printed, never logged."""

    consumer_key: str
    mobile: str
    ucc: str
    mpin: str
    totp_secret: str

    def __repr__(self) -> str:
        return "Credentials(hidden)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class Position:
    """Shares held for a user, to be protected by one sell until they are gone."""

    id: int
    user_id: int
    symbol: str
    quantity: int
    avg_price: Decimal
    opened_at: datetime
    closed_at: datetime | None = None
    exit_rule: Mapping[str, object] | None = None
    exit_price: Decimal | None = None
    close_reason: str | None = None
    sold_quantity: int = 0
    sold_value: Decimal = Decimal(0)
    reason: str | None = None
    reason_text: str | None = None
    reason_at: datetime | None = None
    ticker: str | None = None
    placed_symbol: str | None = None

    @property
    def open(self) -> bool:
        """Whether shares are still held."""
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class Send:
    """One attempt to tell the broker something; committed before its first byte."""

    id: int
    order_id: int
    kind: SendKind
    attempt: int
    generation: int
    price: Decimal | None
    quantity: int
    send_by: datetime
    created_at: datetime
    outcome: SendOutcome | None = None
    outcome_at: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One order of ours, from the intent to its end; `filled` is the broker's absolute number.

    `doubted`: some send of its tag once had no definite answer, so that the tag may be known to the broker.
    `cancel_asked`: we asked the broker to cancel it and were not told no, so that a cancellation is ours.
    """

    id: int
    user_id: int
    side: Side
    symbol: str
    status: OrderStatus
    quantity: int
    price: Decimal
    position_id: int | None = None
    ticker: str | None = None
    placed_symbol: str | None = None
    tag: str | None = None
    broker_order_id: str | None = None
    filled: int = 0
    execution_price: Decimal | None = None
    trading_day: date | None = None
    reason: str | None = None
    reason_text: str | None = None
    status_at: datetime | None = None
    seen_at: datetime | None = None
    absent_since: datetime | None = None
    last_send: Send | None = None
    doubted: bool = False
    cancel_asked: bool = False

    @property
    def remainder(self) -> int:
        """Shares of the order that may still trade."""
        return self.quantity - self.filled

    @property
    def wire_symbol(self) -> str:
        """The trading symbol that was sent, or will be."""
        return self.placed_symbol or self.symbol


@dataclass(frozen=True, slots=True)
class AccountDay:
    """What the account held of a symbol overnight, ours and the owner's, as two equal reads of the holdings said.

    `outside_bought`: shares bought outside this service by then, included in `total`. `removed`: shares taken off our
    positions since, because more was sold outside than the owner had. `sold_seen`, `value_seen` and `bought_seen`: what
    was sold (shares, rupees) and bought outside as far as it has been accounted for; a book with less is incomplete.
    """

    symbol: str
    total: int
    outside_bought: int
    removed: int = 0
    sold_seen: int = 0
    value_seen: Decimal = Decimal(0)
    bought_seen: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything of one account that a decision needs, read in one transaction.

    `positions`: open ones, and closed ones with a live sell; `orders`: live and requested ones and all of the day.
    """

    user: User
    halted: str | None
    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    account_days: Mapping[str, AccountDay]

    def sells_of(self, position: Position) -> tuple[Order, ...]:
        """The position's sells, oldest first."""
        return tuple(o for o in self.orders if o.position_id == position.id and o.side is Side.SELL)
