"""How well each open position is covered: its state, why, since when, and what it would cost. Shares and rupees."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from domain.orders import Reason


class CoverState(StrEnum):
    """What holds for a position now; there is nothing beside these four."""

    PROTECTED = "PROTECTED"
    """One live sell for all shares, seen at the broker within the last cycles."""
    PLACING = "PLACING"
    """An order, or its answer, is on its way."""
    IN_DOUBT = "IN_DOUBT"
    """There may be an order; nobody knows at the moment."""
    UNPROTECTED = "UNPROTECTED"
    """Some shares have no order, and there is a reason."""


CLOSED = frozenset({Reason.MARKET_CLOSED, Reason.CLOSING_AUCTION})
"""No order can be placed, and that is as it should be."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One open position. `resting`: shares that rest as far as is known; `value`: rupees at cost of the shares without;
    `paper`: of an account without money.

    `since`: when the state began, as near as the rows tell; `seen_at`: when the broker's book last showed the order.
    `reason` is None only where nothing is wrong; `text` quotes the broker and the numbers, `advice` says what to do.
    """

    position: int
    user: str
    user_id: int
    symbol: str
    quantity: int
    resting: int
    state: CoverState
    since: datetime | None
    seen_at: datetime | None
    reason: Reason | None
    text: str
    advice: str
    broker_order_id: str | None
    price: Decimal | None
    value: Decimal
    market_open: bool = True
    paper: bool = False

    @property
    def alarming(self) -> bool:
        """Whether somebody has to know now: shares without an order while the market is open for them."""
        return self.market_open and self.state is CoverState.UNPROTECTED and self.reason not in CLOSED


@dataclass(frozen=True, slots=True)
class Totals:
    """Positions by state; rupees at cost without cover; positions' sells executed on the trading day."""

    positions: int
    protected: int
    placing: int
    in_doubt: int
    unprotected: int
    rupees_uncovered: Decimal
    sold_today: int = 0


def total(covered: Iterable[Coverage], sold_today: int = 0) -> Totals:
    """Count them."""
    rows = list(covered)
    counts = Counter(row.state for row in rows)
    return Totals(
        len(rows),
        counts[CoverState.PROTECTED],
        counts[CoverState.PLACING],
        counts[CoverState.IN_DOUBT],
        counts[CoverState.UNPROTECTED],
        sum((row.value for row in rows), Decimal(0)),
        sold_today,
    )
