"""Paper accounts as an operator fills them: cash, shares, delays, faults on command. Each deed is journaled."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from domain.errors import BadInput, ConstraintBroken
from domain.paper import Deed
from domain.paper_faults import require_fault
from repositories.database import Database
from repositories.journal import Entry, JournalRepository

LOCK = text("SELECT cash FROM paper_accounts WHERE user_id = :user_id FOR UPDATE")
DEPOSIT = text(
    "UPDATE paper_accounts SET cash = cash + :rupees WHERE user_id = :user_id AND (:rupees >= 0 OR cash + :rupees >= 0)"
    " RETURNING cash"
)
NAME = text("SELECT name FROM users WHERE id = :user_id")
HOLD = text(
    "INSERT INTO paper_holdings (user_id, symbol, quantity, average_price)"
    " VALUES (:user_id, :symbol, :quantity, :price)"
    " ON CONFLICT (user_id, symbol) DO UPDATE"
    " SET quantity = excluded.quantity, average_price = excluded.average_price RETURNING quantity"
)
RELEASE = text("DELETE FROM paper_holdings WHERE user_id = :user_id AND symbol = :symbol RETURNING quantity")
HAND = text(
    "INSERT INTO paper_hands (user_id, deed, symbol, quantity, price, number)"
    " VALUES (:user_id, :deed, :symbol, :quantity, :price, :number) RETURNING id"
)
FAULT = text(
    "INSERT INTO paper_faults (user_id, call, kind, times, seconds, probability)"
    " VALUES (:user_id, :call, :kind, :times, :seconds, :probability) RETURNING id"
)
CLEAR = text("UPDATE paper_faults SET times = 0 WHERE user_id = :user_id AND times IS DISTINCT FROM 0 RETURNING id")
ACCOUNT = text(
    "SELECT u.name AS user, a.* FROM paper_accounts a JOIN users u ON u.id = a.user_id WHERE a.user_id = :user_id"
)
HOLDINGS = text("SELECT symbol, quantity, average_price FROM paper_holdings WHERE user_id = :user_id ORDER BY symbol")
ORDERS = text(
    "SELECT o.number, o.side, o.symbol, o.quantity, o.price, o.filled, o.state, o.reason, o.tag, o.entered_at"
    " FROM paper_orders o JOIN paper_accounts a ON a.user_id = o.user_id AND a.day = o.day"
    " WHERE o.user_id = :user_id ORDER BY o.number"
)
TODAY = text(
    "SELECT o.symbol, coalesce(sum(o.filled) FILTER (WHERE o.side = 'BUY'), 0)::bigint AS bought,"
    " coalesce(sum(o.filled) FILTER (WHERE o.side = 'SELL'), 0)::bigint AS sold,"
    " coalesce(sum(o.quantity - o.filled - o.cancelled) FILTER (WHERE o.side = 'SELL' AND o.resting), 0)::bigint"
    " AS on_sale FROM paper_orders o JOIN paper_accounts a ON a.user_id = o.user_id AND a.day = o.day"
    " WHERE o.user_id = :user_id GROUP BY o.symbol ORDER BY o.symbol"
)
HANDS = text(
    "SELECT id, deed, symbol, quantity, price, number, done_at, words FROM paper_hands"
    " WHERE user_id = :user_id AND (done_at IS NULL OR asked_at > now() - interval '1 day') ORDER BY id"
)
FAULTS = text("SELECT * FROM paper_faults WHERE user_id = :user_id AND times IS DISTINCT FROM 0 ORDER BY id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A fault to be: which call it befalls, what goes wrong, how often (None: until cleared), for how many seconds."""

    call: str
    kind: str
    times: int | None = 1
    seconds: float = 0.0
    probability: float = 1.0


