"""A day played to its end: in a folder of its own, stopped by any signal, told as sentences or as one object."""

import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType

from cli.day.production import Production
from cli.day.report import Outcome, as_json, write_report
from cli.day.screen import screen
from domain.clock import SystemClock

STOPPING = (signal.SIGTERM, signal.SIGHUP)


def perform(seconds: float, keep: bool, as_object: bool) -> bool:
    """Play, tell, and say whether everything held. Raises KeyboardInterrupt when it is stopped."""
    with _home(keep) as home, stopped_by_signals():
        outcome = _played(home, seconds, as_object)
    if as_object:
        sys.stdout.write(f"{as_json(outcome)}\n")
    else:
        write_report(outcome, sys.stdout)
    return not outcome.broken


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
            sys.stderr.write(f"The demo's database and logs are kept in {home} (NINEFIFTEEN_HOME={home}).\n")
        else:
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """While it lasts, SIGTERM and a closed terminal end the day as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
