"""What the paper broker reports, typed as every broker's reports are; `paper` stands in every piece of evidence."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from broker.paper.pit import Pit
from broker.paper.reckoning import PRODUCT
from broker.simulator.orders import NO_REASON, State
from domain.book import Holding, OrderReport, OrderStep, ReportedState, Trade
from domain.outcomes import Evidence
from domain.paper import PaperOrder

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
    orders = sorted((*pit.records.ended(pit.day), *pit.orders()), key=_number)
    return tuple(_report(order) for order in orders if order.visible_from <= pit.moment)


def trade_reports(pit: Pit) -> tuple[Trade, ...]:
    """The fills of the day, each named by its order and the shares that had traded with it."""
    return tuple(
        Trade(f"{fill.number}-{fill.filled}", fill.number, fill.symbol, fill.side, fill.quantity, fill.price, fill.at)
        for fill in (*pit.records.trades(pit.day), *pit.trades())
    )


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
    order = pit.order(number)
    return tuple(dict.fromkeys(step["tag"] for step in order.history)) if order else ()


def order_report(pit: Pit, number: str) -> OrderReport | None:
    """One order of the day, once it shows."""
    order = pit.order(number)
    return _report(order) if order and order.visible_from <= pit.moment else None


def order_steps(pit: Pit, number: str) -> tuple[OrderStep, ...]:
    """Every state of one order, the newest first; empty for one that is not there."""
    order = pit.order(number)
    return tuple(_step(step) for step in reversed(order.history)) if order else ()


def _step(step: Mapping[str, Any]) -> OrderStep:
    state = STATES.get(State(step["state"]), ReportedState.OPEN)
    return OrderStep(
        state=state,
        status=step["state"],
        at=datetime.fromisoformat(step["at"]).replace(microsecond=0),
        tag=step["tag"],
        quantity=step["quantity"],
        filled=step["filled"],
        price=Decimal(step["price"]),
        average_price=_paise(Decimal(step["average"])) if step["filled"] else None,
        text=step["reason"] if state is ReportedState.REJECTED else "",
        evidence={"paper": True, **step},
    )


def _number(order: PaperOrder) -> str:
    return order.number


def _report(order: PaperOrder) -> OrderReport:
    state = STATES.get(State(order.state), ReportedState.OPEN)
    reason = "" if order.reason == NO_REASON else order.reason
    average = _paise(order.value / order.filled) if order.filled else None
    return OrderReport(
        broker_order_id=order.number,
        tag=order.shown_tag,
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        filled=order.filled,
        price=order.price,
        average_price=average,
        state=state,
        text=reason if state is ReportedState.REJECTED else "",
        evidence=_evidence(order, average, reason),
        product=PRODUCT,
        source=order.source,
        entered_at=order.entered_at.replace(microsecond=0),
        changed_at=_changed(order).replace(microsecond=0),
    )


def _evidence(order: PaperOrder, average: Decimal | None, reason: str) -> Evidence:
    return {
        "paper": True,
        "number": order.number,
        "tag": order.shown_tag,
        "status": order.state,
        "symbol": order.symbol,
        "quantity": order.quantity,
        "filled": order.filled,
        "price": str(order.price),
        "average": str(average or 0),
        "reason": reason,
        "entered": order.entered_at.isoformat(),
        "changed": _changed(order).isoformat(),
    }


def _changed(order: PaperOrder) -> datetime:
    return datetime.fromisoformat(order.history[-1]["at"]) if order.history else order.entered_at


def _paise(price: Decimal) -> Decimal:
    return price.quantize(Decimal("0.01")) if price == price.quantize(Decimal("0.01")) else round(price, 4)
