"""The rules of coverage: from a position, its live sell and who serves it to one of four states; a pure function."""

from dataclasses import replace
from decimal import Decimal

from domain.coverage import Coverage, CoverState
from domain.live_sell import Verdict, certainly_unsent, judge, placing, resting, unprotected
from domain.market import Phase, TradingDay
from domain.models import Order, Position
from domain.orders import Reason
from domain.reasons import advice, named
from domain.tenancy import TenantState
from domain.vantage import Moment, Service, last_book, nobody

BLIND = frozenset({TenantState.BACKOFF, TenantState.FAILED, TenantState.REFUSED, TenantState.STOPPED})
"""A tenant that does not even look; what its positions said before is old."""
DOWN = BLIND | {TenantState.HELD}
LASTING = frozenset({Reason.BREACHED, Reason.CORPORATE_ACTION, Reason.UNSETTLED_YESTERDAY})
"""What only a person can end, whoever looks or does not."""


def cover(position: Position, order: Order | None, service: Service, moment: Moment) -> Coverage:
    """The state of an open position, given its live sell if there is one."""
    verdict = _verdict(position, order, service, moment)
    rests = resting(order, moment)
    return Coverage(
        position.id,
        service.user,
        position.user_id,
        position.symbol,
        position.quantity,
        rests,
        verdict.state,
        verdict.since,
        order.seen_at if order else None,
        verdict.reason,
        verdict.text,
        _advice(verdict, position, service),
        order.broker_order_id if order else None,
        order.price if order else None,
        _value(position, verdict.state, rests),
        moment.open,
    )


def _verdict(position: Position, order: Order | None, service: Service, moment: Moment) -> Verdict:
    told = _told(position)
    unsent = order is None or certainly_unsent(order)
    if not moment.open:
        return _closed(told, service, moment)
    if told is not None and (told.reason is Reason.BREACHED or (unsent and told.reason in LASTING)):
        return told
    if unsent and not service.serving:
        return unprotected(Reason.NOT_SERVED, nobody(service), service.beat_at or position.opened_at)
    if order is None or (unsent and service.state != TenantState.TRADING):
        return _without(position, told, service, moment)
    return judge(position, order, told, service, moment)


def _advice(verdict: Verdict, position: Position, service: Service) -> str:
    if verdict.advice or verdict.reason is None:
        return named(verdict.advice, service.user)
    return advice(verdict.reason, service.user, position.id, own_rule=position.exit_rule is not None)


def _beside(text: str, more: str) -> str:
    """Two statements in one; what the second only repeats of the first is left out."""
    first = text.rstrip().rstrip(".")
    return first if more.rstrip(". ").endswith(first) else f"{first}; {more}"


def _told(position: Position) -> Verdict | None:
    """What the position says of itself. That the market was closed is no reason once it is open."""
    reason = Reason.__members__.get(position.reason or "")
    if position.reason is None or reason is Reason.MARKET_CLOSED:
        return None
    text = position.reason_text or "no more is known"
    if reason is None:
        return unprotected(Reason.NOT_LOOKED_AT, f"{position.reason}: {text}", position.reason_at)
    return unprotected(reason, text, position.reason_at)


def _closed(told: Verdict | None, service: Service, moment: Moment) -> Verdict:
    """What will keep a position from its order at the bell is told before it; what only a person can end, always."""
    text = moment.opens or "the market is closed"
    soon = moment.session.phase(moment.now) is Phase.BEFORE and service.serving
    if told is not None and (told.reason in LASTING or soon):
        return replace(told, text=_beside(told.text, text))
    close = moment.session.close if isinstance(moment.session, TradingDay) else None
    return unprotected(Reason.MARKET_CLOSED, text, close if close and close <= moment.now else None)


def _without(position: Position, told: Verdict | None, service: Service, moment: Moment) -> Verdict:
    """No order is live: a tenant that does not look first, then the position's own reason, else how the tenant is."""
    if _blind(service, moment):
        before = f"; before that: {told.reason}: {told.text}" if told else ""
        return unprotected(Reason.TENANT_DOWN, f"{service.described}{before}", service.beat_at)
    down = service.state in DOWN
    if told is not None:
        return replace(told, text=_beside(told.text, f"the tenant is {service.described}")) if down else told
    if down:
        return unprotected(Reason.TENANT_DOWN, service.described, service.beat_at)
    if service.state == TenantState.TRADING and _looked(position, service, moment):
        return placing("the order is about to be sent", position.opened_at)
    text = f"{last_book(service)}; the tenant is {service.described}"
    return unprotected(Reason.NOT_LOOKED_AT, text, service.book_at or position.opened_at)


def _blind(service: Service, moment: Moment) -> bool:
    """Whether the tenant looks at nothing, or has been starting for longer than a start may take."""
    slow = service.state == TenantState.STARTING and not moment.within(service.beat_at, moment.tempo.settling)
    return service.state in BLIND or slow


def _looked(position: Position, service: Service, moment: Moment) -> bool:
    """Whether the tenant reads books, or could not be expected to have read one yet."""
    moments = (service.book_at, position.opened_at, moment.begun)
    return any(moment.within(since, moment.tempo.settling) for since in moments)


def _value(position: Position, state: CoverState, resting: int) -> Decimal:
    """Rupees at cost of the shares without cover; in doubt none of them counts as covered."""
    covered = 0 if state is CoverState.IN_DOUBT else min(resting, position.quantity)
    shares = 0 if state is CoverState.PROTECTED else position.quantity - covered
    return shares * position.avg_price if shares else Decimal(0)
