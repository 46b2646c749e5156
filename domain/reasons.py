"""What each reason means, where it stands, and what to do about it: one sentence each for whoever reads it."""

import re
from collections.abc import Mapping
from enum import StrEnum

from domain.orders import Reason


class Place(StrEnum):
    """Where a reason is found."""

    COVERAGE = "coverage"
    """What `coverage` finds out by itself, from rows alone."""
    POSITION = "positions"
    """`positions.reason`: what the service says of a position; `coverage` tells it."""
    ORDER = "orders"
    """`orders.reason`: why an order ended, or what is odd about it."""


MEANING: Mapping[Reason, str] = {
    Reason.MARKET_CLOSED: "no order can rest now: it is night, a holiday, or the hours of the day are not known",
    Reason.CLOSING_AUCTION: "the symbol is in the closing auction, or its order ended in it",
    Reason.NOT_SERVED: "no running service holds the user, or the user is disabled",
    Reason.NOT_LOOKED_AT: "the service runs, but has not judged this position lately",
    Reason.TENANT_DOWN: "the user's tenant fell, was refused, or cannot start",
    Reason.HALTED: "somebody, or a breach, has stopped new orders of the user",
    Reason.BAD_RULE: "the exit rule cannot be read, or gives no price",
    Reason.UNKNOWN_SYMBOL: "the symbol is not in today's instrument file",
    Reason.CORPORATE_ACTION: "the holdings changed overnight in a way that no trade explains: split, bonus, demerger?",
    Reason.PRICE_ABOVE_BAND: "the wanted price is above what the exchange takes today; nothing is sent, nothing capped",
    Reason.PRICE_BELOW_BAND: "the wanted price is below what the exchange takes today; nothing is sent, nothing capped",
    Reason.BAND_SLID: "the exchange cancelled the order because the price band moved away from its price",
    Reason.FREEZE_QUANTITY: "one order may carry only so many shares: one piece rests at a time",
    Reason.ODD_LOT: "the quantity is not a multiple of the lot",
    Reason.PARTLY_COVERED: "an order rests for some of the shares only, and nothing explains the rest",
    Reason.NOT_FREE: "fewer shares are free to sell than are held: not settled, pledged, or in other orders",
    Reason.REJECTED: "refused, and only a person can change why; or refused too often today",
    Reason.REJECTED_TODAY: "refused for a reason that lasts until the next session",
    Reason.RETRYING: "refused, and tried again after a pause that grows",
    Reason.CANCELLED_BY_USER: "the owner cancelled our order; respected for the day unless the policy says otherwise",
    Reason.CHANGED_BY_USER: "the owner changed our order; respected for the day unless the policy says otherwise",
    Reason.CANCELLED_BY_US: "cancelled at our own wish, to be replaced or because of a halt",
    Reason.CANCEL_REFUSED: "the broker refused again and again to cancel an order that should end",
    Reason.NEVER_SENT: "nothing of it ever left this machine, or it was proven absent and is not wanted any more",
    Reason.END_OF_DAY: "the exchange ended it at the close, as it does every day",
    Reason.REPLACING: "an order is ending; the new one may only follow its confirmed end",
    Reason.EXITING: "somebody asked for an exit: the order rests at a limit close to the last price",
    Reason.UNSETTLED_YESTERDAY: "an order of an earlier day got no definite end here; nothing may be sent beside it",
    Reason.SETTLED: "ended by a person's word, or by what the holdings of a later day prove",
    Reason.UNKNOWN_SEND: "a request has no answer: an order may be at the broker, nobody has seen it",
    Reason.STALE_BOOK: "the order has not been seen in the order book for three cycles",
    Reason.ORPHAN_ORDER: "an order with a tag of this installation is at the broker without a row (a restored backup?)",
    Reason.MANUAL_SALE: "the symbol was sold outside, and it is not known yet whose shares those were",
    Reason.BREACHED: "the broker reported what may not be, such as more sold than held; the user is halted",
}
"""For people; begins small, since it follows the code."""

