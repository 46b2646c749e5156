"""The processes of the demo: the same program with other verbs, in an environment that holds nothing of the user's."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from settings import PREFIX, Settings

ENTRY = Path(__file__).resolve().parents[2] / "run.py"
"""Beside the packages, in a checkout and where it is installed."""
PATIENCE = 15.0
"""Seconds from SIGTERM to SIGKILL."""


class Child:
    """One verb as a process of its own, outside the terminal's group: Ctrl-C is for the demo to pass on."""

    def __init__(self, verb: Sequence[str], said: Path, environment: Mapping[str, str]) -> None:
        self._said = said
        self._complained = said.with_suffix(".err")
        self._name = verb[0]
        with said.open("wb") as out, self._complained.open("wb") as complaints:
            self._process = subprocess.Popen(
                [sys.executable, str(ENTRY), *verb],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=complaints,
                env={**environment, "PYTHONUNBUFFERED": "1"},
                process_group=0,
            )

    @property
    def first_line(self) -> str | None:
        """What it said first, once the line is complete."""
        line, end, _ = self._said.read_text(encoding="utf-8").partition("\n")
        return line if end else None

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Its exit code, negative for the signal that killed it; None while it runs."""
        return self._reaped(os.WNOHANG)

    @property
    def complaints(self) -> str:
        """What it wrote on stderr."""
        return self._complained.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; nothing when it has ended."""
        if self.code is None:
            os.kill(self.pid, number)

    @property
    def fallen(self) -> str | None:
        """How it ended, if it did: its exit code and last words."""
        code = self.code
        if code is None:
            return None
        words = self.complaints.strip().splitlines()
        return f"run.py {self._name} ended with exit code {code}; {words[-1] if words else 'it did not say why'}"

    def stop(self) -> int:
        """Ask it to end, wait, end it by force when it does not; its exit code. May be repeated."""
        self.signal(signal.SIGTERM)
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            return self._reaped(0) or 0

    def _reaped(self, options: int) -> int | None:
        """The exit code by the system's own word: Popen guards its with a lock, which a Ctrl-C at the wrong moment
        leaves taken, so that whoever waits then waits for ever."""
        if self._process.returncode is None:
            try:
                ended, status = os.waitpid(self.pid, options)
            except ChildProcessError:
                self._process.returncode = 0  # an interrupt came between its end and the note of it
            else:
                self._process.returncode = os.waitstatus_to_exitcode(status) if ended else None
        return self._process.returncode


@contextmanager
def child(verb: Sequence[str], said: Path, environment: Mapping[str, str]) -> Iterator[Child]:
    """A process that ends with the block, whatever happens in it."""
    started = Child(verb, said, environment)
    try:
        yield started
    finally:
        started.stop()


def environment_of(settings: Settings) -> dict[str, str]:
    """The user's environment without a word for us, and then these settings alone."""
    ours = settings.model_dump(include=settings.model_fields_set, exclude_none=True)
    clean = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    return clean | {f"{PREFIX}{name.upper()}": str(value) for name, value in ours.items()}
