"""What to do about each reason: one sentence for whoever reads it."""

from collections.abc import Mapping

from domain.orders import Reason

ADVICE: Mapping[Reason, str] = {
    Reason.MARKET_CLOSED: "Nothing to do: the sell order is placed when the market opens.",
    Reason.NOT_SERVED: "Start the service (run.py serve), or enable the user: run.py user enable NAME.",
    Reason.NOT_LOOKED_AT: "Wait for the next cycle; if this stays, see run.py status and restart the user.",
    Reason.TENANT_DOWN: "Correct what the tenant's text says; if it stays down then: run.py user restart NAME.",
    Reason.HALTED: "Find out why the user was halted, then set ended_at of its halts row to end the halt.",
    Reason.BAD_RULE: "Write a rule that can be read: run.py position set-exit, or run.py user set-exit.",
    Reason.UNKNOWN_SYMBOL: "Correct the symbol to the exchange's trading symbol: close the position and add it anew.",
    Reason.PRICE_ABOVE_BAND: "Wait for a day with a higher band, or lower the exit rule: run.py position set-exit.",
    Reason.PRICE_BELOW_BAND: "Wait for a day with a lower band, or raise the exit rule: run.py position set-exit.",
    Reason.FREEZE_QUANTITY: "Nothing to do: the rest follows when the resting order has filled.",
    Reason.ODD_LOT: "Correct the quantity to a multiple of the lot: close the position and add it anew.",
    Reason.PARTLY_COVERED: "Nothing to do: the order is replaced by one for all shares in the next cycles.",
    Reason.REJECTED: "Remove what the broker's words say is wrong, then: run.py position set-exit, or sell by hand.",
    Reason.RETRYING: "Nothing to do yet: it is tried again; read the broker's words in the meantime.",
    Reason.CANCELLED_BY_USER: "It stays without an order today; sell by hand, or let the next trading day place it.",
    Reason.CANCELLED_BY_US: "Nothing to do: a new order follows in the next cycles.",
    Reason.NEVER_SENT: "Nothing to do: a new order follows in the next cycles.",
    Reason.END_OF_DAY: "Nothing to do: a new order follows when the market opens.",
    Reason.REPLACING: "Nothing to do: a new order follows once the broker confirms the end of this one.",
    Reason.UNSETTLED_YESTERDAY: "Look at the broker what became of the order, then write its end into its row.",
    Reason.UNKNOWN_SEND: "Place nothing by hand: its tag is searched in the order book until found or ruled out.",
    Reason.STALE_BOOK: "Place nothing by hand; see run.py status why the broker's order book is not read.",
    Reason.ORPHAN_ORDER: "Cancel the order at the broker; it carries our tag but belongs to no row.",
    Reason.MANUAL_SALE: "Wait until the holdings are read; if this stays, correct the position's quantity.",
    Reason.BREACHED: "Compare the position with the broker, correct it, clear its reason, then end the user's halt.",
}

NOBODY_LOOKS = "Start the service (run.py serve), which looks at once; place nothing by hand until then."
NOT_ENABLED = "Enable the user (run.py user enable NAME), or look at the order in the broker's app."
NOT_SHOWN = "Place nothing by hand; compare with the broker's app: the order book does not show this order."
"""What to do about a STALE_BOOK where it is not the reading that fails."""
