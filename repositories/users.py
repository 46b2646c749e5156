"""The admin's rows: who is to be served, and how."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.egress import NOWHERE, Egress
from domain.errors import BadInput, ConstraintBroken
from domain.exits import parse_exit_rule
from domain.orders import OwnerPolicy
from domain.users import BrokerName, User
from domain.wording import stopped
from repositories.database import Database
from repositories.journal import Entry, JournalRepository
from repositories.user_rows import ALL, NAMED, ONE, BadUser, Wanted, read_user, require_user

NAME = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
SERIALLY = text("SELECT pg_advisory_xact_lock(915, 3)")
SKIP_TAKEN_NUMBERS = text(
    "SELECT setval('users_id_seq', m.id) FROM (SELECT max(id) AS id FROM users) m, users_id_seq s"
    " WHERE m.id >= s.last_value"
)
INSERT = text(
    "INSERT INTO users (name, broker, exit_rule, enabled, live, egress_ip, egress_ip_2, family)"
    " VALUES (:name, :broker, CAST(:exit_rule AS jsonb), :enabled, :live, CAST(:first AS inet),"
    " CAST(:second AS inet), :family) RETURNING id"
)
INSERT_SEALED = text("INSERT INTO credentials (user_id, sealed, sealed_at) VALUES (:id, :sealed, clock_timestamp())")
SET_EXIT = text("UPDATE users SET exit_rule = CAST(:exit_rule AS jsonb) WHERE id = :id RETURNING id")
SET_ENABLED = text("UPDATE users SET enabled = :enabled WHERE id = :id RETURNING id")
SET_POLICY = text("UPDATE users SET owner_policy = :policy WHERE id = :id RETURNING id")
SET_LIVE = text("UPDATE users SET live = :live WHERE id = :id RETURNING id")
SET_EGRESS = text(
    "UPDATE users SET egress_ip = CAST(:first AS inet), egress_ip_2 = CAST(:second AS inet), family = :family"
    " WHERE id = :id RETURNING revision"
)
RESTART = text("UPDATE users SET revision = revision + 1 WHERE id = :id RETURNING revision")


class UsersRepository:
    """Reads for the service, writes for operators (`by`: who); a write wakes the tenant and is journaled.

    Every method may raise DatabaseUnavailable; a write that raises has changed nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def wanted(self) -> Wanted:
        """Every user, enabled or not."""
        with self._database.as_service() as session:
            rows = session.execute(ALL).mappings().all()
        read = [read_user(row) for row in rows]
        return Wanted(
            tuple(user for user in read if isinstance(user, User)),
            tuple(user for user in read if isinstance(user, BadUser)),
        )

    def get(self, user_id: int) -> User:
        """One user by number. Raises BadInput when there is none, or its row cannot be read."""
        with self._database.as_service() as session:
            row = session.execute(ONE, {"id": user_id}).mappings().one_or_none()
        return require_user(row, str(user_id))

    def find(self, name_or_id: str) -> User:
        """One user by name, else by number. Raises BadInput when there is none, or its row cannot be read."""
        with self._database.as_service() as session:
            row = session.execute(NAMED, {"word": name_or_id.replace("\0", "")}).mappings().one_or_none()
        return require_user(row, name_or_id)

    def add(
        self,
        name: str,
        broker: str,
        exit_rule: Mapping[str, object],
        sealed_credentials: str | None,
        enabled: bool = True,
        *,
        live: bool = False,
        egress: Egress = NOWHERE,
        by: str = "cli",
    ) -> int:
        """Enter a user with sealed credentials, none on paper; its number. Raises BadInput for a bad or taken value."""
        _check(name, broker, exit_rule)
        row: dict[str, Any] = {
            "name": name,
            "broker": broker,
            "exit_rule": _written(exit_rule),
            "enabled": enabled,
            "live": live,
        }
        row |= asdict(egress)
        try:
            return self._add(row, sealed_credentials, by)
        except ConstraintBroken as error:
            raise BadInput(_collision(name, error)) from error

    def set_exit(self, user_id: int, exit_rule: Mapping[str, object], *, by: str = "cli") -> None:
        """Give the user another exit rule. Raises BadInput."""
        parse_exit_rule(exit_rule)
        values = {"id": user_id, "exit_rule": _written(exit_rule)}
        self._change(SET_EXIT, values, "USER_EXIT_SET", {"exit_rule": exit_rule}, by)

    def set_enabled(self, user_id: int, enabled: bool, *, by: str = "cli") -> None:
        """Have the user served or not. Raises BadInput when there is none."""
        event = "USER_ENABLED" if enabled else "USER_DISABLED"
        self._change(SET_ENABLED, {"id": user_id, "enabled": enabled}, event, {}, by)

    def set_policy(self, user_id: int, policy: OwnerPolicy, *, by: str = "cli") -> None:
        """What is to happen when the owner cancels or changes an order of ours. Raises BadInput."""
        self._change(SET_POLICY, {"id": user_id, "policy": policy}, "USER_POLICY_SET", {"policy": policy}, by)

    def set_live(self, user_id: int, live: bool, *, by: str = "cli") -> None:
        """Say that the account's orders are the broker's, or a simulator's, and start it anew. Raises BadInput when
        there is no such user, it is on paper, or has a simulator's orders."""
        event = "USER_LIVE" if live else "USER_NOT_LIVE"
        with _sentence_of_the_constraint():
            self._change(SET_LIVE, {"id": user_id, "live": live}, event, {}, by)

    def set_egress(self, user_id: int, egress: Egress, *, by: str = "cli") -> int:
        """Have the user leave from other addresses, or be of another family, and start it anew; its revision.

        Raises BadInput with the sentence of the constraint that is broken.
        """
        values = {"id": user_id, **asdict(egress)}
        detail = {"egress_ip": egress.first, "egress_ip_2": egress.second, "family": egress.family}
        with _sentence_of_the_constraint():
            return self._change(SET_EGRESS, values, "USER_EGRESS_SET", detail, by)

    def restart(self, user_id: int, *, by: str = "cli") -> int:
        """Ask for a new start of this user alone; its new revision. Raises BadInput when there is none."""
        return self._change(RESTART, {"id": user_id}, "USER_RESTARTED", {}, by)

    def _add(self, row: dict[str, Any], sealed: str | None, by: str) -> int:
        with self._database.as_operator(by) as session:
            session.execute(SERIALLY)
            session.execute(SKIP_TAKEN_NUMBERS)
            user_id = int(session.execute(INSERT, row).scalar_one())
            if sealed is not None:
                session.execute(INSERT_SEALED, {"id": user_id, "sealed": sealed})
            self._journal(by, Entry("USER_ADDED", user_id, detail={"name": row["name"], "broker": row["broker"]}))
        return user_id

    def _change(self, statement: Any, values: dict[str, Any], event: str, detail: Mapping[str, Any], by: str) -> int:
        with self._database.as_operator(by) as session:
            result = _require_changed(session, statement, values)
            self._journal(by, Entry(event, values["id"], detail=detail))
        return result

    def _journal(self, by: str, entry: Entry) -> None:
        JournalRepository(partial(self._database.as_operator, by)).write([entry])


