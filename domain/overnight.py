"""What a morning's holdings prove: whether the exchange changed a quantity, and how yesterday's order ended.

Kotak documents neither whether shares bought yesterday show in the holdings before they are settled, nor whether those
sold yesterday have left them, so that both ways of counting explain a figure. Of two stories neither is proven.
"""

from dataclasses import dataclass, replace
from datetime import date

from domain.account_days import PreviousDay
from domain.book import Holding
from domain.figures import stories
from domain.models import Order, Position
from domain.orders import OrderStatus, Reason, Side
from domain.sightings import Sighting


@dataclass(frozen=True, slots=True)
class Morning:
    """The holding of a symbol as two equal reads said.

    `ours`: shares of ours overnight, `sold`: sold since by anybody, `bought`: bought since by others; `follows`: the
    previous figure is of the session just before; `steady`: the same has been shown for some minutes, and the market is
    open.
    """

    symbol: str
    holding: Holding | None
    ours: int
    sold: int
    follows: bool
    steady: bool = True
    bought: int = 0

    @property
    def quantity(self) -> int:
        """Shares in the account, as shown."""
        return self.holding.quantity if self.holding else 0


def unexplained(previous: PreviousDay, morning: Morning) -> str | None:
    """Why a change overnight is not explained by what was traded: a split, bonus or demerger? None when it is.

    After a day that was not seen to its end the owner may have traded what he liked; then only shares of ours that are
    gone count.
    """
    shown = morning.quantity
    told = stories(shown, morning.sold, previous.bought, previous.sold)
    if any(story.total == previous.expected for story in told):
        return None
    if not (morning.follows and previous.final) and shown + morning.sold + morning.bought >= morning.ours:
        return None
    return (
        f"holdings={shown}, expected={previous.expected} after {previous.day:%d %b}, ours={morning.ours}:"
        f" what was traded does not explain the change of {morning.symbol} overnight"
    )


def ended_by_holdings(order: Order, position: Position, previous: PreviousDay, morning: Morning) -> Sighting | None:
    """How a sell of an earlier day ended, told by the shares that are left; None where more than one story fits.

    Told only in an account without shares of its owner in the symbol, for the session just before, where nothing is
    known to be bought and all that is held can be sold. And nothing may have been bought unseen, which would stand in
    for what was sold: the day was seen to its end, or what the shares have cost is what they had cost before, or none
    are left. Shares that are gone must have been gone for some minutes, with the market open: a broker may show half of
    the holdings in the morning.
    """
    holding = morning.holding
    overnight = morning.ours + previous.sold_by_us + previous.removed - previous.bought_by_us
    alone = previous.total == overnight and previous.bought == 0 and previous.sold == previous.sold_by_us
    whole = holding is None or holding.sellable == holding.quantity
    missing = position.quantity - morning.quantity
    if not (alone and whole and morning.follows and previous.day == order.trading_day and order.side is Side.SELL):
        return None
    if (
        morning.sold
        or morning.ours != position.quantity
        or not 0 <= missing <= order.remainder
        or (missing and not morning.steady)
    ):
        return None
    if not (previous.final or morning.quantity == 0 or _cost_the_same(previous, holding)):
        return None
    return _ended(order, missing, previous.day)


def _cost_the_same(previous: PreviousDay, holding: Holding | None) -> bool:
    """Whether the average cost is unchanged, which a purchase moves and a sale does not (wire, holdings: likely)."""
    return holding is not None and previous.average is not None and holding.average_price == previous.average


def _ended(order: Order, missing: int, day: date) -> Sighting:
    filled = order.filled + missing
    value = missing * order.price
    text = f"by the holdings after {day:%d %b}: {missing} of {order.remainder} shares were sold"
    status = OrderStatus.EXECUTED if filled == order.quantity else OrderStatus.LAPSED
    if order.broker_order_id is None and filled == order.filled:
        status = OrderStatus.CANCELLED
    before = order.filled * (order.execution_price or order.price)
    price = (before + value) / filled if filled else None
    after = replace(order, status=status, filled=filled, execution_price=price, reason=Reason.SETTLED, reason_text=text)
    return Sighting(order, after, missing, value)
