"""A database made anew in an embedded server, as often as a proof needs a clean state."""

from urllib.parse import urlsplit, urlunsplit

import psycopg

from domain.errors import DatabaseUnavailable
from repositories.database import Database
from repositories.embedded import DATABASE, OWNER, EmbeddedServer
from repositories.schema import upgrade

TEMPLATE = "pristine"


def prepare(server: EmbeddedServer) -> None:
    """Make the pattern that every clean state is a copy of. Raises DatabaseUnavailable."""
    _run(server, f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
    pattern = Database(_renamed(server.url, TEMPLATE), pool_size=2)
    try:
        upgrade(pattern)
    finally:
        pattern.close()


def renew(server: EmbeddedServer) -> None:
    """Drop the server's database, whoever uses it, and make an empty one with this program's schema.

    Raises DatabaseUnavailable.
    """
    _run(server, f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    _run(server, f"CREATE DATABASE {DATABASE} OWNER {OWNER} TEMPLATE {TEMPLATE}")


def _run(server: EmbeddedServer, statement: str) -> None:
    try:
        with psycopg.connect(_renamed(server.superuser_url, "postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())
    except psycopg.Error as error:
        raise DatabaseUnavailable(f"The database could not be made anew ({statement}): {error}") from error


def _renamed(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