@contextmanager
def _sentence_of_the_constraint() -> Iterator[None]:
    """Raise BadInput with the sentence in which a trigger refuses the row."""
    try:
        yield
    except ConstraintBroken as error:
        raise BadInput(f"{_first_line(error)} Nothing was written.") from error


def _require_changed(session: Session, statement: Any, values: dict[str, Any]) -> int:
    result = session.execute(statement, values).scalar_one_or_none()
    if result is None:
        raise BadInput(f"There is no user {values['id']}; nothing was changed.")
    return int(result)


def _check(name: str, broker: str, exit_rule: Mapping[str, object]) -> None:
    if not NAME.fullmatch(name):
        raise BadInput(
            f"The name {name[:80]!r} must be 1 to 63 letters, digits, dots, dashes or underscores, and"
            " more than digits, which are users' numbers. Nothing was written."
        )
    if broker not in list(BrokerName):
        raise BadInput(f"The broker {broker[:80]!r} is not known; known is: {', '.join(BrokerName)}.")
    parse_exit_rule(exit_rule)


def _written(exit_rule: Mapping[str, object]) -> str:
    return json.dumps(dict(exit_rule), default=str)


def _collision(name: str, error: ConstraintBroken) -> str:
    if "users_name_is_unique" in str(error):
        return f"There is a user {name} already; choose another name. Nothing was written."
    if "egress" in str(error) or "the family" in str(error) or "type inet" in str(error):
        return f"{_first_line(error)} Nothing was written."
    return f"User {name} could not be added; nothing was written, try again. PostgreSQL says: {error}"


def _first_line(error: ConstraintBroken) -> str:
    return f"{stopped(str(error).splitlines()[0])}"
