"""The sell orders: which positions are open, what should rest for each, and placing it. Reads only the database."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from broker.api import Broker
from domain.book import Instrument
from domain.models import Order, Position, Snapshot
from domain.orders import SendOutcome, Side
from domain.plan import FROZEN, plan_sell, waiting_for
from domain.steps import Cancel, Circumstances, Hold, Place, Step, Wait
from repositories.orders import OrdersRepository
from repositories.positions import PositionsRepository, Reasoned
from service.live_instruments import LiveInstruments
from service.order_router import OrderRouter

View = Callable[[Snapshot], Circumstances]


class SellOrderManager:
    """Keeps one sell resting for each open position of one user.

    It can be made without repositories; then `get_open_positions` says what is missing. `history_path` is accepted
    for callers of an older interface and never read: positions are rows, not files.
    """

    def __init__(
        self,
        auth: Broker | None = None,
        *,
        positions_repo: PositionsRepository | None = None,
        user_id: int | None = None,
        orders_repo: OrdersRepository | None = None,
        history_path: object = None,
        instruments: LiveInstruments | None = None,
        router: OrderRouter | None = None,
    ) -> None:
        self.auth = auth
        self.positions_repo = positions_repo
        self.user_id = user_id
        self.orders_repo = orders_repo
        self.history_path = history_path
        self._instruments = instruments
        self._router = router

    def get_open_positions(self) -> list[dict[str, Any]]:
        """The open positions as dicts, from the database alone; [] when there is none.

        `ticker` and `placed_symbol` come from the latest buy of the symbol that has them, else from the position.
        Raises ValueError when the repository or the user is missing.
        """
        if self.positions_repo is None or self.user_id is None:
            raise ValueError(
                "PositionsRepository and user_id are required to read open positions from the database:"
                " pass SellOrderManager(auth, positions_repo=..., user_id=..., orders_repo=...)."
            )
        held = [position for position in self.positions_repo.list(self.user_id) if position.closed_at is None]
        buys = self._latest_buys([position.symbol for position in held])
        return [_as_dict(position, buys.get(position.symbol)) for position in held]

    def decide(self, snapshot: Snapshot, now: Circumstances) -> list[tuple[Position, Step]]:
        """The next step for each position of a snapshot; pure."""
        return [(p, plan_sell(p, self._instrument(p), snapshot.sells_of(p), now)) for p in snapshot.positions]

    def place(self, snapshot: Snapshot, view: View, book_began: float) -> Counter[SendOutcome]:
        """Carry the decided steps to the broker through the intent protocol; how the sends ended.

        `view` tells the circumstances of any rows, since they are read and decided again before the commit.
        """
        if self._router is None:
            raise ValueError("Placing needs an order router: pass SellOrderManager(..., router=...).")

        def decide(rows: Snapshot) -> list[Step]:
            return [step for _, step in self.decide(rows, view(rows))]

        return self._router.route(decide, snapshot, view(snapshot).day, book_began)

    def reasons(self, snapshot: Snapshot, now: Circumstances) -> Sequence[Reasoned]:
        """What open positions are to say of themselves where that differs from what they say now."""
        told = [(p, *_reason(step)) for p, step in self.decide(snapshot, now) if p.open]
        return [
            Reasoned(p.id, reason, text)
            for p, reason, text in told
            if (p.reason, p.reason_text) != (reason, text) and p.reason not in FROZEN
        ]

    def _instrument(self, position: Position) -> Instrument | None:
        return self._instruments.of(position) if self._instruments is not None else None

    def _latest_buys(self, symbols: Sequence[str]) -> dict[str, Order]:
        if self.orders_repo is None or self.user_id is None or not symbols:
            return {}
        orders = self.orders_repo.list(self.user_id, side=Side.BUY, symbols=symbols)
        return {o.symbol: o for o in orders if o.side == Side.BUY and (o.ticker or o.placed_symbol)}


def _as_dict(position: Position, buy: Order | None) -> dict[str, Any]:
    return {
        "position_id": position.id,
        "symbol": position.symbol,
        "ticker": (buy.ticker if buy else None) or position.symbol,
        "placed_symbol": (buy.placed_symbol if buy else None) or position.symbol,
        "quantity": position.quantity,
        "avg_price": position.avg_price,
        "opened_at": position.opened_at,
        "exit_rule": position.exit_rule,
    }


def _reason(step: Step) -> tuple[str | None, str | None]:
    if isinstance(step, Hold):
        return step.reason, step.text
    if isinstance(step, Place | Wait) and step.reason is not None:
        return step.reason, step.text
    if isinstance(step, Cancel):
        waiting = waiting_for(step.order)
        return waiting.reason, waiting.text or None
    return None, None
