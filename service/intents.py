"""Decided steps as rows to commit, requests to make and answers to apply: the three faces of one intent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from broker.api import Broker
from domain.book import NewOrder, PriceChange
from domain.buying import Buy, Deny
from domain.models import Order, Position
from domain.orders import OrderStatus, Reason, SendKind, SendOutcome, Side
from domain.outcomes import Accepted, NotSent, Outcome, Refused, Unknown
from domain.steps import Abandon, Cancel, Hold, Modify, Place, Resend, Wait
from domain.tags import new_tag
from domain.tenure import Tenure
from repositories.journal import Entry
from repositories.sends import Answer, NewSell, NewSend, Submission
from service.ports import Repositories

Step = Place | Buy | Resend | Modify | Cancel | Abandon | Deny | Hold | Wait
Key = tuple[str, int, int, Decimal | None]


@dataclass(frozen=True, slots=True)
class Intent:
    """One committed send, ready to go; the order is as the send wants it."""

    order: Order
    kind: SendKind
    send_id: int = 0
    position: Position | None = None
    rule: Mapping[str, Any] | None = None

    @property
    def fresh(self) -> bool:
        """Whether the order's row is already as the send wants it."""
        return self.position is not None or self.kind is SendKind.MODIFY


class Intents:
    """Commits the steps of one batch inside the caller's fenced transaction."""

    def __init__(
        self, repositories: Repositories, tenure: Tenure, now: datetime, day: date, send_window: float
    ) -> None:
        self._rows = repositories
        self._tenure = tenure
        self._now = now
        self._day = day
        self._send_by = now + timedelta(seconds=send_window)

    def commit(self, batch: Sequence[Step], decided: Sequence[Step]) -> list[Intent]:
        """Write those steps of the batch that are decided again, now that nothing can move; ready to be sent."""
        again = {key_of(step): step for step in decided if key_of(step)}
        steps = [again[key_of(step)] for step in batch if key_of(step) in again]
        self._end([step for step in steps if isinstance(step, Abandon | Deny)])
        wanted = self._new_sells([step for step in steps if isinstance(step, Place)])
        wanted += [self._changed(step) for step in steps if isinstance(step, Buy | Resend | Modify | Cancel)]
        return self._opened(wanted)

    def _new_sells(self, places: Sequence[Place]) -> list[Intent]:
        if not places:
            return []
        prefix = self._rows.accounts.tag_prefix()
        sells = [_new_sell(place, new_tag(prefix)) for place in places]
        numbers = self._rows.sends.new_sells(sells, self._day, self._now)
        return [
            Intent(self._as_order(sell, numbers[sell.tag]), SendKind.PLACE, position=place.position, rule=place.rule)
            for sell, place in zip(sells, places, strict=True)
        ]

    def _as_order(self, sell: NewSell, number: int) -> Order:
        return Order(
            number,
            self._tenure.user_id,
            Side.SELL,
            sell.symbol,
            OrderStatus.SUBMITTING,
            sell.quantity,
            sell.price,
            position_id=sell.position_id,
            placed_symbol=sell.placed_symbol,
            tag=sell.tag,
            trading_day=self._day,
        )

    def _changed(self, step: Buy | Resend | Modify | Cancel) -> Intent:
        order = step.order
        match step:
            case Buy():
                tag = new_tag(self._rows.accounts.tag_prefix())
                order = replace(order, status=OrderStatus.SUBMITTING, tag=tag, placed_symbol=step.symbol)
                return Intent(replace(order, price=step.price, trading_day=self._day), SendKind.PLACE)
            case Resend():
                return Intent(replace(order, quantity=step.quantity, price=step.price), SendKind.PLACE)
            case Modify():
                return Intent(replace(order, price=step.price), SendKind.MODIFY)
            case Cancel():
                return Intent(replace(order, status=OrderStatus.CANCELLING), SendKind.CANCEL)

    def _opened(self, wanted: Sequence[Intent]) -> list[Intent]:
        self._rows.sends.submit([_submission(intent) for intent in wanted if not intent.fresh], self._now)
        sends = [NewSend(i.order.id, i.kind, i.order.quantity, i.order.price) for i in wanted]
        numbers = self._rows.sends.open(sends, self._send_by, self._now)
        self._rows.journal.write([self._entry(intent) for intent in wanted])
        return [replace(intent, send_id=numbers[intent.order.id]) for intent in wanted]

    def _end(self, steps: Sequence[Abandon | Deny]) -> None:
        ended = [(_ended(step), None) for step in steps]
        self._rows.orders.update(ended, self._now)
        self._rows.journal.write(
            Entry("ENDED_HERE", o.user_id, o.position_id, o.id, {"status": o.status, "text": o.reason_text})
            for o, _ in ended
        )

    def _entry(self, intent: Intent) -> Entry:
        order = intent.order
        detail: dict[str, Any] = {
            "kind": intent.kind,
            "side": order.side,
            "symbol": order.wire_symbol,
            "quantity": order.quantity,
            "price": order.price,
            "tag": order.tag,
            "generation": self._tenure.generation,
            "send_by": self._send_by,
        }
        if intent.position is not None:
            detail |= {
                "avg_price": intent.position.avg_price,
                "own_rule": intent.position.exit_rule,
                "rule": intent.rule,
            }
        return Entry("INTENT", order.user_id, order.position_id, order.id, detail)


