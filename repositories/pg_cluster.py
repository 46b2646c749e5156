"""One folder with a PostgreSQL in it: made whole or not at all, started, found again, stopped.

Whoever calls `start` or `stop` keeps others from doing so at the same time (`repositories.embedded` does). Every
process of PostgreSQL inherits the lock `engine.lock`: while any of them lives, be it a server that is still starting
or an `initdb` whose caller was killed, the lock is held. So a free lock proves that a `postmaster.pid` is stale,
whatever process bears its number now.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from domain.errors import DatabaseUnavailable
from repositories.file_lock import FileLock
from repositories.pg_binaries import MAJOR, OTHER_DATABASE, Programs
from repositories.pg_socket import PORT, make_socket_folder, read_address

PATIENCE = 60
"""Seconds the server may take to start or to stop."""
LONGEST_LOG = 1_000_000
"""Bytes after which the log is set aside at the next start."""
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "max_connections": "100",
        "shared_buffers": "128MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }
)
"""What the server runs with unless told otherwise; its log has neither statements nor rows: they may hold secrets."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The PostgreSQL of `folder`: its data, its log and its lock."""

    folder: Path
    programs: Programs

    @property
    def data(self) -> Path:
        """The folder that PostgreSQL itself keeps."""
        return self.folder / "data"

    @property
    def pid_file(self) -> Path:
        """Where a running server says who and where it is."""
        return self.data / "postmaster.pid"

    @property
    def log_file(self) -> Path:
        """What the server complains about."""
        return self.folder / "postgres.log"

    def lock(self) -> FileLock:
        """The lock that every process of this PostgreSQL holds."""
        return FileLock(self.folder / "engine.lock")

    def start(self, lock: FileLock, settings: Mapping[str, str]) -> None:
        """Start the server, making its data first if there is none; `lock`, held alone, passes on to the server.

        Raises DatabaseUnavailable, with the end of the log, when it does not start.
        """
        if self._has_data():
            self.pid_file.unlink(missing_ok=True)
            self.programs.own(self.data)
        else:
            self._make_data(lock)
        self._begin_log()
        options = ["-D", "data", "-l", self.log_file.name, "-w", "-t", str(PATIENCE), "-o", self._options(settings)]
        self._run(["pg_ctl", "start", *options], lock)

    def stop(self) -> None:
        """Stop the server, if it runs, without waiting for its clients; raises DatabaseUnavailable when it does not."""
        with self.lock() as lock:
            if lock.seize() or not self.pid_file.exists():
                return
        address = read_address(self.pid_file)
        self._run(["pg_ctl", "stop", "-D", "data", "-m", "fast", "-w", "-t", str(PATIENCE)])
        if address and address.socket.parent != self.folder:
            with suppress(OSError):
                address.socket.rmdir()

    def last_words(self) -> str:
        """The end of the server's log."""
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-8:])
        except FileNotFoundError:
            return ""

    def _run(self, command: Sequence[str], lock: FileLock | None = None) -> None:
        keep = (lock.descriptor,) if lock else ()
        try:
            done = self.programs.run(command, at=self.folder, seconds=2 * PATIENCE, keep=keep)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise self._failed(command, str(error)) from error
        if done.returncode:
            raise self._failed(command, done.stdout)

    def _failed(self, command: Sequence[str], why: str) -> DatabaseUnavailable:
        """`pg_ctl` says itself whether the server failed or took too long."""
        what = "be made" if command[0] == "initdb" else command[1]
        return DatabaseUnavailable(
            f"The embedded database in {self.folder} failed to {what}. Mend what it complains about below (its log is "
            f"{self.log_file}), or {OTHER_DATABASE}.\n{why.strip()}\n{self.last_words()}".rstrip()
        )

    def _has_data(self) -> bool:
        version = self.data / "PG_VERSION"
        if not self.data.exists() or not any(self.data.iterdir()):
            return False
        found = f"PostgreSQL {version.read_text().strip()}" if version.exists() else "something else"
        if found != f"PostgreSQL {MAJOR}":
            raise DatabaseUnavailable(
                f"The folder {self.data} was made by {found}, and this is PostgreSQL {MAJOR}. Move the folder away to "
                f"start with an empty database, or {OTHER_DATABASE}."
            )
        return True

    def _make_data(self, lock: FileLock) -> None:
        """Made beside its place and then renamed: a killed `initdb` leaves nothing that looks like a database."""
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self.programs.own(new)
        kind = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--data-checksums"]
        self._run(["initdb", "-D", new.name, *kind], lock)
        new.rename(self.data)
        _flush(self.folder)

    def _begin_log(self) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > LONGEST_LOG:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        self.log_file.touch(mode=0o600)
        self.programs.own(self.log_file)

    def _options(self, settings: Mapping[str, str]) -> str:
        """What `pg_ctl` passes through a shell to the server; nobody can make it listen elsewhere."""
        socket = str(make_socket_folder(self.folder, self.programs)).replace('"', '""')
        listen = {"listen_addresses": "", "port": str(PORT), "unix_socket_permissions": "0700"}
        chosen = {**SETTINGS, **settings, **listen, "unix_socket_directories": f'"{socket}"'}
        return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in chosen.items())


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
