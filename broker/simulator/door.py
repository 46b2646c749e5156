"""The control door: what a test does to the broker behind the client's back, from any thread.

Prices are rupees (Decimal, int or text), quantities shares. ValueError says what cannot be done and changes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal, InvalidOperation

from broker.simulator.accounts import Account
from broker.simulator.brokerage import Brokerage
from broker.simulator.faults import ANY_CALL, Fault, Kind
from broker.simulator.ledger_report import Report, report
from broker.simulator.order_rows import order_row
from broker.simulator.orders import APP_SOURCE, Side, Ticket
from broker.simulator.rms import TradingDay
from broker.simulator.routes import CALLS
from broker.simulator.tickets import MOST_RUPEES, protected_price
from broker.simulator.wire import Row

Price = Decimal | int | str


class ControlDoor:
    """Prices, fills, orders by the owner's hand, holdings, faults, settings, and the truth about what happened."""

    def __init__(self, broker: Brokerage) -> None:
        self._broker = broker

    @property
    def accounts(self) -> list[Account]:
        """Every account with its credentials."""
        return [book.account for book in self._broker.books.values()]

    def set_price(self, symbol: str, price: Price, liquidity: int | None = None) -> None:
        """Move the last price, with so many shares on offer at it (None: any number); what it reaches trades."""
        with self._now() as now:
            self._broker.floor.price(symbol, _rupees(price), liquidity, now)

    def set_band(self, symbol: str, low: Price, high: Price) -> None:
        """Move the day's price range of the symbol for new orders; what rests outside is left alone."""
        with self._now():
            market = self._broker.exchange.market(symbol)
            market.low, market.high = _rupees(low), _rupees(high)

    def last_price(self, symbol: str) -> Decimal:
        """The last price."""
        with self._now():
            return self._broker.exchange.market(symbol).last

    def fill(self, order: str, quantity: int, price: Price | None = None) -> None:
        """Have so many shares of an order at the exchange trade, at its limit unless a price is given."""
        with self._now() as now:
            found = self._broker.order(order)
            self._broker.floor.fill(found, quantity, found.price if price is None else _rupees(price), now)

    def lapse(self, order: str) -> None:
        """Have the exchange end an order, as it does at the close."""
        with self._now() as now:
            self._broker.floor.withdraw(self._broker.order(order), now)

    def manual_order(self, ucc: str, side: str, symbol: str, quantity: int, price: Price | None = None) -> str:
        """The owner places an order in the app; a market order without a price. The order's number."""
        with self._now() as now:
            account = self._broker.book(ucc).account
            market = self._broker.exchange.market(symbol)
            if not market.instrument.tradable or quantity <= 0:
                raise ValueError(f"{symbol} takes no order of {quantity}")
            letter = Side(side[:1].upper())
            limit = protected_price(market, letter) if price is None else _rupees(price)
            tag = f"NEOAPP-{self._broker.sessions.identifier()}"
            ticket = Ticket(letter, market.instrument, quantity, limit, tag, source=APP_SOURCE)
            return self._broker.desk.place(account, ticket, now).number

    def manual_cancel(self, ucc: str, order: str) -> None:
        """The owner cancels an order in the app; ValueError when it is not the account's or has ended."""
        with self._now() as now:
            found = self._broker.book(ucc).orders.get(order)
            if found is None or not found.live:
                raise ValueError(f"account {ucc} has no live order {order}")
            self._broker.desk.cancel(found, now)

    def set_holding(self, ucc: str, symbol: str, quantity: int, average_price: Price | None = None) -> None:
        """Set the shares in the depository; 0 takes them away. The average is the last price unless given."""
        with self._now():
            book, market = self._broker.book(ucc), self._broker.exchange.market(symbol)
            average = market.last if average_price is None else _rupees(average_price)
            self._broker.ledger.held(ucc, symbol, quantity - book.portfolio.held(symbol))
            book.portfolio.hold(market.instrument, quantity, average)

    def fault(
        self,
        call: str,
        kind: Kind | str,
        *,
        ucc: str | None = None,
        times: int = 1,
        seconds: float = 0.0,
        text: str = "RMS:Rule: Rejected on command",
        rows: int = 1,
    ) -> None:
        """Have the next calls of that name go wrong ("any" for every call, no `ucc` for every account)."""
        if call not in CALLS | {ANY_CALL}:
            raise ValueError(f"unknown call {call}; known: {', '.join(sorted(CALLS))}, {ANY_CALL}")
        with self._now():
            self._broker.faults.add(Fault(call, Kind(kind), ucc, times, seconds, text, rows))

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        with self._now():
            self._broker.faults.clear()

    def end_sessions(self, ucc: str) -> None:
        """Every token of the account dies."""
        with self._now():
            self._broker.sessions.end(self._broker.book(ucc).account)

    def configure(self, **settings: object) -> None:
        """Change settings (see Settings); ValueError names what is not known."""
        with self._now():
            self._broker.settings.change(**settings)

    def trade_within(self, opens: datetime, closes: datetime) -> None:
        """Add a trading day, aware; at the close the exchange ends what is left. Without a day it is always open."""
        if opens.tzinfo is None or closes.tzinfo is None or opens >= closes:
            raise ValueError(f"not a trading day: {opens} to {closes}")
        with self._now():
            self._broker.trade_within(TradingDay(opens, closes))

    def orders(self, ucc: str) -> list[Row]:
        """Today's orders as the broker has them, also those that do not show in the order book yet."""
        with self._now():
            return [order_row(order) for order in self._broker.book(ucc).orders.values()]

    def ledger(self) -> Report:
        """What really happened."""
        with self._now():
            return report(self._broker.ledger)

    def settings(self) -> dict[str, object]:
        """The settings as they are."""
        with self._now():
            return asdict(self._broker.settings)

    @contextmanager
    def _now(self) -> Iterator[datetime]:
        with self._broker.lock:
            yield self._broker.settle()


def _rupees(price: Price) -> Decimal:
    try:
        rupees = Decimal(str(price))
        sound = 0 < rupees < MOST_RUPEES
    except InvalidOperation:
        sound = False
    if not sound:
        raise ValueError(f"not a price: {price!r}")
    return rupees
