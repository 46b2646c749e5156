"""What the broker reports: its order book, holdings, quotes, instruments; typed, nothing of the wire left."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.orders import Side
from domain.outcomes import Evidence

TRADE_FOR_TRADE = frozenset({"BE", "BZ", "ST"})
"""Series of the NSE that settle trade for trade; ST is the same for SME shares."""


class ReportedState(StrEnum):
    """An order's state at the broker; whatever we do not know is PENDING, never failed."""

    PENDING = "pending"
    OPEN = "open"
    COMPLETE = "complete"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class OrderReport:
    """One row of the order book. Filled is absolute; average price in rupees, None while nothing filled.

    `entered_at` and `changed_at` are the broker's (UTC, whole seconds); None where it does not say. `after_market`:
    taken while the market was closed, for the next session; it rests for all that, and is never one of ours.
    """

    broker_order_id: str
    tag: str
    symbol: str
    side: Side
    quantity: int
    filled: int
    price: Decimal
    average_price: Decimal | None
    state: ReportedState
    text: str
    evidence: Evidence
    product: str = ""
    source: str = ""
    entered_at: datetime | None = None
    changed_at: datetime | None = None
    after_market: bool = False

    @property
    def resting(self) -> bool:
        """Whether it may still trade."""
        return self.state in (ReportedState.OPEN, ReportedState.PENDING)

    def carries(self, tag: str) -> bool:
        """Whether this row was placed under the tag; the broker appends to it on cancel."""
        return self.tag == tag or self.tag.startswith(tag + "-")


@dataclass(frozen=True, slots=True)
class Book:
    """One read of the whole order book.

    `began` is when the request was made (boot-time seconds) and `began_at` the same as wall clock: what a read
    proves, it proves as of its beginning. `malformed` rows spoil it as proof of absence, not the other rows.
    """

    began: float
    began_at: datetime
    rows: tuple[OrderReport, ...]
    malformed: int = 0


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One state in an order's life: what stood at the broker from a moment (UTC) on. `status` in the broker's words."""

    state: ReportedState
    status: str
    at: datetime | None
    tag: str
    quantity: int
    filled: int
    price: Decimal
    average_price: Decimal | None
    text: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares in the demat account. `sellable` as the broker says."""

    symbol: str
    token: str
    quantity: int
    sellable: int
    average_price: Decimal


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill. Price in rupees."""

    trade_id: str
    broker_order_id: str
    symbol: str
    side: Side
    quantity: int
    price: Decimal
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Quote:
    """Last traded price in rupees and when (UTC), and the band as it stands; None where the broker does not say."""

    token: str
    symbol: str
    last_price: Decimal
    at: datetime | None
    band_low: Decimal | None = None
    band_high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """One line of the instrument file: prices in rupees, quantities in shares; a band of None is no band.

    `auction`: whether the symbol takes part in the closing auction; None where the file does not say. `band_at`: when a
    quote showed the band (UTC); None for the file's own.
    """

    symbol: str
    token: str
    name: str
    series: str
    isin: str
    tick: Decimal
    lot: int
    freeze_quantity: int | None
    band_low: Decimal | None
    band_high: Decimal | None
    auction: bool | None = None
    band_at: datetime | None = None

    @property
    def trade_for_trade(self) -> bool:
        """Whether only settled shares can be sold: no sale of what was bought today (NSE series BE and BZ)."""
        return self.series in TRADE_FOR_TRADE


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A limit order to be sent: DAY, delivery, never a market order (SEBI retail-algo rules)."""

    tag: str
    symbol: str
    side: Side
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A new price for a resting order; quantity is the unchanged total."""

    broker_order_id: str
    symbol: str
    side: Side
    quantity: int
    price: Decimal
    token: str = ""
