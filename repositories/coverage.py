"""How every open position is covered, read from the rows in one query; no service has to run for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, text

from domain.coverage import Coverage
from domain.covering import cover
from domain.market import Calendar, DrillCalendar
from domain.models import Order, Position, Send
from domain.opening import opening
from domain.orders import OrderStatus, SendKind, SendOutcome, Side
from domain.vantage import Moment, Service, Tempo
from repositories.database import Database
from repositories.tenants import LIVE

POSITION = (
    "id",
    "user_id",
    "symbol",
    "quantity",
    "avg_price",
    "opened_at",
    "reason",
    "reason_text",
    "reason_at",
    "exit_rule",
)
ORDER = (
    *("id", "user_id", "side", "symbol", "status", "quantity", "price", "tag", "broker_order_id", "filled"),
    *("trading_day", "status_at", "seen_at"),
)
SEND = tuple(Send.__slots__)
ROWS = text(
    "SELECT statement_timestamp() AS now, u.name, u.enabled, u.broker = 'paper' AS paper, s.id IS NOT NULL AS alive,"
    " CASE WHEN h.generation = t.generation THEN h.state END AS state, coalesce(h.text, '') AS text, h.beat_at,"
    " h.book_at, l.drill, l.bell_at, l.close_at, l.cycle_seconds,"
    f" {', '.join(f'p.{name} AS position_{name}' for name in POSITION)},"
    f" {', '.join(f'o.{name} AS order_{name}' for name in ORDER)},"
    f" {', '.join(f'd.{name} AS send_{name}' for name in SEND)},"
    " EXISTS (SELECT FROM sends e WHERE e.order_id = o.id AND e.kind = 'place'"
    " AND (e.outcome IS NULL OR e.outcome IN ('unknown', 'absent'))) AS doubted"
    " FROM positions p JOIN users u ON u.id = p.user_id LEFT JOIN tenants t ON t.user_id = p.user_id"
    f" LEFT JOIN supervisors s ON s.id = t.supervisor_id AND {LIVE}"
    " LEFT JOIN supervisors l ON l.id = coalesce(s.id,"
    f" (SELECT s.id FROM supervisors s WHERE {LIVE} ORDER BY s.id DESC LIMIT 1))"
    " LEFT JOIN heartbeats h ON h.user_id = p.user_id"
    " LEFT JOIN orders o ON o.position_id = p.id AND o.side = 'SELL'"
    " AND o.status IN ('SUBMITTING', 'ACCEPTED', 'OPEN', 'CANCELLING')"
    " LEFT JOIN LATERAL (SELECT * FROM sends WHERE order_id = o.id ORDER BY id DESC LIMIT 1) d ON true"
    " WHERE p.closed_at IS NULL AND (CAST(:user_id AS bigint) IS NULL OR p.user_id = :user_id) ORDER BY p.id"
)
SOLD = text(
    "SELECT count(*) FROM users u JOIN orders o ON o.user_id = u.id AND o.trading_day ="
    " CAST(statement_timestamp() AT TIME ZONE 'Asia/Kolkata' AS date)"
    " WHERE o.side = 'SELL' AND o.status = 'EXECUTED' AND (u.broker = 'paper') = :paper"
    " AND (CAST(:user_id AS bigint) IS NULL OR u.id = :user_id)"
)


class CoverageRepository:
    """Reads only. A drill's hours come from the supervisor that plays it, other days from the calendar."""

    def __init__(self, database: Database, calendar: Calendar, tempo: Tempo | None = None) -> None:
        self._database = database
        self._calendar = calendar
        self._tempo = tempo or Tempo()

    def read(self, user_id: int | None = None, now: datetime | None = None) -> Sequence[Coverage]:
        """Every open position, or those of one user, by number. `now` (UTC) is the database's unless given."""
        with self._database.as_service("coverage") as session:
            rows = session.execute(ROWS, {"user_id": user_id}).mappings().all()
        opens: dict[Calendar, str] = {}
        return [self._cover(row, now or row["now"], opens) for row in rows]

    def sold_today(self, user_id: int | None = None, *, paper: bool = False) -> int:
        """How many sells of today's date in India were executed in full: for money, or on paper."""
        with self._database.as_service("coverage") as session:
            return int(session.execute(SOLD, {"user_id": user_id, "paper": paper}).scalar_one())

    def _cover(self, row: RowMapping, now: datetime, opens: dict[Calendar, str]) -> Coverage:
        calendar = self._calendar_of(row)
        if calendar not in opens:
            opens[calendar] = opening(calendar, now)
        tempo = replace(self._tempo, cycle=row["cycle_seconds"] or self._tempo.cycle)
        moment = Moment(now, calendar.session(now), opens[calendar], tempo)
        position = Position(**_part(row, "position_", POSITION))
        return replace(cover(position, _order(row), _service(row), moment), paper=row["paper"])

    def _calendar_of(self, row: RowMapping) -> Calendar:
        if row["drill"] and row["bell_at"] and row["close_at"]:
            return DrillCalendar(row["bell_at"], row["close_at"])
        return self._calendar


def _part(row: RowMapping, prefix: str, names: Sequence[str]) -> dict[str, Any]:
    return {name: row[prefix + name] for name in names}


def _service(row: RowMapping) -> Service:
    return Service(row["name"], row["enabled"], row["alive"], row["state"], row["text"], row["beat_at"], row["book_at"])


def _order(row: RowMapping) -> Order | None:
    if row["order_id"] is None:
        return None
    values = _part(row, "order_", ORDER)
    values |= {"side": Side(values["side"]), "status": OrderStatus(values["status"])}
    return Order(**values, last_send=_send(row), doubted=row["doubted"])


def _send(row: RowMapping) -> Send | None:
    if row["send_id"] is None:
        return None
    values = _part(row, "send_", SEND)
    outcome = SendOutcome(values["outcome"]) if values["outcome"] else None
    return Send(**values | {"kind": SendKind(values["kind"]), "outcome": outcome})
