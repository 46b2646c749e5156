"""Place, modify, cancel as Kotak wants them: one form field `jData` with an object of short names and strings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.book import NewOrder, PriceChange
from domain.orders import Side

_CENT = Decimal("0.01")
_HIGHEST = Decimal(10**9)
SIDES = {Side.BUY: "B", Side.SELL: "S"}


@dataclass(frozen=True, slots=True)
class Change:
    """A path below the base URL and its fields; `what` is for messages."""

    what: str
    path: str
    fields: Mapping[str, str]

    def form(self) -> dict[str, str]:
        """The form to post."""
        return {"jData": json.dumps(dict(self.fields))}


def placing(order: NewOrder) -> Change:
    """A DAY limit order for delivery in the NSE cash segment, under its tag (`ig`). Raises ValueError."""
    if not order.tag or order.quantity <= 0:
        raise ValueError(f"an order needs a tag and a quantity above 0, not {order.tag!r} and {order.quantity}")
    fields = {
        "am": "NO", "dq": "0", "es": "nse_cm", "mp": "0", "pc": "CNC", "pr": rupees(order.price), "pt": "L",
        "qt": str(order.quantity), "rt": "DAY", "tp": "0", "ts": order.symbol, "tt": SIDES[order.side],
        "ig": order.tag, "os": "NEOTRADEAPI",
    }  # fmt: skip
    return Change(f"place {order.side} {order.quantity} {order.symbol}", "quick/order/rule/ms/place", fields)


def modifying(change: PriceChange) -> Change:
    """The whole order restated with another price; quantity is the total (REST documents, SDK). Raises ValueError."""
    fields = {
        "no": change.broker_order_id, "es": "nse_cm", "ts": change.symbol, "tt": SIDES[change.side], "pc": "CNC",
        "pt": "L", "pr": rupees(change.price), "qt": str(change.quantity), "tp": "0", "dq": "0", "mp": "0",
        "vd": "DAY", "dd": "NA", "am": "NO", "os": "NEOTRADEAPI",
    }  # fmt: skip
    token = {"tk": change.token} if change.token else {}
    return Change(f"modify {change.broker_order_id}", "quick/order/vr/modify", {**fields, **token})


def cancelling(broker_order_id: str) -> Change:
    """The end of a resting order; the number is `on` here, `no` in modify."""
    return Change(f"cancel {broker_order_id}", "quick/order/cancel", {"on": broker_order_id, "am": "NO"})


def rupees(price: Decimal) -> str:
    """Two decimals, never an exponent. Raises ValueError for what is no price: a wrong one must not be sent."""
    if not price.is_finite() or not 0 < price < _HIGHEST or (exact := price.quantize(_CENT)) != price:
        raise ValueError(f"{price} is not a positive price in whole paise")
    return f"{exact:f}"
