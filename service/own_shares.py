"""What the account holds beside our rows: learnt from the holdings, believed only when two reads tell the same story.

It tells the owner's shares from ours (`account_days`) and how many can be sold (`free_shares`); what the same reads say
of the night before, `Mornings` judges.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from domain.account import Taken, free_to_sell, ours_overnight, taken_by_us
from domain.book import Holding
from domain.errors import BrokerUnavailable
from domain.figures import Look, figure, narrowed, sellable, yesterday
from domain.market import TradingDay
from domain.models import AccountDay, Position, PreviousDay, Sellable, Snapshot
from domain.orders import OrderStatus
from domain.overnight import Morning
from domain.reading import Outside
from domain.wanted import traded_symbol
from service.live_instruments import LiveInstruments
from service.mornings import Mornings, frozen, unsettled
from service.order_monitor import Recorded
from service.ports import Ports, Repositories

log = logging.getLogger(__name__)

SEEN = frozenset({OrderStatus.OPEN, OrderStatus.CANCELLING})
"""The broker has taken it, so that its shares could be sold."""
URGENT = 5
"""Reads alike, one each cycle, after which what still contradicts the rows is read again only now and then."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the holdings show of a symbol: since when, and in how many reads in a row."""

    holding: Holding | None
    since: datetime
    reads: int = 1


@dataclass(frozen=True, slots=True)
class Figures:
    """What one read of the holdings says of our symbols."""

    accounts: Mapping[str, AccountDay]
    sellable: Mapping[str, Sellable]


