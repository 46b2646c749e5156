"""One tenant's trading day. The schedule only says when to look; what to do follows from the rows.

    observe ──► record ──► decide ──► act ──► explain
    (book)     (book→rows) (pure)   (intents)  (why a position has no order)

Each cycle does all of it; the bell, a restart at eleven, a new fill and a sale by hand take the same path, and a late
or doubled cycle does no harm.
"""

import logging
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta

import schedule

from domain.book import Book
from domain.errors import AddressWrong, BrokerUnavailable, ClockWrong, ConstraintBroken, NinefifteenError, TenureLost
from domain.market import NoTrading, Session, TradingDay
from domain.models import Snapshot
from domain.orders import LIVE, OrderStatus, SendOutcome
from domain.steps import Circumstances
from domain.tenancy import TenantState
from service.buying import BuyDesk
from service.free_shares import FreeShares
from service.front_door import FrontDoor
from service.live_instruments import LiveInstruments
from service.order_monitor import OrderMonitor, Recorded
from service.order_router import OrderRouter
from service.own_shares import OwnShares
from service.ports import Ports, Repositories, tenant_repositories
from service.prices import Prices
from service.rhythm import Rhythm
from service.sell_order_manager import SellOrderManager, View
from service.settling import Settling
from service.troubles import Troubles
from service.views import view_of
from service.words import counted, resting_text, state_of

log = logging.getLogger(__name__)

HURRY = timedelta(seconds=75)
"""Before the bell, and after it: the time that a download may take which hangs, and a little more."""
CLOCK_SKEW_LIMIT = 2.0
"""Seconds by which the broker's clock may differ from ours before no order is sent."""


