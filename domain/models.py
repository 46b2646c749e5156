"""The rows as values: positions, orders, sends. Money in rupees (Decimal), quantities in shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from domain.account_days import AccountDay
from domain.orders import OrderStatus, SendKind, SendOutcome, Side
from domain.users import User


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
    isin: str | None = None

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
    `price_moved`: more than one send of ours may have set its price, so that another price need not be the owner's.
    `absent_reads`: complete reads in a row that did not show it; `changed_by_owner`: price or quantity, in the app.
    `band_checked`: a quote has told whether the day's band ended it.
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
    absent_reads: int = 0
    changed_by_owner: bool = False
    band_checked: bool = False
    last_send: Send | None = None
    doubted: bool = False
    cancel_asked: bool = False
    price_moved: bool = False

    @property
    def remainder(self) -> int:
        """Shares of the order that may still trade."""
        return self.quantity - self.filled

    @property
    def hearsay(self) -> bool:
        """Whether its number at the broker is a person's word that no book has shown yet."""
        send = self.last_send
        return self.seen_at is None and send is not None and send.outcome is SendOutcome.SETTLED

    @property
    def wire_symbol(self) -> str:
        """The trading symbol that was sent, or will be."""
        return self.placed_symbol or self.symbol


@dataclass(frozen=True, slots=True)
class Exit:
    """Somebody's wish to be out of a position: its sell becomes a limit at most so many percent below the last price.

    The service finds the limit (rupees) once a day and keeps it; None until then. `after_send`: the last send for
    the position before it was asked for.
    """

    id: int
    position_id: int
    at_most_percent_below_last: Decimal
    because: str = ""
    price: Decimal | None = None
    last_price: Decimal | None = None
    priced_on: date | None = None
    after_send: int | None = None

    def on(self, day: date) -> "Exit":
        """The wish as it counts on a day: a limit of another day is none."""
        return self if self.priced_on == day else replace(self, price=None, last_price=None)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A person's word about what became of an order; `filled` is absolute, `price` in rupees."""

    id: int
    order_id: int
    verdict: str
    because: str
    created_by: str
    broker_order_id: str | None = None
    filled: int | None = None
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything of one account that a decision needs, read in one transaction.

    `positions`: open ones, and closed ones with a live sell; `orders`: live and requested ones and all of the day.
    `sellable`: shares that could be sold when the day began, by trading symbol; `exits` by position.
    """

    user: User
    halted: str | None
    positions: tuple[Position, ...]
    orders: tuple[Order, ...]
    account_days: Mapping[str, AccountDay]
    halt_cancels: bool = False
    sellable: Mapping[str, int] = field(default_factory=dict)
    exits: Mapping[int, Exit] = field(default_factory=dict)
    settlements: tuple[Settlement, ...] = ()

    def sells_of(self, position: Position) -> tuple[Order, ...]:
        """The position's sells, oldest first."""
        return tuple(o for o in self.orders if o.position_id == position.id and o.side is Side.SELL)
