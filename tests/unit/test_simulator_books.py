"""Whatever happens to orders in whatever sequence, the simulator's own counts stay true: it judges others by them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.simulator.accounts import make_accounts
from broker.simulator.brokerage import Brokerage
from broker.simulator.orders import Order, Side, State, Ticket
from broker.simulator.rms import Terms
from broker.simulator.settings import Settings

SYMBOL = "IFBIND-EQ"
START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
Deed = tuple[str, int, int]
deeds = st.lists(
    st.tuples(
        st.sampled_from(["sell", "buy", "cancel", "modify", "price", "fill", "slide", "wait"]),
        st.integers(0, 5),
        st.integers(1, 12),
    ),
    max_size=40,
)


class Hands:
    """A clock that stands where it is put, a broker, and the deeds done to it."""

    def __init__(self) -> None:
        self.time = START
        (self.account,) = make_accounts(1, 1)
        self.broker = Brokerage([self.account], self, Settings(), None, 1)
        self.book = self.broker.books[self.account.ucc]
        self.market = self.broker.exchange.market(SYMBOL)
        self.book.portfolio.hold(self.market.instrument, 30, Decimal(800))

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - START).total_seconds()

    def do(self, deed: Deed) -> None:
        name, which, amount = deed
        orders = list(self.book.live.values())
        order = orders[which % len(orders)] if orders else None
        if name in ("sell", "buy"):
            self._place(Side.SELL if name == "sell" else Side.BUY, Decimal(800 + 10 * which), amount)
        elif name == "wait":
            self.time += timedelta(seconds=amount / 100)
        elif name == "price":
            self.broker.floor.price(SYMBOL, Decimal(795 + 10 * which), amount, self.time)
        elif name == "slide":
            self.broker.floor.clear_outside(self.market, Decimal(800), Decimal(800 + 10 * which), self.time)
        elif order:
            self._touch(name, order, amount)
        self.broker.settle()

    def _place(self, side: Side, price: Decimal, quantity: int) -> None:
        ticket = Ticket(side, self.market.instrument, quantity, price, f"t{len(self.book.orders)}")
        self.broker.desk.place(self.account, ticket, self.time)

    def _touch(self, name: str, order: Order, amount: int) -> None:
        if name == "cancel":
            self.broker.desk.cancel(order, self.time)
        elif name == "modify":
            self.broker.desk.modify(order, Terms(Decimal(820), amount), self.time)
        elif order.resting:
            self.broker.floor.fill(order, min(amount, order.remaining), order.price, self.time)


@settings(max_examples=150, deadline=None)
@given(deeds)
def test_counts_agree_with_the_orders_after_any_sequence_of_deeds(sequence: list[Deed]) -> None:
    hands = Hands()
    for deed in sequence:
        hands.do(deed)
        check(hands)


def check(hands: Hands) -> None:
    """Recount everything from the orders and compare. Fails when `Book.update` forgets to take the old count back."""
    orders = list(hands.book.orders.values())
    live = [order for order in orders if order.live]
    sells = [order for order in live if order.ticket.side is Side.SELL]
    counted = hands.book.sells(SYMBOL)
    assert counted.api_orders == len(sells)
    assert counted.api_shares == sum(order.remaining for order in sells)
    assert counted.admitted == sum(order.remaining for order in sells if order.admitted)
    assert set(hands.book.live) == {order.number for order in live}
    for order in orders:
        assert order.filled == sum(fill.quantity for fill in hands.book.fills if fill.order is order)
        assert order.filled + order.remaining + order.cancelled == (
            0 if order.state is State.REJECTED else order.quantity
        )
    assert set(hands.market.resting) == {order.number for order in live if order.resting}
    portfolio = hands.book.portfolio
    blocked = sum(order.price * order.remaining for order in live if order.ticket.side is Side.BUY and order.admitted)
    assert hands.book.funds.used(portfolio) == max(portfolio.spent, 0) + blocked
    assert portfolio.held(SYMBOL) + portfolio.bought(SYMBOL) - portfolio.sold(SYMBOL) >= counted.admitted
    assert hands.broker.ledger.lines[hands.account.ucc, SYMBOL].sold == portfolio.sold(SYMBOL)
