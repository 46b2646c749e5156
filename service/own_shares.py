"""What the account holds beside our rows: learnt from the holdings, believed only when two reads tell the same story.

It tells the owner's shares from ours (`account_days`) and how many could be sold when the day began (`sellable`);
what the same reads say of the night before, `Mornings` judges.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.account import Taken, ours_overnight, taken_by_us
from domain.account_days import AccountDay, PreviousDay, Sellable
from domain.book import Holding
from domain.errors import BrokerUnavailable
from domain.figures import Look, Yesterday, figure, narrowed, sellable, yesterday
from domain.market import TradingDay
from domain.models import Position, Snapshot
from domain.orders import OrderStatus
from domain.overnight import Morning
from domain.reading import Outside
from domain.wanted import traded_symbol
from service.free_shares import FreeShares
from service.live_instruments import LiveInstruments
from service.mornings import Mornings, frozen, unsettled
from service.order_monitor import Recorded
from service.pace import Pace
from service.ports import Ports, Repositories
from service.shown import Shown

log = logging.getLogger(__name__)

SEEN = frozenset({OrderStatus.OPEN, OrderStatus.CANCELLING})
"""The broker has taken it, so that its shares could be sold."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one read of the holdings says of our symbols."""

    accounts: Mapping[str, AccountDay]
    sellable: Mapping[str, Sellable]


