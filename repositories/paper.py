"""A paper account's book in rows: one page for each account, whose row is locked while somebody has it open."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, TextClause, select
from sqlalchemy.orm import Session

from domain.errors import BadInput
from domain.orders import Side
from domain.paper import (
    Deed,
    PaperAccount,
    PaperBook,
    PaperFault,
    PaperHand,
    PaperHolding,
    PaperNews,
    PaperOrder,
    PaperTrade,
    PaperTraded,
)
from domain.tenure import Tenure
from repositories.database import Database
from repositories.doors import as_rows
from repositories.instruments import InstrumentsRepository
from repositories.paper_statements import (
    BURNT,
    EMPTY_HOLDINGS,
    ENDED,
    FAULTS,
    HANDS,
    KEEP,
    KEEP_HANDS,
    KEEP_HOLDINGS,
    KEEP_ORDERS,
    KEEP_TRADES,
    LIVE,
    LOCK,
    ONE,
    STRIKE,
    TRADED,
    TRADES,
)
from repositories.tables import paper_holdings


class PaperPage:
    """One account's rows inside an open transaction."""

    def __init__(self, session: Session, user_id: int) -> None:
        self._session = session
        self._user_id = user_id

    def read(self) -> PaperBook:
        """Everything of the account's day; the account's row stays locked. Raises BadInput where there is none."""
        row = self._session.execute(LOCK, {"user_id": self._user_id}).mappings().one_or_none()
        if row is None:
            raise BadInput(
                f"User {self._user_id} has no paper account: INSERT INTO paper_accounts (user_id)"
                f" VALUES ({self._user_id});"
            )
        account = PaperAccount(**row)
        live = tuple(self._orders(LIVE, account.day))
        traded = self._rows(TRADED, account.day)
        sums = tuple(PaperTraded(row["symbol"], Side(row["side"]), row["quantity"], row["value"]) for row in traded)
        last = max((row["last_number"] for row in traded), default="")
        traded_sums = tuple(one for one in sums if one.quantity)
        return PaperBook(account, self._holdings(), live, traded_sums, last, self._hands())

    def burnt(self, tag: str, day: date) -> bool:
        """Whether an order of the day was placed under the tag."""
        return bool(self._session.execute(BURNT, {"user_id": self._user_id, "day": day, "tag": tag}).scalar_one())

    def ended(self, day: date) -> Sequence[PaperOrder]:
        """The orders of the day that are not live, by number, of their history the last state alone."""
        return self._orders(ENDED, day)

    def order(self, number: str, day: date) -> PaperOrder | None:
        """An order of the day with its whole history."""
        return next(iter(self._orders(ONE, day, number=number)), None)

    def trades(self, day: date) -> Sequence[PaperTrade]:
        """The fills of the day's orders, oldest first."""
        return [PaperTrade(**{**row, "side": Side(row["side"])}) for row in self._rows(TRADES, day)]

    def write(self, news: PaperNews) -> None:
        """Keep what has changed; orders before their trades."""
        account = news.account
        values = {"cash": account.cash, "day": account.day, "settled_at": account.settled_at}
        self._session.execute(KEEP, {**values, "user_id": self._user_id})
        self._keep(KEEP_ORDERS, map(asdict, news.orders))
        self._keep(KEEP_TRADES, map(asdict, news.trades))
        self._keep(KEEP_HANDS, map(asdict, news.hands))
        if news.holdings is not None:
            self._session.execute(EMPTY_HOLDINGS, {"user_id": self._user_id})
            self._keep(KEEP_HOLDINGS, map(asdict, news.holdings))

    def take_fault(self, call: str) -> PaperFault | None:
        """The first fault that befalls this call, counted down by one."""
        rows = self._session.execute(FAULTS, {"user_id": self._user_id, "call": call}).mappings().all()
        for row in rows:
            if row["probability"] >= 1 or random.random() < row["probability"]:
                self._session.execute(STRIKE, {"id": row["id"]})
                return PaperFault(row["kind"], row["seconds"], row["text"], row["code"], row["rows"])
        return None

    def _holdings(self) -> tuple[PaperHolding, ...]:
        columns = paper_holdings.c
        query = select(columns.symbol, columns.quantity, columns.average_price)
        rows = self._session.execute(query.where(columns.user_id == self._user_id).order_by(columns.symbol))
        return tuple(PaperHolding(**row) for row in rows.mappings())

    def _hands(self) -> tuple[PaperHand, ...]:
        rows = self._session.execute(HANDS, {"user_id": self._user_id}).mappings()
        return tuple(PaperHand(**{**row, "deed": Deed(row["deed"])}) for row in rows)

    def _orders(self, query: TextClause, day: date | None, **values: str) -> list[PaperOrder]:
        return [_order(row) for row in self._rows(query, day, **values)]

    def _rows(self, query: TextClause, day: date | None, **values: str) -> Sequence[RowMapping]:
        found = self._session.execute(query, {"user_id": self._user_id, "day": day, **values})
        return found.mappings().all()

    def _keep(self, statement: Any, rows: Iterable[Mapping[str, Any]]) -> None:
        listed = list(rows)
        if listed:
            self._session.execute(statement, {"user_id": self._user_id, "rows": as_rows(listed)})


class PaperRepository:
    """The pages of one tenant, behind the fence: a generation that was replaced writes nothing beside its successor."""

    def __init__(self, database: Database, tenure: Tenure) -> None:
        self._database = database
        self._tenure = tenure

    @contextmanager
    def page(self) -> Iterator[PaperPage]:
        """One transaction on the account's page. Raises DatabaseUnavailable, TenureLost, ConstraintBroken."""
        with self._database.unit_of_work(self._tenure) as session:
            yield PaperPage(session, self._tenure.user_id)


class PaperInstruments(InstrumentsRepository):
    """Keeps nothing: the instruments of paper accounts must never pass for the exchange's file of the day."""

    def of_day(self, day: date) -> Any:
        """Nothing was kept."""
        return super().of_day(date.min)

    def replace(self, day: date, lines: Iterable[Any]) -> None:
        """Nothing is kept."""


def _order(row: RowMapping) -> PaperOrder:
    typed = {"side": Side(row["side"]), "history": tuple(row["history"]), "errands": tuple(row["errands"] or ())}
    return PaperOrder(**{**row, **typed})
