"""Settlements as people ask for them: a word about an order that nobody saw end. The service judges and answers."""

from dataclasses import dataclass
from functools import partial

from sqlalchemy import text

from domain.errors import BadInput, ConstraintBroken
from domain.models import Order, Settlement
from repositories.database import Database
from repositories.journal import Entry, JournalRepository
from repositories.orders import OrdersRepository
from repositories.tenants import LIVE

ORDER = text(
    "SELECT o.user_id, u.name AS user, u.enabled AND s.id IS NOT NULL AS served,"
    " (SELECT e.id FROM settlements e WHERE e.order_id = o.id AND e.answered_at IS NULL) AS standing"
    " FROM orders o JOIN users u ON u.id = o.user_id LEFT JOIN tenants t ON t.user_id = o.user_id"
    f" LEFT JOIN supervisors s ON s.id = t.supervisor_id AND {LIVE} WHERE o.id = :id"
)
INSERT = text(
    "INSERT INTO settlements (order_id, user_id, verdict, broker_order_id, filled, price, because, created_by)"
    " VALUES (:order_id, :user_id, :verdict, :number, :filled, :price, :because,"
    " current_setting('ninefifteen.actor')) RETURNING id"
)
ANSWER = text("SELECT answer FROM settlements WHERE id = :id AND answered_at IS NOT NULL")


@dataclass(frozen=True, slots=True)
class Disputed:
    """An order that somebody wants to settle. `served`: a running service holds its user; `standing`: asked already."""

    order: Order
    user: str
    served: bool
    standing: int | None


class SettlementDesk:
    """Written to by people (`by`: who). A method that raises has changed nothing."""

    def __init__(self, database: Database, by: str) -> None:
        self._door = partial(database.as_operator, by)
        self._journal = JournalRepository(self._door)
        self._orders = OrdersRepository(self._door)

    def find(self, order_id: int) -> Disputed:
        """The order with its last send. Raises BadInput when there is none."""
        with self._door() as session:
            row = session.execute(ORDER, {"id": order_id}).mappings().one_or_none()
            order = self._orders.find(order_id)
        if row is None or order is None:
            raise BadInput(f"Order {order_id} does not exist; nothing was written. See: run.py order list")
        return Disputed(order, row["user"], row["served"], row["standing"])

    def ask(self, order: Order, word: Settlement) -> int:
        """Write it down for the service to judge; its number. Raises BadInput when one stands already."""
        values = {"order_id": order.id, "user_id": order.user_id, "verdict": word.verdict, "because": word.because}
        values |= {"number": word.broker_order_id, "filled": word.filled, "price": word.price}
        try:
            return self._ask(order, values)
        except ConstraintBroken as error:
            raise BadInput(
                f"Order {order.id} was not settled; nothing was written. PostgreSQL says: {error}"
            ) from error

    def answer(self, number: int) -> str | None:
        """What became of a settlement; None while it was not looked at."""
        with self._door() as session:
            told: str | None = session.execute(ANSWER, {"id": number}).scalar_one_or_none()
        return told

    def _ask(self, order: Order, values: dict[str, object]) -> int:
        with self._door() as session:
            number = int(session.execute(INSERT, values).scalar_one())
            detail = {name: value for name, value in values.items() if name not in ("order_id", "user_id")}
            entry = Entry(
                "SETTLEMENT_ASKED", order.user_id, order.position_id, order.id, {"settlement": number} | detail
            )
            self._journal.write([entry])
        return number
