"""The journal's old rows, moved into its archive; nothing is lost, and both are append-only."""

from datetime import datetime
from functools import partial

from sqlalchemy import text

from repositories.database import Database
from repositories.journal import Entry, JournalRepository

PATIENCE = text("SET LOCAL statement_timeout = '10min'")
MOVE = text("SELECT archive_journal(:before)")


class JournalArchive:
    """Written to by people (`by`: who). A move that fails has moved nothing."""

    def __init__(self, database: Database, by: str) -> None:
        self._door = partial(database.as_operator, by)
        self._journal = JournalRepository(self._door)

    def move(self, before: datetime) -> int:
        """Move every row older than the moment (aware) into the archive; how many there were."""
        with self._door() as session:
            session.execute(PATIENCE)
            moved = int(session.execute(MOVE, {"before": before}).scalar_one())
            detail = {"before": before.isoformat(), "rows": moved}
            self._journal.write([Entry("JOURNAL_ARCHIVED", detail=detail)])
        return moved
