"""`demo`: a whole trading day in about a minute, judged by the broker's own ledger, in a folder of its own."""

from typing import Annotated

import typer

INTERRUPTED = 130


def demo(
    as_object: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on the last line; the log goes to stderr.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=20, max=3600, help="Seconds from the bell to the close.")] = 40.0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the demo's folder: its database and its logs.")] = False,
) -> None:
    """Play a whole trading day in about a minute.

    A simulated broker, the real service, three users.
    """
    from cli.day.performance import perform  # the other verbs start sooner without it

    try:
        held = perform(seconds, keep, as_object)
    except KeyboardInterrupt:
        typer.echo("Interrupted: everything that the demo had started is stopped.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(0 if held else 1)
