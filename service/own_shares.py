"""What the account holds beside our rows: learnt from the holdings, believed only when two reads tell the same story.

It tells the owner's shares from ours (`account_days`), how many can be sold (`free_shares`), whether a corporate action
changed a holding overnight, and how an order of yesterday ended that nobody saw end.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.account import MOST, Taken, first_figure, free_to_sell, ours_overnight, sellable_at_start, taken_by_us
from domain.book import Holding
from domain.errors import BrokerUnavailable
from domain.market import TradingDay
from domain.models import AccountDay, Order, Position, PreviousDay, Snapshot
from domain.orders import LIVE, OrderStatus, Reason
from domain.overnight import Morning, ended_by_holdings, unexplained
from domain.reading import Outside
from domain.wanted import traded_symbol
from repositories.journal import Entry
from service.bookkeeping import Changed, keep
from service.ledger import Ledger
from service.live_instruments import LiveInstruments
from service.order_monitor import Recorded
from service.ports import Ports, Repositories

log = logging.getLogger(__name__)

SEEN = frozenset({OrderStatus.OPEN, OrderStatus.CANCELLING})
"""The broker has taken it, so that its shares could be sold."""
UNREAD = object()
DAYS_BACK = 10
"""How far the session before is looked for; no pause of the exchange is as long."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one read of the holdings says of our symbols."""

    holdings: Mapping[str, Holding | None]
    accounts: Mapping[str, AccountDay]
    sellable: Mapping[str, int]


