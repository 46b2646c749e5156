"""Rows of the broker's book that are not orders of ours, kept for their day: a later book may lack one by error."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from domain.book import OrderReport, ReportedState
from domain.orders import Side
from repositories.doors import Door, as_rows

OF_DAY = text("SELECT report FROM strangers WHERE user_id = :user_id AND day = :day")
KEEP = text(
    "INSERT INTO strangers (user_id, day, broker_order_id, report)"
    " SELECT :user_id, :day, r.broker_order_id, r.report FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS r(broker_order_id text, report jsonb)"
    " ON CONFLICT (user_id, day, broker_order_id) DO UPDATE SET report = excluded.report"
)
FORGET = text("DELETE FROM strangers WHERE user_id = :user_id AND day < CAST(:day AS date) - 10")


class StrangersRepository:
    """One tenant's rows of others."""

    def __init__(self, door: Door, user_id: int) -> None:
        self._door = door
        self._user_id = user_id

    def of_day(self, day: date) -> Mapping[str, OrderReport]:
        """What books of the day have shown so far, by the broker's number."""
        with self._door() as session:
            session.execute(FORGET, {"user_id": self._user_id, "day": day})
            rows = session.execute(OF_DAY, {"user_id": self._user_id, "day": day}).scalars().all()
        return {report.broker_order_id: report for report in map(_report, rows)}

    def keep(self, day: date, reports: Iterable[OrderReport]) -> None:
        """Keep rows as they stand now."""
        rows = [{"broker_order_id": report.broker_order_id, "report": asdict(report)} for report in reports]
        if rows:
            with self._door() as session:
                session.execute(KEEP, {"user_id": self._user_id, "day": day, "rows": as_rows(rows)})


def _report(row: Mapping[str, Any]) -> OrderReport:
    average = row["average_price"]
    times = {name: row.get(name) for name in ("entered_at", "changed_at")}
    typed = {
        "side": Side(row["side"]),
        "state": ReportedState(row["state"]),
        "price": Decimal(row["price"]),
        "average_price": None if average is None else Decimal(average),
    }
    told = {name: datetime.fromisoformat(written) if written else None for name, written in times.items()}
    return OrderReport(**{**row, **typed, **told})
