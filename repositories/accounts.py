"""One account as a decision needs it: the user's row, halts, positions, orders, its own shares; one transaction."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date

from sqlalchemy import text

from domain.errors import BadInput
from domain.models import AccountDay, Snapshot, User
from repositories.doors import Door, as_rows, as_value
from repositories.orders import OrdersRepository
from repositories.positions import PositionsRepository

USER = text(
    "SELECT id, name, broker, enabled, live, revision, CAST(exit_rule AS text) AS exit_rule,"
    " (SELECT string_agg(h.because, '; ' ORDER BY h.id) FROM halts h"
    " WHERE (h.user_id = u.id OR h.user_id IS NULL) AND h.ended_at IS NULL) AS halted"
    " FROM users u WHERE id = :user_id"
)
DAYS = text(
    "SELECT symbol, total, outside_bought, removed, sold_seen, value_seen, bought_seen FROM account_days"
    " WHERE user_id = :user_id AND day = :day"
)
NOTE = text(
    "INSERT INTO account_days (user_id, day, symbol, total, outside_bought, sold_seen, value_seen, bought_seen)"
    " SELECT :user_id, :day, r.symbol, r.total, r.outside_bought, r.sold_seen, r.value_seen, r.bought_seen"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(symbol text, total int, outside_bought int, sold_seen bigint,"
    " value_seen numeric, bought_seen bigint) ON CONFLICT DO NOTHING"
)
ACCOUNT_FOR = text(
    "UPDATE account_days d SET removed = r.removed, sold_seen = r.sold_seen, value_seen = r.value_seen,"
    " bought_seen = r.bought_seen"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(symbol text, removed int, sold_seen bigint, value_seen numeric, bought_seen bigint)"
    " WHERE d.user_id = :user_id AND d.day = :day AND d.symbol = r.symbol"
)
HALT = text(
    "INSERT INTO halts (user_id, because, created_by) SELECT :user_id, :because, :created_by"
    " WHERE NOT EXISTS (SELECT FROM halts WHERE user_id = :user_id AND because = :because AND ended_at IS NULL)"
)
PREFIX = text("SELECT tag_prefix FROM installation")


class AccountsRepository:
    """Reads snapshots and keeps what the account did by itself."""

    def __init__(self, door: Door, user_id: int) -> None:
        self._door = door
        self._user_id = user_id
        self._prefix: str | None = None
        self._positions = PositionsRepository(door)
        self._orders = OrdersRepository(door)

    def snapshot(self, day: date, *, lock: bool = False) -> Snapshot:
        """Everything a decision needs; with `lock` the positions stay as they are until the transaction ends."""
        with self._door() as session:
            positions = self._positions.held(self._user_id, lock=lock)
            row = session.execute(USER, {"user_id": self._user_id}).mappings().one_or_none()
            if row is None:
                raise BadInput(f"User {self._user_id} has no row any more.")
            days = session.execute(DAYS, {"user_id": self._user_id, "day": day}).mappings()
            account_days = {entry["symbol"]: AccountDay(**entry) for entry in days}
            orders = self._orders.of_day(self._user_id, day)
        values = {name: row[name] for name in User.__slots__} | {"exit_rule": as_value(row["exit_rule"])}
        return Snapshot(User(**values), row["halted"], positions, orders, account_days)

    def tag_prefix(self) -> str:
        """What every tag of this installation begins with; read once."""
        if self._prefix is None:
            with self._door() as session:
                self._prefix = str(session.execute(PREFIX).scalar_one())
        return self._prefix

    def note_own_shares(self, day: date, noted: Iterable[AccountDay]) -> None:
        """Keep what the account holds of symbols for the day; the first figure stays."""
        rows = [asdict(figure) for figure in noted]
        if rows:
            with self._door() as session:
                session.execute(NOTE, {"user_id": self._user_id, "day": day, "rows": as_rows(rows)})

    def account_for(self, day: date, figures: Iterable[AccountDay]) -> None:
        """Keep how far sales outside this service have been accounted for; absolute for the day."""
        rows = [asdict(figure) for figure in figures]
        if rows:
            with self._door() as session:
                session.execute(ACCOUNT_FOR, {"user_id": self._user_id, "day": day, "rows": as_rows(rows)})

    def halt(self, because: str, created_by: str) -> None:
        """Stop new orders of this user until somebody ends the halt; the same reason halts once."""
        with self._door() as session:
            session.execute(HALT, {"user_id": self._user_id, "because": because, "created_by": created_by})