_COVERAGE, _POSITION, _ORDER = (Place.COVERAGE,), (Place.POSITION,), (Place.ORDER,)
PLACES: Mapping[Reason, tuple[Place, ...]] = {
    **dict.fromkeys(Reason, _POSITION),
    **dict.fromkeys((Reason.NOT_SERVED, Reason.NOT_LOOKED_AT, Reason.TENANT_DOWN), _COVERAGE),
    **dict.fromkeys((Reason.PARTLY_COVERED, Reason.STALE_BOOK), _COVERAGE),
    **dict.fromkeys((Reason.BAND_SLID, Reason.CANCELLED_BY_US, Reason.NEVER_SENT), _ORDER),
    **dict.fromkeys((Reason.END_OF_DAY, Reason.SETTLED), _ORDER),
    **dict.fromkeys((Reason.MARKET_CLOSED, Reason.UNKNOWN_SEND, Reason.REPLACING), _COVERAGE + _POSITION),
    **dict.fromkeys((Reason.CLOSING_AUCTION, Reason.REJECTED, Reason.BREACHED), _POSITION + _ORDER),
    **dict.fromkeys((Reason.CANCELLED_BY_USER, Reason.UNKNOWN_SYMBOL, Reason.FREEZE_QUANTITY), _POSITION + _ORDER),
    **dict.fromkeys((Reason.ODD_LOT, Reason.PRICE_ABOVE_BAND, Reason.PRICE_BELOW_BAND), _POSITION + _ORDER),
    Reason.UNSETTLED_YESTERDAY: (Place.COVERAGE, Place.POSITION, Place.ORDER),
}
"""Symbol, lot, freeze and band stand in orders where a requested buy was refused before it was sent."""

ADVICE: Mapping[Reason, str] = {
    Reason.MARKET_CLOSED: "Nothing to do: the sell order is placed when the market opens.",
    Reason.CLOSING_AUCTION: "Nothing to do: a new order follows in the next session; the exchange ends orders far off.",
    Reason.NOT_SERVED: "Start the service (run.py serve), or enable the user: run.py user enable NAME.",
    Reason.NOT_LOOKED_AT: "Wait for the next cycle; if this stays, see run.py status and restart the user.",
    Reason.TENANT_DOWN: "Correct what the tenant's text says; if it stays down then: run.py user restart NAME.",
    Reason.HALTED: "Find out why the user was halted, then: run.py resume NAME (without a name: a halt of all).",
    Reason.BAD_RULE: "Write a rule that can be read: run.py position set-exit ID JSON, or user set-exit NAME JSON.",
    Reason.UNKNOWN_SYMBOL: "Correct the symbol to the exchange's trading symbol: close the position and add it anew.",
    Reason.CORPORATE_ACTION: "Compare with the broker's app, then confirm the ratio: run.py position ratio ID NEW:OLD.",
    Reason.PRICE_ABOVE_BAND: "Wait for a day with a higher band, or lower the rule: run.py position set-exit ID JSON.",
    Reason.PRICE_BELOW_BAND: "Wait for a day with a lower band, or raise the rule: run.py position set-exit ID JSON.",
    Reason.BAND_SLID: "Nothing to do: the exchange ended the order; a new one follows when the band allows its price.",
    Reason.FREEZE_QUANTITY: "Nothing to do: the rest follows when the resting order has filled.",
    Reason.ODD_LOT: "Correct the quantity to a multiple of the lot: close the position and add it anew.",
    Reason.PARTLY_COVERED: "Nothing to do: the order is replaced by one for all shares in the next cycles.",
    Reason.NOT_FREE: "Look what else takes the shares: the owner's own orders, a pledge, shares not settled yet.",
    Reason.REJECTED_TODAY: "Nothing to do: it is tried again in the next session; read the broker's words.",
    Reason.REJECTED: "Remove what the broker's words say is wrong; tried next session, today by run.py exit POSITION.",
    Reason.RETRYING: "Nothing to do yet: it is tried again; read the broker's words in the meantime.",
    Reason.CANCELLED_BY_USER: "It stays without an order today; sell by hand, or let the next trading day place it.",
    Reason.CHANGED_BY_USER: "The owner's wish stands today; run.py user set-policy NAME re-protect overrules it.",
    Reason.CANCEL_REFUSED: "Cancel the order in the broker's app; until it ends it may sell more than is wanted.",
    Reason.CANCELLED_BY_US: "Nothing to do: a new order follows in the next cycles.",
    Reason.NEVER_SENT: "Nothing to do: a new order follows in the next cycles.",
    Reason.END_OF_DAY: "Nothing to do: a new order follows when the market opens.",
    Reason.REPLACING: "Nothing to do: a new order follows once the broker confirms the end of this one.",
    Reason.EXITING: "Nothing to do: the order rests at the exit's limit; a new run.py exit POSITION goes lower.",
    Reason.UNSETTLED_YESTERDAY: "Look at the broker what became of the order, then: run.py settle ORDER --help.",
    Reason.SETTLED: "Nothing to do: somebody, or the holdings, said what became of the order.",
    Reason.UNKNOWN_SEND: "Place nothing by hand: its tag is searched in the order book until found or ruled out.",
    Reason.STALE_BOOK: "Place nothing by hand; see run.py status why the broker's order book is not read.",
    Reason.ORPHAN_ORDER: "Cancel the order at the broker; it carries our tag but belongs to no row.",
    Reason.MANUAL_SALE: "Wait until the holdings are read; if this stays, correct the position's quantity.",
    Reason.BREACHED: "Compare with the broker, correct the row; run.py resume NAME; then: run.py position clear ID.",
}

