"""Credentials in rows: plain ones are sealed at once, bad ones stop their own user alone."""

import json
from collections.abc import Iterator

import psycopg
import pytest
from cryptography.fernet import Fernet

from domain.errors import BadInput
from repositories.credentials import CredentialsRepository
from repositories.database import Database
from repositories.vault import Vault, check_plain

PLAIN = {"consumer_key": "k3y", "mobile": "+919876543210", "ucc": "AB123", "mpin": "246813", "totp_secret": "A" * 16}
USERS = """INSERT INTO users (id, name, broker, exit_rule) VALUES
    (1, 'asha', 'kotak_neo', '{"target_percent": 6}'), (2, 'binod', 'kotak_neo', '{"target_percent": 6}')"""
INCOMING = "INSERT INTO credentials (user_id, incoming) VALUES (%s, %s)"
KEYS = [Fernet.generate_key().decode()]


@pytest.fixture
def psql(database_url: str) -> Iterator[psycopg.Connection]:
    """A person with SQL, after entering users 1 and 2."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(USERS)
        yield connection


@pytest.fixture
def credentials(database: Database, psql: psycopg.Connection) -> CredentialsRepository:
    """The repository, with one key."""
    return CredentialsRepository(database, Vault(KEYS))


def test_incoming_fields_are_sealed_and_leave_no_plain_text_in_the_row(
    credentials: CredentialsRepository, psql: psycopg.Connection
) -> None:
    """Catches: `incoming` kept, or set to a JSON null, which is not an SQL null."""
    psql.execute(INCOMING, (1, json.dumps(PLAIN)))
    assert credentials.seal_incoming().sealed == (1,)
    row = psql.execute("SELECT credentials::text, incoming IS NULL FROM credentials").fetchone()
    assert row is not None
    assert row[1]
    assert not any(value in row[0] for value in PLAIN.values())
    assert credentials.read(1).mpin == "246813"
    assert credentials.seal_incoming().sealed == ()
    journal = psql.execute("SELECT user_id, event, actor, detail FROM journal").fetchall()
    assert journal == [(1, "CREDENTIALS_SEALED", "service:supervisor", {})]


def test_a_bad_row_is_left_and_told_and_hinders_no_other(
    credentials: CredentialsRepository, psql: psycopg.Connection
) -> None:
    psql.execute(INCOMING, (1, json.dumps(PLAIN | {"mpin": "hunter2"})))
    psql.execute(INCOMING, (2, json.dumps(PLAIN)))
    sealing = credentials.seal_incoming()
    assert sealing.sealed == (2,)
    assert "mpin must be six digits" in sealing.bad[1]
    assert "hunter2" not in sealing.bad[1]
    with pytest.raises(BadInput, match="waiting in `incoming`"):
        credentials.read(1)
    assert psql.execute("SELECT incoming ->> 'mpin' FROM credentials WHERE user_id = 1").fetchone() == ("hunter2",)


@pytest.mark.parametrize("incoming", ["null", "[]", "3", '{"mpin": ' + "9" * 5000 + "}"])
def test_incoming_that_json_cannot_read_hinders_no_other(
    credentials: CredentialsRepository, psql: psycopg.Connection, incoming: str
) -> None:
    """Catches: letting the driver read the JSON, which raises for the whole result on a number of 5000 digits."""
    psql.execute(INCOMING, (1, incoming))
    psql.execute(INCOMING, (2, json.dumps(PLAIN)))
    sealing = credentials.seal_incoming()
    assert (sealing.sealed, set(sealing.bad)) == ((2,), {1})


def test_missing_credentials_and_a_lost_key_say_what_to_do(
    credentials: CredentialsRepository, psql: psycopg.Connection, database: Database
) -> None:
    with pytest.raises(BadInput, match="insert a credentials row"):
        credentials.read(1)
    psql.execute(INCOMING, (1, json.dumps(PLAIN)))
    credentials.seal_incoming()
    stranger = CredentialsRepository(database, Vault([Fernet.generate_key().decode()]))
    with pytest.raises(BadInput, match=r"credentials of user 1 .* none of the keys opens them"):
        stranger.read(1)


def test_the_fingerprint_changes_with_the_sealed_credentials_alone(
    credentials: CredentialsRepository, psql: psycopg.Connection
) -> None:
    psql.execute(INCOMING, (1, json.dumps(PLAIN)))
    assert credentials.fingerprint(1) == ""
    credentials.seal_incoming()
    first = credentials.fingerprint(1)
    psql.execute("UPDATE users SET revision = 2 WHERE id = 1")
    assert credentials.fingerprints([1, 2]) == {1: first}
    psql.execute("UPDATE credentials SET incoming = %s WHERE user_id = 1", (json.dumps(PLAIN),))
    credentials.seal_incoming()
    assert credentials.fingerprint(1) not in ("", first)


def test_an_operator_replaces_credentials_and_it_is_journaled(
    credentials: CredentialsRepository, psql: psycopg.Connection
) -> None:
    sealed = Vault(KEYS).seal(check_plain(PLAIN | {"consumer_key": "new-key"}))
    credentials.store(1, sealed, by="meera")
    assert credentials.read(1).consumer_key == "new-key"
    with pytest.raises(BadInput, match="no user 9"):
        credentials.store(9, sealed)
    journal = psql.execute("SELECT user_id, event, actor FROM journal").fetchall()
    assert journal == [(1, "CREDENTIALS_REPLACED", "operator:meera")]
