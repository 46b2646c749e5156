"""Where the embedded server listens: a socket in a folder that nobody else can enter, and on no network address."""

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from domain.errors import DatabaseUnavailable
from repositories.pg_binaries import OTHER_DATABASE, Programs

PORT = 5432
LONGEST = 103
"""Bytes of a socket's path on macOS; Linux allows four more."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    socket: Path
    port: int

    def url(self, role: str, database: str) -> str:
        """A libpq URL; it names the port because PGPORT would otherwise decide."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket), safe='')}&port={self.port}"


def read_address(pid_file: Path) -> Address | None:
    """Where the server listens by its own account; None when there is no such account or it is not complete yet.

    Lines 4 and 5 of `postmaster.pid` are the port and the socket's folder:
    https://www.postgresql.org/docs/18/storage-file-layout.html
    """
    try:
        lines = os.fsdecode(pid_file.read_bytes()).splitlines()
        return Address(Path(lines[4]), int(lines[3])) if lines[4] else None
    except (FileNotFoundError, IndexError, ValueError):
        return None


def make_socket_folder(folder: Path, programs: Programs) -> Path:
    """An empty folder for the socket of the data in `folder`: in there or, when its name is too long, a temporary one.

    To be called only while no server runs. A crashed one leaves its socket's own lock file, which would block the start
    if its process id is somebody else's now or that of a zombie nobody waits for (a container without an init).
    libpq takes a comma for the end of a folder's name. Raises DatabaseUnavailable when somebody else has the place.
    """
    name = f"ninefifteen-{os.geteuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    for place in (folder / "socket", Path(tempfile.gettempdir()) / name, Path("/tmp") / name):
        path = os.fsencode(place / f".s.PGSQL.{PORT}")
        if len(path) <= LONGEST and b"," not in path:
            break
    place.mkdir(mode=0o700, exist_ok=True)
    _require_private(place, programs)
    programs.own(place)
    for stale in place.glob(f".s.PGSQL.{PORT}*"):
        stale.unlink()
    return place


def _require_private(folder: Path, programs: Programs) -> None:
    """Anybody may have made a folder of that name in the folder for temporary files before us."""
    found = folder.lstat()
    ours = {os.geteuid(), programs.account.uid if programs.account else os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours or found.st_mode & 0o077:
        raise DatabaseUnavailable(
            f"The folder {folder} is not private to us (owner {found.st_uid}, mode {stat.S_IMODE(found.st_mode):o}): "
            f"the database's socket cannot be put there. Remove that folder, or {OTHER_DATABASE}."
        )
