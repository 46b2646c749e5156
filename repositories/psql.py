"""A database as psql and people know it: its address without our driver's name, and a shell on it."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from domain.errors import DatabaseUnavailable, NotAllowed
from repositories.database import Database
from repositories.pg_binaries import find_programs


def address(database: Database, *, secret: bool = False) -> str:
    """The libpq URL; only with `secret` does it hold the password."""
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=not secret)


def run_psql(database: Database, words: Sequence[str]) -> int:
    """Run psql until it ends; its exit code. Ctrl-C is psql's alone meanwhile. Raises NotAllowed without a psql."""
    url = database.engine.url
    where = url._replace(drivername="postgresql", password=None).render_as_string()
    command = [_program(), "--dbname", where, *words]
    with _interrupts_left_alone():
        return subprocess.run(command, env=_environment(url.password), check=False).returncode


def _environment(password: object) -> Mapping[str, str]:
    """The password goes this way because everybody on the machine can read a command line."""
    return {**os.environ, "PGPASSWORD": str(password)} if password else os.environ


def _program() -> str:
    found = shutil.which("psql")
    if found is None:
        with suppress(DatabaseUnavailable):
            found = shutil.which("psql", path=str(find_programs(Path("/")).folder))
    if found is None:
        raise NotAllowed("There is no psql here, neither in PATH nor in this installation; install one.")
    return found


@contextmanager
def _interrupts_left_alone() -> Iterator[None]:
    """A handler of ours, unlike SIG_IGN, is not inherited by the program."""

    def leave_alone(number: int, frame: FrameType | None) -> None:
        return

    before = signal.signal(signal.SIGINT, leave_alone)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
