"""The positions of one account while one book is being recorded: what fills and sales by hand make of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from domain.fills import bought, sold
from domain.models import Order, Position, Snapshot
from domain.orders import Closed, Reason, Side
from domain.reading import Outside
from domain.sightings import Sighting
from repositories.journal import Entry
from repositories.positions import Bought


class Ledger:
    """Collects changes in memory, for one transaction, so that each table is written once."""

    def __init__(self, snapshot: Snapshot, user_id: int, now: datetime) -> None:
        self._before = {position.id: position for position in snapshot.positions}
        self._after = dict(self._before)
        self._open = {position.symbol: position.id for position in snapshot.positions if position.open}
        self._by_traded = {(p.placed_symbol or p.symbol): p.id for p in snapshot.positions if p.open}
        self._removed_before = {s: day.removed for s, day in snapshot.account_days.items()}
        self._opened: dict[str, Bought] = {}
        self._removed: dict[str, int] = {}
        self._entries: list[Entry] = []
        self._user_id = user_id
        self._now = now
        self.breaches: list[str] = []

    @property
    def touched(self) -> bool:
        """Whether any position changed or came into being."""
        return bool(self._opened) or self._after != self._before or bool(self.breaches)

    def fill(self, sighting: Sighting) -> None:
        """Take over what one sighting filled."""
        if sighting.breach:
            self._breach(sighting.before.position_id, f"order {sighting.before.id}: {sighting.breach}")
        if sighting.shares:
            (self._sold if sighting.after.side is Side.SELL else self._bought)(sighting)

    def sold_outside(self, symbol: str, shares: int, outside: Outside) -> None:
        """Take shares off the position of a symbol that its owner sold by hand, at the price the owner got."""
        number = self._by_traded.get(symbol)
        if number is None:
            return
        position = self._after[number]
        taken = min(shares, position.quantity)
        if taken == 0:
            return
        price = outside.sold_value / outside.sold
        self._after[number] = sold(position, taken, taken * price, self._now, Closed.MANUAL)
        self._removed[symbol] = self._removed_before[symbol] + taken
        detail = {"shares": taken, "price": price.quantize(Decimal("0.01")), "left": self._after[number].quantity}
        self._entries.append(Entry("SOLD_OUTSIDE", self._user_id, number, None, detail))

    def changed(self) -> Sequence[Position]:
        """The positions that are not as they were."""
        return [after for number, after in self._after.items() if after != self._before[number]]

    def opened(self) -> Sequence[Bought]:
        """The positions that fills brought into being."""
        return list(self._opened.values())

    def closed_symbols(self) -> Sequence[str]:
        """Symbols whose position ended in this transaction."""
        return [p.symbol for p in self.changed() if not p.open and self._before[p.id].open]

    def removed(self) -> Mapping[str, int]:
        """Shares of ours sold outside, absolute for the day, where it grew."""
        return self._removed

    def placed(self, created: Mapping[str, int]) -> Callable[[Order], Order]:
        """Ties a buy to the position that it made or enlarged."""

        def tie(order: Order) -> Order:
            if order.side is Side.SELL or order.position_id is not None or not order.filled:
                return order
            return replace(order, position_id=created.get(order.symbol) or self._open.get(order.symbol))

        return tie

    def entries(self, created: Mapping[str, int]) -> Sequence[Entry]:
        """What to write in the journal about positions."""
        opened = [
            Entry("POSITION_OPENED", self._user_id, created[b.symbol], None, {"shares": b.quantity, "price": b.price})
            for b in self._opened.values()
        ]
        closed = [
            Entry("POSITION_CLOSED", self._user_id, p.id, None, {"exit_price": p.exit_price, "how": p.close_reason})
            for p in self.changed()
            if not p.open and self._before[p.id].open
        ]
        return [*opened, *self._entries, *closed]

    def _sold(self, sighting: Sighting) -> None:
        order = sighting.after
        position = self._after.get(order.position_id or 0)
        if position is None:
            text = f"order {order.id}: {sighting.shares} of {order.symbol} sold for a position that is gone"
            self.breaches.append(text)
            return
        if sighting.shares > position.quantity:
            text = f"order {order.id}: sold={sighting.shares}, held={position.quantity} of {order.symbol}"
            self._breach(position.id, text)
            position = self._after[position.id]
        self._after[position.id] = sold(position, sighting.shares, sighting.value, self._now, Closed.SOLD)

    def _bought(self, sighting: Sighting) -> None:
        order, shares, value = sighting.after, sighting.shares, sighting.value
        number = self._open.get(order.symbol)
        if number is not None:
            self._after[number] = bought(self._after[number], shares, value)
            detail = {"shares": shares, "price": value / shares, "quantity": self._after[number].quantity}
            self._entries.append(Entry("POSITION_ENLARGED", self._user_id, number, order.id, detail))
            return
        earlier = self._opened.get(order.symbol)
        total = shares + (earlier.quantity if earlier else 0)
        worth = value + (earlier.quantity * earlier.price if earlier else 0)
        self._opened[order.symbol] = Bought(order.symbol, total, worth / total, self._now)

    def _breach(self, number: int | None, text: str) -> None:
        self.breaches.append(text)
        self._entries.append(Entry("BREACHED", self._user_id, number, None, {"text": text}))
        position = self._after.get(number or 0)
        if position is not None:
            self._after[position.id] = replace(position, reason=Reason.BREACHED, reason_text=text, reason_at=self._now)