class OwnShares:
    """One tenant's knowledge of its account."""

    def __init__(
        self, ports: Ports, repositories: Repositories, instruments: LiveInstruments, free: FreeShares
    ) -> None:
        self._ports = ports
        self._rows = repositories
        self._instruments = instruments
        self._free = free
        self._mornings = Mornings(ports, repositories, self._symbol)
        self._pace = Pace(ports.clock, ports.settings)
        self._before = Figures({}, {})
        self._shown = Shown(ports.clock, ports.settings)
        self._checked: set[str] = set()
        self._met: TradingDay | None = None

    def catch_up(self, recorded: Recorded, session: TradingDay) -> bool:
        """Who comes after the bell knows nothing of the night: two reads before the first order, so that what the
        exchange has changed is not sold. Whether there was anything to ask; a read that fails delays no more."""
        fresh, self._met = self._met != session, session
        late = fresh and self._ports.clock.now() >= session.bell
        if fresh:
            self._shown = Shown(self._ports.clock, self._ports.settings)
            self._before, self._checked = Figures({}, {}), set()
        if not late or not self._wanted(recorded, session)[0]:
            return False
        self.look(recorded, session)
        self.look(recorded, session)
        return True

    def look(self, recorded: Recorded, session: TradingDay) -> None:
        """Read the holdings where something is not known yet; a failed read is tried again and decides nothing."""
        urgent, due = self._wanted(recorded, session)
        if not self._pace.allows(bool(urgent), bool(due), session.bell):
            return
        try:
            holdings = self._ports.broker.holdings()
        except BrokerUnavailable as error:
            log.warning("holdings not known yet, what was known still counts: %s", error)
            self._pace.asked(urgent, answered=False)
            return
        self._pace.asked(urgent, answered=True)
        if self._take_in(urgent | due, holdings, recorded, session):
            self._learn(recorded, session, urgent | due)

    def _wanted(self, recorded: Recorded, session: TradingDay) -> tuple[set[str], set[str]]:
        """Symbols of which something is unknown, to be read at once; and those to be read now and then: of which too
        few shares were free, whose shares nobody can tell apart yet, that wait for the end of an order of an earlier
        day, and whose first figure is a while old and was not looked at again."""
        rows = recorded.snapshot
        held = {symbol: p for symbol, p in self._free.held(rows).items() if self._token(symbol)}
        doubted = {order.wire_symbol for order in unsettled(rows, session)} & held.keys()
        missing = {s for s in held if s not in rows.account_days or s not in rows.sellable}
        self._pace.known(held.keys() - missing)
        urgent = {s for s in missing - doubted if not self._pace.tired(s)}
        urgent |= {s for s in doubted if not self._shown.twice(s)}
        free = self._free.of(recorded, rows, session.day)
        short = {s for s, ps in held.items() if any(free.get(p.id, p.quantity) < p.quantity or frozen(p) for p in ps)}
        unclear = recorded.unsettled_sales & held.keys()
        old = {s for s in held.keys() - missing if s not in self._checked and self._shown.stood(s)}
        return urgent, missing | doubted | short | unclear | old

    def _take_in(
        self, symbols: Iterable[str], holdings: Sequence[Holding], recorded: Recorded, session: TradingDay
    ) -> bool:
        """What is shown; whether something can be learnt from it. Holdings without any row prove nothing while shares
        of ours should be among them; and if none should, only when they stay so for some minutes."""
        held = {holding.token: holding for holding in holdings}
        self._shown.take_in({symbol: held.get(self._token(symbol)) for symbol in symbols}, not holdings)
        return not self._shown.empty or (self._shown.long_empty and not self._expected(recorded, session))

    def _expected(self, recorded: Recorded, session: TradingDay) -> bool:
        """Whether shares of ours must be among the holdings: some that nobody has bought today."""
        rows, outside = recorded.snapshot, recorded.reading.outside
        return any(
            self._overnight(symbol, rows, session) > outside.get(symbol, Outside()).bought
            for symbol in self._free.held(rows)
        )

    def _learn(self, recorded: Recorded, session: TradingDay, symbols: Iterable[str]) -> None:
        """Keep what this read and the one before say alike."""
        day = session.day
        same = {symbol for symbol in symbols if self._shown.twice(symbol)}
        with self._rows.door():
            rows = self._rows.accounts.snapshot(day, lock=True)
            previous = self._rows.accounts.previous(day, symbols)
            looks = self._looks(recorded, session, symbols, previous)
            before, self._before = self._before, self._figures(looks, recorded, session)
            mornings = [self._morning(looks[symbol], rows, session) for symbol in sorted(same)]
            strange = self._mornings.judge(rows, session, mornings, previous)
            self._mornings.settle(rows, session, mornings, previous)
            doubted = {order.wire_symbol for order in unsettled(rows, session)}
            told = {s: f for s, f in self._before.sellable.items() if before.sellable.get(s) == f}
            self._rows.accounts.note_sellable(day, {s: f for s, f in told.items() if s in same - doubted})
            alike = {s: f for s, f in self._before.accounts.items() if before.accounts.get(s) == f and s not in strange}
            self._rows.accounts.note_own_shares(day, self._news(alike, looks, rows))
            self._checked |= {symbol for symbol in same if self._shown.stood(symbol)}

    def _news(self, noted: Mapping[str, AccountDay], looks: Mapping[str, Look], rows: Snapshot) -> list[AccountDay]:
        """First figures of the day; those that a look some minutes later corrects, while nothing was traded; and those
        of which a later read has left fewer stories standing."""
        news: list[AccountDay | None] = []
        for symbol, latest in noted.items():
            known, look = rows.account_days.get(symbol), looks[symbol]
            if known is None or (known.totals != latest.totals and not look.sold and not look.bought):
                news.append(latest)
            elif self._shown.followed(symbol):
                news.append(narrowed(known, latest))
        return [figure for figure in news if figure is not None]

    def _looks(
        self, recorded: Recorded, session: TradingDay, symbols: Iterable[str], previous: Mapping[str, PreviousDay]
    ) -> Mapping[str, Look]:
        day_before = self._mornings.day_before(session)
        others = self._mornings.others(session, previous.keys() >= set(symbols))
        ours = taken_by_us(recorded.snapshot.orders, session.day)
        before = {s: yesterday(previous.get(s), day_before, others.get(s, Outside())) for s in symbols}
        return {s: self._look(s, recorded, session, ours.get(s, Taken()), before[s]) for s in symbols}

    def _figures(self, looks: Mapping[str, Look], recorded: Recorded, session: TradingDay) -> Figures:
        accounts = {s: figure(look) for s, look in looks.items()}
        known = self._rows.accounts.sellable(session.day)
        seen = taken_by_us([order for order in recorded.snapshot.orders if order.status in SEEN], session.day)
        sellable = {s: self._sellable(look, recorded, seen.get(s, Taken()), known.get(s)) for s, look in looks.items()}
        return Figures({s: noted for s, noted in accounts.items() if noted is not None}, sellable)

    def _look(self, symbol: str, recorded: Recorded, session: TradingDay, ours: Taken, before: Yesterday) -> Look:
        holding, rows = self._shown.holding(symbol), recorded.snapshot
        look = Look(
            symbol,
            max(0, holding.quantity) if holding else 0,
            holding.sellable if holding else 0,
            recorded.reading.outside.get(symbol, Outside()),
            ours,
            self._overnight(symbol, rows, session),
            before,
            holding.average_price if holding else None,
        )
        self._shown.trade(symbol, (look.sold, look.bought))
        return look

    def _sellable(self, look: Look, recorded: Recorded, seen: Taken, before: Sellable | None) -> Sellable:
        resting = recorded.reading.resting_outside.get(look.symbol, 0) + sum(look.ours.resting.values())
        line = self._instruments.find(look.symbol)
        t2t = line is not None and line.trade_for_trade
        least = sum(seen.resting.values()) + look.ours.sold - look.ours.bought
        return sellable(look, resting, least, self._ports.settings.sellable_nets_orders, before, t2t)

    def _morning(self, look: Look, rows: Snapshot, session: TradingDay) -> Morning:
        steady = self._shown.stood(look.symbol) and self._ports.clock.now() >= session.bell
        holding, ours = self._shown.holding(look.symbol), self._overnight(look.symbol, rows, session)
        return Morning(look.symbol, holding, ours, look.sold, False, steady, look.outside.bought)

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
