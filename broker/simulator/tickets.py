"""What a client wrote into jData, read into tickets and terms; what cannot be read is refused at once.

Only form is checked here. Whether the market takes it is for the risk checks, later.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from broker.simulator import forms
from broker.simulator.answers import NO_LAST_PRICE, UNKNOWN_EXCHANGE, UNKNOWN_SYMBOL, Refusal
from broker.simulator.exchange import Exchange, Market
from broker.simulator.orders import API_SOURCE, Order, Side, Ticket
from broker.simulator.rms import Terms

_SEGMENT = "nse_cm"
_KINDS = frozenset({"L", "SL", "SL-M", "MKT"})
_PRODUCTS = frozenset({"CNC", "NRML", "MIS", "MTF"})
_VALIDITIES = frozenset({"DAY", "IOC"})
_ORDER_KEYS = ("am", "es", "pc", "pr", "pt", "qt", "rt", "tp", "ts", "tt")
_CHANGE_KEYS = ("no", "pr", "pt", "qt", "tp", "vd")


def read_ticket(asked: dict[str, Any], exchange: Exchange, tag: str) -> Ticket:
    """The order that was asked for. Raises Refusal.

    1006 exchange, 1007 symbol, body or a missing key, 1009 quantity, 5202 anything else.
    """
    forms.require(asked, _ORDER_KEYS)
    if asked["es"] != _SEGMENT:
        raise Refusal(UNKNOWN_EXCHANGE)
    market = exchange.markets.get(str(asked["ts"]))
    if market is None or not market.instrument.tradable:
        raise Refusal(UNKNOWN_SYMBOL)
    side, kind = forms.side(asked["tt"]), forms.one_of(asked["pt"], _KINDS)
    return Ticket(
        side=side,
        instrument=market.instrument,
        quantity=forms.shares(asked["qt"]),
        price=_price(asked["pr"], kind, market, side),
        tag=tag,
        source=API_SOURCE,
        kind="L" if kind == "MKT" else kind,
        trigger=forms.rupees(asked["tp"]),
        product=forms.one_of(asked["pc"], _PRODUCTS),
        validity=forms.one_of(asked["rt"], _VALIDITIES),
        disclosed=forms.disclosed_shares(asked.get("dq", "0")),
        after_market=forms.is_after_market(asked["am"]),
    )


def read_terms(asked: dict[str, Any], order: Order, market: Market) -> Terms:
    """The whole order restated: new price, total quantity, type, trigger, validity. Raises as `read_ticket` does."""
    forms.require(asked, _CHANGE_KEYS)
    kind = forms.one_of(asked["pt"], _KINDS)
    price = _price(asked["pr"], kind, market, order.ticket.side)
    restated = replace(
        order.ticket,
        kind="L" if kind == "MKT" else kind,
        trigger=forms.rupees(asked["tp"]),
        validity=forms.one_of(asked["vd"], _VALIDITIES),
        disclosed=forms.disclosed_shares(asked.get("dq", "0")),
    )
    return Terms(price, forms.shares(asked["qt"]), restated)


def protected_price(market: Market, side: Side) -> Decimal:
    """The limit in rupees that stands for a market order: 2 % off below 100, 1 % up to 500, 0.5 % above."""
    last = market.last
    if last <= 0:
        raise Refusal(NO_LAST_PRICE)
    share = Decimal("0.02") if last < 100 else Decimal("0.01") if last <= 500 else Decimal("0.005")
    price = last * (1 + share) if side is Side.BUY else last * (1 - share)
    return min(max(market.instrument.down_to_tick(price), market.low), market.high)


def _price(value: object, kind: str, market: Market, side: Side) -> Decimal:
    if kind == "MKT":
        forms.no_price(value)
        return protected_price(market, side)
    return forms.rupees(value) if kind == "SL-M" else forms.limit(value)
