"""The embedded PostgreSQL: started by the first command that needs it, shared by all, stopped by the last to leave.

Each user of a folder shares `holders.lock` for as long as it uses the server. Starting and stopping happen under
`start.lock`, held alone. To leave is to give up one's share and then, under `start.lock`, to see whether nobody else
has one: then the server is stopped. The kernel drops the shares of killed processes, so they neither keep the server
alive nor stop it for others; a server whose users were all killed is adopted by the next one and stopped by the last.
"""

import atexit
import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import psycopg
from psycopg.rows import TupleRow

from domain.errors import DatabaseUnavailable
from repositories.file_lock import PAUSE, FileLock
from repositories.pg_binaries import OTHER_DATABASE, find_programs
from repositories.pg_cluster import PATIENCE, Cluster
from repositories.pg_socket import Address, read_address

OWNER = DATABASE = "ninefifteen"
SUPERUSER = "postgres"
BOUND = f"-c statement_timeout={PATIENCE}s"
QUEUE = "SELECT pg_advisory_lock(915)"
"""A killed process's session may still be busy making the database: it ends before we look."""
LOOK = """
    SELECT current_setting('data_directory'), to_regrole(%s) IS NOT NULL,
           EXISTS (SELECT FROM pg_database WHERE datname = %s)
"""

log = logging.getLogger(__name__)


class EmbeddedServer:
    """A share in the running server of a folder; the last share to be closed stops it.

    `url` and `superuser_url` are libpq URLs of the database: `url` of its owner, whom row-level security binds,
    `superuser_url` of the role that may do everything. The server listens on no network address.
    """

    __slots__ = ("_cluster", "_share", "superuser_url", "url")

    def __init__(self, cluster: Cluster, share: FileLock, address: Address) -> None:
        self._cluster = cluster
        self._share = share
        self.url = address.url(OWNER, DATABASE)
        self.superuser_url = address.url(SUPERUSER, DATABASE)
        atexit.register(self.close)

    def close(self) -> None:
        """Give up the share and stop the server if it was the last one; does nothing a second time or after a fork.

        A server that does not stop is logged and left to the next one who opens the folder.
        """
        atexit.unregister(self.close)
        if self._share.closed:
            return
        try:
            with _alone(self._cluster.folder):
                _leave(self._cluster, self._share)
        except (OSError, DatabaseUnavailable) as error:
            log.warning("The database in %s was left running: %s", self._cluster.folder, error)
        finally:
            self._share.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_embedded(folder: Path, *, settings: Mapping[str, str] = MappingProxyType({})) -> EmbeddedServer:
    """Share the PostgreSQL of `folder`, which is made and started if need be.

    `settings` are PostgreSQL's, for the case that this call starts the server; a running one keeps its own. Raises
    DatabaseUnavailable, in a sentence for the operator.
    """
    folder = folder.absolute()
    try:
        folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        folder = folder.resolve()
        with _alone(folder):
            return _enter(Cluster(folder, find_programs(folder / "data")), settings)
    except OSError as error:
        raise DatabaseUnavailable(
            f"The data folder {folder} cannot be written: {error.strerror or error} ({error.filename or folder}). "
            f"Set NINEFIFTEEN_HOME to a folder you can write, or NINEFIFTEEN_DATABASE_URL to a PostgreSQL server."
        ) from error


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with FileLock(folder / "start.lock") as lock:
        if not lock.seize(within=2 * PATIENCE):
            raise DatabaseUnavailable(
                f"Another process has been starting or stopping the database in {folder} for {2 * PATIENCE} seconds. "
                f"Look for a stopped or hanging ninefifteen process and end it, or {OTHER_DATABASE}."
            )
        yield


def _enter(cluster: Cluster, settings: Mapping[str, str]) -> EmbeddedServer:
    share = FileLock(cluster.folder / "holders.lock")
    share.share()
    try:
        return EmbeddedServer(cluster, share, _running(cluster, settings))
    except BaseException:
        with suppress(DatabaseUnavailable):
            _leave(cluster, share)
        raise


def _leave(cluster: Cluster, share: FileLock) -> None:
    share.release()
    with FileLock(cluster.folder / "holders.lock") as everybody:
        if everybody.seize():
            cluster.stop()


def _running(cluster: Cluster, settings: Mapping[str, str]) -> Address:
    """The address of a server that answers: the one that runs, or a new one once nothing of an old one is left."""
    deadline = time.monotonic() + PATIENCE
    with cluster.lock() as lock:
        while (address := _answering(cluster)) is None:
            if lock.seize():
                return _started(cluster, lock, settings)
            if time.monotonic() > deadline:
                raise _silent(cluster)
            time.sleep(PAUSE)
    return address


def _started(cluster: Cluster, lock: FileLock, settings: Mapping[str, str]) -> Address:
    cluster.start(lock, settings)
    if (address := _answering(cluster)) is None:
        raise _silent(cluster)
    return address


def _silent(cluster: Cluster) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"The embedded database in {cluster.folder} runs but does not answer. End it (the first line of "
        f"{cluster.pid_file} is its process id) and try again, or {OTHER_DATABASE}.\n{cluster.last_words()}".rstrip()
    )


def _answering(cluster: Cluster) -> Address | None:
    """Where this folder's server answers, with its role and its database made if they are missing."""
    if (address := read_address(cluster.pid_file)) is None:
        return None
    try:
        connection = psycopg.connect(
            address.url(SUPERUSER, "postgres"), autocommit=True, connect_timeout=5, options=BOUND
        )
    except psycopg.OperationalError:
        return None
    try:
        with connection:
            return address if _prepared(connection, cluster.data) else None
    except psycopg.Error as error:
        raise DatabaseUnavailable(
            f"The embedded database in {cluster.folder} cannot be prepared: {error.diag.message_primary or error}. "
            f"Mend what it complains about (its log is {cluster.log_file}), or {OTHER_DATABASE}."
        ) from error


def _prepared(connection: psycopg.Connection[TupleRow], data: Path) -> bool:
    """False for the server of another folder, which a copied `postmaster.pid` leads to."""
    connection.execute(QUEUE)
    home, role, database = connection.execute(LOOK, (OWNER, DATABASE)).fetchone() or ("", None, None)
    if not (Path(home).exists() and data.samefile(home)):
        return False
    if not role:
        connection.execute(f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
    if not database:
        connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    return True
