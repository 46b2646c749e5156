"""All that a seed is judged by: the broker's ledger, the rows, what was done to the service. Shares, seconds, UTC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.coverage import Coverage
from domain.orders import LIVE, SendOutcome

Row = Mapping[str, Any]
Place = tuple[str, str]
"""An account and a symbol."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Of one account and symbol: ours as rows were last told, the most that ever were, and the owner's at first."""

    ours: int
    most: int
    own: int


@dataclass(frozen=True, slots=True)
class Freeze:
    """A service that was stopped (UTC) at a point, replaced by generations of others, and woken again."""

    point: str
    frozen_at: datetime
    replaced_at: datetime
    woken_at: datetime
    generations: Mapping[int, int]
    """By user: the first generation that was not the frozen one's."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds after one death until somebody served every user again, and until no doubt of then was left."""

    point: str
    served: float | None
    certain: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """`users`: account → user number; `pending`: what had not settled when patience ended; `halts`: who halted whom."""

    ledger: Mapping[str, Any]
    users: Mapping[str, int]
    shares: Mapping[Place, Shares]
    positions: Sequence[Row]
    orders: Sequence[Row]
    sends: Sequence[Row]
    covered: Sequence[Coverage]
    halts: Sequence[Row]
    freezes: Sequence[Freeze]
    recoveries: Sequence[Recovery]
    falls: Sequence[str]
    pending: Sequence[str]
    struck: Mapping[str, int] = field(default_factory=dict)
    """How often each fault of the order feed did strike."""

    def acquired(self, line: Row) -> int:
        """The most shares of a symbol that were ever ours in an account, those bought since included."""
        known = self.shares.get((line["ucc"], line["symbol"]))
        return (known.most if known else 0) + int(line["bought"])

    def ours(self) -> Sequence[Row]:
        """The orders that came to the broker from the service."""
        return [order for order in self.ledger["orders"] if order["api"]]


def miscounted(evidence: Evidence) -> int:
    """Shares of fills that the rows lack, or have too often."""
    rows = {row["broker_order_id"]: row["filled"] for row in evidence.orders}
    return sum(abs(order["filled"] - rows.get(order["order"], 0)) for order in evidence.ours())


def doubts(orders: Sequence[Row], sends: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Live orders with their last send, where nobody knows how that ended."""
    last = {send["order_id"]: send for send in sends}
    live = [order for order in orders if order["status"] in LIVE and order["id"] in last]
    return [(o, last[o["id"]]) for o in live if last[o["id"]]["outcome"] in (None, SendOutcome.UNKNOWN)]