class TradingService:
    """Serves one tenure: made by the composition root, run by the tenant's thread."""

    def __init__(self, ports: Ports, repositories: Repositories | None = None) -> None:
        self.ports = ports
        self.rows = repositories or tenant_repositories(ports.database, ports.tenure)
        self.sell_manager: SellOrderManager | None = None
        self._router = OrderRouter(ports, self.rows)
        self._instruments = LiveInstruments(ports.instruments)
        self._monitor = OrderMonitor(ports, self.rows, self._instruments)
        self._free = FreeShares(self._instruments)
        self._own_shares = OwnShares(ports, self.rows, self._instruments, self._free)
        self._prices = Prices(ports, self.rows, self._instruments)
        self._settling = Settling(ports, self.rows, self._instruments)
        self._buys = BuyDesk(self._instruments, self._router)
        self._door = FrontDoor(ports)
        self._troubles = Troubles(ports.clock)
        self._told: tuple[TenantState, str] | None = None
        self._rhythm = Rhythm(ports.calendar, ports.clock, ports.settings)

    def initialize(self) -> None:
        """Make the sell manager from the repositories; a missing one is logged, and named again when it is needed."""
        log.info("Initializing sell order manager...")
        for name in ("positions", "orders"):
            if getattr(self.rows, name, None) is None:
                log.error("%sRepository is not available: open positions cannot be read", name.capitalize())
        self.sell_manager = SellOrderManager(
            self.ports.broker,
            positions_repo=getattr(self.rows, "positions", None),
            user_id=self.ports.tenure.user_id,
            orders_repo=getattr(self.rows, "orders", None),
            instruments=self._instruments,
            router=self._router,
        )
        self._report_loaded(self.sell_manager)

    def run(self) -> None:
        """Serve until the tenure ends. Raises what waiting does not help against; the supervisor decides."""
        self.initialize()
        self.resume()
        scheduler = schedule.Scheduler()
        scheduler.every(self._rhythm.cycle).seconds.do(self.look)  # type: ignore[arg-type] # fractions work
        try:
            while not self.ports.tenure.stopping:
                self._turn(scheduler)
            if not self.ports.tenure.revoked:
                self._tell(TenantState.STOPPED, "")
        finally:
            self.ports.broker.close()

    def _turn(self, scheduler: schedule.Scheduler) -> None:
        """Wait for the schedule, a change of the rows, or a moment of the day, whichever is first; then look."""
        pause, punctual = self._rhythm.pause(scheduler.idle_seconds)
        woken = self.ports.clock.wait(self.ports.tenure.wake, pause)
        self.ports.tenure.wake.clear()
        if self.ports.tenure.stopping:
            return
        if woken or punctual:
            scheduler.run_all()
        else:
            scheduler.run_pending()

    def resume(self) -> None:
        """How every start begins: say what the rows leave open, then look."""
        session = self._rhythm.session()
        if isinstance(session, TradingDay):
            snapshot = self.rows.accounts.snapshot(session.day)
            live = [order for order in snapshot.orders if order.status in LIVE]
            doubt = sum(order.status is OrderStatus.SUBMITTING for order in live)
            log.info("Resuming: %s orders adopted, %s in doubt, 0 sent again", len(live) - doubt, doubt)
        self.look()

    def look(self) -> None:
        """One cycle, with what waiting helps against kept from the thread: it is told, and the next look tries."""
        self.ports.tenure.beat(self.ports.clock.monotonic())
        try:
            self._look()
        except TenureLost:
            self.ports.tenure.revoke()
        except NinefifteenError as error:
            if not error.waiting_helps:
                raise
            self._troubles.tell(str(error), logging.WARNING)

    def _look(self) -> None:
        try:
            self.cycle()
            self._troubles.over()
        except (BrokerUnavailable, ClockWrong, ConstraintBroken) as error:
            self._troubles.tell(str(error), logging.WARNING if error.waiting_helps else logging.ERROR)
            self._tell(TenantState.HELD, str(error))

    def cycle(self) -> None:
        """Observe, record, decide, act, explain. Raises what each of them raises; no decision is half taken."""
        session = self._rhythm.session()
        if not isinstance(session, TradingDay) or not self._rhythm.awake(session):
            self._rest(session)
            return
        self._open(session)
        book, recorded = self._observe(session)
        self._require_right_time()
        hurry = self.ports.clock.now() >= session.bell - HURRY
        self.ports.instruments.load(session.day, self.ports.broker.instruments, hurry=hurry)
        if self._own_shares.catch_up(recorded, session):
            book, recorded = self._observe(session)
        view = view_of(recorded, session, self.ports, self._free)
        ended = self._act(recorded.snapshot, view, book.began)
        self._explain(recorded.snapshot, view(recorded.snapshot), book.began_at)
        learnt = self._learn(recorded, session)
        self._rhythm.note(recorded.snapshot, bool(ended) or learnt, session)

    def _open(self, session: TradingDay) -> None:
        """Make sure of a session for orders. Where only the address is wrong, what rests is looked at all the same."""
        try:
            self._door.open(session)
        except AddressWrong:
            with suppress(BrokerUnavailable):
                self._observe(session)
            raise

    def _observe(self, session: TradingDay) -> tuple[Book, Recorded]:
        book = self.ports.broker.order_book()
        return book, self._monitor.record(book, session)

    def _act(self, snapshot: Snapshot, view: View, book_began: float) -> Counter[SendOutcome]:
        assert self.sell_manager is not None
        ended = self.sell_manager.place(snapshot, view, book_began)
        if ended:
            log.info("Placed %s sell orders (%s)", ended[SendOutcome.ACCEPTED], counted(ended))
        return ended + self._buys.place(snapshot, view, book_began)

    def _learn(self, recorded: Recorded, session: TradingDay) -> bool:
        """What can wait until the orders are out, since it may hang: prices, holdings, histories, people's words.

        Whether there was something that the next look should not wait for.
        """
        if self.ports.clock.now() >= session.bell + HURRY:
            self.ports.instruments.refresh(session.day, self.ports.broker.instruments, self.ports.clock.monotonic())
        priced = self._prices.refresh(recorded, session)
        self._own_shares.look(recorded, session)
        self._monitor.suspect(recorded)
        return self._settling.answer(recorded.snapshot, session) or priced

    def _explain(self, snapshot: Snapshot, now: Circumstances, book_at: datetime) -> None:
        """Let the positions and the tenant say how they stand, in one transaction."""
        assert self.sell_manager is not None
        reasons = self.sell_manager.reasons(snapshot, now)
        state, text = state_of(now)
        notices = (self.ports.broker.notice(), self.ports.instruments.notice, self.ports.feed.text)
        text = "; ".join(filter(None, (text, *notices)))
        with self.rows.door():
            self.rows.positions.explain(reasons, now.at)
            self.rows.positions.identify(self._isins(snapshot))
            self.rows.tenants.beat(self.ports.tenure, state, text, book_at)
        self._told = (state, text)

    def _isins(self, snapshot: Snapshot) -> dict[int, str]:
        """Positions whose ISIN is learnt from today's file: by it they are found when the exchange renames them."""
        lines = {p.id: self._instruments.of(p) for p in snapshot.positions if p.open and p.isin is None}
        return {number: line.isin for number, line in lines.items() if line is not None and line.isin}

    def _require_right_time(self) -> None:
        skew = self.ports.broker.clock_skew()
        if skew is not None and abs(skew) > CLOCK_SKEW_LIMIT:
            raise ClockWrong(
                f"The broker's clock differs from ours by {skew:+.1f} s (limit {CLOCK_SKEW_LIMIT} s):"
                " no orders until the clocks agree. Check the machine's time synchronisation."
            )

    def _rest(self, session: Session) -> None:
        """Nothing to look at: say so once, and loudly where it is not simply a holiday."""
        self._rhythm.note_rest()
        if isinstance(session, NoTrading) and session.unknown:
            if self._told != (TenantState.HELD, session.because):
                log.critical("No orders: %s", session.because)
            self._tell(TenantState.HELD, session.because)
        else:
            self._tell(TenantState.WAITING, resting_text(session))

    def _tell(self, state: TenantState, text: str) -> None:
        """Write the state where it is new."""
        if self._told == (state, text):
            return
        self.rows.tenants.beat(self.ports.tenure, state, text)
        self._told = (state, text)

    def _report_loaded(self, manager: SellOrderManager) -> None:
        try:
            log.info("Loaded %s open positions from database", len(manager.get_open_positions()))
        except ValueError as error:
            log.error("%s", error)
