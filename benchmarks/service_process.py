"""The service in this process, put together as `serve` does it: supervisor, tenants' threads, log files."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.rows import Rows
from cli.logs import start_logging
from cli.serve import supervisor
from domain.clock import SystemClock
from domain.market import DrillCalendar
from repositories.database import Database
from repositories.vault import Vault
from settings import Settings
from tenants.supervisor import Supervisor

DRAIN = 40.0


@contextmanager
def served(settings: Settings, url: str, vault: Vault, moved: DrillCalendar) -> Iterator[Database]:
    """The service of a database while it lasts; the engine that it uses."""
    clock = SystemClock()
    with (
        closing(Database(url, pool_size=settings.pool_size)) as database,
        supervisor(settings, database, vault, clock, moved) as service,
        _running(service),
    ):
        yield database


@contextmanager
def logged(folder: Path, level: str) -> Iterator[None]:
    """Log files as the service writes them, for as long as it lasts."""
    root = logging.getLogger()
    before = list(root.handlers)
    start_logging(folder / "logs", level)
    try:
        yield
    finally:
        for handler in [handler for handler in root.handlers if handler not in before]:
            root.removeHandler(handler)
            handler.close()


def settings_for(folder: Path, broker_url: str, rate: float) -> Settings:
    """The defaults of the service but for the broker and its rate (orders a second and account, 0: no limit)."""
    return Settings(home=folder, kotak_url=broker_url, orders_per_second=rate)


def asked(rows: Rows, url: str, query: str) -> int:
    """One number out of the rows."""
    with rows.open(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _running(service: Supervisor) -> Iterator[None]:
    thread = threading.Thread(target=service.run, name="supervisor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        service.stop()
        thread.join(DRAIN)
