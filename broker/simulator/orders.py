"""An order as the broker knows it, and every state it went through. It decides nothing; the desk moves it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from broker.simulator.accounts import Account
from broker.simulator.instruments import Instrument

NO_REASON = "--"
API_SOURCE = "ADMINCPPAPI_NEOTRADEAPI"
APP_SOURCE = "ADMINCPPAPI_MOB"


class Side(StrEnum):
    """The side in the broker's letter."""

    BUY = "B"
    SELL = "S"


class State(StrEnum):
    """The states in the broker's own words."""

    RECEIVED = "put order req received"
    VALIDATION = "validation pending"
    OPEN_PENDING = "open pending"
    TRIGGER_PENDING = "trigger pending"
    OPEN = "open"
    MODIFY_VALIDATION = "modify validation pending"
    MODIFY_PENDING = "modify pending"
    NOT_MODIFIED = "not modified"
    CANCEL_PENDING = "cancel pending"
    NOT_CANCELLED = "not cancelled"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    AMO_RECEIVED = "after market order req received"
    AMO_MODIFIED = "modify after market order req received"
    AMO_CANCELLED = "cancelled after market order"


TERMINAL = frozenset({State.COMPLETE, State.CANCELLED, State.REJECTED, State.AMO_CANCELLED})
WAITING = frozenset({State.AMO_RECEIVED, State.AMO_MODIFIED})
"""An after-market order that the broker keeps until the exchange opens."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a client asked for. Prices in rupees; `price` is the limit, already protected when it was a market order.

    `disclosed` shares of it are shown to others, 0 for all; `after_market`: for the next opening.
    """

    side: Side
    instrument: Instrument
    quantity: int
    price: Decimal
    tag: str
    source: str = API_SOURCE
    kind: str = "L"
    trigger: Decimal = Decimal(0)
    product: str = "CNC"
    validity: str = "DAY"
    disclosed: int = 0
    after_market: bool = False


class Step(NamedTuple):
    """One state of an order's life, as order history shows it."""

    state: State
    moment: datetime
    tag: str
    quantity: int
    price: Decimal
    filled: int
    cancelled: int
    average: Decimal
    reason: str
    exchange_number: str


class Deed(StrEnum):
    """What is to happen to an order on its way."""

    VALIDATE = "validate"
    ADMIT = "admit"
    OPEN = "open"
    CHANGE = "change"
    WITHDRAW = "withdraw"
    KEEP = "keep"


class Errand(NamedTuple):
    """One step of an order that is due at a moment: a value, so that it can be kept and taken up again.

    `price` (rupees), `quantity` (total) and `ticket` are the terms of a change; `before` is the state that a kept order
    goes back to; `verdict` is a refusal decided beforehand, in words.
    """

    due: datetime
    deed: Deed
    price: Decimal = Decimal(0)
    quantity: int = 0
    verdict: str | None = None
    before: State = State.OPEN
    ticket: Ticket | None = None


@dataclass(slots=True, eq=False)
class Order:
    """One order of one account. `tag` is what the client sent, `shown_tag` what the broker shows for it now."""

    number: str
    account: Account
    ticket: Ticket
    entered: datetime
    visible_from: datetime
    tag: str
    shown_tag: str
    quantity: int
    price: Decimal
    state: State = State.RECEIVED
    filled: int = 0
    cancelled: int = 0
    value: Decimal = Decimal(0)
    reason: str = NO_REASON
    exchange_number: str = "NA"
    confirmed: datetime | None = None
    admitted: bool = False
    resting: bool = False
    triggered: bool = False
    since: datetime | None = None
    """Since when it has stood at the exchange at its price: its turn among orders of the same limit."""
    released: datetime | None = None
    """When an after-market order was sent on to the exchange."""
    steps: list[Step] = field(default_factory=list)
    errands: list[Errand] = field(default_factory=list)
    """What is still to happen to it."""
    row: str = ""
    """The book row as text, kept until the next step."""

    @property
    def symbol(self) -> str:
        """The trading symbol."""
        return self.ticket.instrument.symbol

    @property
    def live(self) -> bool:
        """Whether it may still trade."""
        return self.state not in TERMINAL

    @property
    def waits(self) -> bool:
        """Whether it is kept for the next opening."""
        return self.state in WAITING

    @property
    def sent(self) -> datetime:
        """When it set out for the exchange."""
        return self.released or self.entered

    @property
    def standing(self) -> State:
        """The state in which it stands at the exchange while nothing is asked of it."""
        return State.TRIGGER_PENDING if self.ticket.kind == "SL" and not self.triggered else State.OPEN

    @property
    def remaining(self) -> int:
        """Shares that may still trade."""
        return self.quantity - self.filled if self.live else 0

    @property
    def average(self) -> Decimal:
        """The average price of its fills in rupees, 0 while there is none."""
        return self.value / self.filled if self.filled else Decimal(0)

    @property
    def changed(self) -> datetime:
        """When it entered its present state."""
        return self.steps[-1].moment

    @property
    def by_api(self) -> bool:
        """Whether it came over the API and not from the owner's app."""
        return self.ticket.source == API_SOURCE

    def restate(self, price: Decimal, quantity: int, ticket: Ticket | None) -> None:
        """Take new terms: rupees, the total quantity, and what else was restated."""
        self.price, self.quantity = price, quantity
        self.ticket = ticket or self.ticket

    def enter(self, state: State, moment: datetime) -> None:
        """Go into the state, and write it into the history."""
        self.state = state
        self.row = ""
        self.steps.append(self._step(moment))

    def history(self) -> Iterator[Step]:
        """Its states, newest first."""
        return reversed(self.steps)

    def _step(self, moment: datetime) -> Step:
        return Step(
            state=self.state,
            moment=moment,
            tag=self.shown_tag,
            quantity=self.quantity,
            price=self.price,
            filled=self.filled,
            cancelled=self.cancelled,
            average=self.average,
            reason=self.reason,
            exchange_number=self.exchange_number,
        )


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade of one order. Price in rupees."""

    number: str
    order: Order
    quantity: int
    price: Decimal
    moment: datetime
