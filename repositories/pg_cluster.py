"""One folder with a PostgreSQL in it: made whole or not at all, started, found again, stopped.

Whoever calls `start` or `stop` keeps others from doing so at the same time (`repositories.embedded` does). Every
process of PostgreSQL inherits the lock `engine.lock`: while any of them lives, be it a server that is still starting
or an `initdb` whose caller was killed, the lock is held. So a free lock proves that a `postmaster.pid` is stale,
whatever process bears its number now.
"""

import hashlib
import os
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from domain.errors import DatabaseUnavailable
from repositories.file_lock import FileLock
from repositories.pg_binaries import MAJOR, OTHER_DATABASE, Programs

PATIENCE = 60
"""Seconds the server may take to start or to stop."""
LONGEST_SOCKET = 103
"""Bytes of a socket's path on macOS; Linux allows four more."""
PORT = 5432
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
"""What the server runs with unless told otherwise; its log tells neither statements nor rows: they may hold secrets."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    socket: Path
    port: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """The PostgreSQL of `folder`: its data, its log and its lock."""

    folder: Path
    programs: Programs

    @property
    def data(self) -> Path:
        """The folder that PostgreSQL itself keeps."""
        return self.folder / "data"

    def lock(self) -> FileLock:
        """The lock that every process of this PostgreSQL holds."""
        return FileLock(self.folder / "engine.lock")

    def address(self) -> Address | None:
        """Where the server listens, by its own account in `postmaster.pid`; None when there is no such account.

        Lines 4 and 5 of that file are the port and the socket's folder:
        https://www.postgresql.org/docs/18/storage-file-layout.html
        """
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return Address(Path(lines[4]), int(lines[3]))
        except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
            return None

    def start(self, lock: FileLock, settings: Mapping[str, str]) -> None:
        """Start the server, making its data first if there is none; `lock` is held alone and passes on to the server.

        Raises DatabaseUnavailable, with the end of the log, when it does not start.
        """
        self._require_data(lock)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._begin_log()
        listen = {"listen_addresses": "", "port": str(PORT), "unix_socket_permissions": "0700"}
        listen["unix_socket_directories"] = '"{}"'.format(str(self._socket()).replace('"', '""'))
        chosen = {**SETTINGS, **settings, **listen}
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in chosen.items())
        self._run(
            ["pg_ctl", "start", "-D", "data", "-l", "postgres.log", "-w", "-t", str(PATIENCE), "-o", options], lock
        )

    def stop(self) -> None:
        """Stop the server without waiting for its clients; raises DatabaseUnavailable when it does not stop."""
        if (address := self.address()) is None:
            return
        self._run(["pg_ctl", "stop", "-D", "data", "-m", "fast", "-w", "-t", str(PATIENCE)])
        if address.socket.parent != self.folder:
            address.socket.rmdir()

    def last_words(self) -> str:
        """The end of the server's log."""
        try:
            return "\n".join((self.folder / "postgres.log").read_text(errors="replace").splitlines()[-8:])
        except FileNotFoundError:
            return ""

    def _run(self, command: Sequence[str], lock: FileLock | None = None) -> None:
        keep = (lock.descriptor,) if lock else ()
        try:
            done = self.programs.run(command, at=self.folder, seconds=PATIENCE * 2, keep=keep)
        except subprocess.TimeoutExpired:
            raise self._failed(command, f"no answer within {PATIENCE * 2} seconds") from None
        if done.returncode:
            raise self._failed(command, done.stdout)

    def _failed(self, command: Sequence[str], why: str) -> DatabaseUnavailable:
        """`pg_ctl` says itself whether the server failed or took too long."""
        return DatabaseUnavailable(
            f"The database in {self.folder} failed to {'be made' if command[0] == 'initdb' else command[1]}. Mend what "
            f"it complains about below (its log is {self.folder / 'postgres.log'}), or {OTHER_DATABASE}.\n"
            f"{why.strip()}\n{self.last_words()}".rstrip()
        )

    def _require_data(self, lock: FileLock) -> None:
        if not self.data.exists() or not any(self.data.iterdir()):
            return self._make_data(lock)
        version = self.data / "PG_VERSION"
        found = version.read_text().strip() if version.exists() else "something else than PostgreSQL"
        if found != MAJOR:
            raise DatabaseUnavailable(
                f"The folder {self.data} was made by PostgreSQL {found}, this is PostgreSQL {MAJOR}. Move it away to "
                f"start with an empty database, or {OTHER_DATABASE}."
            )
        return None

    def _make_data(self, lock: FileLock) -> None:
        """Made beside its place and then renamed: a killed `initdb` leaves nothing that looks like a database."""
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self.programs.own(new)
        kind = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--data-checksums"]
        self._run(["initdb", "-D", "data.new", *kind], lock)
        new.rename(self.data)
        _flush(self.folder)

    def _begin_log(self) -> None:
        path = self.folder / "postgres.log"
        if path.exists():
            path.replace(path.with_suffix(".log.1"))
        path.touch(mode=0o600)
        self.programs.own(path)

    def _socket(self) -> Path:
        for folder in self._socket_places():
            if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET:
                folder.mkdir(mode=0o700, exist_ok=True)
                self._require_private(folder)
                return folder
        raise DatabaseUnavailable(
            f"The data folder {self.folder} and the folder for temporary files have too long names."
        )

    def _socket_places(self) -> Sequence[Path]:
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        name = f"ninefifteen-{os.geteuid()}-{digest}"
        return self.folder / "socket", Path(tempfile.gettempdir()) / name, Path("/tmp") / name  # noqa: S108

    def _require_private(self, folder: Path) -> None:
        """Anybody may have made a folder of that name in the temporary folder before us."""
        found = folder.lstat()
        ours = {os.geteuid(), self.programs.account.uid if self.programs.account else os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours or found.st_mode & 0o077:
            raise DatabaseUnavailable(
                f"The folder {folder} is not private to us (owner {found.st_uid}, mode {stat.S_IMODE(found.st_mode):o}); "
                f"the database's socket cannot be put there. Remove it, or {OTHER_DATABASE}."
            )
        self.programs.own(folder)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
