"""Where a proof takes place: a temporary folder, told on the terminal or as one object, cleared up however it ends."""

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TextIO

from cli.day.performance import stopped_by_signals
from cli.logs import start_logging
from cli.proof.company import Company
from cli.proof.pace import described, settings_of
from cli.proof.report import failure, line, summary
from cli.proof.verdict import Verdict


def hold(seeds: Sequence[int], jobs: int, as_object: bool) -> bool:
    """Play every seed, tell, and say whether all were clean. Raises KeyboardInterrupt when it is stopped."""
    out = sys.stderr if as_object else sys.stdout
    with _home() as home, stopped_by_signals():
        start_logging(home / "logs", "WARNING")
        _say(out, f"{len(seeds)} seeds, {jobs} at a time; {described(settings_of(home, home))}")
        tally = Company(home, jobs, lambda verdict: _tell(out, verdict)).prove(seeds)
    if as_object:
        sys.stdout.write(f"{json.dumps(tally.as_object(), default=str)}\n")
    else:
        _say(out, *summary(tally))
    return not tally.failed


def _tell(out: TextIO, verdict: Verdict) -> None:
    _say(out, line(verdict), *(failure(verdict) if verdict.broken else ()))


def _say(out: TextIO, *lines: str) -> None:
    out.write("".join(f"{one}\n" for one in lines))
    out.flush()


@contextmanager
def _home() -> Iterator[Path]:
    """A folder of the proof's own; afterwards nothing is left in it but the seeds that failed."""
    home = Path(mkdtemp(prefix="ninefifteen-prove-"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        for part in home.iterdir():
            if not part.name.startswith("seed-"):
                shutil.rmtree(part, ignore_errors=True)
        if not any(home.iterdir()):
            home.rmdir()
