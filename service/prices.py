"""Last prices and bands, asked for only where a decision waits for one: exits, prices outside the band, odd cancels."""

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from domain.book import Quote
from domain.errors import BrokerUnavailable
from domain.market import Phase, TradingDay
from domain.models import Order, Position, Snapshot
from domain.orders import OrderStatus, Reason
from domain.wanted import exit_limit
from repositories.journal import Entry
from service.live_instruments import LiveInstruments
from service.order_monitor import Recorded
from service.ports import Ports, Repositories

log = logging.getLogger(__name__)

OUT_OF_BAND = frozenset({Reason.PRICE_ABOVE_BAND, Reason.PRICE_BELOW_BAND, Reason.BAND_SLID, Reason.REJECTED_TODAY})
FRESH = 4
"""A cancel is looked into for so many refreshes of the band; later the band says nothing about it any more."""
QUOTE_LAG = timedelta(seconds=10)
"""A quote that shows no slide within so long of the cancel may be older than the slide; a later one has told."""


class Prices:
    """Reads quotes for one tenant."""

    def __init__(self, ports: Ports, repositories: Repositories, instruments: LiveInstruments) -> None:
        self._ports = ports
        self._rows = repositories
        self._instruments = instruments
        self._refreshed = ports.clock.now() - timedelta(days=1)

    def refresh(self, recorded: Recorded, session: TradingDay) -> bool:
        """Ask what is wanted, keep what it means; whether anything was learnt. A failed read changes nothing."""
        rows, now = recorded.snapshot, self._ports.clock.now()
        if session.phase(now) is not Phase.OPEN:
            return False
        exits = {p.id: p for p in rows.positions if p.open and self._unpriced(p, rows, session)}
        odd = [order for order in rows.orders if self._odd(order, session)]
        tokens = {self._token(p) for p in exits.values()} | {self._token_of(o.wire_symbol) for o in odd}
        if now - self._refreshed >= timedelta(seconds=self._ports.settings.band_refresh):
            self._refreshed = now
            tokens |= {self._token(p) for p in rows.positions if p.open and self._out_of_band(p, rows, session)}
        quotes = self._quotes(tokens - {""})
        if not quotes:
            return False
        self._instruments.note(quotes.values(), now)
        with self._rows.door():
            self._price(exits, quotes, rows, session)
            self._explain(odd, quotes)
        return True

    def _quotes(self, tokens: set[str]) -> dict[str, Quote]:
        if not tokens:
            return {}
        try:
            return {quote.token: quote for quote in self._ports.broker.quotes(sorted(tokens))}
        except BrokerUnavailable as error:
            log.warning("last prices are not known: %s", error)
            return {}

    def _price(self, exits: dict[int, Position], quotes: dict[str, Quote], rows: Snapshot, session: TradingDay) -> None:
        prices: dict[int, tuple[Decimal, Decimal]] = {}
        for number, position in exits.items():
            line, quote = self._instruments.of(position), quotes.get(self._token(position))
            if line is not None and quote is not None and quote.last_price > 0:
                wish = rows.exits[number]
                prices[wish.id] = (exit_limit(wish, quote.last_price, line), quote.last_price)
        self._rows.accounts.price_exits(session.day, prices)
        self._rows.journal.write(
            Entry("EXIT_PRICED", p.user_id, p.id, None, {"price": prices[w.id][0], "last_price": prices[w.id][1]})
            for p in exits.values()
            if (w := rows.exits[p.id]).id in prices
        )

    def _explain(self, odd: list[Order], quotes: dict[str, Quote]) -> None:
        """A cancel that nobody of us asked for is the exchange's where the band has left the order's price."""
        now = self._ports.clock.now()
        slid: list[tuple[Order, dict[str, object]]] = []
        told: list[int] = []
        for order in odd:
            quote = quotes.get(self._token_of(order.wire_symbol))
            if quote is None or quote.band_low is None or quote.band_high is None:
                continue
            if order.status_at is not None and now - order.status_at >= QUOTE_LAG:
                told.append(order.id)
            if not quote.band_low <= order.price <= quote.band_high:
                text = f"price={order.price}, band={quote.band_low} to {quote.band_high}"
                after = replace(order, status=OrderStatus.LAPSED, reason=Reason.BAND_SLID, reason_text=text)
                slid.append((after, {"band_low": str(quote.band_low), "band_high": str(quote.band_high)}))
        self._rows.orders.update(slid, now)
        self._rows.orders.check_band(told)
        self._rows.journal.write(
            Entry("BAND_SLID", o.user_id, o.position_id, o.id, {"text": o.reason_text, "status": o.status})
            for o, _ in slid
        )

    def _unpriced(self, position: Position, rows: Snapshot, session: TradingDay) -> bool:
        wish = rows.exits.get(position.id)
        return wish is not None and wish.priced_on != session.day

    def _odd(self, order: Order, session: TradingDay) -> bool:
        if order.band_checked or order.trading_day != session.day or order.status_at is None:
            return False
        since = self._ports.clock.now() - order.status_at
        recent = since <= timedelta(seconds=FRESH * self._ports.settings.band_refresh)
        return recent and (order.status, order.reason) == (OrderStatus.CANCELLED, Reason.CANCELLED_BY_USER)

    def _out_of_band(self, position: Position, rows: Snapshot, session: TradingDay) -> bool:
        slid = any(o.reason == Reason.BAND_SLID and o.trading_day == session.day for o in rows.sells_of(position))
        return slid or position.reason in OUT_OF_BAND

    def _token(self, position: Position) -> str:
        line = self._instruments.of(position)
        return line.token if line else ""

    def _token_of(self, symbol: str) -> str:
        line = self._instruments.find(symbol)
        return line.token if line else ""
