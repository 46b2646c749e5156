"""What one worker's seeds stand on: a folder with a PostgreSQL of its own, and a clean database for each seed."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.proof.pace import settings_of
from cli.wiring import open_vault
from repositories.database import Database
from repositories.embedded import EmbeddedServer, open_embedded
from repositories.scratch import prepare, renew
from repositories.vault import Vault


class Ground:
    """Its own share of the server keeps it running between seeds, and does not start it again when it is killed."""

    def __init__(self, home: Path, server: EmbeddedServer, vault: Vault) -> None:
        self.home = home
        self.vault = vault
        self._server = server
        self._pid_file = home / "database" / "data" / "postmaster.pid"

    @contextmanager
    def clean(self) -> Iterator[Database]:
        """A door to a database without a row, which nobody but the service brings back when it is gone."""
        with open_embedded(self.home / "database"):  # in case that the last seed has left it dead
            renew(self._server)
            database = Database(self._server.url, pool_size=4)
            try:
                yield database
            finally:
                database.close()

    def server_pid(self) -> int | None:
        """The process of the server by its own account; None while there is no complete one."""
        try:
            return int(self._pid_file.read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def strike(self, name: str) -> int | None:
        """Send the server a signal by name; the process that was struck."""
        pid = self.server_pid()
        if pid is not None:
            os.kill(pid, signal.Signals[name])
        return pid


@contextmanager
def ground(home: Path, making: threading.Lock) -> Iterator[Ground]:
    """A server in a new folder, stopped at the end; schemas are made one at a time. Raises DatabaseUnavailable."""
    home.mkdir()
    home.chmod(0o711)
    settings = settings_of(home, home)
    with open_embedded(settings.data_folder) as server:
        with making:
            prepare(server)
        yield Ground(home, server, open_vault(settings))
