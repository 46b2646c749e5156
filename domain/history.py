"""What became of a position's earlier orders of the day, and whether it lets a new one be sent."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.models import Exit, Order
from domain.orders import OrderStatus, OwnerPolicy, Reason
from domain.rejections import Kind, kind_of, rule_of
from domain.steps import Circumstances, Hold

MOST_TRIES = 3
"""Rejected sells of one position on one day before a human has to look (market practice: cap, never loop)."""


def held_by_history(
    today: Sequence[Order], now: Circumstances, exiting: Exit | None = None, band_at: datetime | None = None
) -> Hold | None:
    """Why nothing new may be sent after what became of the day's earlier orders, oldest first.

    What ended or was refused because of the band waits until a quote has shown the band (`band_at`, UTC). An exit that
    was asked for after the last order's end is a person's word: it lifts the hold.
    """
    last = today[-1] if today else None
    if last is None or (exiting is not None and not _carried(exiting, last)):
        return None
    match last.status, last.reason:
        case OrderStatus.CANCELLED, Reason.CANCELLED_BY_USER:
            return _cancelled_by_owner(last, today, now)
        case OrderStatus.REJECTED, _:
            return _rejected(last, today, now, band_at)
        case OrderStatus.LAPSED, Reason.BAND_SLID if band_at is None:
            return Hold(Reason.BAND_SLID, f"{last.reason_text}; the band as it is now is being asked for")
        case OrderStatus.LAPSED, Reason.CLOSING_AUCTION:
            text = f"order {last.broker_order_id} lapsed in the closing auction; a new one follows in the next session"
            return Hold(Reason.CLOSING_AUCTION, text)
    return None


def _carried(exiting: Exit, order: Order) -> bool:
    """Whether something was sent for the order since the exit was asked for."""
    return order.last_send is not None and order.last_send.id > (exiting.after_send or 0)


def _cancelled_by_owner(last: Order, today: Sequence[Order], now: Circumstances) -> Hold | None:
    """Respected for the day; where the user's policy says so it is placed again, and never fought over."""
    times = sum(order.reason == Reason.CANCELLED_BY_USER for order in today)
    if now.user.owner_policy == OwnerPolicy.REPROTECT and times < MOST_TRIES:
        return None
    again = f", {times} times today" if times > 1 else ""
    return Hold(Reason.CANCELLED_BY_USER, f"order {last.broker_order_id} was cancelled outside this service{again}")


def _rejected(last: Order, today: Sequence[Order], now: Circumstances, band_at: datetime | None) -> Hold | None:
    """By what the words mean; tried again after a pause that grows with each rejection, and only so often."""
    tries = sum(order.status is OrderStatus.REJECTED for order in today)
    kind, rule = kind_of(last.reason_text), rule_of(last.reason_text)
    means = f" ({rule.means})" if rule else ""
    newer = band_at is not None and last.status_at is not None and band_at > last.status_at
    if rule is not None and rule.band and newer and tries < MOST_TRIES:
        return None
    if kind is Kind.NOT_TODAY:
        return Hold(Reason.REJECTED_TODAY, f"not before the next session{means}: {last.reason_text}")
    if kind is Kind.HUMAN or tries >= MOST_TRIES:
        return Hold(Reason.REJECTED, f"{tries} rejections today{means}, the last: {last.reason_text}")
    again = (last.status_at or now.at) + timedelta(seconds=now.retry_after * tries)
    if now.at < again:
        return Hold(
            Reason.RETRYING, f"rejected {tries} of {MOST_TRIES} times{means}, next try soon: {last.reason_text}"
        )
    return None
