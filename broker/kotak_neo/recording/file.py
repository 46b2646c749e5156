"""The file of a recording: one for each process and day, lines at its end alone, private, and never without a bound."""

import logging
import os
import stat
from contextlib import suppress
from datetime import date
from pathlib import Path

from domain.errors import NotAllowed

log = logging.getLogger(__name__)
LARGEST = 256 * 1024 * 1024
"""Bytes of all recordings of a folder together, at which writing stops."""

_LOOK_AGAIN = 16 * 1024 * 1024
PATTERN = "kotak-*.jsonl"


class RecordFile:
    """Appends lines; for one thread. A line that cannot be written is lost, which is said once a day."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        """Make the folder, if need be. Raises NotAllowed."""
        self._folder = folder
        self._largest = largest
        self._day: date | None = None
        self._file: int | None = None
        self._room = 0
        self._torn = self._told = False
        _make_private(folder)

    def append(self, day: date, line: str) -> None:
        """Write a line into the day's file. Never raises OSError."""
        data = f"{line}\n".encode("utf-8", "replace")
        try:
            if day != self._day:
                self._begin(day)
            if self._has_room(len(data)):
                self._write(data)
        except OSError as error:
            self._tell(f"cannot write to {self._folder} ({error.strerror}): these exchanges are not recorded")

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _begin(self, day: date) -> None:
        self.close()
        self._day, self._told = day, False
        self._look()

    def _has_room(self, size: int) -> bool:
        if self._room < size:
            self._look()
        if self._room >= size:
            self._room -= size
            return True
        self._tell(f"{self._folder} has reached its {self._largest >> 20} MiB: nothing more is recorded. Move it away")
        return False

    def _look(self) -> None:
        """How much may be written until the next look: other processes write here, too."""
        taken = 0
        for path in self._folder.glob(PATTERN):
            with suppress(FileNotFoundError):
                taken += path.stat().st_size
        self._room = max(0, min(_LOOK_AGAIN, self._largest - taken))

    def _write(self, data: bytes) -> None:
        if self._file is None:
            path = self._folder / f"kotak-{self._day:%Y-%m-%d}-{os.getpid()}.jsonl"
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            os.fchmod(self._file, 0o600)
        data = b"\n" + data if self._torn else data
        self._torn = True
        written = os.write(self._file, data)
        self._torn = written < len(data)

    def _tell(self, words: str) -> None:
        if not self._told:
            self._told = True
            log.warning("recorder: %s", words)


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = stat.S_IMODE(folder.stat().st_mode)
        usable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise NotAllowed(f"The folder {folder} for recordings cannot be made: {error.strerror}.") from error
    if mode & 0o077:
        raise NotAllowed(f"Others can look into the folder {folder}: chmod 700 it, or name one that is not there yet.")
    if not usable:
        raise NotAllowed(f"The folder {folder} for recordings cannot be written.")
