"""Conversations with the paper broker for one thread: changes and reads, with latency, faults, deadlines and retries.

A call is one transaction: the account's page is opened, its exchange brought up to now, the call carried out, the page
written. It has happened once the transaction has ended: an answer that says Accepted comes after that, and a fill is
durable before any report shows it. Whoever looks next, this process or its successor, finds the same.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from broker.paper.bell import Bell
from broker.paper.faults import carried_out, fail, outcome_under
from broker.paper.line import PaperLine
from broker.paper.market import Market
from broker.paper.pages import Pages
from broker.paper.pit import Pit
from broker.paper.store import Store
from broker.retrying import Passing, Retries
from broker.simulator.kinds import Kind
from domain.clock import Clock
from domain.errors import BadInput, BrokerUnavailable, ConstraintBroken, DatabaseUnavailable, TenureLost
from domain.market import Calendar
from domain.outcomes import NotSent, Outcome, Unknown
from domain.paper import PaperFault
from domain.tenure import Tenure

log = logging.getLogger(__name__)
Report = TypeVar("Report")
Act = Callable[[Pit, PaperFault | None], Outcome]


@dataclass(frozen=True, slots=True)
class Sent:
    """How an attempt ended; `again`: the gateway turned it away, and it may go out once more."""

    outcome: Outcome
    again: bool = False


class Conversation:
    """`guard` raises TransactionHeld when this thread holds a transaction; `bell` rings for the tenant when an order is
    about to trade.
    """

    def __init__(
        self,
        tenure: Tenure,
        clock: Clock,
        calendar: Calendar,
        store: Store,
        market: Market,
        line: PaperLine,
        guard: Callable[[], None],
        bell: Bell | None = None,
    ) -> None:
        self._pages = Pages(tenure, clock, calendar, store, market, bell)
        self._tenure = tenure
        self._clock = clock
        self._line = line
        self._guard = guard
        self._retries = Retries(clock, tenure)

    @property
    def trouble(self) -> str:
        """What keeps prices away; empty for nothing."""
        return self._pages.trouble

    def change(
        self, call: str, check: Callable[[], object], act: Act, send_by: float, wanted: Iterable[str] = ()
    ) -> Outcome:
        """Have a change carried out, unless `check` raises ValueError; `wanted` are its symbols.

        Each attempt waits for its turn within the account's rate.
        """
        self._guard()
        try:
            check()
        except ValueError as error:
            return NotSent(f"nothing was sent: {error}")

        def attempt() -> Sent:
            with self._line.change(self._tenure, send_by) as admitted:
                if not admitted:
                    return Sent(NotSent("the account's rate is used up; nothing was sent"))
                return self._send(call, act, send_by, set(wanted))

        sent = self._retries.change(attempt, lambda sent: sent.again, send_by, lambda: self._line.seconds_to(1))
        return sent.outcome

    def _send(self, call: str, act: Act, send_by: float, wanted: set[str]) -> Sent:
        began = self._clock.monotonic()
        self._tenure.beat(began)
        why = self._withheld(send_by)
        if why:
            return Sent(NotSent(f"nothing was sent: {why}"))
        self._travel()
        if self._clock.monotonic() - began > self._line.call_deadline:
            return Sent(Unknown("no answer within the call's deadline", {"paper": True}))
        received = False
        try:
            with self._pages.open(wanted) as (page, pit):
                fault = page.take_fault(call)
                received = True
                answer = act(pit, fault) if carried_out(fault) else None
        except (TenureLost, BrokerUnavailable, BadInput) as error:
            return Sent(NotSent(f"nothing was sent: {error}"))
        except (DatabaseUnavailable, ConstraintBroken) as error:
            if received:
                return Sent(Unknown(f"the paper broker did not answer: {error}", {"paper": True}))
            return Sent(NotSent(f"nothing was sent: {error}"), again=isinstance(error, DatabaseUnavailable))
        return self._answered(answer, fault, began)

    def _answered(self, answer: Outcome | None, fault: PaperFault | None, began: float) -> Sent:
        """What the client hears of what has happened, and when."""
        late = self._hold(fault, began)
        if fault is None:
            assert answer is not None
            return Sent(answer)
        spoilt = outcome_under(fault, self._line.busy_is_unsent)
        log.warning("%s: paper fault %s, on command", self._tenure, fault.kind)
        if spoilt is not None:
            return Sent(spoilt, again=fault.kind == Kind.TOO_MANY and isinstance(spoilt, NotSent))
        if late or answer is None:
            return Sent(Unknown(f"no answer within the call's deadline: {fault.kind}", {"paper": True}))
        return Sent(answer)

    def read(self, call: str, report: Callable[[Pit, PaperFault | None], Report]) -> Report:
        """Have something reported, with retries inside one deadline. Raises BrokerUnavailable and TenureLost."""
        self.enter()
        until = self._clock.monotonic() + self._line.call_deadline

        def attempt() -> Report:
            with self._line.read(self._tenure, until) as admitted:
                if not admitted:
                    self._tenure.require()
                    raise BrokerUnavailable(f"{self._tenure}: the account's rate left no time to ask.")
                self._tenure.beat(self._clock.monotonic())
                return self._ask(call, report)

        return self._retries.read(attempt, until)

    def _ask(self, call: str, report: Callable[[Pit, PaperFault | None], Report]) -> Report:
        began = self._clock.monotonic()
        self._pages.look_at_prices()
        self._travel()
        try:
            with self._pages.open(set()) as (page, pit):
                fault = page.take_fault(call)
                found = report(pit, fault)
        except DatabaseUnavailable as error:
            raise Passing(f"{self._tenure}: the paper broker did not answer: {error}") from error
        except (ConstraintBroken, BadInput) as error:
            raise BrokerUnavailable(f"{self._tenure}: the paper account cannot be read: {error}") from error
        if self._hold(fault, began):
            raise Passing(f"{self._tenure}: the paper broker did not answer within the call's deadline")
        fail(fault)
        return found

    def _withheld(self, send_by: float) -> str:
        """The last check, as every broker's client makes it before the first byte."""
        if self._tenure.revoked:
            return f"{self._tenure} may no longer act"
        return "it was too late to send it" if self._clock.monotonic() >= send_by else ""

    def _travel(self) -> None:
        if self._pages.latency > 0:
            self._clock.wait(self._tenure.stopped, min(self._pages.latency, self._line.call_deadline))

    def _hold(self, fault: PaperFault | None, began: float) -> bool:
        """Let the seconds of a fault pass, at most until the call's deadline; whether that was reached."""
        if fault is None or fault.seconds <= 0 or fault.kind == Kind.LATE_ROW:
            return False
        left = self._line.call_deadline - (self._clock.monotonic() - began)
        self._clock.wait(self._tenure.stopped, max(0.0, min(fault.seconds, left)))
        return fault.seconds >= left

    def enter(self) -> None:
        """How every call begins. Raises TransactionHeld and TenureLost."""
        self._guard()
        self._tenure.require()
