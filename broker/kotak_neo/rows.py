"""Rows of Kotak's reports as ours: order book, trades, holdings, quotes."""

from decimal import Decimal

from broker.kotak_neo.fields import (
    Malformed,
    Row,
    count,
    decimal,
    epoch,
    ist,
    optional,
    positive,
    side,
    text,
    whole_time,
)
from domain.book import Holding, OrderReport, OrderStep, Quote, ReportedState, Trade

_RESTING = (
    "open", "trigger pending", "modified", "not modified", "modify pending", "modify validation pending",
    "cancel pending", "not cancelled",
)  # fmt: skip
_ENDS = {
    "complete": ReportedState.COMPLETE, "traded": ReportedState.COMPLETE, "executed": ReportedState.COMPLETE,
    "rejected": ReportedState.REJECTED, "cancelled": ReportedState.CANCELLED, "canceled": ReportedState.CANCELLED,
    "cancelled after market order": ReportedState.CANCELLED,
}  # fmt: skip
_STATES = {**dict.fromkeys(_RESTING, ReportedState.OPEN), **_ENDS}
_WAITING_FOR_THE_MARKET = frozenset({"after market order req received", "amo req received"})
_MOST = 2**31 - 1
_HIGHEST = Decimal(10**9)
_FILL_TIME = "%d-%b-%Y %H:%M:%S"


def order_report(row: Row) -> OrderReport:
    """One row of the order book. Raises Malformed."""
    state = reported_state(row)
    reason = optional(row, "rejRsn")
    return OrderReport(
        broker_order_id=text(row, "nOrdNo"),
        tag=optional(row, "GuiOrdId"),
        symbol=text(row, "trdSym"),
        side=side(row),
        quantity=_some(row),
        filled=_filled(row),
        price=_price(row),
        average_price=_average(row),
        state=state,
        text=reason if state is ReportedState.REJECTED and reason != "--" else "",
        evidence=dict(row),
        product=optional(row, "prod"),
        source=optional(row, "ordSrc"),
        entered_at=whole_time(row, "ordEntTm"),
        changed_at=whole_time(row, "ordDtTm"),
        after_market=optional(row, "ordGenTp").upper() == "AMO" or _status(row) in _WAITING_FOR_THE_MARKET,
    )


def order_step(row: Row) -> OrderStep:
    """One state of an order's history, whose keys are not quite the book's. Raises Malformed."""
    state, reason = reported_state(row), optional(row, "rejRsn")
    return OrderStep(
        state=state,
        status=_status(row),
        at=whole_time(row, "flDtTm"),
        tag=tag_in(row),
        quantity=_some(row),
        filled=_filled(row),
        price=_price(row),
        average_price=_average(row),
        text=reason if state is ReportedState.REJECTED and reason != "--" else "",
        evidence=dict(row),
    )


def _some(row: Row) -> int:
    quantity = count(row, "qty")
    if not 0 < quantity <= _MOST:
        raise Malformed(f"qty {quantity}")
    return quantity


def _filled(row: Row) -> int:
    filled = count(row, "fldQty")
    if not 0 <= filled <= _MOST:
        raise Malformed(f"fldQty {filled}")
    return filled


def _price(row: Row) -> Decimal:
    """0 for an order without a limit."""
    price = decimal(row, "prc")
    if not 0 <= price < _HIGHEST:
        raise Malformed("prc is no price")
    return price


def reported_state(row: Row) -> ReportedState:
    """`ordSt`, else `stat`; whatever is new is pending, never failed."""
    return _STATES.get(_status(row), ReportedState.PENDING)


def _status(row: Row) -> str:
    return " ".join((optional(row, "ordSt") or optional(row, "stat")).lower().split())


def trade(row: Row) -> Trade:
    """One fill: `avgPrc` and `fldQty` are of this fill alone. Raises Malformed."""
    return Trade(
        trade_id=text(row, "flId"),
        broker_order_id=text(row, "nOrdNo"),
        symbol=text(row, "trdSym"),
        side=side(row),
        quantity=count(row, "fldQty"),
        price=decimal(row, "avgPrc"),
        at=ist(f"{optional(row, 'flDt')} {optional(row, 'flTm')}", _FILL_TIME),
    )


def holding(row: Row) -> Holding:
    """Shares in the demat account; the symbol is the bare name, the token the exchange's. Raises Malformed."""
    quantity = count(row, "quantity")
    return Holding(
        symbol=optional(row, "symbol") or text(row, "displaySymbol"),
        token=text(row, "exchangeIdentifier"),
        quantity=quantity,
        sellable=count(row, "sellableQuantity") if row.get("sellableQuantity") is not None else quantity,
        average_price=decimal(row, "averagePrice"),
    )


def quote(row: Row) -> Quote:
    """Last price in rupees. Raises Malformed."""
    return Quote(
        token=text(row, "exchange_token"),
        symbol=optional(row, "display_symbol"),
        last_price=decimal(row, "ltp"),
        at=epoch(row, "lstup_time"),
        band_low=positive(row, "low_price_range"),
        band_high=positive(row, "high_price_range"),
    )


def tag_in(row: Row) -> str:
    """The client's tag as one step of an order's history shows it; empty where it does not."""
    return optional(row, "GuiOrdId")


def _average(row: Row) -> Decimal | None:
    """None while nothing is filled; a price that cannot be read does not spoil the row."""
    average = positive(row, "avgPrc")
    return average if average is not None and average < _HIGHEST else None