class OwnShares:
    """One tenant's knowledge of its account."""

    def __init__(self, ports: Ports, repositories: Repositories, instruments: LiveInstruments) -> None:
        self._ports = ports
        self._rows = repositories
        self._instruments = instruments
        self._before = Figures({}, {}, {})
        self._looked: datetime | None = None

    def free(self, recorded: Recorded, rows: Snapshot, day: date) -> Mapping[int, int]:
        """Shares that the sell of each position may take, where it is known (by position)."""
        found: dict[int, int] = {}
        taken = taken_by_us(rows.orders, day)
        for symbol, held in self._held(rows).items():
            if symbol in rows.sellable:
                line = self._instruments.of(held[0])
                ours, outside = taken.get(symbol, Taken()), recorded.reading.outside.get(symbol, Outside())
                resting = recorded.reading.resting_outside.get(symbol, 0)
                t2t = line is not None and line.trade_for_trade
                free = free_to_sell(rows.sellable[symbol], ours, outside, resting, t2t)
                free -= ours.leaving({position.id for position in held})
                found |= ours.shared(max(0, free), {position.id: position.quantity for position in held})
        return found

    def _held(self, rows: Snapshot) -> Mapping[str, list[Position]]:
        """Open positions by trading symbol."""
        held: dict[str, list[Position]] = {}
        for position in rows.positions:
            if position.open:
                held.setdefault(self._symbol(position), []).append(position)
        return held

    def look(self, recorded: Recorded, session: TradingDay) -> None:
        """Read the holdings where something is not known yet; a failed read is tried again and decides nothing."""
        symbols = self._wanted(recorded, session)
        if not symbols:
            return
        try:
            holdings = self._ports.broker.holdings()
        except BrokerUnavailable as error:
            log.warning("holdings not known yet, what was known still counts: %s", error)
            return
        self._looked = self._ports.clock.now()
        if not holdings:
            log.warning("the holdings are empty: while positions are open that proves nothing, and nothing is learnt")
            return
        self._learn(recorded, session, self._figures(recorded, session, symbols, holdings))

    def _wanted(self, recorded: Recorded, session: TradingDay) -> set[str]:
        """Symbols of which something is unknown; of which too few shares were free, now and then."""
        rows = recorded.snapshot
        held = {self._symbol(p): p for p in rows.positions if p.open}
        unknown = {s for s in held if s not in rows.account_days or s not in rows.sellable}
        unknown |= {order.wire_symbol for order in unsettled(rows, session)} & held.keys()
        free = self.free(recorded, rows, session.day)
        short = {s for s, p in held.items() if free.get(p.id, p.quantity) < p.quantity or _frozen(p)}
        return unknown | short if unknown or (short and self._due()) else set()

    def _due(self) -> bool:
        pause = timedelta(seconds=self._ports.settings.holdings_refresh)
        return self._looked is None or self._ports.clock.now() - self._looked >= pause

    def _figures(
        self, recorded: Recorded, session: TradingDay, symbols: Iterable[str], holdings: Iterable[Holding]
    ) -> Figures:
        held = {holding.token: holding for holding in holdings}
        by_symbol = {symbol: held.get(self._token(symbol)) for symbol in symbols}
        accounts = {s: self._account(s, holding, recorded, session) for s, holding in by_symbol.items()}
        sellable = {s: self._sellable(s, holding, recorded, session) for s, holding in by_symbol.items()}
        return Figures(by_symbol, {s: figure for s, figure in accounts.items() if figure is not None}, sellable)

    def _learn(self, recorded: Recorded, session: TradingDay, figures: Figures) -> None:
        """Keep what this read and the one before say alike."""
        before, self._before = self._before, figures
        day, rows = session.day, recorded.snapshot
        same = {s for s, holding in figures.holdings.items() if before.holdings.get(s, UNREAD) == holding}
        accounts = [
            f for s, f in figures.accounts.items() if before.accounts.get(s) == f and s not in rows.account_days
        ]
        sellable = {s: n for s, n in figures.sellable.items() if before.sellable.get(s) == n and s in same}
        with self._rows.door():
            fresh = self._rows.accounts.snapshot(day, lock=True)
            mornings = [self._morning(s, figures.holdings[s], recorded, fresh, session) for s in sorted(same)]
            self._judge(fresh, session, mornings)
            self._settle(fresh, session, mornings)
            self._rows.accounts.note_own_shares(day, accounts)
            self._rows.accounts.note_sellable(day, sellable)

    def _judge(self, rows: Snapshot, session: TradingDay, mornings: list[Morning]) -> None:
        """Freeze what changed overnight for no reason of ours, in the first figure of the day; let go what a later
        figure explains after all, since a broker may show half of the holdings for a while in the morning."""
        frozen = {self._symbol(p) for p in rows.positions if _frozen(p)}
        doubted = {order.wire_symbol for order in unsettled(rows, session)}
        asked = [m for m in mornings if m.symbol in frozen or m.symbol not in rows.sellable]
        previous = self._rows.accounts.previous(session.day, [m.symbol for m in asked]) if asked else {}
        for morning in (m for m in asked if m.symbol in previous and m.symbol not in doubted):
            text = unexplained(previous[morning.symbol], self._placed(morning, previous, session))
            if text and morning.symbol not in frozen:
                self._freeze(rows, morning.symbol, text)
            if text is None and morning.symbol in frozen:
                self._let_go(rows, morning)

    def _freeze(self, rows: Snapshot, symbol: str, text: str) -> None:
        log.error("%s; its positions wait until somebody has confirmed the ratio", text)
        frozen = [p for p in rows.positions if p.open and self._symbol(p) == symbol and p.reason != Reason.BREACHED]
        now, reason = self._ports.clock.now(), Reason.CORPORATE_ACTION
        self._rows.positions.update(replace(p, reason=reason, reason_text=text, reason_at=now) for p in frozen)
        self._rows.journal.write(Entry("FROZEN", p.user_id, p.id, None, {"text": text}) for p in frozen)

    def _let_go(self, rows: Snapshot, morning: Morning) -> None:
        held = [p for p in rows.positions if _frozen(p) and self._symbol(p) == morning.symbol]
        text = f"holdings={morning.quantity} of {morning.symbol}, as expected after all"
        log.warning("%s: its positions are not frozen any more", text)
        self._rows.positions.update(replace(p, reason=None, reason_text=None, reason_at=None) for p in held)
        self._rows.journal.write(Entry("LET_GO", p.user_id, p.id, None, {"text": text}) for p in held)

    def _settle(self, rows: Snapshot, session: TradingDay, mornings: list[Morning]) -> None:
        """End yesterday's orders where the holdings leave one story alone."""
        found = {m.symbol: m for m in mornings}
        orders = [order for order in unsettled(rows, session) if order.wire_symbol in found]
        if not orders:
            return
        previous = self._rows.accounts.previous(session.day, found)
        now, user_id = self._ports.clock.now(), self._ports.tenure.user_id
        ledger = Ledger(rows, self._symbol, user_id, now)
        changed: list[Changed] = []
        entries: list[Entry] = []
        for order in orders:
            held = [p for p in rows.positions if p.open and self._symbol(p) == order.wire_symbol]
            if len(held) != 1 or held[0].id != order.position_id or order.wire_symbol not in previous:
                continue
            morning = self._placed(found[order.wire_symbol], previous, session)
            sighting = ended_by_holdings(order, held[0], previous[order.wire_symbol], morning)
            if sighting:
                ledger.fill(sighting)
                evidence = {
                    "holdings": morning.quantity,
                    "position": held[0].quantity,
                    "text": sighting.after.reason_text,
                }
                changed.append((sighting.after, evidence))
                detail = {**evidence, "status": sighting.after.status, "filled": sighting.after.filled}
                entries.append(Entry("SETTLED", user_id, order.position_id, order.id, detail))
                log.warning("order %s settled %s", order.id, sighting.after.reason_text)
        if changed:
            keep(self._rows, ledger, changed, entries, user_id, now)

    def _placed(self, morning: Morning, previous: Mapping[str, PreviousDay], session: TradingDay) -> Morning:
        """The morning with its place after the day before."""
        return replace(morning, follows=previous[morning.symbol].day == self._day_before(session))

    def _day_before(self, session: TradingDay) -> date | None:
        for back in range(1, DAYS_BACK):
            earlier = self._ports.calendar.session(session.bell - timedelta(days=back))
            if isinstance(earlier, TradingDay) and earlier.day < session.day:
                return earlier.day
        return None

    def _morning(
        self, symbol: str, holding: Holding | None, recorded: Recorded, rows: Snapshot, session: TradingDay
    ) -> Morning:
        outside = recorded.reading.outside.get(symbol, Outside())
        sold = outside.sold + taken_by_us(rows.orders, session.day).get(symbol, Taken()).sold
        return Morning(symbol, holding, self._overnight(symbol, rows, session), sold, False)

    def _overnight(self, symbol: str, rows: Snapshot, session: TradingDay) -> int:
        held = sum(p.quantity for p in rows.positions if p.open and self._symbol(p) == symbol)
        return ours_overnight(held, symbol, session.day, rows.orders, 0)

    def _account(
        self, symbol: str, holding: Holding | None, recorded: Recorded, session: TradingDay
    ) -> AccountDay | None:
        outside = recorded.reading.outside.get(symbol, Outside())
        quantity = holding.quantity if holding else 0
        return first_figure(symbol, quantity, outside, self._overnight(symbol, recorded.snapshot, session))

    def _sellable(self, symbol: str, holding: Holding | None, recorded: Recorded, session: TradingDay) -> int:
        """What could be sold when the day began; never less than what of ours was sold or is seen resting, so that a
        broker who counts otherwise than we think cannot have us take back and place the same order for ever."""
        outside = recorded.reading.outside.get(symbol, Outside())
        ours = taken_by_us(recorded.snapshot.orders, session.day).get(symbol, Taken())
        seen = taken_by_us([o for o in recorded.snapshot.orders if o.status in SEEN], session.day).get(symbol, Taken())
        resting = 0
        if self._ports.settings.sellable_nets_orders:
            resting = recorded.reading.resting_outside.get(symbol, 0) + sum(ours.resting.values())
        now = holding.sellable if holding else 0
        started = sellable_at_start(now, outside.sold + ours.sold, outside.bought + ours.bought, resting)
        return min(MOST, max(started, sum(seen.resting.values()) + ours.sold - ours.bought))

    def _symbol(self, position: Position) -> str:
        return traded_symbol(position, self._instruments.of(position))

    def _token(self, symbol: str) -> str:
        line = self._instruments.find(symbol)
        return line.token if line else ""


def unsettled(rows: Snapshot, session: TradingDay) -> list[Order]:
    """Live orders of an earlier day: nobody saw how they ended."""
    return [o for o in rows.orders if o.status in LIVE and o.trading_day is not None and o.trading_day < session.day]


def _frozen(position: Position) -> bool:
    """Whether the holdings froze it; another ISIN is for a person alone to explain."""
    told = (position.reason_text or "").startswith("holdings=")
    return position.open and position.reason == Reason.CORPORATE_ACTION and told
