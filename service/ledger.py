"""The positions of one account while one book is being recorded: what fills and sales by hand make of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from domain.account import accounted
from domain.account_days import AccountDay
from domain.fills import bought, sold
from domain.models import Order, Position, Snapshot
from domain.orders import Closed, Reason, Side
from domain.reading import Outside
from domain.sightings import Sighting
from repositories.journal import Entry
from repositories.positions import Bought


class Ledger:
    """Collects changes in memory, for one transaction, so that each table is written once."""

    def __init__(self, snapshot: Snapshot, symbol_of: Callable[[Position], str], user_id: int, now: datetime) -> None:
        self._before = {position.id: position for position in snapshot.positions}
        self._after = dict(self._before)
        self._open = {position.symbol: position.id for position in snapshot.positions if position.open}
        self._traded = {position.id: symbol_of(position) for position in snapshot.positions}
        self._opened: dict[str, Bought] = {}
        self._accounted: dict[str, AccountDay] = {}
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
            self._breach(sighting.before.position_id, f"order {sighting.before.id}: {sighting.breach}", sighting.news)
        if sighting.shares:
            (self._sold if sighting.after.side is Side.SELL else self._bought)(sighting)

    def held(self, symbol: str) -> int:
        """Shares of a trading symbol in open positions, as far as this book has been taken over."""
        return sum(self._after[number].quantity for number in self._holding(symbol))

    def sold_outside(self, day: AccountDay, shares: int, outside: Outside) -> None:
        """Take shares that the owner sold by hand off the positions of a symbol, at the price of those latest sales."""
        left = shares
        price = _latest_price(day, outside) if shares else Decimal(0)
        for number in self._holding(day.symbol):
            taken = min(left, self._after[number].quantity)
            left -= taken
            if taken:
                self._after[number] = sold(self._after[number], taken, taken * price, self._now, Closed.MANUAL)
                detail = {"shares": taken, "price": price, "left": self._after[number].quantity}
                self._entries.append(Entry("SOLD_OUTSIDE", self._user_id, number, None, detail))
        if shares != left or (outside.sold, outside.bought) != (day.sold_seen, day.bought_seen):
            self._accounted[day.symbol] = accounted(day, outside, shares - left)

    def orphaned(self, symbol: str, shares: int) -> None:
        """Shares that an order without a row has traded: the position of the symbol can no longer be believed."""
        for number in self._holding(symbol):
            if shares and self._after[number].reason != Reason.BREACHED:
                text = f"ORPHAN: {shares} of {symbol} traded under a tag of this installation that has no row"
                self._breach(number, text)

    def changed(self) -> Sequence[Position]:
        """The positions that are not as they were."""
        return [after for number, after in self._after.items() if after != self._before[number]]

    def opened(self) -> Sequence[Bought]:
        """The positions that fills brought into being."""
        return list(self._opened.values())

    def closed(self) -> Sequence[Position]:
        """Positions that ended in this transaction."""
        return [p for p in self.changed() if not p.open and self._before[p.id].open]

    def accounted(self) -> Sequence[AccountDay]:
        """The day's figures of symbols that were sold outside."""
        return list(self._accounted.values())

    def placed(self, created: Mapping[str, int]) -> Callable[[Order], Order]:
        """Ties a buy to the position that it made or enlarged."""

        def tie(order: Order) -> Order:
            if order.side is Side.SELL or not order.filled:
                return order
            number = created.get(order.symbol) or self._open_number(order.symbol) or order.position_id
            return replace(order, position_id=number)

        return tie

    def entries(self, created: Mapping[str, int]) -> Sequence[Entry]:
        """What to write in the journal about positions."""
        opened = [
            Entry("POSITION_OPENED", self._user_id, created[b.symbol], None, {"shares": b.quantity, "price": b.price})
            for b in self._opened.values()
        ]
        closed = [
            Entry("POSITION_CLOSED", self._user_id, p.id, None, {"exit_price": p.exit_price, "how": p.close_reason})
            for p in self.closed()
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
        number = self._open_number(order.symbol)
        if number is not None:
            self._after[number] = bought(self._after[number], shares, value)
            detail = {"shares": shares, "price": value / shares, "quantity": self._after[number].quantity}
            self._entries.append(Entry("POSITION_ENLARGED", self._user_id, number, order.id, detail))
            return
        earlier = self._opened.get(order.symbol)
        total = shares + (earlier.quantity if earlier else 0)
        worth = value + (earlier.quantity * earlier.price if earlier else 0)
        self._opened[order.symbol] = Bought(order.symbol, total, worth / total, self._now)

    def _open_number(self, symbol: str) -> int | None:
        number = self._open.get(symbol)
        return number if number is not None and self._after[number].open else None

    def _holding(self, symbol: str) -> list[int]:
        return [number for number, traded in self._traded.items() if traded == symbol and self._after[number].open]

    def _breach(self, number: int | None, text: str, news: bool = True) -> None:
        position = self._after.get(number or 0)
        fresh = position is not None and position.reason != Reason.BREACHED
        if news or fresh:
            self.breaches.append(text)
            self._entries.append(Entry("BREACHED", self._user_id, number, None, {"text": text}))
        if position is not None and fresh:
            self._after[position.id] = replace(position, reason=Reason.BREACHED, reason_text=text, reason_at=self._now)


def _latest_price(day: AccountDay, outside: Outside) -> Decimal:
    shares, value = outside.sold - day.sold_seen, outside.sold_value - day.value_seen
    if shares <= 0 or value <= 0:
        shares, value = outside.sold, outside.sold_value
    return (value / shares).quantize(Decimal("0.01"))
