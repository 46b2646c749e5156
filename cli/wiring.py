"""The composition root: opens the database, and puts tenants together from every layer.

Broker and service are imported where a tenant is made: verbs that only read or write rows do without them.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.times import Times
from domain.market import ExchangeCalendar
from domain.vantage import Tempo
from repositories.coverage import CoverageRepository
from repositories.database import Database, require_trustworthy
from repositories.embedded import open_embedded
from repositories.market_days import MarketDaysRepository
from repositories.schema import require_current, schema_status, upgrade
from repositories.vault import Vault, load_keys
from settings import Settings

if TYPE_CHECKING:
    pass

log = logging.getLogger("ninefifteen.wiring")


@contextmanager
def open_any_database(settings: Settings) -> Iterator[Database]:
    """The configured PostgreSQL, or the embedded one; whatever its schema. Raises DatabaseUnavailable, BadInput."""
    if settings.database_url is not None:
        database = Database(settings.database_url.get_secret_value(), pool_size=settings.pool_size)
        try:
            yield database
        finally:
            database.close()
        return
    folder = settings.data_folder
    with open_embedded(folder) as server:
        # Opening the folder once more starts a server that has died; our own share keeps it from being stopped.
        database = Database(server.url, pool_size=settings.pool_size, revive=lambda: open_embedded(folder).close())
        try:
            yield database
        finally:
            database.close()


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """A database with this program's schema; an empty embedded one is given it. Raises SchemaUnknown as well."""
    with open_any_database(settings) as database:
        if settings.database_url is None and schema_status(database).current is None:
            upgrade(database)
        require_current(database)
        require_trustworthy(database)
        yield database


def open_vault(settings: Settings) -> Vault:
    """The keys that seal credentials. Raises BadInput, NotAllowed."""
    text = settings.secret_keys.get_secret_value() if settings.secret_keys else None
    return Vault(load_keys(text, settings.key_file))


def coverage_repository(database: Database, settings: Settings) -> CoverageRepository:
    """How every position is covered, by the exchange's days and the pace of the service."""
    calendar = ExchangeCalendar(MarketDaysRepository(database).overrides())
    times = Times.of(settings).trading
    tempo = Tempo(times.cycle, times.book_lag, times.call_deadline)
    return CoverageRepository(database, calendar, tempo)
