"""What a live sell is worth as cover, from what was last seen of it; pure rules, one for each order status."""

from dataclasses import dataclass
from datetime import datetime

from domain.coverage import CoverState
from domain.market import TradingDay
from domain.models import Order, Position, Send
from domain.orders import OrderStatus, Reason, SendOutcome
from domain.reasons import NOBODY_LOOKS, NOT_ENABLED, NOT_SHOWN
from domain.vantage import Moment, Service, clock_time, last_book, nobody


@dataclass(frozen=True, slots=True)
class Verdict:
    """One state with its reason, words and beginning; `advice` where the reason's own does not fit."""

    state: CoverState
    reason: Reason | None
    text: str
    since: datetime | None
    advice: str = ""


def unprotected(reason: Reason, text: str, since: datetime | None) -> Verdict:
    """Shares without an order."""
    return Verdict(CoverState.UNPROTECTED, reason, text, since)


def placing(text: str, since: datetime | None, reason: Reason | None = None) -> Verdict:
    """On its way."""
    return Verdict(CoverState.PLACING, reason, text, since)


def in_doubt(reason: Reason, text: str, since: datetime | None) -> Verdict:
    """Nobody knows."""
    return Verdict(CoverState.IN_DOUBT, reason, text, since)


def certainly_unsent(order: Order) -> bool:
    """Whether nothing of a SUBMITTING order can be at the broker."""
    send = order.last_send
    unsent = send is not None and send.outcome is SendOutcome.NOT_SENT
    return order.status is OrderStatus.SUBMITTING and unsent and not order.doubted


def judge(position: Position, order: Order, told: Verdict | None, service: Service, moment: Moment) -> Verdict:
    """The state of a position with this live sell; `told` is what the position says of itself."""
    if order.trading_day and not _of_today(order, moment):
        text = f"order {order.id} of {order.trading_day:%d %b} never got a definite end"
        return unprotected(Reason.UNSETTLED_YESTERDAY, text, order.status_at)
    match order.status:
        case OrderStatus.SUBMITTING:
            return _submitting(order, service, moment)
        case OrderStatus.ACCEPTED:
            return _accepted(order, service, moment)
        case OrderStatus.CANCELLING:
            return _cancelling(order, service, moment)
    if not moment.within(order.seen_at, moment.tempo.fresh):
        return _stale(_last_seen(order), order.seen_at or order.status_at, service, moment)
    return _open(position, order, told)


def resting(order: Order | None, moment: Moment) -> int:
    """Shares that rest as far as is known; a day's orders do not outlive its close."""
    if order is None or not moment.open or order.status not in (OrderStatus.OPEN, OrderStatus.CANCELLING):
        return 0
    return max(0, order.remainder) if _of_today(order, moment) else 0


def _of_today(order: Order, moment: Moment) -> bool:
    session = moment.session
    return isinstance(session, TradingDay) and (order.trading_day is None or order.trading_day >= session.day)


def _submitting(order: Order, service: Service, moment: Moment) -> Verdict:
    send = order.last_send
    if certainly_unsent(order):
        return placing(f"not sent yet: {send.text if send and send.text else 'the next cycle tries'}", order.status_at)
    if send is not None and send.outcome is None and moment.within(send.send_by, moment.tempo.patience):
        return placing(f"sent under tag {order.tag}, no answer yet", send.created_at)
    since = send.created_at if send else order.status_at
    return in_doubt(Reason.UNKNOWN_SEND, _doubt(order, send, service, moment), since)


def _doubt(order: Order, send: Send | None, service: Service, moment: Moment) -> str:
    outcome = send.outcome or "unanswered" if send else "no send"
    words = f" ({send.text})" if send and send.text else ""
    look = f"every {moment.tempo.cycle:g} s" if service.serving else "when the user is served again"
    return f"tag {order.tag}: {outcome}{words}; next look at the order book: {look}"


def _accepted(order: Order, service: Service, moment: Moment) -> Verdict:
    if moment.within(order.status_at, moment.tempo.settling):
        return placing(f"accepted as {order.broker_order_id}, not in the order book yet", order.status_at)
    return _stale(f"accepted as {order.broker_order_id}, {_last_seen(order)}", order.status_at, service, moment)


def _cancelling(order: Order, service: Service, moment: Moment) -> Verdict:
    if moment.within(order.seen_at, moment.tempo.fresh):
        text = f"order {order.broker_order_id} is being cancelled to be replaced"
        return placing(text, order.status_at, Reason.REPLACING)
    return _stale(f"being cancelled, {_last_seen(order)}", order.seen_at or order.status_at, service, moment)


def _open(position: Position, order: Order, told: Verdict | None) -> Verdict:
    """An order that was seen lately. What the position says of itself is told even where all its shares rest."""
    rests = f"{order.remainder} of {position.quantity} shares rest"
    if order.remainder > position.quantity:
        text = f"the order is for {order.remainder} shares, {position.quantity} are held: it is being replaced"
        return placing(text, order.status_at, Reason.REPLACING)
    if order.remainder == position.quantity:
        at = f"{rests} at {order.price}"
        text, reason = (f"{at}; {told.text}", told.reason) if told else (at, None)
        return Verdict(CoverState.PROTECTED, reason, text, order.status_at)
    if told is None:
        return unprotected(Reason.PARTLY_COVERED, rests, order.status_at)
    return unprotected(told.reason or Reason.PARTLY_COVERED, f"{rests}; {told.text}", told.since)


def _stale(words: str, since: datetime | None, service: Service, moment: Moment) -> Verdict:
    """Not seen for too long: because nobody looks, because no book is read, or because the book does not show it."""
    if not service.serving:
        advice = NOBODY_LOOKS if service.enabled else NOT_ENABLED
        return Verdict(CoverState.IN_DOUBT, Reason.STALE_BOOK, f"{words}; {nobody(service)}", since, advice)
    if not moment.within(service.book_at, moment.tempo.fresh):
        text = f"{words}; {last_book(service)}; the tenant is {service.described}"
        return in_doubt(Reason.STALE_BOOK, text, since)
    text = f"{words}; the order book is read and does not show it, {last_book(service)}"
    return Verdict(CoverState.IN_DOUBT, Reason.STALE_BOOK, text, since, NOT_SHOWN)


def _last_seen(order: Order) -> str:
    return f"last seen in the order book {clock_time(order.seen_at)}" if order.seen_at else "never seen in a book"
