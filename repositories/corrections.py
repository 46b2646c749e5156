"""What a person confirms about a position that waits for one: a ratio of a corporate action, a breach looked into."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from domain.errors import BadInput
from domain.orders import Reason
from domain.ratio import Adjusted, Ratio
from repositories.database import Database
from repositories.doors import as_json, as_value
from repositories.journal import Entry, JournalRepository

POSITION = text(
    "SELECT p.id, p.user_id, u.name AS user, p.symbol, p.quantity, p.avg_price, CAST(p.exit_rule AS text) AS exit_rule,"
    " CAST(u.exit_rule AS text) AS user_rule, p.closed_at, p.reason, p.reason_text, p.isin,"
    " (SELECT o.id FROM orders o WHERE o.position_id = p.id AND o.side = 'SELL' AND o.status IN ('SUBMITTING',"
    " 'ACCEPTED', 'OPEN', 'CANCELLING')) AS resting,"
    " EXISTS (SELECT FROM halts h WHERE h.user_id = u.id AND h.ended_at IS NULL) AS halted"
    " FROM positions p JOIN users u ON u.id = p.user_id WHERE p.id = :id FOR UPDATE OF p"
)
ADJUST = text(
    "UPDATE positions SET quantity = :quantity, avg_price = :avg_price, isin = NULL,"
    " exit_rule = coalesce(CAST(:exit_rule AS jsonb), exit_rule) WHERE id = :id"
)
CLEAR = text(
    "UPDATE positions SET reason = NULL, reason_text = NULL, reason_at = NULL WHERE id = :id AND reason = :reason"
    " RETURNING id"
)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The position before and after. `user_rule`: of the user, where the position has none of its own."""

    symbol: str
    before: Adjusted
    after: Adjusted
    cleared: bool
    user_rule: object | None


class CorrectionDesk:
    """Written to by people (`by`: who). A method that raises has changed nothing."""

    def __init__(self, database: Database, by: str) -> None:
        self._door = partial(database.as_operator, by)
        self._journal = JournalRepository(self._door)

    def ratio(self, position_id: int, ratio: Ratio, because: str, *, unasked: bool = False) -> Confirmed:
        """Take over a corporate action: quantity, price and own rule in one transaction; a position that does not wait
        for one only when told so (`unasked`), since the same ratio twice would be wrong. Raises BadInput."""
        with self._door() as session:
            row = _open(session, position_id)
            if row["reason"] != Reason.CORPORATE_ACTION and not unasked:
                raise BadInput(
                    f"Position {position_id} does not wait for a ratio ({row['reason'] or 'nothing is told of it'});"
                    " if it is to change all the same, add --unasked. Nothing was changed."
                )
            if row["resting"] is not None:
                raise BadInput(
                    f"Sell order {row['resting']} of position {position_id} may still trade; it must end first:"
                    f" run.py halt {row['user']} --cancel --because TEXT, or settle it. Nothing was changed."
                )
            before = Adjusted(row["quantity"], row["avg_price"], as_value(row["exit_rule"]))
            after = ratio.applied(position_id, before)
            _write(session, position_id, before, after)
            cleared = _cleared(session, position_id, Reason.CORPORATE_ACTION)
            detail = {
                "ratio": str(ratio),
                "because": because,
                "was": _figures(before) | {"isin": row["isin"], "reason": row["reason"], "text": row["reason_text"]},
                "is": _figures(after),
            }
            self._journal.write([Entry("RATIO_CONFIRMED", row["user_id"], position_id, detail=detail)])
        user_rule = as_value(row["user_rule"]) if after.exit_rule is None else None
        return Confirmed(row["symbol"], before, after, cleared, user_rule)

    def clear(self, position_id: int, because: str) -> str | None:
        """End the block of a breach after a person has looked; the user's name if it is still halted.

        Raises BadInput.
        """
        with self._door() as session:
            row = _open(session, position_id)
            if not _cleared(session, position_id, Reason.BREACHED):
                raise BadInput(_not_breached(row))
            detail = {"reason": row["reason"], "text": row["reason_text"], "because": because}
            self._journal.write([Entry("REASON_CLEARED", row["user_id"], position_id, detail=detail)])
        return str(row["user"]) if row["halted"] else None


def _open(session: Session, position_id: int) -> RowMapping:
    """The position's row, held until the transaction ends. Raises BadInput unless it is open."""
    row = session.execute(POSITION, {"id": position_id}).mappings().one_or_none()
    if row is None or row["closed_at"] is not None:
        what = "does not exist" if row is None else "is closed already"
        raise BadInput(f"Position {position_id} {what}; nothing was changed. See: run.py position list --all")
    return row


def _write(session: Session, position_id: int, before: Adjusted, after: Adjusted) -> None:
    """A rule that the ratio does not change is not written anew."""
    changed = isinstance(after.exit_rule, Mapping) and after.exit_rule != before.exit_rule
    rule = as_json(after.exit_rule) if changed and isinstance(after.exit_rule, Mapping) else None
    values = {"id": position_id, "quantity": after.quantity, "avg_price": after.avg_price, "exit_rule": rule}
    session.execute(ADJUST, values)


def _cleared(session: Session, position_id: int, reason: Reason) -> bool:
    done = session.execute(CLEAR, {"id": position_id, "reason": reason}).scalar_one_or_none()
    return done is not None


def _figures(held: Adjusted) -> dict[str, object]:
    return {"quantity": held.quantity, "avg_price": held.avg_price, "exit_rule": held.exit_rule}


def _not_breached(row: RowMapping) -> str:
    says = f"says {row['reason']}: {row['reason_text']}" if row["reason"] else "has no reason to clear"
    return (
        f"Position {row['id']} {says}; only BREACHED is cleared by hand, the service finds the others anew at each"
        " look. Nothing was changed."
    )
