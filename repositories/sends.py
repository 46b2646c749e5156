"""The intents: what is about to be told to a broker, committed before its first byte, and what came of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from domain.orders import SendKind, SendOutcome
from domain.tenure import Tenure
from repositories.doors import Door, as_rows

NEW_SELLS = text(
    "INSERT INTO orders (user_id, position_id, side, symbol, placed_symbol, ticker, status, tag, quantity, price,"
    " trading_day, created_at, status_at)"
    " SELECT :user_id, r.position_id, 'SELL', r.symbol, r.placed_symbol, r.ticker, 'SUBMITTING', r.tag, r.quantity,"
    " r.price, :day, :now, :now FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(position_id bigint, symbol text,"
    " placed_symbol text, ticker text, tag text, quantity int, price numeric) RETURNING id, tag"
)
SUBMIT = text(
    "UPDATE orders o SET status = r.status, tag = r.tag, quantity = r.quantity, price = r.price,"
    " placed_symbol = r.placed_symbol, trading_day = r.trading_day,"
    " absent_since = NULL, absent_reads = 0, status_at = CASE WHEN o.status = r.status THEN o.status_at ELSE :now END"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, status text, tag text, quantity int,"
    " price numeric, placed_symbol text, trading_day date) WHERE o.id = r.id"
)
NEW_SENDS = text(
    "INSERT INTO sends (order_id, user_id, kind, attempt, generation, quantity, price, send_by, created_at)"
    " SELECT r.order_id, :user_id, r.kind, 1 + (SELECT count(*) FROM sends s WHERE s.order_id = r.order_id"
    " AND s.kind = r.kind), :generation, r.quantity, r.price, :send_by, :now"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(order_id bigint, kind text, quantity int, price numeric)"
    " RETURNING id, order_id"
)
ANSWER = text(
    "UPDATE sends s SET outcome = r.outcome, outcome_at = :now, text = r.text,"
    " evidence = coalesce(r.evidence, s.evidence)"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, outcome text, text text, evidence jsonb)"
    " WHERE s.id = r.id AND (s.outcome IS NULL OR s.outcome IN ('unknown', 'absent'))"
)
CURRENT = text("SELECT generation FROM tenants WHERE user_id = :user_id FOR SHARE")


@dataclass(frozen=True, slots=True)
class NewSell:
    """A sell to be placed for a position."""

    position_id: int
    symbol: str
    placed_symbol: str
    ticker: str | None
    tag: str
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class Submission:
    """What a row of orders becomes when it is about to be sent, or sent again."""

    id: int
    status: str
    quantity: int
    price: Decimal
    tag: str | None
    placed_symbol: str | None
    trading_day: date | None


@dataclass(frozen=True, slots=True)
class NewSend:
    """One request to the broker about an order."""

    order_id: int
    kind: SendKind
    quantity: int
    price: Decimal | None


@dataclass(frozen=True, slots=True)
class Answer:
    """How a send ended."""

    send_id: int
    outcome: SendOutcome
    text: str | None = None
    evidence: Mapping[str, Any] | None = None


class SendsRepository:
    """Writes intents and answers; each method is one statement, however many rows."""

    def __init__(self, door: Door, tenure: Tenure) -> None:
        self._door = door
        self._tenure = tenure

    def new_sells(self, sells: Sequence[NewSell], day: date, now: datetime) -> Mapping[str, int]:
        """Insert orders in status SUBMITTING; their row numbers by tag. A second live sell of a position fails."""
        if not sells:
            return {}
        rows = [asdict(sell) for sell in sells]
        values = {"rows": as_rows(rows), "user_id": self._tenure.user_id, "day": day, "now": now}
        with self._door() as session:
            return {tag: number for number, tag in session.execute(NEW_SELLS, values).all()}

    def submit(self, changes: Sequence[Submission], now: datetime) -> None:
        """Bring existing orders into the state in which they are sent."""
        if changes:
            rows = [asdict(change) for change in changes]
            with self._door() as session:
                session.execute(SUBMIT, {"rows": as_rows(rows), "now": now})

    def open(self, sends: Sequence[NewSend], send_by: datetime, now: datetime) -> Mapping[int, int]:
        """Insert the sends themselves; their row numbers by order."""
        if not sends:
            return {}
        rows = [asdict(send) for send in sends]
        values = {
            "rows": as_rows(rows),
            "user_id": self._tenure.user_id,
            "generation": self._tenure.generation,
            "send_by": send_by,
            "now": now,
        }
        with self._door() as session:
            return {order_id: number for number, order_id in session.execute(NEW_SENDS, values).all()}

    def answer(self, answers: Iterable[Answer], now: datetime) -> None:
        """Keep how sends ended; a definite answer of the broker is never overwritten."""
        rows = [
            {"id": a.send_id, "outcome": a.outcome, "text": a.text, "evidence": a.evidence and dict(a.evidence)}
            for a in answers
        ]
        if rows:
            with self._door() as session:
                session.execute(ANSWER, {"rows": as_rows(rows), "now": now})

    def is_current(self) -> bool:
        """Whether this generation may still apply what it learnt; holds the fence until the transaction ends."""
        with self._door() as session:
            generation = session.execute(CURRENT, {"user_id": self._tenure.user_id}).scalar_one_or_none()
        return generation == self._tenure.generation
