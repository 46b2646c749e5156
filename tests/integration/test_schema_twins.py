"""What is written down twice is the same twice: the steps of orders, and the tables."""

from typing import Any

import psycopg
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from domain.transitions import TRANSITIONS
from repositories.database import Database
from repositories.tables import metadata

LEFT_TO_THE_MIGRATIONS = {"add_index", "remove_index", "add_constraint", "remove_constraint", "add_fk", "remove_fk"}


def test_the_database_knows_exactly_the_steps_of_the_domain(psql: psycopg.Connection) -> None:
    """Catches: a step added in one place alone, which the database then refuses at the worst moment."""
    rows = set(psql.execute("SELECT side, before, after FROM order_transitions").fetchall())
    assert rows == {(step.side.value, step.before.value, step.after.value) for step in TRANSITIONS}
    assert len(rows) == len(TRANSITIONS)


def test_the_tables_are_those_that_the_migrations_make(database: Database) -> None:
    """Catches: a column that only one of the two knows, or knows with another type."""
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert [told for told in map(_told, differences) if told] == []


def _told(difference: Any) -> str | None:
    """A difference of tables or columns in words; the migrations alone know indexes, constraints and defaults."""
    one = difference[0] if isinstance(difference, list) else difference
    if one[0] in LEFT_TO_THE_MIGRATIONS or (one[0] == "remove_table" and one[1].name == "alembic_version"):
        return None
    return repr(difference)
