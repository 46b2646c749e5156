"""The states of an order and of a send, and which of them still matter to the broker."""

from enum import StrEnum


class Side(StrEnum):
    """Which way the shares go."""

    BUY = "BUY"
    SELL = "SELL"


class OrderStatus(StrEnum):
    """REQUESTED → SUBMITTING → ACCEPTED → OPEN (→ CANCELLING), then one of the ends."""

    REQUESTED = "REQUESTED"
    SUBMITTING = "SUBMITTING"
    ACCEPTED = "ACCEPTED"
    OPEN = "OPEN"
    CANCELLING = "CANCELLING"
    EXECUTED = "EXECUTED"
    ONGOING = "ONGOING"
    CLOSED = "CLOSED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"
    LAPSED = "LAPSED"


LIVE = frozenset({OrderStatus.SUBMITTING, OrderStatus.ACCEPTED, OrderStatus.OPEN, OrderStatus.CANCELLING})
"""An order that rests at the broker, or may."""


class SendKind(StrEnum):
    """What the broker was asked."""

    PLACE = "place"
    MODIFY = "modify"
    CANCEL = "cancel"


class SendOutcome(StrEnum):
    """How a send ended. UNKNOWN and None are doubt; ABSENT is proven by two complete reads, yet a late
    arrival cannot be excluded for ever, so only the same tag may be sent again after it. SETTLED is a person's word."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    FOUND = "found"
    SETTLED = "settled"


class Closed(StrEnum):
    """Why a position ended."""

    SOLD = "SOLD"
    MANUAL = "MANUAL"
    OPERATOR = "OPERATOR"


class OwnerPolicy(StrEnum):
    """What to do when the account's owner cancels or changes an order of ours in the broker's app."""

    RESPECT = "respect"
    REPROTECT = "re-protect"


class Reason(StrEnum):
    """Why a position has no order resting, or an order ended; each with what to do in `domain/reasons.py`."""

    MARKET_CLOSED = "MARKET_CLOSED"
    CLOSING_AUCTION = "CLOSING_AUCTION"
    NOT_SERVED = "NOT_SERVED"
    NOT_LOOKED_AT = "NOT_LOOKED_AT"
    TENANT_DOWN = "TENANT_DOWN"
    HALTED = "HALTED"
    BAD_RULE = "BAD_RULE"
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    CORPORATE_ACTION = "CORPORATE_ACTION"
    PRICE_ABOVE_BAND = "PRICE_ABOVE_BAND"
    PRICE_BELOW_BAND = "PRICE_BELOW_BAND"
    BAND_SLID = "BAND_SLID"
    FREEZE_QUANTITY = "FREEZE_QUANTITY"
    ODD_LOT = "ODD_LOT"
    PARTLY_COVERED = "PARTLY_COVERED"
    NOT_FREE = "NOT_FREE"
    REJECTED = "REJECTED"
    REJECTED_TODAY = "REJECTED_TODAY"
    RETRYING = "RETRYING"
    CANCELLED_BY_USER = "CANCELLED_BY_USER"
    CHANGED_BY_USER = "CHANGED_BY_USER"
    CANCELLED_BY_US = "CANCELLED_BY_US"
    CANCEL_REFUSED = "CANCEL_REFUSED"
    NEVER_SENT = "NEVER_SENT"
    END_OF_DAY = "END_OF_DAY"
    REPLACING = "REPLACING"
    EXITING = "EXITING"
    UNSETTLED_YESTERDAY = "UNSETTLED_YESTERDAY"
    SETTLED = "SETTLED"
    UNKNOWN_SEND = "UNKNOWN_SEND"
    STALE_BOOK = "STALE_BOOK"
    ORPHAN_ORDER = "ORPHAN_ORDER"
    MANUAL_SALE = "MANUAL_SALE"
    BREACHED = "BREACHED"
