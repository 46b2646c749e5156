"""How many shares the sell of each position may take, beside the owner's orders and the other positions."""

from collections.abc import Mapping
from datetime import date

from domain.account import Taken, free_to_sell, taken_by_us
from domain.models import Position, Snapshot
from domain.orders import Reason
from domain.reading import Outside
from domain.wanted import traded_symbol
from service.live_instruments import LiveInstruments
from service.order_monitor import Recorded

NOT_SELLING = frozenset(
    {
        Reason.CANCELLED_BY_USER, Reason.REJECTED, Reason.REJECTED_TODAY, Reason.BAD_RULE, Reason.ODD_LOT,
        Reason.PRICE_ABOVE_BAND, Reason.PRICE_BELOW_BAND, Reason.BREACHED, Reason.CORPORATE_ACTION,
    }
)  # fmt: skip
"""Why a position takes no free shares before others do: it does not sell as long as this holds."""


class FreeShares:
    """One tenant's shares that are free to sell, as far as the rows know how many can be sold."""

    def __init__(self, instruments: LiveInstruments) -> None:
        self._instruments = instruments

    def of(self, recorded: Recorded, rows: Snapshot, day: date) -> Mapping[int, int]:
        """Shares that the sell of each position may take, where it is known (by position)."""
        found: dict[int, int] = {}
        taken = taken_by_us(rows.orders, day)
        for symbol, held in self.held(rows).items():
            if symbol in rows.sellable:
                line = self._instruments.of(held[0])
                ours, outside = taken.get(symbol, Taken()), recorded.reading.outside.get(symbol, Outside())
                resting = recorded.reading.resting_outside.get(symbol, 0)
                t2t = line is not None and line.trade_for_trade
                free = free_to_sell(rows.sellable[symbol], ours, outside, resting, t2t)
                free -= ours.leaving({position.id for position in held})
                selling = sorted(held, key=lambda position: (position.reason in NOT_SELLING, position.id))
                found |= ours.shared(max(0, free), {position.id: position.quantity for position in selling})
        return found

    def held(self, rows: Snapshot) -> Mapping[str, list[Position]]:
        """Open positions by trading symbol."""
        held: dict[str, list[Position]] = {}
        for position in rows.positions:
            if position.open:
                held.setdefault(traded_symbol(position, self._instruments.of(position)), []).append(position)
        return held
