"""What a client wrote into jData, read into tickets and terms; what cannot be read is refused at once.

Only form is checked here. Whether the market takes it is for the risk checks, later.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from broker.simulator.answers import (
    BODY_INVALID,
    INVALID_QUANTITY,
    INVALID_REQUEST,
    NO_LAST_PRICE,
    UNKNOWN_EXCHANGE,
    UNKNOWN_SYMBOL,
    Refusal,
)
from broker.simulator.exchange import Exchange, Market
from broker.simulator.orders import API_SOURCE, Order, Side, Ticket
from broker.simulator.rms import Terms

MOST_RUPEES = Decimal(1_000_000_000)
"""No price is as high."""
_SEGMENT = "nse_cm"
_LIMIT_KINDS = frozenset({"L", "SL", "SL-M"})
_PRODUCTS = frozenset({"CNC", "NRML", "MIS", "MTF"})


def read_ticket(asked: dict[str, Any], exchange: Exchange, tag: str) -> Ticket:
    """The order that was asked for; none for after the market. Raises Refusal.

    1006 exchange, 1007 symbol or body, 1009 quantity, 5202 anything else.
    """
    if asked.get("es", _SEGMENT) != _SEGMENT:
        raise Refusal(UNKNOWN_EXCHANGE)
    if asked.get("am", "NO") != "NO":
        raise Refusal(INVALID_REQUEST)
    market = exchange.markets.get(str(asked.get("ts")))
    if market is None or not market.instrument.tradable:
        raise Refusal(UNKNOWN_SYMBOL)
    side = _side(asked.get("tt"))
    kind = _one_of(asked.get("pt"), _LIMIT_KINDS | {"MKT"})
    return Ticket(
        side=side,
        instrument=market.instrument,
        quantity=_quantity(asked.get("qt")),
        price=protected_price(market, side) if kind == "MKT" else _limit(asked.get("pr"), kind),
        tag=tag,
        source=API_SOURCE,
        kind="L" if kind == "MKT" else kind,
        trigger=_decimal(asked.get("tp", "0")),
        product=_one_of(asked.get("pc"), _PRODUCTS),
        validity=_one_of(asked.get("rt"), frozenset({"DAY", "IOC"})),
    )


def read_terms(asked: dict[str, Any], order: Order, market: Market) -> Terms:
    """The new price and the new total quantity of an order. Raises Refusal like `read_ticket`."""
    if asked.get("pt") == "MKT":
        price = protected_price(market, order.ticket.side)
    else:
        price = _limit(asked.get("pr"), order.ticket.kind)
    return Terms(price, _quantity(asked.get("qt")))


def protected_price(market: Market, side: Side) -> Decimal:
    """The limit in rupees that stands for a market order: 2 % off below 100, 1 % up to 500, 0.5 % above."""
    last = market.last
    if last <= 0:
        raise Refusal(NO_LAST_PRICE)
    share = Decimal("0.02") if last < 100 else Decimal("0.01") if last <= 500 else Decimal("0.005")
    price = last * (1 + share) if side is Side.BUY else last * (1 - share)
    return min(max(market.instrument.down_to_tick(price), market.low), market.high)


def _quantity(value: object) -> int:
    try:
        quantity = int(str(value))
    except ValueError:
        raise Refusal(INVALID_QUANTITY) from None
    if quantity <= 0:
        raise Refusal(INVALID_QUANTITY)
    return quantity


def _limit(value: object, kind: str) -> Decimal:
    price = _decimal(value)
    if price <= 0 and kind != "SL-M":
        raise Refusal(INVALID_REQUEST)
    return price


def _decimal(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
        sound = 0 <= number < MOST_RUPEES
    except InvalidOperation:
        sound = False
    if not sound:
        raise Refusal(INVALID_REQUEST)
    return number


def _side(value: object) -> Side:
    if value not in ("B", "S"):
        raise Refusal(BODY_INVALID)
    return Side(str(value))


def _one_of(value: object, known: frozenset[str]) -> str:
    word = str(value)
    if word not in known:
        raise Refusal(INVALID_REQUEST)
    return word
