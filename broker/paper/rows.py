"""Orders of the simulator's exchange as rows, and back: what is put away is taken up as it was."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from broker.simulator.accounts import Account
from broker.simulator.instruments import Instrument
from broker.simulator.orders import Deed, Errand, Order, State, Step, Ticket
from broker.simulator.orders import Side as Letter
from domain.orders import Side
from domain.paper import PaperOrder

_NOT_YET = datetime.max.replace(tzinfo=UTC)
LETTERS: Mapping[Side, Letter] = {Side.BUY: Letter.BUY, Side.SELL: Letter.SELL}
SIDES: Mapping[Letter, Side] = {letter: side for side, letter in LETTERS.items()}


def order_of(row: PaperOrder, account: Account, instrument: Instrument) -> Order:
    """The order that a row tells of."""
    ticket = Ticket(LETTERS[row.side], instrument, row.quantity, row.price, row.tag, row.source)
    return Order(
        number=row.number,
        account=account,
        ticket=ticket,
        entered=row.entered_at,
        visible_from=row.visible_from,
        tag=row.tag,
        shown_tag=row.shown_tag,
        quantity=row.quantity,
        price=row.price,
        state=State(row.state),
        filled=row.filled,
        cancelled=row.cancelled,
        value=row.value,
        reason=row.reason,
        confirmed=row.confirmed_at,
        since=row.confirmed_at or _NOT_YET,
        exchange_number=row.history[-1]["exchange_number"] if row.history else "NA",
        admitted=row.admitted,
        resting=row.resting,
        steps=[_step_of(step) for step in row.history],
        errands=[_errand_of(errand) for errand in row.errands],
    )


def row_of(order: Order, day: date) -> PaperOrder:
    """The row of an order of the day."""
    return PaperOrder(
        number=order.number,
        day=day,
        tag=order.tag,
        shown_tag=order.shown_tag,
        source=order.ticket.source,
        side=SIDES[order.ticket.side],
        symbol=order.symbol,
        quantity=order.quantity,
        price=order.price,
        state=order.state.value,
        filled=order.filled,
        cancelled=order.cancelled,
        value=order.value,
        reason=order.reason,
        entered_at=order.entered,
        visible_from=order.visible_from,
        confirmed_at=order.confirmed,
        admitted=order.admitted,
        resting=order.resting,
        history=tuple(_step(step) for step in order.steps),
        errands=tuple(_errand(errand) for errand in order.errands) if order.live else (),
    )


def _step(step: Step) -> Mapping[str, Any]:
    return {
        "state": step.state.value,
        "at": step.moment.isoformat(),
        "tag": step.tag,
        "quantity": step.quantity,
        "price": str(step.price),
        "filled": step.filled,
        "cancelled": step.cancelled,
        "average": str(step.average),
        "reason": step.reason,
        "exchange_number": step.exchange_number,
    }


def _step_of(row: Mapping[str, Any]) -> Step:
    return Step(
        state=State(row["state"]),
        moment=datetime.fromisoformat(row["at"]),
        tag=row["tag"],
        quantity=row["quantity"],
        price=Decimal(row["price"]),
        filled=row["filled"],
        cancelled=row["cancelled"],
        average=Decimal(row["average"]),
        reason=row["reason"],
        exchange_number=row["exchange_number"],
    )


def _errand(errand: Errand) -> Mapping[str, Any]:
    return {
        "due": errand.due.isoformat(),
        "deed": errand.deed.value,
        "price": str(errand.price),
        "quantity": errand.quantity,
        "verdict": errand.verdict,
        "before": errand.before.value,
    }


def _errand_of(row: Mapping[str, Any]) -> Errand:
    return Errand(
        due=datetime.fromisoformat(row["due"]),
        deed=Deed(row["deed"]),
        price=Decimal(row["price"]),
        quantity=row["quantity"],
        verdict=row["verdict"],
        before=State(row["before"]),
    )
