"""What the first holdings of a day say of the night: corporate actions, and how orders of yesterday ended.

Both are judged from what two reads have shown alike, against what was traded before; see `domain.overnight`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from domain.account_days import PreviousDay
from domain.clock import IST
from domain.market import TradingDay
from domain.models import Order, Position, Snapshot
from domain.orders import LIVE, Reason
from domain.overnight import Morning, ended_by_holdings, unexplained
from domain.reading import Outside, traded
from repositories.journal import Entry
from service.bookkeeping import Changed, keep
from service.ledger import Ledger
from service.ports import Ports, Repositories

log = logging.getLogger(__name__)

DAYS_BACK = 10
"""How far the session before is looked for; no pause of the exchange is as long."""


class Mornings:
    """Judges one tenant's holdings; every method joins the caller's transaction."""

    def __init__(self, ports: Ports, repositories: Repositories, symbol_of: Callable[[Position], str]) -> None:
        self._ports = ports
        self._rows = repositories
        self._symbol = symbol_of

    def day_before(self, session: TradingDay) -> date | None:
        """The trading day before; None where the calendar knows none."""
        for back in range(1, DAYS_BACK):
            earlier = self._ports.calendar.session(session.bell - timedelta(days=back))
            if isinstance(earlier, TradingDay) and earlier.day < session.day:
                return earlier.day
        return None

    def others(self, session: TradingDay, known: bool) -> Mapping[str, Outside]:
        """What others traded on the day before, for symbols that had no figure then; nothing where all are `known`."""
        before = None if known else self.day_before(session)
        return {} if before is None else traded(self._rows.strangers.of_day(before).values())

    def judge(
        self, rows: Snapshot, session: TradingDay, mornings: Sequence[Morning], previous: Mapping[str, PreviousDay]
    ) -> frozenset[str]:
        """Freeze what changed overnight for no reason of ours, in the first figure of the day; let go what a later
        figure of the same day explains after all, since a broker may show half of the holdings for a while in the
        morning. The symbols that are not explained."""
        held_back = {self._symbol(p) for p in rows.positions if frozen(p)}
        today = {self._symbol(p) for p in rows.positions if frozen(p) and _since(p) == session.day}
        strange = set(held_back)
        doubted = {order.wire_symbol for order in unsettled(rows, session)}
        asked = [m for m in mornings if m.symbol in held_back or m.symbol not in rows.sellable]
        for morning in (m for m in asked if m.symbol in previous and m.symbol not in doubted):
            text = unexplained(previous[morning.symbol], self._placed(morning, previous, session))
            if text and morning.symbol not in held_back:
                self._freeze(rows, morning.symbol, text)
                strange.add(morning.symbol)
            if text is None and morning.symbol in today and not morning.sold:
                self._let_go(rows, morning)
                strange.discard(morning.symbol)
        return frozenset(strange)

    def _freeze(self, rows: Snapshot, symbol: str, text: str) -> None:
        log.error("%s; its positions wait until somebody has confirmed the ratio", text)
        frozen = [p for p in rows.positions if p.open and self._symbol(p) == symbol and p.reason != Reason.BREACHED]
        now, reason = self._ports.clock.now(), Reason.CORPORATE_ACTION
        self._rows.positions.update(replace(p, reason=reason, reason_text=text, reason_at=now) for p in frozen)
        self._rows.journal.write(Entry("FROZEN", p.user_id, p.id, None, {"text": text}) for p in frozen)

    def _let_go(self, rows: Snapshot, morning: Morning) -> None:
        held = [p for p in rows.positions if frozen(p) and self._symbol(p) == morning.symbol]
        text = f"holdings={morning.quantity} of {morning.symbol}, as expected after all"
        log.warning("%s: its positions are not frozen any more", text)
        self._rows.positions.update(replace(p, reason=None, reason_text=None, reason_at=None) for p in held)
        self._rows.journal.write(Entry("LET_GO", p.user_id, p.id, None, {"text": text}) for p in held)

    def settle(
        self, rows: Snapshot, session: TradingDay, mornings: Sequence[Morning], previous: Mapping[str, PreviousDay]
    ) -> None:
        """End yesterday's orders where the holdings leave one story alone."""
        found = {m.symbol: m for m in mornings}
        orders = [order for order in unsettled(rows, session) if order.wire_symbol in found]
        if not orders:
            return
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
        return replace(morning, follows=previous[morning.symbol].day == self.day_before(session))


def unsettled(rows: Snapshot, session: TradingDay) -> list[Order]:
    """Live orders of an earlier day: nobody saw how they ended."""
    return [o for o in rows.orders if o.status in LIVE and o.trading_day is not None and o.trading_day < session.day]


def frozen(position: Position) -> bool:
    """Whether the holdings froze it; another ISIN is for a person alone to explain."""
    told = (position.reason_text or "").startswith("holdings=")
    return position.open and position.reason == Reason.CORPORATE_ACTION and told


def _since(position: Position) -> date | None:
    """The trading day on which it was frozen."""
    return position.reason_at.astimezone(IST).date() if position.reason_at else None
