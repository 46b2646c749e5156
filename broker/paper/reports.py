"""What the paper broker reports, typed as every broker's reports are; `paper` stands in every piece of evidence."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from broker.paper.pit import Pit
from broker.paper.rows import SIDES
from broker.simulator.orders import NO_REASON, Order, State
from domain.book import Holding, OrderReport, ReportedState, Trade
from domain.outcomes import Evidence

STATES: Mapping[State, ReportedState] = {
    State.RECEIVED: ReportedState.PENDING,
    State.VALIDATION: ReportedState.PENDING,
    State.OPEN_PENDING: ReportedState.PENDING,
    State.COMPLETE: ReportedState.COMPLETE,
    State.CANCELLED: ReportedState.CANCELLED,
    State.REJECTED: ReportedState.REJECTED,
}
"""In every other state it stands at the exchange."""


def order_reports(pit: Pit) -> tuple[OrderReport, ...]:
    """The order book of the day, without what does not show yet."""
    orders = (order for order in pit.book.orders.values() if order.visible_from <= pit.moment)
    return tuple(_report(order) for order in orders)


def trade_reports(pit: Pit) -> tuple[Trade, ...]:
    """The fills of the day, each named by its order and the shares that had traded with it."""
    reports: list[Trade] = []
    filled: Counter[str] = Counter()
    for fill in pit.book.fills:
        number = fill.order.number
        filled[number] += fill.quantity
        name, side = f"{number}-{filled[number]}", SIDES[fill.order.ticket.side]
        reports.append(Trade(name, number, fill.order.symbol, side, fill.quantity, fill.price, fill.moment))
    return tuple(reports)


def holding_reports(pit: Pit) -> tuple[Holding, ...]:
    """The shares since the morning, and how many of them are not sold."""
    portfolio = pit.book.portfolio
    return tuple(
        Holding(
            symbol=symbol.rpartition("-")[0] or symbol,
            token=held.instrument.token,
            quantity=held.quantity,
            sellable=portfolio.sellable(symbol),
            average_price=held.average,
        )
        for symbol, held in portfolio.holdings.items()
    )


def tags_of(pit: Pit, number: str) -> tuple[str, ...]:
    """Every tag that an order of the day ever showed; none for an order that is not there."""
    order = pit.book.orders.get(number)
    return tuple(dict.fromkeys(step.tag for step in order.steps)) if order else ()


def _report(order: Order) -> OrderReport:
    state = STATES.get(order.state, ReportedState.OPEN)
    reason = "" if order.reason == NO_REASON else order.reason
    return OrderReport(
        broker_order_id=order.number,
        tag=order.shown_tag,
        symbol=order.symbol,
        side=SIDES[order.ticket.side],
        quantity=order.quantity,
        filled=order.filled,
        price=order.price,
        average_price=_paise(order.average) if order.filled else None,
        state=state,
        text=reason if state is ReportedState.REJECTED else "",
        evidence=_evidence(order, reason),
        product=order.ticket.product,
        source=order.ticket.source,
    )


def _evidence(order: Order, reason: str) -> Evidence:
    return {
        "paper": True,
        "number": order.number,
        "tag": order.shown_tag,
        "status": order.state.value,
        "symbol": order.symbol,
        "quantity": order.quantity,
        "filled": order.filled,
        "price": str(order.price),
        "average": str(_paise(order.average)),
        "reason": reason,
        "entered": order.entered.isoformat(),
        "changed": _changed(order).isoformat(),
    }


def _changed(order: Order) -> datetime:
    return order.changed if order.steps else order.entered


def _paise(price: Decimal) -> Decimal:
    return price.quantize(Decimal("0.01")) if price == price.quantize(Decimal("0.01")) else round(price, 4)
