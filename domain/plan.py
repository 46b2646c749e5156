"""What should rest for one position, decided from rows alone: the heart of the service, a pure function.

The answer is one step at a time: a replacement is a cancel now and a place in a later cycle, when the book has
confirmed how much of the old order filled.
"""

from datetime import timedelta

from domain.book import Instrument
from domain.history import MOST_TRIES, held_by_history
from domain.market import Phase
from domain.models import Order, Position
from domain.orders import LIVE, OrderStatus, OwnerPolicy, Reason, SendKind, SendOutcome
from domain.steps import Abandon, Cancel, Circumstances, Hold, Modify, Place, Resend, Step, Wait
from domain.wanted import Wanted, traded_symbol, wanted_sell

FROZEN = frozenset({Reason.BREACHED, Reason.CORPORATE_ACTION})
"""What a position says of itself until a person has looked; nothing is sent for it."""
STANDING = frozenset({Reason.MARKET_CLOSED, Reason.CLOSING_AUCTION, Reason.HALTED, *FROZEN})
"""Why a resting order is left as it is without the position having to say so."""


def plan_sell(position: Position, instrument: Instrument | None, orders: tuple[Order, ...], now: Circumstances) -> Step:
    """The next step for a position, given its sells of today and all that are still live, oldest first."""
    live = next((order for order in orders if order.status in LIVE), None)
    exiting = now.exits.get(position.id)
    wanted = wanted_sell(position, instrument, now.user, exiting, now.free.get(position.id))
    blocked = _blocked(position, instrument, now)
    if live is not None:
        return _with_live(live, wanted, position, blocked, instrument, now)
    if not position.open:
        return Wait()
    today = [order for order in orders if order.trading_day == now.day]
    held = blocked or held_by_history(today, now, exiting, instrument.band_at if instrument else None)
    before = now.phase is Phase.BEFORE and held is not None and held.reason is Reason.MARKET_CLOSED
    if isinstance(wanted, Hold) and (held is None or before):
        return wanted
    if held is not None:
        return held
    assert isinstance(wanted, Wanted)
    rule = now.user.exit_rule if position.exit_rule is None else position.exit_rule
    return Place(position, wanted.symbol, wanted.quantity, wanted.price, wanted.reason, wanted.text, rule)


def _closed(now: Circumstances, instrument: Instrument | None) -> Hold | None:
    if now.phase is not Phase.OPEN:
        return Hold(Reason.MARKET_CLOSED, now.phase_text or now.phase.value)
    if now.in_auction and instrument is not None and instrument.auction:
        text = f"the closing auction of {instrument.symbol} has begun; no request is sent before the next session"
        return Hold(Reason.CLOSING_AUCTION, text)
    return None


def _blocked(position: Position, instrument: Instrument | None, now: Circumstances) -> Hold | None:
    """Why nothing may be sent for a position now, be it new or for the second time."""
    symbol = traded_symbol(position, instrument)
    if position.reason in FROZEN:
        return Hold(Reason(position.reason), position.reason_text or "")
    closed = _closed(now, instrument)
    if now.halted is not None and now.phase in (Phase.BEFORE, Phase.OPEN):
        return Hold(Reason.HALTED, now.halted)
    if closed:
        return closed
    if symbol in now.leaving:
        return _behind(now.leaving[symbol], symbol, now)
    if symbol in now.orphans:
        return Hold(Reason.ORPHAN_ORDER, f"An order of this installation for {symbol} is at the broker without a row.")
    if symbol in now.unsettled_sales:
        text = f"{symbol} was sold or is offered by hand, and the account's own shares are not known yet."
        return Hold(Reason.MANUAL_SALE, text)
    return None


def _behind(order: Order, symbol: str, now: Circumstances) -> Hold:
    """Nothing may rest beside an order of an earlier position of the symbol."""
    text = f"order {order.id} of an earlier position for {symbol} is {order.status} and has not ended"
    if order.trading_day is not None and order.trading_day < now.day:
        return Hold(Reason.UNSETTLED_YESTERDAY, f"{text}; settle it against the broker")
    return Hold(Reason.UNKNOWN_SEND if order.status is OrderStatus.SUBMITTING else Reason.REPLACING, text)


