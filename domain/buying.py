"""What to do about one requested buy: send it, wait, or say why it cannot be."""

from dataclasses import dataclass, replace
from decimal import Decimal

from domain.book import Instrument
from domain.market import Phase, round_down_to_tick
from domain.models import Order
from domain.orders import LIVE, OrderStatus, Reason, SendOutcome, Side
from domain.steps import Abandon, Circumstances, Resend, Wait


@dataclass(frozen=True, slots=True)
class Buy:
    """Send a requested buy under a new tag."""

    order: Order
    symbol: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Deny:
    """End a requested buy here; the broker never hears of it."""

    order: Order
    reason: Reason
    text: str


def plan_buy(
    order: Order, instrument: Instrument | None, sells: tuple[Order, ...], now: Circumstances
) -> Buy | Deny | Resend | Abandon | Wait:
    """The next step for a buy. A price between two ticks is rounded down: never pay more than was asked."""
    if order.status is OrderStatus.SUBMITTING:
        return _unsent(order, now)
    if order.status is not OrderStatus.REQUESTED or now.phase is not Phase.OPEN or now.halted is not None:
        return Wait()
    if now.in_auction and instrument is not None and instrument.auction:
        return Wait()
    if instrument is None:
        return Deny(order, Reason.UNKNOWN_SYMBOL, f"{order.wire_symbol} is not in today's instrument file.")
    return _checked(replace(order, price=round_down_to_tick(order.price, instrument.tick)), instrument, sells)


def _unsent(order: Order, now: Circumstances) -> Resend | Abandon | Wait:
    outcome = order.last_send.outcome if order.last_send else None
    blocked = now.phase is not Phase.OPEN or now.halted is not None or order.trading_day != now.day
    if outcome is SendOutcome.NOT_SENT and blocked and not order.doubted:
        return Abandon(order, now.halted or "the market is closed")
    if blocked or outcome not in (SendOutcome.NOT_SENT, SendOutcome.ABSENT):
        return Wait()
    return Resend(order, order.quantity, order.price)


def _checked(order: Order, instrument: Instrument, sells: tuple[Order, ...]) -> Buy | Deny:
    if order.quantity % instrument.lot:
        return Deny(order, Reason.ODD_LOT, f"quantity={order.quantity} is not a multiple of the lot {instrument.lot}")
    if instrument.freeze_quantity and order.quantity > instrument.freeze_quantity:
        text = f"quantity={order.quantity}, freeze_quantity={instrument.freeze_quantity}"
        return Deny(order, Reason.FREEZE_QUANTITY, text)
    return _priced(order, instrument) or _crossing(order, sells) or Buy(order, instrument.symbol, order.price)


def _priced(order: Order, instrument: Instrument) -> Deny | None:
    if instrument.band_high is not None and order.price > instrument.band_high:
        return Deny(order, Reason.PRICE_ABOVE_BAND, f"price={order.price}, band_high={instrument.band_high}")
    low = instrument.band_low if instrument.band_low is not None else instrument.tick
    if order.price < low:
        return Deny(order, Reason.PRICE_BELOW_BAND, f"price={order.price}, band_low={low}")
    return None


def _crossing(order: Order, sells: tuple[Order, ...]) -> Deny | None:
    """The exchange cancels a sell that would meet its own owner's buy (self-trade prevention, NSE 17071)."""
    for sell in sells:
        if sell.side is Side.SELL and sell.status in LIVE and sell.symbol == order.symbol and sell.price <= order.price:
            text = f"price={order.price} would meet the account's own sell {sell.id} at {sell.price}"
            return Deny(order, Reason.REJECTED, text)
    return None
