"""`journal`: who did what, append-only. Old rows move into the archive, where `explain` still finds them."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from cli.options import ACTOR
from cli.output import say
from cli.wiring import open_database
from domain.clock import IST, SystemClock
from domain.errors import BadInput
from repositories.archive import JournalArchive
from settings import read_settings

app = typer.Typer(name="journal", help="Who did what, append-only.", no_args_is_help=True)
YOUNGEST = 7
"""Days that stay in the journal."""


@app.callback()
def _group() -> None:
    """Who did what, append-only."""


@app.command()
def archive(
    before: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day in India that stays.")],
) -> None:
    """Move the rows of earlier days into the archive.

    `explain` tells them all the same.
    """
    latest = SystemClock().now().astimezone(IST).date() - timedelta(days=YOUNGEST)
    if before.date() > latest:
        raise BadInput(
            f"The journal of the last {YOUNGEST} days stays where it is: --before may be {latest:%Y-%m-%d} at the"
            " latest. Nothing was moved."
        )
    with open_database(read_settings()) as database:
        moved = JournalArchive(database, ACTOR).move(before.replace(tzinfo=IST))
    say(f"{moved} rows from before {before:%Y-%m-%d} (midnight IST) are in the archive.")
