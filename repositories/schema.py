"""Which schema the database has, which one this program knows, and the way from one to the other."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import InterfaceError, OperationalError

from domain.errors import DatabaseUnavailable, SchemaUnknown
from repositories.database import Database
from repositories.psql import address

if TYPE_CHECKING:
    from alembic.config import Config

UPGRADE = "run.py db upgrade"
MIGRATIONS = Path(__file__).parent / "migrations"
REVISIONS = tuple(sorted(path.name[1:5] for path in (MIGRATIONS / "versions").glob("v[0-9]*_*.py")))
"""As their files are named (a test compares them): to look must not cost the import of what migrates."""
_KEPT = text("SELECT to_regclass('alembic_version')")
_CURRENT = text("SELECT version_num FROM alembic_version")
_LOCK = text("SELECT pg_advisory_xact_lock(915, 1)")


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """`current` is the database's revision (None: empty), `head` this program's."""

    current: str | None
    head: str
    known: bool

    @property
    def up_to_date(self) -> bool:
        """Whether the service may start."""
        return self.current == self.head


def schema_status(database: Database) -> SchemaStatus:
    """Look, change nothing. Raises DatabaseUnavailable."""
    try:
        with database.engine.connect() as connection:
            kept = connection.execute(_KEPT).scalar_one_or_none() is not None
            current = connection.execute(_CURRENT).scalar_one_or_none() if kept else None
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailable(_unreachable(database, error)) from error
    return SchemaStatus(current, REVISIONS[-1], current is None or current in REVISIONS)


def upgrade(database: Database) -> SchemaStatus:
    """Bring the schema to this program's; a second caller waits and finds nothing to do."""
    from alembic import command

    status = schema_status(database)
    if not status.known:
        raise SchemaUnknown(_from_the_future(status))
    try:
        with database.engine.begin() as connection:
            connection.execute(_LOCK)
            command.upgrade(_config(connection), "head")
    except (OperationalError, InterfaceError) as error:
        raise DatabaseUnavailable(_unreachable(database, error)) from error
    return schema_status(database)


def require_current(database: Database) -> None:
    """Raise SchemaUnknown, with the command to run, unless the schema is this program's."""
    status = schema_status(database)
    if not status.known:
        raise SchemaUnknown(_from_the_future(status))
    if not status.up_to_date:
        found = f"revision {status.current}" if status.current else "no schema"
        raise SchemaUnknown(f"The database has {found}, this program needs {status.head}. Run: {UPGRADE}")


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _from_the_future(status: SchemaStatus) -> str:
    return (
        f"The database has revision {status.current}, which this program (revision {status.head}) does not know:"
        " it is newer. Install the version of Ninefifteen that made it; nothing was changed."
    )


def _unreachable(database: Database, error: Exception) -> str:
    where = address(database)
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return (
        f"PostgreSQL at {where} cannot be reached: {reason}."
        " Start it, or correct NINEFIFTEEN_DATABASE_URL, or unset it to use the embedded server."
    )