def _with_live(
    live: Order,
    wanted: Wanted | Hold,
    position: Position,
    blocked: Hold | None,
    instrument: Instrument | None,
    now: Circumstances,
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
    unwanted = _unwanted(live, wanted, position, now)
    if unwanted is not None:
        return Wait() if _closed(now, instrument) else _cancelled(live, unwanted, now)
    if isinstance(wanted, Hold):
        return Wait(wanted.reason, wanted.text)
    if blocked is None:
        return _adjusted(live, wanted, position, now)
    if blocked.reason is Reason.HALTED and isinstance(_adjusted(live, wanted, position, now), Modify | Cancel):
        waits = f"{wanted.quantity} at {wanted.price} waits, {live.remainder} at {live.price} rest"
        return Wait(Reason.HALTED, f"{blocked.text}; {waits}")
    return Wait() if blocked.reason in STANDING else Wait(blocked.reason, blocked.text)


def _unwanted(live: Order, wanted: Wanted | Hold, position: Position, now: Circumstances) -> str | None:
    """Why a resting order must go, whatever else holds: it is for more than may be sold, or for less than was asked."""
    changed = isinstance(wanted, Hold) and wanted.reason is Reason.CORPORATE_ACTION
    if changed or position.reason == Reason.CORPORATE_ACTION:
        return "a corporate action: quantity and price are not known until somebody has confirmed the ratio"
    if not position.open or live.remainder > position.quantity:
        return f"remainder={live.remainder}, position={position.quantity if position.open else 0}"
    if now.halted is not None and now.halt_cancels:
        return f"halted: {now.halted}"
    if isinstance(wanted, Wanted):
        if live.wire_symbol != wanted.symbol:
            return f"symbol={live.wire_symbol}, wanted={wanted.symbol}"
        too_many = wanted.reason is Reason.NOT_FREE and live.remainder > wanted.quantity
        return f"remainder={live.remainder}, {wanted.text}" if too_many else None
    if wanted.reason is Reason.NOT_FREE:
        return f"remainder={live.remainder}, {wanted.text}"
    if wanted.price is not None and live.price < wanted.price:
        return f"price={live.price}, wanted={wanted.price}: never sold for less than the rule asks"
    return None


def _cancelled(live: Order, because: str, now: Circumstances) -> Step:
    """A cancel; one that was asked for in vain is asked for again after a pause that grows with each."""
    send = live.last_send
    if send is None or send.kind is not SendKind.CANCEL:
        return Cancel(live, because)
    again = (send.outcome_at or send.created_at) + timedelta(seconds=now.retry_after * (send.attempt - 1))
    return Cancel(live, because) if now.at >= again else waiting_for(live)


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
    text = (
        f"{send.attempt} cancels of order {live.broker_order_id}, {live.remainder} still rest: {send.text or 'no word'}"
    )
    return Wait(Reason.CANCEL_REFUSED, text)


def _certainly_unsent(live: Order) -> bool:
    send = live.last_send
    unsent = send is not None and send.outcome is SendOutcome.NOT_SENT
    return live.status is OrderStatus.SUBMITTING and unsent and not live.doubted


def _differs(live: Order, wanted: Wanted | Hold) -> bool:
    return isinstance(wanted, Wanted) and (live.quantity, live.price) != (wanted.quantity, wanted.price)


def _adjusted(live: Order, wanted: Wanted, position: Position, now: Circumstances) -> Step:
    """What rests is sound; bring it to what is wanted, unless the owner wanted it otherwise and is respected."""
    exiting = position.id in now.exits
    if live.changed_by_owner and now.user.owner_policy != OwnerPolicy.REPROTECT and not exiting:
        return _as_the_owner_wants(live, wanted)
    if live.remainder < wanted.quantity and wanted.reason is not Reason.FREEZE_QUANTITY:
        return _cancelled(live, f"remainder={live.remainder}, wanted={wanted.quantity}", now)
    if live.price == wanted.price:
        return Wait(wanted.reason, wanted.text)
    if live.filled or _modified_in_vain(live):
        return _cancelled(live, f"price={live.price}, wanted={wanted.price}", now)
    return Modify(live, wanted.price)


def _as_the_owner_wants(live: Order, wanted: Wanted) -> Wait:
    if (live.remainder, live.price) == (wanted.quantity, wanted.price):
        return Wait(wanted.reason, wanted.text)
    text = f"the owner made it {live.remainder} at {live.price}; the rule wants {wanted.quantity} at {wanted.price}"
    return Wait(Reason.CHANGED_BY_USER, text)


def _modified_in_vain(live: Order) -> bool:
    send = live.last_send
    return send is not None and send.kind is SendKind.MODIFY and send.price != live.price
