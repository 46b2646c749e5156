"""`db`: the database's schema, its address, and a shell on it."""

from typing import Annotated

import typer

from cli.options import Json
from cli.output import note, say, write_json, write_table
from cli.wiring import open_any_database, open_database
from repositories.psql import address, run_psql
from repositories.schema import require_current, schema_status
from repositories.schema import upgrade as upgrade_schema
from settings import read_settings

app = typer.Typer(name="db", help="The database: its schema, its address, a shell on it.", no_args_is_help=True)
AS_TYPED = {"ignore_unknown_options": True, "allow_interspersed_args": False}


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
    """Compare the database's schema with this program's.

    Says which it has and which is needed; exits with 5 where they differ.
    """
    with open_any_database(read_settings()) as database:
        found = schema_status(database)
        if as_json:
            write_json({"current": found.current, "head": found.head, "up_to_date": found.up_to_date})
        else:
            row = (found.current, found.head, found.up_to_date)
            write_table(("DATABASE", "PROGRAM", "UP TO DATE"), [row], "")
        require_current(database)


@app.command()
def url() -> None:
    """Print the database's URL for psql, with its password.

    The embedded server runs only while it is used.
    """
    settings = read_settings()
    with open_any_database(settings) as database:
        say(address(database, secret=True))
    if settings.database_url is None:
        note("The embedded server runs only while a command or the service uses it; run.py db shell keeps it up.")


@app.command(context_settings=AS_TYPED)
def shell(
    words: Annotated[list[str] | None, typer.Argument(metavar="ARGS", help="psql's own arguments.")] = None,
) -> None:
    """Run psql on the database.

    Such as `db shell -c 'TABLE users'`; ends with psql's exit code.
    """
    with open_database(read_settings()) as database:
        code = run_psql(database, words or [])
    raise typer.Exit(code)
