"""`demo`: a whole trading day in about a minute, judged by the broker's own ledger, in a folder of its own."""

import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType
from typing import Annotated

import typer

from cli.day.production import Production
from cli.day.report import Outcome, as_json, write_report
from cli.day.screen import screen
from domain.clock import SystemClock

INTERRUPTED = 130
STOPPING = (signal.SIGTERM, signal.SIGHUP)


def demo(
    as_object: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on the last line; the log goes to stderr.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=20, max=3600, help="Seconds from the bell to the close.")] = 40.0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the demo's folder: its database and its logs.")] = False,
) -> None:
    """Play a whole trading day in about a minute: a simulated broker, the real service, three users."""
    try:
        with _home(keep) as home, _stopped_by_signals():
            outcome = _played(home, seconds, as_object)
    except KeyboardInterrupt:
        typer.echo("Interrupted: everything that the demo had started is stopped.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if as_object:
        typer.echo(as_json(outcome))
    else:
        write_report(outcome, sys.stdout)
    raise typer.Exit(1 if outcome.broken else 0)


def _played(home: Path, seconds: float, as_object: bool) -> Outcome:
    out = sys.stderr if as_object else sys.stdout
    with screen(out, lively=not as_object) as shown:
        return Production(home, seconds, shown, SystemClock()).run()


@contextmanager
def _home(keep: bool) -> Iterator[Path]:
    """A folder of the demo's own, removed afterwards unless it is to be kept."""
    home = Path(mkdtemp(prefix="ninefifteen-demo-"))
    try:
        yield home
    finally:
        if keep:
            typer.echo(f"The demo's database and logs are kept in {home} (NINEFIFTEEN_HOME={home}).", err=True)
        else:
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """While it lasts, SIGTERM and a closed terminal end the day as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
