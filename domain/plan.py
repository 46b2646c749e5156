"""What should rest for one position, decided from rows alone: the heart of the service, a pure function.

The answer is one step at a time: a replacement is a cancel now and a place in a later cycle, when the book has
confirmed how much of the old order filled.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from domain.book import Instrument
from domain.errors import BadInput
from domain.exits import exit_price, parse_exit_rule
from domain.market import Phase
from domain.models import Order, Position
from domain.orders import LIVE, OrderStatus, Reason, SendKind, SendOutcome
from domain.steps import Abandon, Cancel, Circumstances, Hold, Modify, Place, Resend, Step, Wait

MOST_TRIES = 3
"""Rejected sells of one position on one day before a human has to look (market practice: cap, never loop)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The one sell that should rest."""

    symbol: str
    quantity: int
    price: Decimal
    reason: Reason | None = None
    text: str = ""


def plan_sell(position: Position, instrument: Instrument | None, orders: tuple[Order, ...], now: Circumstances) -> Step:
    """The next step for a position, given its sells of today and all that are still live, oldest first."""
    live = next((order for order in orders if order.status in LIVE), None)
    wanted = _wanted(position, instrument, now)
    if live is not None:
        return _with_live(live, wanted, position, now)
    held = _held(position, orders, now)
    if held is not None or isinstance(wanted, Hold):
        return held or _hold(wanted)
    return Place(position, wanted.symbol, wanted.quantity, wanted.price, wanted.reason, wanted.text)


def _hold(wanted: "Wanted | Hold") -> Hold:
    assert isinstance(wanted, Hold)
    return wanted


def _wanted(position: Position, instrument: Instrument | None, now: Circumstances) -> "Wanted | Hold":
    if instrument is None:
        symbol = position.placed_symbol or position.symbol
        return Hold(Reason.UNKNOWN_SYMBOL, f"{symbol} is not in today's instrument file of the NSE cash segment.")
    try:
        rule = parse_exit_rule(now.user.exit_rule if position.exit_rule is None else position.exit_rule)
    except BadInput as error:
        return Hold(Reason.BAD_RULE, str(error))
    price = exit_price(rule, position.avg_price, instrument.tick)
    return _outside_band(price, instrument) or _sized(position, instrument, price)


def _outside_band(price: Decimal, instrument: Instrument) -> Hold | None:
    """An order outside the day's band never reaches the exchange, so it is not sent (NSE price bands)."""
    if instrument.band_high is not None and price > instrument.band_high:
        text = f"price={price}, band_high={instrument.band_high}: placeable up to {instrument.band_high} today"
        return Hold(Reason.PRICE_ABOVE_BAND, text)
    if instrument.band_low is not None and price < instrument.band_low:
        text = f"price={price}, band_low={instrument.band_low}: placeable from {instrument.band_low} today"
        return Hold(Reason.PRICE_BELOW_BAND, text)
    return None


def _sized(position: Position, instrument: Instrument, price: Decimal) -> "Wanted | Hold":
    quantity = position.quantity
    if quantity % instrument.lot:
        return Hold(Reason.ODD_LOT, f"quantity={quantity} is not a multiple of the lot {instrument.lot}")
    if instrument.freeze_quantity and quantity > instrument.freeze_quantity:
        most = instrument.freeze_quantity - instrument.freeze_quantity % instrument.lot
        limit = instrument.freeze_quantity
        text = f"{most} of {quantity} resting: one order may carry {limit}; the next follows its fill"
        return Wanted(instrument.symbol, most, price, Reason.FREEZE_QUANTITY, text)
    return Wanted(instrument.symbol, quantity, price)


def _closed(now: Circumstances) -> Hold | None:
    if now.phase is Phase.OPEN:
        return None
    return Hold(Reason.MARKET_CLOSED, now.phase_text or now.phase.value)


