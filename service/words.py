"""What a tenant says of itself, in words for people: its state, its session, what it sent."""

from collections import Counter

from domain.clock import IST
from domain.errors import BadInput
from domain.exits import parse_exit_rule
from domain.market import NoTrading, Phase, Session, TradingDay
from domain.orders import SendOutcome
from domain.steps import Circumstances
from domain.tenancy import TenantState

PHASE_WORDS = {Phase.BEFORE: "before the bell", Phase.OPEN: "the market is open", Phase.AFTER: "after the close"}


def state_of(now: Circumstances) -> tuple[TenantState, str]:
    """The state of a tenant that looks, and why."""
    if now.halted is not None:
        return TenantState.HELD, f"halted: {now.halted}"
    try:
        parse_exit_rule(now.user.exit_rule)
    except BadInput as error:
        return TenantState.HELD, str(error)
    return TenantState.TRADING if now.phase is Phase.OPEN else TenantState.WAITING, now.phase_text


def resting_text(session: Session) -> str:
    """Why a tenant sleeps."""
    if isinstance(session, NoTrading):
        return f"closed: {session.because}"
    return f"closed; the session is {hours(session)}"


def hours(session: TradingDay) -> str:
    """A session's hours in India."""
    bell, close = session.bell.astimezone(IST), session.close.astimezone(IST)
    return f"{bell:%d %b %Y %H:%M:%S} to {close:%H:%M:%S} IST"


def counted(ended: Counter[SendOutcome]) -> str:
    """How many sends ended how."""
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(ended.items()))
