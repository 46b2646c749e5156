"""Whose shares they are: the demat account holds the owner's and ours together, and only rows tell them apart."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from domain.account_days import AccountDay
from domain.models import Order
from domain.orders import LIVE, Side
from domain.reading import Outside

MOST = 2**31 - 1


def ours_overnight(held: int, symbol: str, day: date, orders: tuple[Order, ...], removed: int) -> int:
    """How many shares of a symbol were ours before the day began, from what is held now and what happened today."""
    today = [o for o in orders if o.wire_symbol == symbol and o.trading_day == day]
    sold = sum(order.filled for order in today if order.side is Side.SELL)
    bought = sum(order.filled for order in today if order.side is Side.BUY)
    return held + sold + removed - bought


def sold_of_ours(day: AccountDay, outside: Outside, overnight: int) -> int | None:
    """How many more of our shares were sold outside: the owner's are consumed first, each share counted once; None
    while the stories of the day's figure differ about it."""
    taken = {_sold_of_ours(total, day, outside, overnight) for total in day.totals}
    return taken.pop() if len(taken) == 1 else None


def _sold_of_ours(total: int, day: AccountDay, outside: Outside, overnight: int) -> int:
    own = max(0, total + max(0, outside.bought - day.outside_bought) - overnight)
    return max(0, outside.sold - own - day.removed)


@dataclass(frozen=True, slots=True)
class Taken:
    """What our own orders of a day did to the shares of one symbol; `resting`: still offered, by position."""

    bought: int = 0
    sold: int = 0
    resting: Mapping[int | None, int] = field(default_factory=dict)

    def leaving(self, held: Collection[int]) -> int:
        """Shares that live sells of positions that are gone still take."""
        return sum(shares for owner, shares in self.resting.items() if owner not in held)

    def shared(self, free: int, wanted: Mapping[int, int]) -> Mapping[int, int]:
        """The free shares handed out to positions, each share once: what rests first, then in the order given."""
        given = dict.fromkeys(wanted, 0)
        for number in wanted:
            given[number] = min(wanted[number], self.resting.get(number, 0), free - sum(given.values()))
        for number in wanted:
            given[number] += min(wanted[number] - given[number], free - sum(given.values()))
        return given


def taken_by_us(orders: Iterable[Order], day: date) -> Mapping[str, Taken]:
    """By trading symbol, in one pass however many positions there are."""
    found: dict[str, Taken] = {}
    for order in orders:
        before = found.get(order.wire_symbol, Taken())
        filled = order.filled if order.trading_day == day else 0
        if order.side is Side.BUY:
            found[order.wire_symbol] = replace(before, bought=before.bought + filled)
            continue
        live = {order.position_id: order.remainder} if order.status in LIVE else {}
        found[order.wire_symbol] = Taken(before.bought, before.sold + filled, {**before.resting, **live})
    return found


def free_to_sell(sellable: int, ours: Taken, outside: Outside, resting_outside: int, t2t: bool) -> int:
    """Shares that our sells of a symbol may take: sellable when the day began + bought today (not in trade for trade)
    - sold today - resting sells that are not ours (market practice: never more than the account can deliver)."""
    bought = 0 if t2t else outside.bought + ours.bought
    return max(0, sellable + bought - outside.sold - ours.sold - resting_outside)


def accounted(day: AccountDay, outside: Outside, taken: int) -> AccountDay:
    """The day's figures once these sales are accounted for."""
    return replace(
        day,
        removed=day.removed + taken,
        sold_seen=outside.sold,
        value_seen=outside.sold_value,
        bought_seen=outside.bought,
    )


def grew(day: AccountDay, outside: Outside) -> bool:
    """Whether a book shows at least what an earlier one has shown."""
    return outside.sold >= day.sold_seen and outside.bought >= day.bought_seen