def key_of(step: Step) -> Key | None:
    """What makes two steps the same deed; None where there is nothing to do."""
    match step:
        case Place():
            return ("new", step.position.id, step.quantity, step.price)
        case Buy():
            return ("buy", step.order.id, step.order.quantity, step.price)
        case Resend():
            return ("resend", step.order.id, step.quantity, step.price)
        case Modify():
            return (SendKind.MODIFY, step.order.id, step.order.quantity, step.price)
        case Cancel():
            return (SendKind.CANCEL, step.order.id, step.order.quantity, None)
        case Abandon() | Deny():
            return ("end", step.order.id, step.order.quantity, None)
    return None


def needs_no_token(step: Step) -> bool:
    """Whether a step is a matter of our own rows."""
    return isinstance(step, Abandon | Deny)


def request_of(intent: Intent) -> Callable[[Broker, float], Outcome]:
    """The broker call that an intent stands for."""
    order = intent.order
    if intent.kind is SendKind.PLACE:
        new = NewOrder(order.tag or "", order.wire_symbol, order.side, order.quantity, order.price)
        return lambda broker, send_by: broker.place(new, send_by)
    number = order.broker_order_id or ""
    if intent.kind is SendKind.CANCEL:
        return lambda broker, send_by: broker.cancel(number, send_by)
    change = PriceChange(number, order.wire_symbol, order.side, order.quantity, order.price)
    return lambda broker, send_by: broker.modify(change, send_by)


def answer_of(intent: Intent, outcome: Outcome) -> Answer:
    """The answer as it is kept with the send."""
    match outcome:
        case Accepted():
            evidence = {**outcome.evidence, "broker_order_id": outcome.broker_order_id}
            return Answer(intent.send_id, SendOutcome.ACCEPTED, None, evidence)
        case Refused():
            return Answer(intent.send_id, SendOutcome.REFUSED, f"{outcome.code}: {outcome.text}", outcome.evidence)
        case NotSent():
            return Answer(intent.send_id, SendOutcome.NOT_SENT, outcome.text)
        case Unknown():
            return Answer(intent.send_id, SendOutcome.UNKNOWN, outcome.text, outcome.evidence)


def applied(intent: Intent, outcome: Outcome) -> tuple[Order, Mapping[str, Any] | None] | None:
    """What an answer makes of the order; None where only the book can tell."""
    order = intent.order
    match (intent.kind, outcome):
        case (SendKind.PLACE, Accepted(number, evidence)):
            return replace(order, status=OrderStatus.ACCEPTED, broker_order_id=number), evidence
        case (SendKind.PLACE, Refused()) if order.doubted:
            return None  # it answers this send alone; an earlier one of the tag may still arrive
        case (SendKind.PLACE, Refused(code, text, evidence)):
            rejected = replace(order, status=OrderStatus.REJECTED, reason=Reason.REJECTED)
            return replace(rejected, reason_text=f"{code}: {text}"), evidence
        case (SendKind.MODIFY, Accepted(_, evidence)):
            return order, evidence
        case (SendKind.CANCEL, Refused() | NotSent()):
            return replace(order, status=OrderStatus.OPEN), None
    return None


def _new_sell(place: Place, tag: str) -> NewSell:
    position = place.position
    return NewSell(position.id, position.symbol, place.symbol, position.ticker, tag, place.quantity, place.price)


def _submission(intent: Intent) -> Submission:
    order = intent.order
    return Submission(
        order.id, order.status, order.quantity, order.price, order.tag, order.placed_symbol, order.trading_day
    )


def _ended(step: Abandon | Deny) -> Order:
    if isinstance(step, Deny):
        return replace(step.order, status=OrderStatus.REJECTED, reason=step.reason, reason_text=step.text)
    return replace(step.order, status=OrderStatus.CANCELLED, reason=Reason.NEVER_SENT, reason_text=step.because or None)
