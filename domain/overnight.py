"""What a morning's holdings prove: whether the exchange changed a quantity, and how yesterday's order ended.

Kotak documents neither whether shares bought yesterday show in the holdings before they are settled, nor whether those
sold yesterday have left them, so that both ways of counting explain a figure. Of two stories neither is proven.
"""

from dataclasses import dataclass, replace
from datetime import date

from domain.book import Holding
from domain.models import Order, Position, PreviousDay
from domain.orders import OrderStatus, Reason, Side
from domain.sightings import Sighting


@dataclass(frozen=True, slots=True)
class Morning:
    """The holding of a symbol as two equal reads said; `ours`: shares of ours overnight, `sold`: sold since by anybody;
    `follows`: the previous figure is of the session just before."""

    symbol: str
    holding: Holding | None
    ours: int
    sold: int
    follows: bool

    @property
    def quantity(self) -> int:
        """Shares in the account, as shown."""
        return self.holding.quantity if self.holding else 0


def unexplained(previous: PreviousDay, morning: Morning) -> str | None:
    """Why a change overnight is not explained by what was traded: a split, bonus or demerger? None when it is.

    After days without a figure the owner may have traded what he liked; then only shares of ours that are gone count.
    """
    shown = morning.quantity
    settled = {previous.expected + late - early for late in (0, previous.sold) for early in (0, previous.bought)}
    if shown in settled | {figure - morning.sold for figure in settled}:
        return None
    if not morning.follows and shown + morning.sold >= morning.ours:
        return None
    return (
        f"holdings={shown}, expected={previous.expected} after {previous.day:%d %b}, ours={morning.ours}:"
        f" what was traded does not explain the change of {morning.symbol} overnight"
    )


def ended_by_holdings(order: Order, position: Position, previous: PreviousDay, morning: Morning) -> Sighting | None:
    """How a sell of an earlier day ended, told by the shares that are left; None where more than one story fits.

    Told only in an account without shares of its owner in the symbol, for the session just before, where nothing was
    bought and all that is held can be sold.
    """
    holding = morning.holding
    overnight = position.quantity + previous.sold_by_us + previous.removed - previous.bought_by_us
    alone = previous.total == overnight and previous.bought == 0 and previous.sold == previous.sold_by_us
    whole = holding is None or holding.sellable == holding.quantity
    missing = position.quantity - morning.quantity
    if not (alone and whole and morning.follows and previous.day == order.trading_day and order.side is Side.SELL):
        return None
    if morning.sold or not 0 <= missing <= order.remainder:
        return None
    return _ended(order, missing, previous.day)


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
