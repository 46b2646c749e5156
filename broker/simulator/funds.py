"""What an account can spend: its cash, what today's trades took of it, and what its live buys have blocked. Rupees."""

from decimal import Decimal

from broker.simulator.orders import Order, Side
from broker.simulator.portfolio import Portfolio

_NOTHING = Decimal(0)


class Funds:
    """`cash` None: what the settings give to everybody. A night settles what was bought and sold."""

    def __init__(self) -> None:
        self.cash: Decimal | None = None
        self._settled = _NOTHING
        self._blocked: dict[str, Decimal] = {}
        self._all_blocked = _NOTHING

    def owned(self, given: float) -> Decimal:
        """The cash of the morning; `given` is what the settings say."""
        return (Decimal(str(given)) if self.cash is None else self.cash) + self._settled

    def used(self, portfolio: Portfolio, besides: Order | None = None) -> Decimal:
        """What today's trades took on balance, and what live buys block, all but one of them."""
        own = self._blocked.get(besides.number, _NOTHING) if besides else _NOTHING
        return max(portfolio.spent, _NOTHING) + self._all_blocked - own

    def update(self, order: Order) -> None:
        """The order changed: count anew what it blocks. The cost does not grow with the orders."""
        if order.ticket.side is Side.SELL:
            return
        if not order.admitted:
            return
        blocked = order.price * order.remaining
        self._all_blocked += blocked - self._blocked.pop(order.number, _NOTHING)
        if blocked:
            self._blocked[order.number] = blocked

    def next_day(self, portfolio: Portfolio) -> None:
        """Pay for the day's trades; what was ordered blocks nothing any more."""
        self._settled -= portfolio.spent
        self._blocked.clear()
        self._all_blocked = _NOTHING
