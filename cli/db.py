"""`db`: the schema of the database."""

import typer

from cli.options import Json
from cli.output import say, write_json, write_table
from cli.wiring import open_any_database
from repositories.schema import require_current, schema_status
from repositories.schema import upgrade as upgrade_schema
from settings import read_settings

app = typer.Typer(name="db", help="The schema of the database.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the database's schema to this program's; rows stay. May be repeated."""
    with open_any_database(read_settings()) as database:
        before = schema_status(database).current
        after = upgrade_schema(database).current
    done = (
        f"is at revision {after} already" if before == after else f"went from {before or 'empty'} to revision {after}"
    )
    say(f"The database {done}.")


@app.command()
def status(as_json: Json = False) -> None:
    """Say which schema the database has and which this program needs; exits 5 where they differ."""
    with open_any_database(read_settings()) as database:
        found = schema_status(database)
        if as_json:
            write_json({"current": found.current, "head": found.head, "up_to_date": found.up_to_date})
        else:
            row = (found.current, found.head, found.up_to_date)
            write_table(("DATABASE", "PROGRAM", "UP TO DATE"), [row], "")
        require_current(database)
