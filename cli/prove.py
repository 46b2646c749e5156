"""`prove`: seeded days with kills, freezes, outages and faults, each judged by the broker's own ledger."""

from typing import Annotated

import typer

INTERRUPTED = 130


def prove(
    seeds: Annotated[int, typer.Option(min=1, max=100_000, help="How many seeds to play, from 0 on.")] = 20,
    seed: Annotated[int | None, typer.Option(min=0, help="Play this seed alone, with the same deeds again.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Seeds at a time, each with a server of its own.")] = 1,
    as_object: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on the last line; the lines go to stderr.")
    ] = False,
) -> None:
    """Kill, freeze and deceive the real service, and judge.

    It is judged by what its simulated broker saw.
    """
    from cli.proof.hall import hold  # the other verbs start sooner without it

    try:
        clean = hold([seed] if seed is not None else range(seeds), jobs, as_object)
    except KeyboardInterrupt:
        typer.echo("Interrupted: everything that the proof had started is stopped.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(0 if clean else 1)