class PaperDesk:
    """Written to by people (`by`: who). A method that raises has changed nothing; BadInput without an account."""

    def __init__(self, database: Database, by: str) -> None:
        self._database = database
        self._by = by

    def show(self, user_id: int) -> Mapping[str, Any]:
        """The account with its holdings, its orders of the day and the faults that wait."""
        with self._database.as_service("paper") as session:
            account = session.execute(ACCOUNT, {"user_id": user_id}).mappings().one_or_none()
            if account is None:
                raise BadInput(_no_account(session, user_id))
            return {
                **account,
                "holdings": _rows(session, HOLDINGS, user_id),
                "today": [row for row in _rows(session, TODAY, user_id) if row["bought"] or row["sold"]],
                "orders": _rows(session, ORDERS, user_id),
                "hands": _rows(session, HANDS, user_id),
                "faults": _rows(session, FAULTS, user_id),
            }

    def deposit(self, user_id: int, rupees: Decimal) -> Decimal:
        """Add rupees, or with a negative number take them away; the cash there is then."""
        less = "The account has less cash than that ({cash:,.2f} rupees), and paper has no debts. Nothing was written."
        done = self._do(user_id, DEPOSIT, {"rupees": rupees}, "PAPER_DEPOSIT", {"rupees": rupees}, less)
        return Decimal(done)

    def hold(self, user_id: int, symbol: str, quantity: int, price: Decimal) -> None:
        """Have so many shares of the symbol in the account since the morning, at this average; none takes them away."""
        detail = {"symbol": symbol, "quantity": quantity, "average_price": price}
        if quantity:
            self._do(user_id, HOLD, {"symbol": symbol, "quantity": quantity, "price": price}, "PAPER_HOLDING", detail)
        else:
            nothing = f"The paper account holds no {symbol}; nothing was written."
            self._do(user_id, RELEASE, {"symbol": symbol}, "PAPER_HOLDING", detail, nothing)

    def trade_by_hand(self, user_id: int, deed: Deed, symbol: str, quantity: int, price: Decimal) -> int:
        """Have the owner place an order as in his broker's app, when his account is next looked at; the wish's number.

        A service that serves him looks within a second.
        """
        return self._by_hand(user_id, {"deed": deed, "symbol": symbol, "quantity": quantity, "price": price})

    def cancel_by_hand(self, user_id: int, number: str) -> int:
        """Have the owner cancel an order, his own or one of ours, likewise."""
        return self._by_hand(user_id, {"deed": Deed.CANCEL, "number": number})

    def fault(self, user_id: int, wanted: Wanted) -> int:
        """Have something go wrong; the fault's number. Raises BadInput for what could never strike."""
        require_fault(wanted.call, wanted.kind, wanted.times or 0, wanted.seconds, wanted.probability)
        return int(self._do(user_id, FAULT, asdict(wanted), "PAPER_FAULT", asdict(wanted)))

    def clear(self, user_id: int) -> None:
        """Nothing goes wrong any more."""
        self._do(user_id, CLEAR, {}, "PAPER_FAULTS_CLEARED", {})

    def _by_hand(self, user_id: int, wish: Mapping[str, Any]) -> int:
        nothing: dict[str, Any] = {"symbol": None, "quantity": None, "price": None, "number": None}
        return int(self._do(user_id, HAND, {**nothing, **wish}, "PAPER_BY_HAND", wish))

    def _do(
        self,
        user_id: int,
        statement: TextClause,
        values: Mapping[str, Any],
        event: str,
        detail: Mapping[str, Any],
        nothing: str = "",
    ) -> Any:
        """One change under the account's lock, so that it never comes between a broker's call and its rows.

        Raises BadInput with the sentence `nothing`, where there is one, if nothing was changed; it may name {cash}.
        """
        try:
            with self._database.as_operator(self._by) as session:
                account = session.execute(LOCK, {"user_id": user_id}).one_or_none()
                if account is None:
                    raise BadInput(_no_account(session, user_id))
                result = session.execute(statement, {**values, "user_id": user_id}).scalars().first()
                if result is None and nothing:
                    raise BadInput(nothing.format(cash=account.cash))
                journal = JournalRepository(partial(self._database.as_operator, self._by))
                journal.write([Entry(event, user_id, detail=detail)])
        except ConstraintBroken as error:
            raise BadInput(f"PostgreSQL refuses it: {str(error).splitlines()[0]} Nothing was written.") from error
        return result


def _rows(session: Session, query: TextClause, user_id: int) -> Sequence[Mapping[str, Any]]:
    return [dict(row) for row in session.execute(query, {"user_id": user_id}).mappings()]


def _no_account(session: Session, user_id: int) -> str:
    name = session.execute(NAME, {"user_id": user_id}).scalar_one_or_none() or f"User {user_id}"
    return f"{name} does not trade on paper; enter one that does: run.py user add NAME --broker paper."
