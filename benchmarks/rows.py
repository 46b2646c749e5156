"""The benchmark's PostgreSQL: one embedded server in a temporary folder, a fresh migrated database for each run."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from cryptography.fernet import Fernet

from benchmarks.market import AVERAGE_PRICE, RULE, SHARES, TARGET
from broker.simulator import Account
from domain.users import Credentials
from repositories.database import Database
from repositories.embedded import EmbeddedServer, open_embedded
from repositories.schema import upgrade
from repositories.vault import Vault

TEMPLATE = "migrated"
COMMIT_TIMES = {"track_commit_timestamp": "on"}
"""So that the rows themselves tell when an answer was durable; nobody has to poll while the clock runs."""

USERS = (
    "INSERT INTO users (id, name, broker, exit_rule, enabled) SELECT n, 'user' || n, 'kotak_neo', %s::jsonb, n <= %s"
    " FROM generate_series(1, %s) n"
)
POSITIONS = (
    "INSERT INTO positions (user_id, symbol, quantity, avg_price) SELECT %s, s, %s, %s FROM unnest(%s::text[]) s"
)
OLD_POSITIONS = (
    "INSERT INTO positions (id, user_id, symbol, quantity, avg_price, opened_at, closed_at, exit_price, close_reason,"
    " sold_quantity, sold_value) SELECT %(first)s + n, %(user)s, (%(symbols)s::text[])[1 + n %% cardinality(%(symbols)s"
    "::text[])], 0, %(paid)s::numeric, now() - interval '30 days', now() - interval '29 days', %(got)s::numeric,"
    " 'SOLD', %(shares)s, %(shares)s * %(got)s::numeric FROM generate_series(1, %(count)s / 2) n"
)
OLD_ORDERS = (
    "INSERT INTO orders (user_id, position_id, side, symbol, ticker, placed_symbol, status, tag, broker_order_id,"
    " quantity, price, filled, execution_qty, execution_price, trading_day, created_at, status_at)"
    " SELECT p.user_id, p.id, k.side, p.symbol, p.symbol, p.symbol, k.status, 'OLD' || k.side || p.id,"
    " k.side || p.id, %(shares)s, k.price, %(shares)s, %(shares)s, k.price, current_date - 29, p.opened_at,"
    " p.closed_at FROM positions p, (VALUES ('BUY', 'CLOSED', %(paid)s::numeric), ('SELL', 'EXECUTED',"
    " %(got)s::numeric)) AS k(side, status, price) WHERE p.user_id = %(user)s AND p.closed_at IS NOT NULL"
)
OLD_SENDS = (
    "INSERT INTO sends (order_id, user_id, kind, attempt, generation, quantity, price, send_by, outcome, outcome_at)"
    " SELECT id, user_id, 'place', 1, 1, quantity, price, created_at, 'accepted', created_at FROM orders"
    " WHERE user_id = %(user)s AND trading_day < current_date - 1"
)


class Rows:
    """Makes databases and fills them; `vault` opens the credentials in them."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.key = Fernet.generate_key().decode()
        self.vault = Vault([self.key])
        self._server = server
        self._numbers = count(1)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The URL of an empty migrated database, as the service sees it; dropped afterwards."""
        name = f"bell_{next(self._numbers)}"
        self._ask(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} OWNER ninefifteen")
        try:
            yield _renamed(self._server.url, name)
        finally:
            self._ask(f"DROP DATABASE {name} WITH (FORCE)")

    def open(self, url: str) -> "psycopg.Connection[Any]":
        """An administrator's connection to a database, beside the engine whose statements are counted."""
        return psycopg.connect(self.admin_url(url), autocommit=True)

    def admin_url(self, url: str) -> str:
        """The same database as its superuser sees it."""
        return _renamed(self._server.superuser_url, urlsplit(url).path.lstrip("/"))

    def enter(self, url: str, accounts: Sequence[Account], holdings: Sequence[Sequence[str]], enabled: int) -> None:
        """Users with credentials and open positions in their symbols; the first so many are enabled."""
        with self.open(url) as connection, connection.cursor() as cursor:
            cursor.execute(USERS, (json.dumps(RULE), enabled, len(accounts)))
            sealed = [(number, self._sealed(account)) for number, account in enumerate(accounts, 1)]
            cursor.executemany("INSERT INTO credentials (user_id, sealed, sealed_at) VALUES (%s, %s, now())", sealed)
            cursor.executemany(
                POSITIONS,
                [(number, SHARES, AVERAGE_PRICE, list(held)) for number, held in enumerate(holdings, 1) if held],
            )
            cursor.execute("ANALYZE")

    def age(self, url: str, user_id: int, symbols: Sequence[str], orders: int) -> None:
        """Give a user a past: so many orders, half buys and half the sells of what they bought."""
        values = {"user": user_id, "symbols": list(symbols), "count": orders, "first": user_id * 1_000_000}
        values |= {"paid": AVERAGE_PRICE, "got": TARGET, "shares": SHARES}
        with self.open(url) as connection:
            for statement in (OLD_POSITIONS, OLD_ORDERS, OLD_SENDS):
                connection.execute(statement, values)
            connection.execute("VACUUM ANALYZE")

    def prepare(self) -> None:
        """Make the migrated template."""
        self._ask(f"CREATE DATABASE {TEMPLATE} OWNER ninefifteen")
        with closing(Database(_renamed(self._server.url, TEMPLATE))) as database:
            upgrade(database)

    def _sealed(self, account: Account) -> str:
        return self.vault.seal(
            Credentials(account.consumer_key, account.mobile, account.ucc, account.mpin, account.totp_secret)
        )

    def _ask(self, statement: str) -> None:
        with psycopg.connect(self._server.superuser_url, autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def rows(folder: Path) -> Iterator[Rows]:
    """A server for the length of the benchmark."""
    with open_embedded(folder / "database", settings=COMMIT_TIMES) as server:
        made = Rows(server)
        made.prepare()
        yield made


def _renamed(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