class OwnShares:
    """One tenant's knowledge of its account."""

    def __init__(self, ports: Ports, repositories: Repositories, instruments: LiveInstruments) -> None:
        self._ports = ports
        self._rows = repositories
        self._instruments = instruments
        self._mornings = Mornings(ports, repositories, self._symbol)
        self._before = Figures({}, {})
        self._shown: dict[str, Shown] = {}
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
        self._take_in(symbols, holdings)
        self._learn(recorded, session, symbols)

    def _wanted(self, recorded: Recorded, session: TradingDay) -> set[str]:
        """Symbols of which something is unknown; now and then also those of which too few shares were free, whose
        shares nobody can tell apart yet, or that wait for the end of an order of an earlier day."""
        rows = recorded.snapshot
        held = {self._symbol(p): p for p in rows.positions if p.open}
        doubted = {order.wire_symbol for order in unsettled(rows, session)} & held.keys()
        missing = {s for s in held if s not in rows.account_days or s not in rows.sellable}
        unknown = {s for s in missing | doubted if s not in self._shown or self._shown[s].reads < URGENT}
        free = self.free(recorded, rows, session.day)
        short = {s for s, p in held.items() if free.get(p.id, p.quantity) < p.quantity or frozen(p)}
        short |= doubted | missing | (recorded.unsettled_sales & held.keys())
        return unknown | short if unknown or (short and self._due()) else set()

    def _due(self) -> bool:
        pause = timedelta(seconds=self._ports.settings.holdings_refresh)
        return self._looked is None or self._ports.clock.now() - self._looked >= pause

    def _take_in(self, symbols: Iterable[str], holdings: Iterable[Holding]) -> None:
        """What is shown, and for how long it has been shown alike."""
        held = {holding.token: holding for holding in holdings}
        now = self._ports.clock.now()
        shown = {symbol: Shown(held.get(self._token(symbol)), now) for symbol in symbols}
        for symbol, latest in shown.items():
            before = self._shown.get(symbol)
            if before is not None and before.holding == latest.holding:
                shown[symbol] = replace(before, reads=before.reads + 1)
        self._shown = shown

    def _learn(self, recorded: Recorded, session: TradingDay, symbols: Iterable[str]) -> None:
        """Keep what this read and the one before say alike."""
        day, same = session.day, {symbol for symbol, shown in self._shown.items() if shown.reads > 1}
        with self._rows.door():
            rows = self._rows.accounts.snapshot(day, lock=True)
            previous = self._rows.accounts.previous(day, symbols)
            before, self._before = self._before, self._figures(recorded, session, symbols, previous)
            mornings = [self._morning(symbol, recorded, rows, session) for symbol in sorted(same)]
            self._mornings.judge(rows, session, mornings, previous)
            self._mornings.settle(rows, session, mornings, previous)
            doubted = {order.wire_symbol for order in unsettled(rows, session)}
            told = {s: f for s, f in self._before.sellable.items() if before.sellable.get(s) == f}
            self._rows.accounts.note_sellable(day, {s: f for s, f in told.items() if s in same - doubted})
            self._rows.accounts.note_own_shares(day, self._news(before, rows))

    def _news(self, before: Figures, rows: Snapshot) -> list[AccountDay]:
        """First figures of the day, and those of which a later read has left one story standing."""
        news = []
        for symbol, noted in self._before.accounts.items():
            if before.accounts.get(symbol) != noted:
                continue
            known = rows.account_days.get(symbol)
            latest = narrowed(known, noted) if known else noted
            if latest is not None:
                news.append(latest)
        return news

    def _figures(
        self, recorded: Recorded, session: TradingDay, symbols: Iterable[str], previous: Mapping[str, PreviousDay]
    ) -> Figures:
        looks = {s: self._look(s, recorded, session, previous.get(s)) for s in symbols}
        accounts = {s: figure(look) for s, look in looks.items()}
        known = self._rows.accounts.sellable(session.day)
        sellable = {s: self._sellable(look, recorded, session, known.get(s)) for s, look in looks.items()}
        return Figures({s: noted for s, noted in accounts.items() if noted is not None}, sellable)

    def _look(self, symbol: str, recorded: Recorded, session: TradingDay, previous: PreviousDay | None) -> Look:
        holding, rows = self._shown[symbol].holding, recorded.snapshot
        return Look(
            symbol,
            holding.quantity if holding else 0,
            holding.sellable if holding else 0,
            recorded.reading.outside.get(symbol, Outside()),
            taken_by_us(rows.orders, session.day).get(symbol, Taken()),
            self._overnight(symbol, rows, session),
            yesterday(previous, self._mornings.day_before(session)),
            holding.average_price if holding else None,
        )

    def _sellable(self, look: Look, recorded: Recorded, session: TradingDay, before: Sellable | None) -> Sellable:
        """What could be sold when the day began; never less than what of ours was sold or is seen resting, so that a
        broker who counts otherwise than we think cannot have us take back and place the same order for ever."""
        orders = [order for order in recorded.snapshot.orders if order.status in SEEN]
        seen = taken_by_us(orders, session.day).get(look.symbol, Taken())
        resting = recorded.reading.resting_outside.get(look.symbol, 0) + sum(look.ours.resting.values())
        line = self._instruments.find(look.symbol)
        t2t = line is not None and line.trade_for_trade
        found = sellable(look, resting, self._ports.settings.sellable_nets_orders, before, t2t)
        least = sum(seen.resting.values()) + look.ours.sold - look.ours.bought
        return replace(found, believed=max(found.believed, least))

    def _morning(self, symbol: str, recorded: Recorded, rows: Snapshot, session: TradingDay) -> Morning:
        outside = recorded.reading.outside.get(symbol, Outside())
        sold = outside.sold + taken_by_us(rows.orders, session.day).get(symbol, Taken()).sold
        shown = self._shown[symbol]
        stood = (self._ports.clock.now() - shown.since).total_seconds()
        steady = stood >= self._ports.settings.holdings_steady
        return Morning(symbol, shown.holding, self._overnight(symbol, rows, session), sold, False, steady)

    def _overnight(self, symbol: str, rows: Snapshot, session: TradingDay) -> int:
        """Shares of ours before the day began, with those taken off since because they were sold outside."""
        held = sum(p.quantity for p in rows.positions if p.open and self._symbol(p) == symbol)
        known = rows.account_days.get(symbol)
        return ours_overnight(held, symbol, session.day, rows.orders, known.removed if known else 0)

    def _symbol(self, position: Position) -> str:
        return traded_symbol(position, self._instruments.of(position))

    def _token(self, symbol: str) -> str:
        line = self._instruments.find(symbol)
        return line.token if line else ""
