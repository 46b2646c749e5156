"""One account as a decision needs it: the user's row, halts, positions, orders, its own shares; one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, text

from domain.account_days import AccountDay, PreviousDay, Sellable
from domain.errors import BadInput
from domain.models import Exit, Settlement, Snapshot
from domain.users import User
from repositories.doors import Door, as_rows, as_value
from repositories.orders import OrdersRepository
from repositories.positions import PositionsRepository

USER = text(
    "SELECT id, name, broker, enabled, live, revision, CAST(exit_rule AS text) AS exit_rule, owner_policy,"
    " host(egress_ip) AS egress_ip, host(egress_ip_2) AS egress_ip_2, family,"
    " h.halted, coalesce(h.cancels, false) AS halt_cancels,"
    " (SELECT json_agg(e) FROM exits e WHERE e.user_id = u.id AND e.ended_at IS NULL) AS exits,"
    " (SELECT json_agg(s ORDER BY s.id) FROM settlements s WHERE s.user_id = u.id AND s.answered_at IS NULL)"
    " AS settlements,"
    " (SELECT json_object_agg(f.symbol, f.sellable) FROM free_shares f WHERE f.user_id = u.id AND f.day = :day)"
    " AS sellable FROM users u LEFT JOIN LATERAL (SELECT string_agg(h.because, '; ' ORDER BY h.id) AS halted,"
    " bool_or(h.cancel_orders) AS cancels FROM halts h"
    " WHERE (h.user_id = u.id OR h.user_id IS NULL) AND h.ended_at IS NULL) h ON true WHERE id = :user_id"
)
DAYS = text(
    "SELECT symbol, total, outside_bought, removed, sold_seen, value_seen, bought_seen, others, average, confirmed,"
    " final FROM account_days WHERE user_id = :user_id AND day = :day"
)
NOTE = text(
    "INSERT INTO account_days AS d"
    " (user_id, day, symbol, total, others, average, outside_bought, sold_seen, value_seen, bought_seen)"
    " SELECT :user_id, :day, r.symbol, r.total, r.others, r.average, r.outside_bought, r.sold_seen,"
    " r.value_seen, r.bought_seen"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(symbol text, total int, others int[], average numeric,"
    " outside_bought int, sold_seen bigint, value_seen numeric, bought_seen bigint)"
    " ON CONFLICT (user_id, day, symbol) DO UPDATE SET total = excluded.total, others = excluded.others,"
    " average = excluded.average WHERE (d.total, d.others) IS DISTINCT FROM (excluded.total, excluded.others)"
)
CONFIRM = text(
    "UPDATE account_days SET confirmed = true, final = :final"
    " WHERE user_id = :user_id AND day = :day AND symbol = ANY (:symbols)"
)
ACCOUNT_FOR = text(
    "UPDATE account_days d SET removed = r.removed, sold_seen = r.sold_seen, value_seen = r.value_seen,"
    " bought_seen = r.bought_seen"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(symbol text, removed int, sold_seen bigint, value_seen numeric, bought_seen bigint)"
    " WHERE d.user_id = :user_id AND d.day = :day AND d.symbol = r.symbol"
)
NOTE_FREE = text(
    "INSERT INTO free_shares AS f (user_id, day, symbol, sellable, plain, netted)"
    " SELECT :user_id, :day, r.symbol, r.believed, r.plain, r.netted FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(symbol text, believed int, plain int, netted int) ON CONFLICT (user_id, day, symbol) DO UPDATE"
    " SET sellable = excluded.sellable, plain = excluded.plain, netted = excluded.netted, noted_at = now()"
    " WHERE (f.sellable, f.plain, f.netted) IS DISTINCT FROM (excluded.sellable, excluded.plain, excluded.netted)"
)
FREE = text("SELECT symbol, sellable, plain, netted FROM free_shares WHERE user_id = :user_id AND day = :day")
PREVIOUS = text(
    "WITH d AS (SELECT DISTINCT ON (symbol) * FROM account_days WHERE user_id = :user_id AND day < :day"
    " AND day >= CAST(:day AS date) - 30 AND symbol = ANY (:symbols) ORDER BY symbol, day DESC)"
    " SELECT d.symbol, d.day, d.total, d.outside_bought, d.removed, o.bought AS bought_by_us,"
    " o.sold AS sold_by_us, d.bought_seen + o.bought AS bought, d.sold_seen + o.sold AS sold,"
    " CASE WHEN d.others = '{}' THEN d.average END AS average, d.confirmed AND d.others = '{}' AS confirmed,"
    " d.final AND d.others = '{}' AS final"
    " FROM d CROSS JOIN LATERAL (SELECT"
    " coalesce(sum(filled) FILTER (WHERE side = 'BUY'), 0) AS bought,"
    " coalesce(sum(filled) FILTER (WHERE side = 'SELL'), 0) AS sold FROM orders"
    " WHERE user_id = :user_id AND trading_day = d.day AND coalesce(placed_symbol, symbol) = d.symbol) o"
)
PRICE_EXITS = text(
    "UPDATE exits e SET price = r.price, last_price = r.last_price, priced_on = :day"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, price numeric, last_price numeric)"
    " WHERE e.id = r.id AND e.ended_at IS NULL"
)
END_EXITS = text("UPDATE exits SET ended_at = :now WHERE position_id = ANY (:ids) AND ended_at IS NULL")
ANSWER_SETTLEMENTS = text(
    "UPDATE settlements s SET answered_at = :now, answer = r.answer"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, answer text)"
    " WHERE s.id = r.id AND s.answered_at IS NULL"
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
            row = session.execute(USER, {"user_id": self._user_id, "day": day}).mappings().one_or_none()
            if row is None:
                raise BadInput(f"User {self._user_id} has no row any more.")
            days = session.execute(DAYS, {"user_id": self._user_id, "day": day}).mappings()
            account_days = {entry["symbol"]: _account_day(entry) for entry in days}
            orders = self._orders.of_day(self._user_id, day)
        values = {name: row[name] for name in User.__slots__} | {"exit_rule": as_value(row["exit_rule"])}
        return Snapshot(
            User(**values),
            row["halted"],
            positions,
            orders,
            account_days,
            row["halt_cancels"],
            row["sellable"] or {},
            {found["position_id"]: _exit(found) for found in row["exits"] or ()},
            tuple(_settlement(found) for found in row["settlements"] or ()),
        )

    def tag_prefix(self) -> str:
        """What every tag of this installation begins with; read once."""
        if self._prefix is None:
            with self._door() as session:
                self._prefix = str(session.execute(PREFIX).scalar_one())
        return self._prefix

    def note_own_shares(self, day: date, noted: Iterable[AccountDay]) -> None:
        """Keep what the account holds of symbols for the day; a later figure replaces an earlier one."""
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

    def confirm(self, day: date, symbols: Iterable[str], *, final: bool) -> None:
        """The day was seen to its close, `final`: into its evening; what was traded of these is accounted for."""
        confirmed = sorted(symbols)
        if confirmed:
            with self._door() as session:
                session.execute(CONFIRM, {"user_id": self._user_id, "day": day, "symbols": confirmed, "final": final})

    def note_sellable(self, day: date, figures: Mapping[str, Sellable]) -> None:
        """Keep how many shares could be sold when the day began; a later figure replaces an earlier one."""
        rows = [{"symbol": symbol, **asdict(figure)} for symbol, figure in figures.items()]
        if rows:
            with self._door() as session:
                session.execute(NOTE_FREE, {"user_id": self._user_id, "day": day, "rows": as_rows(rows)})

    def sellable(self, day: date) -> Mapping[str, Sellable]:
        """What was noted of the day by then, in both ways of counting."""
        with self._door() as session:
            rows = session.execute(FREE, {"user_id": self._user_id, "day": day}).all()
        return {symbol: Sellable(*_whole(figure)) for symbol, *figure in rows}

    def previous(self, day: date, symbols: Iterable[str]) -> Mapping[str, PreviousDay]:
        """The latest day of the month before that has a figure of each symbol, and what was seen traded on it."""
        asked = {"user_id": self._user_id, "day": day, "symbols": sorted(symbols)}
        with self._door() as session:
            return {row["symbol"]: PreviousDay(**row) for row in session.execute(PREVIOUS, asked).mappings()}

    def price_exits(self, day: date, prices: Mapping[int, tuple[Decimal, Decimal]]) -> None:
        """Keep the limit of exits, and the last price it was made from, for the day (rupees)."""
        rows = [{"id": number, "price": price, "last_price": last} for number, (price, last) in prices.items()]
        if rows:
            with self._door() as session:
                session.execute(PRICE_EXITS, {"day": day, "rows": as_rows(rows)})

    def end_exits(self, position_ids: Iterable[int], now: datetime) -> None:
        """Nobody need be got out of positions that are gone."""
        ids = sorted(position_ids)
        if ids:
            with self._door() as session:
                session.execute(END_EXITS, {"ids": ids, "now": now})

    def answer_settlements(self, answers: Mapping[int, str], now: datetime) -> None:
        """Say of settlements what became of them; an answered one is never answered again."""
        rows = [{"id": number, "answer": answer} for number, answer in answers.items()]
        if rows:
            with self._door() as session:
                session.execute(ANSWER_SETTLEMENTS, {"now": now, "rows": as_rows(rows)})

    def halt(self, because: str, created_by: str) -> None:
        """Stop new orders of this user until somebody ends the halt; the same reason halts once."""
        with self._door() as session:
            session.execute(HALT, {"user_id": self._user_id, "because": because, "created_by": created_by})


def _exit(row: Mapping[str, Any]) -> Exit:
    return Exit(
        row["id"],
        row["position_id"],
        Decimal(str(row["at_most_percent_below_last"])),
        row["because"],
        _rupees(row["price"]),
        _rupees(row["last_price"]),
        date.fromisoformat(row["priced_on"]) if row["priced_on"] else None,
        row["after_send"],
    )


def _settlement(row: Mapping[str, Any]) -> Settlement:
    return Settlement(
        row["id"],
        row["order_id"],
        row["verdict"],
        row["because"],
        row["created_by"],
        row["broker_order_id"],
        row["filled"],
        _rupees(row["price"]),
    )


def _account_day(row: RowMapping) -> AccountDay:
    return AccountDay(**{**row, "others": tuple(row["others"] or ())})


def _whole(figure: list[int | None]) -> tuple[int, int, int]:
    """A figure that a person has entered counts either way."""
    believed, plain, netted = figure
    assert believed is not None
    return believed, believed if plain is None else plain, believed if netted is None else netted


def _rupees(number: object) -> Decimal | None:
    return None if number is None else Decimal(str(number))