OF_ONE = frozenset({Reason.BAD_RULE, Reason.CORPORATE_ACTION, Reason.BREACHED}) | {
    Reason.PRICE_ABOVE_BAND, Reason.PRICE_BELOW_BAND
}  # fmt: skip
"""What is corrected position by position, so that its number may stand in the advice; the others are told together."""


def advice(reason: Reason, user: str, position: int, *, own_rule: bool = False) -> str:
    """What to do about it, with the names in it; `own_rule`: the position has an exit rule beside its user's."""
    if reason is Reason.BAD_RULE:
        verb = "position set-exit ID JSON" if own_rule else "user set-exit NAME JSON"
        return named(f"Write a rule that can be read: run.py {verb}.", user, position)
    return named(ADVICE[reason], user, position if reason in OF_ONE else None)


def named(words: str, user: str, position: int | None = None) -> str:
    """The words with the user's name, and with the position's number where there is one."""
    filled = {"NAME": user, "ID": "ID" if position is None else str(position)}
    return re.sub(r"\b(?:NAME|ID)\b", lambda found: filled[found[0]], words)


NOBODY_LOOKS = "Start the service (run.py serve), which looks at once; place nothing by hand until then."
NOT_ENABLED = "Enable the user (run.py user enable NAME), or look at the order in the broker's app."
NOT_SHOWN = "Place nothing by hand; compare with the broker's app: the order book does not show this order."
"""What to do about a STALE_BOOK where it is not the reading that fails."""

BREACHES: Mapping[str, str] = {
    "sold=…, held=…": "more was sold than the position held",
    "BOOK_DIFFERS": "the broker's order under our number has another symbol or side, or more shares than ours",
    "OVERFILLED": "the broker says that more was filled than was ordered",
    "TWO_SELLS": "an order that ended here is live at the broker beside another one",
    "NO_STEP": "the broker shows an order in a state that its row cannot come to",
    "ORPHAN": "shares traded under a tag of this installation that has no row",
}
"""The first words of a breach, and what they mean."""
