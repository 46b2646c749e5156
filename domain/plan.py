"""What should rest for one position, decided from rows alone: the heart of the service, a pure function.

The answer is one step at a time: a replacement is a cancel now and a place in a later cycle, when the book has
confirmed how much of the old order filled.
"""

from datetime import timedelta

from domain.book import Instrument
from domain.market import Phase
from domain.models import Order, Position
from domain.orders import LIVE, OrderStatus, Reason, SendKind, SendOutcome
from domain.steps import Abandon, Cancel, Circumstances, Hold, Modify, Place, Resend, Step, Wait
from domain.wanted import Wanted, traded_symbol, wanted_sell

MOST_TRIES = 3
"""Rejected sells of one position on one day before a human has to look (market practice: cap, never loop)."""


def plan_sell(position: Position, instrument: Instrument | None, orders: tuple[Order, ...], now: Circumstances) -> Step:
    """The next step for a position, given its sells of today and all that are still live, oldest first."""
    live = next((order for order in orders if order.status in LIVE), None)
    wanted = wanted_sell(position, instrument, now.user)
    blocked = _blocked(position, traded_symbol(position, instrument), now)
    if live is not None:
        return _with_live(live, wanted, position, blocked, now)
    if not position.open:
        return Wait()
    held = blocked or _held_by_history([order for order in orders if order.trading_day == now.day], now)
    if held is not None:
        return held
    if isinstance(wanted, Hold):
        return wanted
    return Place(position, wanted.symbol, wanted.quantity, wanted.price, wanted.reason, wanted.text)


def _closed(now: Circumstances) -> Hold | None:
    if now.phase is Phase.OPEN:
        return None
    return Hold(Reason.MARKET_CLOSED, now.phase_text or now.phase.value)


def _blocked(position: Position, symbol: str, now: Circumstances) -> Hold | None:
    """Why nothing may be sent for a position now, be it new or for the second time."""
    if position.reason == Reason.BREACHED:
        return Hold(Reason.BREACHED, position.reason_text or "")
    closed = _closed(now)
    if closed:
        return closed
    if now.halted is not None:
        return Hold(Reason.HALTED, now.halted)
    if symbol in now.leaving:
        return _behind(now.leaving[symbol], symbol, now)
    if symbol in now.orphans:
        return Hold(Reason.ORPHAN_ORDER, f"An order of this installation for {symbol} is at the broker without a row.")
    if symbol in now.unsettled_sales:
        text = f"{symbol} was sold outside this service and the account's own shares are not known yet."
        return Hold(Reason.MANUAL_SALE, text)
    return None


def _behind(order: Order, symbol: str, now: Circumstances) -> Hold:
    """Nothing may rest beside an order of an earlier position of the symbol."""
    text = f"order {order.id} of an earlier position for {symbol} is {order.status} and has not ended"
    if order.trading_day is not None and order.trading_day < now.day:
        return Hold(Reason.UNSETTLED_YESTERDAY, f"{text}; settle it against the broker")
    return Hold(Reason.UNKNOWN_SEND if order.status is OrderStatus.SUBMITTING else Reason.REPLACING, text)


def _held_by_history(today: list[Order], now: Circumstances) -> Hold | None:
    """Why nothing new may be sent after what became of the day's earlier orders."""
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


def _with_live(
    live: Order, wanted: Wanted | Hold, position: Position, blocked: Hold | None, now: Circumstances
) -> Step:
    if _certainly_unsent(live) and live.trading_day != now.day:
        return Abandon(live, "its day is over")
    if live.trading_day is not None and live.trading_day < now.day:
        text = f"order {live.id} of {live.trading_day:%d %b} never got a definite end; settle it against the broker"
        return Hold(Reason.UNSETTLED_YESTERDAY, text)
    if live.status is OrderStatus.SUBMITTING:
        return _unsent(live, wanted, position, blocked)
    if live.status is not OrderStatus.OPEN:
        return waiting_for(live)
    if not position.open or live.remainder > position.quantity:
        return Cancel(live, f"remainder={live.remainder}, position={position.quantity if position.open else 0}")
    if isinstance(wanted, Wanted) and live.wire_symbol != wanted.symbol:
        return Cancel(live, f"symbol={live.wire_symbol}, wanted={wanted.symbol}")
    if isinstance(wanted, Hold) and wanted.price is not None and live.price < wanted.price:
        return Cancel(live, f"price={live.price}, wanted={wanted.price}: never sold for less than the rule asks")
    if _closed(now) or now.halted is not None or isinstance(wanted, Hold) or position.reason == Reason.BREACHED:
        return Wait(wanted.reason, wanted.text) if isinstance(wanted, Hold) else Wait()
    return _adjusted(live, wanted)


def _unsent(live: Order, wanted: Wanted | Hold, position: Position, blocked: Hold | None) -> Step:
    """A SUBMITTING order may be sent again only once its last send has a definite answer, and be given up only if
    no send of it was ever in doubt: a tag that may have reached the broker is not replaced by a new one."""
    if live.last_send is None:
        return Hold(Reason.UNKNOWN_SEND, f"order {live.id} is SUBMITTING without a recorded send; it was not made here")
    stop = wanted if isinstance(wanted, Hold) else blocked
    if _certainly_unsent(live) and (stop or not position.open or _differs(live, wanted)):
        return Abandon(live, live.last_send.text or "")
    if live.last_send.outcome is SendOutcome.REFUSED:
        text = f"refused ({live.last_send.text}), while an earlier send of the same tag was never answered"
        return Hold(Reason.UNKNOWN_SEND, text)
    if live.last_send.outcome not in (SendOutcome.NOT_SENT, SendOutcome.ABSENT):
        return Wait()
    if stop or isinstance(wanted, Hold) or not position.open:
        return stop or Wait()
    return Resend(live, min(live.quantity, wanted.quantity), wanted.price)


def waiting_for(live: Order) -> Wait:
    """An answer is on its way; one that has not come several times is a reason."""
    send = live.last_send
    if send is None or send.kind is not SendKind.CANCEL or send.attempt < MOST_TRIES:
        return Wait()
    return Wait(
        Reason.REPLACING, f"{send.attempt} cancels of order {live.broker_order_id}, {live.remainder} still rest"
    )


def _certainly_unsent(live: Order) -> bool:
    send = live.last_send
    unsent = send is not None and send.outcome is SendOutcome.NOT_SENT
    return live.status is OrderStatus.SUBMITTING and unsent and not live.doubted


def _differs(live: Order, wanted: Wanted | Hold) -> bool:
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
