"""Credentials at rest: sealed in the row, open only in the hands of whoever logs in. Nothing here prints a value."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from domain.errors import BadInput
from domain.users import Credentials
from repositories.database import Database
from repositories.journal import Entry, JournalRepository
from repositories.vault import Vault, parse_plain

INCOMING = text(
    "SELECT user_id, CAST(incoming AS text) AS incoming FROM credentials WHERE incoming IS NOT NULL"
    " ORDER BY user_id FOR UPDATE SKIP LOCKED"
)
SEAL = text(
    "UPDATE credentials SET sealed = :sealed, sealed_at = clock_timestamp(), incoming = NULL WHERE user_id = :user_id"
)
STORE = text(
    "INSERT INTO credentials (user_id, sealed, sealed_at) SELECT id, :sealed, clock_timestamp() FROM users"
    " WHERE id = :user_id ON CONFLICT (user_id) DO UPDATE"
    " SET sealed = excluded.sealed, sealed_at = excluded.sealed_at, incoming = NULL RETURNING user_id"
)
RESTART = text("UPDATE users SET revision = revision + 1 WHERE id = :user_id")
SEALED = text("SELECT sealed, incoming IS NOT NULL AS waiting FROM credentials WHERE user_id = :user_id")
FINGERPRINTS = text(
    "SELECT user_id, encode(sha256(convert_to(sealed, 'UTF8')), 'hex') AS print FROM credentials"
    " WHERE user_id = ANY(:ids) AND sealed IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Sealing:
    """What became of the incoming rows: those sealed, and for those that cannot be, a sentence without the values."""

    sealed: tuple[int, ...] = ()
    bad: dict[int, str] = field(default_factory=dict)


class CredentialsRepository:
    """The credentials rows. Every method may raise DatabaseUnavailable."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    def seal_incoming(self) -> Sealing:
        """Seal what was inserted in plain fields, empty `incoming` and journal it; a bad row stays as it is.

        A row that somebody is changing at the moment is left for the next time.
        """
        sealed: list[int] = []
        bad: dict[int, str] = {}
        with self._database.as_service() as session:
            for row in session.execute(INCOMING).mappings().all():
                try:
                    self._seal(session, row)
                    sealed.append(row["user_id"])
                except BadInput as error:
                    bad[row["user_id"]] = f"The incoming credentials of user {row['user_id']} were not taken: {error}"
            self._journal(sealed)
        return Sealing(tuple(sealed), bad)

    def store(self, user_id: int, sealed: str, *, by: str = "cli") -> None:
        """Replace the user's credentials by sealed ones and have the user started anew with them. Raises BadInput."""
        with self._database.as_operator(by) as session:
            if session.execute(STORE, {"user_id": user_id, "sealed": sealed}).first() is None:
                raise BadInput(f"There is no user {user_id}; nothing was written.")
            session.execute(RESTART, {"user_id": user_id})
            journal = JournalRepository(partial(self._database.as_operator, by))
            journal.write([Entry("CREDENTIALS_REPLACED", user_id)])

    def read(self, user_id: int) -> Credentials:
        """The user's credentials. Raises BadInput, with what to do, when they are missing or no key opens them."""
        with self._database.as_service() as session:
            row = session.execute(SEALED, {"user_id": user_id}).mappings().one_or_none()
        if row is None or row["sealed"] is None:
            raise BadInput(_missing(user_id, waiting=row is not None))
        try:
            return self._vault.open(row["sealed"])
        except BadInput as error:
            raise BadInput(f"The credentials of user {user_id} cannot be used: {error}") from error

    def fingerprint(self, user_id: int) -> str:
        """Changes whenever the sealed credentials do and tells nothing about them; empty for none."""
        return self.fingerprints([user_id]).get(user_id, "")

    def fingerprints(self, user_ids: Collection[int]) -> dict[int, str]:
        """The fingerprints of many, without those who have no sealed credentials."""
        with self._database.as_service() as session:
            rows = session.execute(FINGERPRINTS, {"ids": list(user_ids)})
            return {int(user_id): str(fingerprint) for user_id, fingerprint in rows}

    def _seal(self, session: Session, row: RowMapping) -> None:
        sealed = self._vault.seal(parse_plain(row["incoming"]))
        session.execute(SEAL, {"user_id": row["user_id"], "sealed": sealed})

    def _journal(self, user_ids: list[int]) -> None:
        journal = JournalRepository(self._database.as_service)
        journal.write(Entry("CREDENTIALS_SEALED", user_id) for user_id in user_ids)


def _missing(user_id: int, *, waiting: bool) -> str:
    if waiting:
        return f"The credentials of user {user_id} are still waiting in `incoming` to be sealed; correct their fields."
    return (
        f"User {user_id} has no credentials: run.py user set-credentials {user_id} --credentials FILE, or insert a"
        " credentials row whose `incoming` holds the five fields."
    )
