"""The rows of logins: no code is sent twice and no refused credentials are tried for ever, whoever restarts."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from domain.logins import LoginOutcome
from domain.tenure import Tenure
from repositories.database import Database
from repositories.vault import Vault

PRINT = "(SELECT encode(sha256(convert_to(coalesce(sealed, ''), 'UTF8')), 'hex') FROM credentials WHERE user_id = u.id)"
CLAIM = text(
    "INSERT INTO logins (user_id, generation, revision, credentials, totp_period)"
    f" SELECT u.id, :generation, u.revision, coalesce({PRINT}, ''), :period FROM users u WHERE u.id = :user_id"
    " ON CONFLICT ON CONSTRAINT no_code_twice DO NOTHING RETURNING id"
)
END = text(
    "UPDATE logins SET outcome = :outcome, ended_at = clock_timestamp(), text = :text, session = :session"
    " WHERE user_id = :user_id AND totp_period = :period AND outcome IS NULL"
)
ONE_SESSION = text(
    "UPDATE logins SET session = NULL WHERE user_id = :user_id AND totp_period <> :period AND session IS NOT NULL"
)
KEPT = text(
    "SELECT l.session FROM logins l JOIN users u ON u.id = l.user_id WHERE l.user_id = :user_id"
    f" AND l.session IS NOT NULL AND l.credentials = {PRINT} ORDER BY l.id DESC LIMIT 1"
)
REFUSALS = text(
    "SELECT l.text FROM logins l JOIN users u ON u.id = l.user_id"
    f" WHERE l.user_id = :user_id AND l.outcome = 'refused' AND l.revision = u.revision AND l.credentials = {PRINT}"
    " AND l.id > coalesce((SELECT max(a.id) FROM logins a WHERE a.user_id = :user_id AND a.outcome = 'accepted'), 0)"
    " ORDER BY l.id"
)
LONGEST_TEXT = 500


class LoginsRepository:
    """One generation's view of its user's logins; a `LoginBook`. May raise DatabaseUnavailable and TenureLost."""

    def __init__(self, database: Database, tenure: Tenure, vault: Vault) -> None:
        self._database = database
        self._tenure = tenure
        self._vault = vault

    def claim(self, period: int) -> bool:
        """Note, fenced, that the code of a period is about to be sent; False when it may have been sent before."""
        row = {"user_id": self._tenure.user_id, "generation": self._tenure.generation, "period": period}
        with self._database.unit_of_work(self._tenure) as session:
            return session.execute(CLAIM, row).first() is not None

    def ended(self, period: int, outcome: LoginOutcome, text: str, session: Mapping[str, str] | None = None) -> None:
        """Note how the attempt with that code ended; evidence, which a late thread may add too. A session is sealed."""
        said = text.replace("\0", "").encode(errors="replace").decode()[:LONGEST_TEXT]
        row = {"user_id": self._tenure.user_id, "period": period, "outcome": str(outcome), "text": said}
        row["session"] = None if session is None else self._vault.seal_record(session)
        with self._database.append_evidence(self._tenure) as transaction:
            transaction.execute(END, row)
            if session is not None:
                transaction.execute(ONE_SESSION, row)

    def kept(self) -> Mapping[str, str] | None:
        """The session of the last login under today's credentials, of whatever day; None where no key opens it."""
        with self._database.unit_of_work(self._tenure) as session:
            sealed = session.execute(KEPT, {"user_id": self._tenure.user_id}).scalar_one_or_none()
        return None if sealed is None else self._vault.open_record(sealed)

    def refusals(self) -> Sequence[str]:
        """The words of refusal since the last login that worked, under today's credentials and revision."""
        with self._database.unit_of_work(self._tenure) as session:
            found = session.execute(REFUSALS, {"user_id": self._tenure.user_id}).scalars()
            return tuple(str(said or "no reason given") for said in found)
