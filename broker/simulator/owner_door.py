"""The owner's side of the control door: what he does by hand in the broker's app, and the shares he has."""

from broker.simulator.doorway import Doorway, Price, rupees
from broker.simulator.orders import APP_SOURCE, Order, Side, Ticket
from broker.simulator.rms import Terms
from broker.simulator.tickets import protected_price


class OwnerDoor(Doorway):
    """Orders, changes and cancels by hand, and holdings."""

    def manual_order(
        self, ucc: str, side: str, symbol: str, quantity: int, price: Price | None = None, am: str = "NO"
    ) -> str:
        """The owner places an order in the app; a market order without a price. The order's number.

        `am` YES: for the next opening. ValueError while the broker takes none.
        """
        with self._now() as now:
            account = self._broker.book(ucc).account
            market = self._broker.exchange.market(symbol)
            if not market.instrument.tradable or quantity <= 0:
                raise ValueError(
                    f"{symbol} takes no order of {quantity}; take a share, not an index, and 1 or more of it"
                )
            letter = _side(side)
            limit = protected_price(market, letter) if price is None else rupees(price)
            tag = f"NEOAPP-{self._broker.sessions.identifier()}"
            later = _is_later(am)
            if later and not self._broker.desk.takes_after_market(now):
                raise ValueError(f"no after-market orders are taken at {now.isoformat()}")
            ticket = Ticket(letter, market.instrument, quantity, limit, tag, source=APP_SOURCE, after_market=later)
            return self._broker.desk.place(account, ticket, now).number

    def manual_modify(self, ucc: str, order: str, price: Price | None = None, quantity: int | None = None) -> None:
        """The owner changes limit, total quantity or both of a live order, his own or one of the API, in the app.

        The order keeps its source; its tag is replaced as by any modify. ValueError when it is not the account's or
        has ended.
        """
        with self._now() as now:
            found = self._live(ucc, order)
            total = found.quantity if quantity is None else quantity
            if total <= 0:
                raise ValueError(f"order {order} cannot have a quantity of {total}")
            limit = found.price if price is None else rupees(price)
            self._broker.desk.modify(found, Terms(limit, total), now)

    def manual_cancel(self, ucc: str, order: str) -> None:
        """The owner cancels an order in the app; ValueError when it is not the account's or has ended."""
        with self._now() as now:
            self._broker.desk.cancel(self._live(ucc, order), now)

    def set_holding(self, ucc: str, symbol: str, quantity: int, average_price: Price | None = None) -> None:
        """Set the shares in the depository; 0 takes them away. The average is the last price unless given."""
        if quantity < 0:
            raise ValueError(f"nobody holds {quantity} shares; quantity is 0 or more")
        with self._now():
            book, market = self._broker.book(ucc), self._broker.exchange.market(symbol)
            average = market.last if average_price is None else rupees(average_price)
            self._broker.ledger.held(ucc, symbol, quantity - book.portfolio.held(symbol))
            book.portfolio.hold(market.instrument, quantity, average)

    def set_funds(self, ucc: str, cash: Price) -> None:
        """Set the account's cash of the morning in rupees; what was traded and ordered since is taken from it."""
        with self._now():
            self._broker.book(ucc).funds.cash = rupees(cash)

    def _live(self, ucc: str, number: str) -> Order:
        found = self._broker.book(ucc).orders.get(number)
        if found is None or not found.live:
            raise ValueError(f"account {ucc} has no live order {number}")
        return found


def _side(word: str) -> Side:
    if word.upper() not in ("B", "BUY", "S", "SELL"):
        raise ValueError(f"side is BUY or SELL, not {word!r}")
    return Side(word[0].upper())


def _is_later(am: str) -> bool:
    if am not in ("YES", "NO"):
        raise ValueError(f"am is YES or NO, not {am!r}")
    return am == "YES"
