"""`seal`: credentials made unreadable before they go into a row."""

from typing import Annotated

import typer

from cli.output import say
from cli.reading import credentials
from cli.wiring import open_vault
from settings import read_settings


def seal(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A JSON file of the plain fields; - for stdin.")],
) -> None:
    """Print sealed credentials, to be inserted by SQL.

    The text belongs into credentials.sealed; needs no database, writes no row.
    """
    plain = credentials(file)
    say(open_vault(read_settings()).seal(plain))
