"""The steps that a plan can consist of, and the circumstances in which it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from domain.market import Phase
from domain.models import Exit, Order, Position
from domain.orders import Reason
from domain.users import User


@dataclass(frozen=True, slots=True)
class Place:
    """A new sell under a new tag. `rule`: what the price was made from, for the story."""

    position: Position
    symbol: str
    quantity: int
    price: Decimal
    reason: Reason | None = None
    text: str = ""
    rule: Mapping[str, object] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Resend:
    """The same order under its old tag, after nothing of it reached the broker; never more shares than before."""

    order: Order
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Modify:
    """Another price for a resting order that nothing has filled."""

    order: Order
    price: Decimal


@dataclass(frozen=True, slots=True)
class Cancel:
    """The end of a resting order; what should rest instead follows once the book confirms it."""

    order: Order
    because: str


@dataclass(frozen=True, slots=True)
class Abandon:
    """The end of an order that certainly never left this machine."""

    order: Order
    because: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do now: an order rests as it should, or an answer is on its way; a reason if not all is covered."""

    reason: Reason | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing may be done; the position says why. `price`: what the rule asks for, where that is the trouble."""

    reason: Reason
    text: str
    price: Decimal | None = None


Step = Place | Resend | Modify | Cancel | Abandon | Wait | Hold


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for every position of the account in this cycle.

    The sets are trading symbols: `orphans` with orders of this installation that have no row, `unsettled_sales` sold
    outside in a way that is not understood yet, `leaving` with live sells of positions that are closed.
    `free`: shares that the sell of a position may take, where known; `exits`: wishes to be out; both by position.
    `in_auction`: the closing auction has begun for the symbols that take part in it. `halt_cancels`: a halt that
    also takes back what rests.
    """

    user: User
    phase: Phase
    day: date
    at: datetime
    retry_after: float = 30.0
    phase_text: str = ""
    halted: str | None = None
    halt_cancels: bool = False
    orphans: frozenset[str] = frozenset()
    unsettled_sales: frozenset[str] = frozenset()
    leaving: Mapping[str, Order] = field(default_factory=dict)
    in_auction: bool = False
    free: Mapping[int, int] = field(default_factory=dict)
    exits: Mapping[int, Exit] = field(default_factory=dict)
