"""Halts as people set and end them; every deed is journaled and holds from the next statement on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.errors import BadInput
from domain.orders import Reason
from repositories.database import Database
from repositories.journal import Entry, JournalRepository
from repositories.standing import STANDING, Halt

INSERT = text(
    "INSERT INTO halts (user_id, because, cancel_orders, created_by)"
    " VALUES (:user_id, :because, :cancel, current_setting('ninefifteen.actor')) RETURNING id"
)
END = text(
    "UPDATE halts SET ended_at = now() WHERE ended_at IS NULL AND user_id IS NOT DISTINCT FROM"
    " CAST(:user_id AS bigint) RETURNING id, because"
)
BREACHED = text(
    "SELECT id FROM positions WHERE closed_at IS NULL AND reason = :reason"
    " AND (CAST(:user_id AS bigint) IS NULL OR user_id = :user_id) ORDER BY id"
)


@dataclass(frozen=True, slots=True)
class Resumed:
    """The halts that ended, those that still stand in the way, and open positions that stay blocked all the same."""

    ended: tuple[int, ...]
    remaining: tuple[Halt, ...]
    breached: tuple[int, ...]


class HaltDesk:
    """Written to by people (`by`: who). A method that raises has changed nothing."""

    def __init__(self, database: Database, by: str) -> None:
        self._door = partial(database.as_operator, by)
        self._journal = JournalRepository(self._door)

    def halt(self, user_id: int | None, because: str, *, cancel: bool = False) -> int:
        """Stop new orders of a user, or of all with None; with `cancel` end the resting ones. The row's number."""
        with self._door() as session:
            values = {"user_id": user_id, "because": because, "cancel": cancel}
            number = int(session.execute(INSERT, values).scalar_one())
            detail = {"halt": number, "because": because, "cancel_orders": cancel}
            self._journal.write([Entry("HALTED", user_id, detail=detail)])
        return number

    def resume(self, user_id: int | None, because: str | None = None) -> Resumed:
        """End the halts of a user; with None those that hold for all. Raises BadInput when none stands."""
        with self._door() as session:
            ended = session.execute(END, {"user_id": user_id}).all()
            remaining = self._remaining(session, user_id)
            if not ended:
                raise BadInput(_nothing(remaining))
            detail = {"halts": [row.id for row in ended], "because": because, "were": [row.because for row in ended]}
            self._journal.write([Entry("RESUMED", user_id, detail=detail)])
            values = {"user_id": user_id, "reason": Reason.BREACHED}
            breached = tuple(session.execute(BREACHED, values).scalars())
        return Resumed(tuple(row.id for row in ended), remaining, breached)

    def _remaining(self, session: Session, user_id: int | None) -> tuple[Halt, ...]:
        """What still stands: for a user those that hold for it, else every one."""
        halts = [Halt(**row) for row in session.execute(STANDING).mappings()]
        return tuple(halts if user_id is None else concerning(halts, user_id))


def concerning(halts: Sequence[Halt], user_id: int | None) -> list[Halt]:
    """The halts that hold for a user: its own and those of all; with None every one."""
    return [halt for halt in halts if user_id is None or halt.user_id in (None, user_id)]


def _nothing(remaining: Sequence[Halt]) -> str:
    others = "; ".join(f"halt {halt.id} stands for {halt.user or 'all users'}: {halt.because}" for halt in remaining)
    return f"No halt to end stands; nothing was changed.{f' But {others}.' if others else ''}"
