"""What one row of the broker's book means for one order of ours: a pure function, however the row was seen."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from domain.book import OrderReport, ReportedState
from domain.models import Order
from domain.orders import OrderStatus, Reason, SendKind, SendOutcome, Side

ENDED_UNFILLED = frozenset({OrderStatus.REJECTED, OrderStatus.CANCELLED, OrderStatus.LAPSED})
UNSEEN = ENDED_UNFILLED | {OrderStatus.SUBMITTING}
DONE = {Side.BUY: OrderStatus.ONGOING, Side.SELL: OrderStatus.EXECUTED}


@dataclass(frozen=True, slots=True)
class Sighting:
    """The order as it is now known; what filled since (shares, rupees); the doubt that ended; what must not be."""

    before: Order
    after: Order
    shares: int = 0
    value: Decimal = Decimal(0)
    settled: SendOutcome | None = None
    breach: str | None = None

    @property
    def changed(self) -> bool:
        """Whether anything but the time of the sighting is new."""
        return self.before != self.after or self.settled is not None

    @property
    def news(self) -> bool:
        """Whether the breach has not been told yet."""
        return self.breach is not None and self.breach != self.before.reason_text


@dataclass(frozen=True, slots=True)
class Look:
    """The circumstances of a read: `at` its beginning (UTC), whether the market had closed by its end, whether a send
    answered by silence may still be on its way, and the symbols whose closing auction has begun."""

    at: datetime
    market_closed: bool
    seconds_until_absent: float
    in_auction: frozenset[str] = frozenset()

    def too_late_for(self, order: Order) -> bool:
        """Whether the order's last send, had it arrived, would show in this read."""
        send = order.last_send
        return send is None or (self.at - send.send_by).total_seconds() >= self.seconds_until_absent


def sight(order: Order, report: OrderReport, look: Look) -> Sighting:
    """What the row changes. Fills only grow; an order ends only on what the row says; a breach hides nothing."""
    foreign = _foreign(order, report)
    if foreign:
        after = replace(order, broker_order_id=report.broker_order_id)
        return Sighting(order, _told(after, foreign), breach=foreign)
    filled = max(order.filled, report.filled)
    after = replace(
        order,
        broker_order_id=report.broker_order_id,
        quantity=report.quantity,
        filled=filled,
        execution_price=_average(report) if filled > order.filled else order.execution_price,
        absent_since=None,
        absent_reads=0,
        changed_by_owner=order.changed_by_owner or report.quantity < order.quantity,
    )
    after = _ended(_repriced(after, report, look), report, look)
    larger = _larger(order, report)
    if larger:
        after = _told(after, larger)
    value = _value(after) - _value(order)
    return Sighting(order, after, filled - order.filled, value, _settled(order, report, look), larger)


def _told(order: Order, breach: str) -> Order:
    return replace(order, reason=Reason.BREACHED, reason_text=breach)


def _foreign(order: Order, report: OrderReport) -> str | None:
    """A row that cannot be this order's, or makes no sense: nothing of it is taken over but its number."""
    ours, theirs = (order.wire_symbol, order.side), (report.symbol, report.side)
    if ours != theirs:
        return (
            f"BOOK_DIFFERS: the broker's order {report.broker_order_id} is {theirs[1]} {theirs[0]},"
            f" ours is {ours[1]} {ours[0]}"
        )
    if report.filled > report.quantity:
        return f"OVERFILLED: filled={report.filled}, quantity={report.quantity}"
    return None


def _larger(order: Order, report: OrderReport) -> str | None:
    if report.quantity <= order.quantity:
        return None
    return f"BOOK_DIFFERS: order {report.broker_order_id} has quantity={report.quantity}, ours={order.quantity}"


def _average(report: OrderReport) -> Decimal:
    return report.average_price or report.price


def _value(order: Order) -> Decimal:
    return order.filled * (order.execution_price or Decimal(0))


def _repriced(order: Order, report: OrderReport, look: Look) -> Order:
    """The book's price is the price. One that we asked for and does not show yet is waited for; one that no send of
    ours can have made is the owner's."""
    send = order.last_send
    if send is None or report.price == order.price or report.price <= 0:
        return order
    if send.kind is SendKind.MODIFY and not (report.price == send.price or look.too_late_for(order)):
        return order
    return replace(order, price=report.price, changed_by_owner=order.changed_by_owner or not order.price_moved)


def _settled(order: Order, report: OrderReport, look: Look) -> SendOutcome | None:
    """How a send in doubt turns out to have ended, now that the order is seen."""
    send = order.last_send
    if send is None or send.outcome not in (None, SendOutcome.UNKNOWN):
        return None
    if send.kind is SendKind.PLACE:
        return SendOutcome.FOUND
    took = _took(send.kind, send.price, report)
    if took:
        return SendOutcome.FOUND
    return SendOutcome.ABSENT if look.too_late_for(order) else None


def _took(kind: SendKind, price: Decimal | None, report: OrderReport) -> bool:
    if kind is SendKind.CANCEL:
        return report.state is ReportedState.CANCELLED
    return report.price == price


def _ended(order: Order, report: OrderReport, look: Look) -> Order:
    match report.state:
        case ReportedState.COMPLETE:
            return _complete(order)
        case ReportedState.REJECTED:
            return _stopped(order, OrderStatus.REJECTED, Reason.REJECTED, report.text)
        case ReportedState.CANCELLED:
            return _cancelled(order, report, look)
        case ReportedState.OPEN:
            return _resting(order, look)
        case ReportedState.PENDING:
            return replace(order, status=OrderStatus.ACCEPTED) if order.status in UNSEEN else order


def _complete(order: Order) -> Order:
    if order.remainder > 0:
        return order
    return replace(order, status=DONE[order.side])


def _stopped(order: Order, status: OrderStatus, reason: Reason, text: str) -> Order:
    """Ended with shares left: what was bought is held all the same."""
    if order.side is Side.BUY and order.filled:
        status = OrderStatus.ONGOING
    elif order.remainder == 0:
        return _complete(order)
    return replace(order, status=status, reason=reason, reason_text=text)


def _cancelled(order: Order, report: OrderReport, look: Look) -> Order:
    if order.cancel_asked or order.status is OrderStatus.CANCELLING:
        return _stopped(order, OrderStatus.CANCELLED, Reason.CANCELLED_BY_US, report.text)
    if look.market_closed:
        return _stopped(order, OrderStatus.LAPSED, Reason.END_OF_DAY, report.text)
    if report.symbol in look.in_auction:
        return _stopped(order, OrderStatus.LAPSED, Reason.CLOSING_AUCTION, report.text)
    return _stopped(order, OrderStatus.CANCELLED, Reason.CANCELLED_BY_USER, report.text)


def _resting(order: Order, look: Look) -> Order:
    """Seen open; a cancel that should have shown by now did not take, and may be asked again."""
    if order.status is OrderStatus.CANCELLING and not look.too_late_for(order):
        return order
    return replace(order, status=OrderStatus.OPEN)


def revived(order: Order, report: OrderReport) -> bool:
    """Whether an order that ended here is shown live by the broker after all."""
    return order.status in ENDED_UNFILLED and report.state in (ReportedState.OPEN, ReportedState.PENDING)
