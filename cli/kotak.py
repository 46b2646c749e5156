"""`kotak`: what a first user with an account of his own does before anything else; needs no database."""

from typing import Annotated

import typer

from cli.options import Json

app = typer.Typer(name="kotak", help="Kotak Neo itself: does it answer as specified?", no_args_is_help=True)


@app.callback()
def _root() -> None:
    """Kotak Neo itself: does it answer as specified?"""


@app.command()
def check(
    credentials: Annotated[str, typer.Option(metavar="FILE", help="A JSON file of the plain fields; - for stdin.")],
    egress: Annotated[
        str | None, typer.Option(metavar="IPV4", help="The address to leave from, which the broker has to see.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="The login host, instead of NINEFIFTEEN_KOTAK_URL.")] = None,
    as_json: Json = False,
) -> None:
    """Log in, read everything once, say what agrees.

    Compares with the specification. Places, changes, cancels nothing.

    Exits with 0 where all that is certain agreed, else with 1.
    """
    from cli.kotak_check import perform  # the client and all that compares, which no other verb needs

    raise typer.Exit(0 if perform(credentials, egress, url, as_json) else 1)