def _held(position: Position, orders: tuple[Order, ...], now: Circumstances) -> Hold | None:
    """Why nothing new may be sent for a position without a live order."""
    symbol = position.placed_symbol or position.symbol
    if position.reason == Reason.BREACHED:
        return Hold(Reason.BREACHED, position.reason_text or "")
    closed = _closed(now)
    if closed:
        return closed
    if now.halted is not None:
        return Hold(Reason.HALTED, now.halted)
    if symbol in now.orphans:
        return Hold(Reason.ORPHAN_ORDER, f"An order of this installation for {symbol} is at the broker without a row.")
    if symbol in now.unsettled_sales:
        text = f"{symbol} was sold outside this service and the account's own shares are not known yet."
        return Hold(Reason.MANUAL_SALE, text)
    return _held_by_history([order for order in orders if order.trading_day == now.day], now)


def _held_by_history(today: list[Order], now: Circumstances) -> Hold | None:
    last = today[-1] if today else None
    if last is None:
        return None
    if last.status is OrderStatus.CANCELLED and last.reason == Reason.CANCELLED_BY_USER:
        return Hold(Reason.CANCELLED_BY_USER, f"order {last.broker_order_id} was cancelled outside this service")
    return _rejected(last, today, now) if last.status is OrderStatus.REJECTED else None


def _rejected(last: Order, today: list[Order], now: Circumstances) -> Hold | None:
    """Tried again after a pause that grows with each rejection, and only so often."""
    tries = sum(order.status is OrderStatus.REJECTED for order in today)
    if tries >= MOST_TRIES:
        return Hold(Reason.REJECTED, f"{tries} rejections today, the last: {last.reason_text}")
    again = (last.status_at or now.at) + timedelta(seconds=now.retry_after * tries)
    if now.at < again:
        return Hold(Reason.RETRYING, f"rejected {tries} of {MOST_TRIES} times, next try soon: {last.reason_text}")
    return None


def _with_live(live: Order, wanted: "Wanted | Hold", position: Position, now: Circumstances) -> Step:
    if live.trading_day is not None and live.trading_day < now.day:
        text = f"order {live.id} of {live.trading_day:%d %b} never got a definite end; settle it against the broker"
        return Hold(Reason.UNSETTLED_YESTERDAY, text)
    if live.status is OrderStatus.SUBMITTING:
        return _unsent(live, wanted, position, now)
    if live.status is not OrderStatus.OPEN:
        return Wait()
    if not position.open or live.remainder > position.quantity:
        return Cancel(live, f"remainder={live.remainder}, position={position.quantity if position.open else 0}")
    if _closed(now) or now.halted is not None or isinstance(wanted, Hold) or position.reason == Reason.BREACHED:
        return Wait()
    return _adjusted(live, wanted)


def _unsent(live: Order, wanted: "Wanted | Hold", position: Position, now: Circumstances) -> Step:
    """A SUBMITTING order may be sent again only once its last send has a definite answer, and be given up only if
    no send of it was ever in doubt: a tag that may have reached the broker is not replaced by a new one."""
    outcome = live.last_send.outcome if live.last_send else None
    blocked = _closed(now) is not None or now.halted is not None or isinstance(wanted, Hold) or not position.open
    if outcome is SendOutcome.NOT_SENT and (blocked or _differs(live, wanted)) and not live.doubted:
        return Abandon(live, live.last_send.text or "" if live.last_send else "")
    if outcome not in (SendOutcome.NOT_SENT, SendOutcome.ABSENT) or blocked or isinstance(wanted, Hold):
        return Wait()
    return Resend(live, min(live.quantity, wanted.quantity), wanted.price)


def _differs(live: Order, wanted: "Wanted | Hold") -> bool:
    return isinstance(wanted, Wanted) and (live.quantity, live.price) != (wanted.quantity, wanted.price)


def _adjusted(live: Order, wanted: Wanted) -> Step:
    if live.remainder < wanted.quantity and wanted.reason is not Reason.FREEZE_QUANTITY:
        return Cancel(live, f"remainder={live.remainder}, wanted={wanted.quantity}")
    if live.price == wanted.price:
        return Wait(wanted.reason, wanted.text)
    if live.filled or _modified_in_vain(live):
        return Cancel(live, f"price={live.price}, wanted={wanted.price}")
    return Modify(live, wanted.price)


def _modified_in_vain(live: Order) -> bool:
    send = live.last_send
    return send is not None and send.kind is SendKind.MODIFY and send.price != live.price
