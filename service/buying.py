"""Requested buys: rows with side BUY and status REQUESTED become orders at the broker by the same protocol."""

from collections import Counter
from collections.abc import Sequence

from domain.buying import plan_buy
from domain.models import Snapshot
from domain.orders import SendOutcome, Side
from domain.steps import Circumstances
from service.intents import Step
from service.live_instruments import LiveInstruments
from service.order_router import OrderRouter
from service.sell_order_manager import View


class BuyDesk:
    """Places what was requested for one user."""

    def __init__(self, instruments: LiveInstruments, router: OrderRouter) -> None:
        self._instruments = instruments
        self._router = router

    def place(self, snapshot: Snapshot, view: View, book_began: float) -> Counter[SendOutcome]:
        """Carry the decided steps to the broker; how the sends ended."""
        return self._router.route(lambda rows: self._decide(rows, view(rows)), snapshot, view(snapshot).day, book_began)

    def _decide(self, rows: Snapshot, now: Circumstances) -> Sequence[Step]:
        buys = [order for order in rows.orders if order.side is Side.BUY]
        return [plan_buy(buy, self._instruments.find(buy.placed_symbol, buy.symbol), rows.orders, now) for buy in buys]
