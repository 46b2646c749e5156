"""The engine, one session per thread, and the doors to the rows: short transactions, each with a name."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from domain.errors import BadInput, ConstraintBroken, DatabaseUnavailable, NotAllowed, TenureLost, TransactionHeld
from domain.tenure import Tenure

log = logging.getLogger(__name__)

FENCE = text(
    "SELECT generation, set_config('ninefifteen.user_id', CAST(user_id AS text), true),"
    " set_config('ninefifteen.actor', :actor, true)"
    " FROM tenants WHERE user_id = :user_id FOR SHARE"
)
ACTOR = text("SELECT set_config('ninefifteen.actor', :actor, true)")

LIMITS = (
    "-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=2000"
    " -c timezone=UTC -c synchronous_commit=on"
)
"""Milliseconds. A transaction that waits longer than this is a defect or a dead server; both end the same way."""


class Database:
    """Hands out transactions. A session is held for milliseconds, so that ten connections serve a hundred tenants."""

    def __init__(self, url: str, *, pool_size: int = 10, revive: Callable[[], object] | None = None) -> None:
        self.engine = _engine(url, pool_size)
        self._revive = revive
        self._reviving = threading.Lock()
        self._sessions = scoped_session(sessionmaker(self.engine, expire_on_commit=False, autoflush=False))
        self._thread = threading.local()

    @contextmanager
    def unit_of_work(self, tenure: Tenure) -> Iterator[Session]:
        """The only door to a tenant's rows: one short transaction of the current generation, or TenureLost.

        Joins the transaction that this thread already has for the same tenure. While it lasts nobody can raise the
        generation, and row-level security shows the rows of this user alone.
        """
        if self._joined(tenure):
            yield self._sessions()
            return
        tenure.require()
        with self._transaction(tenure) as session:
            self._fence(session, tenure)
            yield session

    @contextmanager
    def as_service(self, name: str = "supervisor") -> Iterator[Session]:
        """A transaction of the process itself, for what belongs to no tenant or to all; wakes nobody."""
        with self._named(f"service:{name}") as session:
            yield session

    @contextmanager
    def as_operator(self, name: str) -> Iterator[Session]:
        """A transaction of a person: what it changes wakes the tenants that it concerns."""
        with self._named(f"operator:{name}") as session:
            yield session

    @contextmanager
    def append_evidence(self, tenure: Tenure) -> Iterator[Session]:
        """A transaction without the fence, for replies alone: evidence is kept, whoever's turn it is by now.

        Units of work of the same tenure join it; who writes more than evidence in it asks for the fence itself.
        """
        with self._transaction(tenure) as session:
            session.execute(ACTOR, {"actor": f"service:{tenure}"})
            yield session

    def require_idle(self) -> None:
        """Raise TransactionHeld when this thread is inside a transaction; called before every broker call."""
        if getattr(self._thread, "scope", None) is not None:
            raise TransactionHeld("A broker call was about to start inside a database transaction; this is a defect.")

    def leave_thread(self) -> None:
        """Forget this thread's session; called when a tenant's thread ends."""
        self._sessions.remove()

    def another(self, pool_size: int) -> "Database":
        """A second door to the same database, with connections of its own."""
        url = self.engine.url.render_as_string(hide_password=False)
        return Database(url, pool_size=pool_size, revive=self._revive)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _named(self, actor: str) -> Iterator[Session]:
        if self._joined(actor):
            yield self._sessions()
            return
        with self._transaction(actor) as session:
            session.execute(ACTOR, {"actor": actor})
            yield session

    def _joined(self, scope: object) -> bool:
        current = getattr(self._thread, "scope", None)
        if current is not None and current != scope:
            raise TransactionHeld(f"This thread is inside a transaction of {current}, not of {scope}; a defect.")
        return current is not None

    @contextmanager
    def _transaction(self, scope: object) -> Iterator[Session]:
        session = self._sessions()
        self._thread.scope = scope
        try:
            with session.begin():
                yield session
        except (OperationalError, InterfaceError, InternalError, PoolTimeout) as error:
            self._bring_back()
            raise DatabaseUnavailable(_sentence(self.engine.url, error)) from error
        except (IntegrityError, DataError) as error:
            raise ConstraintBroken(str(error.orig).strip()) from error
        finally:
            self._thread.scope = None
            session.close()

    def _bring_back(self) -> None:
        """Have the server of this process started again if it is gone; one thread at a time, the others go on."""
        if self._revive is None or not self._reviving.acquire(blocking=False):
            return
        try:
            self._revive()
        except DatabaseUnavailable as error:
            log.warning("the database was not brought back: %s", error)
        finally:
            self._reviving.release()

    def _fence(self, session: Session, tenure: Tenure) -> None:
        actor = f"service:{tenure}"
        generation = session.execute(FENCE, {"user_id": tenure.user_id, "actor": actor}).scalar_one_or_none()
        if generation != tenure.generation:
            tenure.revoke()
            raise TenureLost(f"{tenure}: generation {generation} has taken over; this one does nothing more.")


def _engine(url: str, pool_size: int) -> Engine:
    return create_engine(
        _with_driver(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        connect_args={"options": LIMITS, "connect_timeout": 5},
    )


def _with_driver(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadInput(
            "The database URL cannot be read: write it as postgresql://user:password@host:5432/database."
        ) from error
    if parsed.get_backend_name() != "postgresql":
        raise BadInput(f"The database URL names {parsed.get_backend_name()}; Ninefifteen needs PostgreSQL 14 or newer.")
    return parsed.set(drivername="postgresql+psycopg")


def _sentence(url: URL, error: Exception) -> str:
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()
    where = url.set(drivername="postgresql").render_as_string(hide_password=True)
    return f"PostgreSQL at {where} did not answer: {reason[0] if reason else type(error).__name__}"


def require_trustworthy(database: Database) -> None:
    """Refuse a server that forgets commits or is too old. Raises NotAllowed, DatabaseUnavailable."""
    with database.as_service() as session:
        version = int(session.execute(text("SHOW server_version_num")).scalar_one())
        fsync = session.execute(text("SHOW fsync")).scalar_one()
    if version < 140000:
        raise NotAllowed(f"PostgreSQL {version // 10000} is too old: Ninefifteen needs 14 or newer.")
    if fsync != "on":
        raise NotAllowed("PostgreSQL runs with fsync = off: an order could be forgotten. Switch it on and restart.")
