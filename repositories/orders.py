"""The orders: ours alone, from request or intent to their end."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, select, text

from domain.models import Order, Send
from domain.orders import OrderStatus, SendKind, SendOutcome, Side
from repositories.doors import Door, as_rows
from repositories.tables import orders

COLUMNS = (
    "o.id, o.user_id, o.side, o.symbol, o.status, o.quantity, o.price, o.position_id, o.ticker, o.placed_symbol,"
    " o.tag, o.broker_order_id, o.filled, o.execution_price, o.trading_day, o.reason, o.reason_text, o.status_at,"
    " o.seen_at, o.absent_since, o.absent_reads, o.changed_by_owner, o.band_checked"
)
SENT = "id, order_id, kind, attempt, generation, price, quantity, send_by, created_at, outcome, outcome_at, text"

WITH_SEND = (
    f"SELECT {COLUMNS}, {', '.join(f's.{name.strip()} AS send_{name.strip()}' for name in SENT.split(','))},"
    " EXISTS (SELECT FROM sends d WHERE d.order_id = o.id AND d.kind = 'place'"
    " AND (d.outcome IS NULL OR d.outcome IN ('unknown', 'absent'))) AS doubted,"
    " EXISTS (SELECT FROM sends c WHERE c.order_id = o.id AND c.kind = 'cancel'"
    " AND (c.outcome IS NULL OR c.outcome NOT IN ('not_sent', 'refused'))) AS cancel_asked,"
    " EXISTS (SELECT FROM sends m WHERE m.order_id = o.id AND (m.kind = 'modify' OR m.kind = 'place' AND m.attempt > 1)"
    " AND m.outcome IS DISTINCT FROM 'not_sent') AS price_moved"
    f" FROM orders o LEFT JOIN LATERAL (SELECT {SENT} FROM sends WHERE order_id = o.id ORDER BY id DESC LIMIT 1) s"
    " ON true"
)
OF_DAY = text(
    f"{WITH_SEND} WHERE o.user_id = :user_id AND (o.trading_day = :day"
    " OR o.status IN ('REQUESTED', 'SUBMITTING', 'ACCEPTED', 'OPEN', 'CANCELLING')) ORDER BY o.id"
)
ONE = text(f"{WITH_SEND} WHERE o.id = :id")

UPDATE = text(
    "UPDATE orders o SET status = r.status, position_id = r.position_id, broker_order_id = r.broker_order_id,"
    " quantity = r.quantity, price = r.price, filled = r.filled, execution_qty = nullif(r.filled, 0),"
    " execution_price = r.execution_price, reason = r.reason, reason_text = r.reason_text,"
    " absent_since = r.absent_since, absent_reads = r.absent_reads, changed_by_owner = r.changed_by_owner,"
    " evidence = coalesce(r.evidence, o.evidence),"
    " evidence_at = CASE WHEN r.evidence IS NULL THEN o.evidence_at ELSE clock_timestamp() END,"
    " status_at = CASE WHEN o.status = r.status THEN o.status_at ELSE :now END,"
    " execution_time = CASE WHEN r.filled > o.filled THEN :now ELSE o.execution_time END"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, status text, position_id bigint,"
    " broker_order_id text, quantity int, price numeric, filled int, execution_price numeric, reason text,"
    " reason_text text, absent_since timestamptz, absent_reads int, changed_by_owner boolean, evidence jsonb)"
    " WHERE o.id = r.id"
)
SEEN = text("UPDATE orders SET seen_at = :seen_at WHERE id = ANY (:ids)")
CHECK_BAND = text("UPDATE orders SET band_checked = true WHERE id = ANY (:ids)")
CLOSE_BUYS = text(
    "UPDATE orders SET status = 'CLOSED', status_at = :now WHERE user_id = :user_id AND side = 'BUY'"
    " AND status = 'ONGOING' AND (CASE WHEN position_id IS NULL THEN symbol = ANY (:symbols) ELSE position_id IN"
    " (SELECT id FROM positions WHERE user_id = :user_id AND closed_at IS NOT NULL) END)"
)


class OrdersRepository:
    """Reads and writes orders through one door."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def list(self, user_id: int, *, side: Side | None = None, symbols: Sequence[str] | None = None) -> Sequence[Order]:
        """A user's orders, oldest first; only those of a side and of symbols when given."""
        query = select(orders).where(orders.c.user_id == user_id).order_by(orders.c.id)
        if side is not None:
            query = query.where(orders.c.side == side)
        if symbols is not None:
            query = query.where(orders.c.symbol.in_(symbols))
        with self._door() as session:
            return [_order(row) for row in session.execute(query).mappings()]

    def of_day(self, user_id: int, day: date) -> tuple[Order, ...]:
        """The orders of a trading day and every one that is live or requested, each with its last send."""
        with self._door() as session:
            rows = session.execute(OF_DAY, {"user_id": user_id, "day": day}).mappings()
            return tuple(_order(row) for row in rows)

    def find(self, order_id: int) -> Order | None:
        """One order with its last send, or None."""
        with self._door() as session:
            row = session.execute(ONE, {"id": order_id}).mappings().one_or_none()
        return None if row is None else _order(row)

    def update(self, changed: Iterable["tuple[Order, Mapping[str, Any] | None]"], now: datetime) -> None:
        """Write what became of orders, each with the broker's evidence, with one statement."""
        rows = [_changeable(order, evidence) for order, evidence in changed]
        if rows:
            with self._door() as session:
                session.execute(UPDATE, {"rows": as_rows(rows), "now": now})

    def check_band(self, ids: Sequence[int]) -> None:
        """Keep that a quote has told whether the band ended these orders, so that no later one is asked."""
        if ids:
            with self._door() as session:
                session.execute(CHECK_BAND, {"ids": list(ids)})

    def seen(self, ids: Sequence[int], at: datetime) -> None:
        """Note when the broker's book last showed these orders."""
        if ids:
            with self._door() as session:
                session.execute(SEEN, {"ids": list(ids), "seen_at": at})

    def close_buys(self, user_id: int, symbols: Sequence[str], now: datetime) -> None:
        """The buys of positions that are gone are done: those tied to one, and untied ones of the symbols."""
        with self._door() as session:
            session.execute(CLOSE_BUYS, {"user_id": user_id, "symbols": list(symbols), "now": now})


def _order(row: RowMapping) -> Order:
    known = {name: row[name] for name in _FIELDS if name in row}
    known["side"] = Side(row["side"])
    known["status"] = OrderStatus(row["status"])
    return Order(**known, last_send=_last_send(row))


_FIELDS = frozenset(Order.__dataclass_fields__) - {"side", "status", "last_send"}


def _last_send(row: RowMapping) -> Send | None:
    if row.get("send_id") is None:
        return None
    values = {name.strip(): row[f"send_{name.strip()}"] for name in SENT.split(",")}
    values["kind"] = SendKind(values["kind"])
    values["outcome"] = SendOutcome(values["outcome"]) if values["outcome"] else None
    return Send(**values)


def _changeable(order: Order, evidence: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "id": order.id,
        "status": order.status,
        "position_id": order.position_id,
        "broker_order_id": order.broker_order_id,
        "quantity": order.quantity,
        "price": order.price,
        "filled": order.filled,
        "execution_price": order.execution_price,
        "reason": order.reason,
        "reason_text": order.reason_text,
        "absent_since": order.absent_since,
        "absent_reads": order.absent_reads,
        "changed_by_owner": order.changed_by_owner,
        "evidence": evidence and dict(evidence),
    }
