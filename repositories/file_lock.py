"""A lock on a file that the kernel drops when its process ends, however it ends.

It is a BSD `flock`: it belongs to the open file, so two locks of one process exclude each other like those of two
processes. A child process inherits it only when it is handed the descriptor on purpose; a forked copy of this process
closes its own copy at once.
"""

import fcntl
import os
import time
import weakref
from pathlib import Path
from types import TracebackType
from typing import Self

PAUSE = 0.01
"""Seconds between two attempts to get a lock that somebody else holds."""


class FileLock:
    """One open lock file, made if missing; holds nothing until asked to, and nothing any more once closed."""

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        this = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _forget(this()))

    @property
    def descriptor(self) -> int:
        """The open file, to be handed to a child that shall go on holding the lock; raises ValueError when closed."""
        if self._descriptor is None:
            raise ValueError("this lock is closed")
        return self._descriptor

    @property
    def closed(self) -> bool:
        """Whether this lock has been given up, or is the copy of a forked process."""
        return self._descriptor is None

    def share(self) -> None:
        """Hold the lock together with others; waits while somebody holds it alone."""
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)

    def seize(self, within: float = 0.0) -> bool:
        """Hold the lock alone; False when others still held it after `within` seconds."""
        deadline = time.monotonic() + within
        while not self._seized():
            if time.monotonic() >= deadline:
                return False
            time.sleep(PAUSE)
        return True

    def _seized(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give the lock up for every process that shares the open file, and close it; does nothing a second time."""
        if self._descriptor is not None:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self.close()

    def close(self) -> None:
        """Close this process's copy; a child that was handed the descriptor goes on holding the lock."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _forget(lock: FileLock | None) -> None:
    if lock is not None:
        lock.close()
