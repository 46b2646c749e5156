"""The admin's rows as values. Each is read by itself, so that a bad one spoils no other."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import RowMapping, text

from domain.egress import AddressClaim, conflicts
from domain.errors import BadInput
from domain.users import BrokerName, User

COLUMNS = (
    "SELECT id, name, broker, enabled, live, revision, CAST(exit_rule AS text) AS exit_rule, owner_policy,"
    " host(egress_ip) AS egress_ip, host(egress_ip_2) AS egress_ip_2, family FROM users"
)
ALL = text(f"{COLUMNS} ORDER BY id")
ONE = text(f"{COLUMNS} WHERE id = :id")
NAMED = text(f"{COLUMNS} WHERE name = :word OR CAST(id AS text) = :word ORDER BY name = :word DESC LIMIT 1")


@dataclass(frozen=True, slots=True)
class BadUser:
    """A row that cannot be read as a User, and why."""

    id: int
    name: str
    why: str
    enabled: bool
    revision: int
    addresses: tuple[str, ...] = ()
    family: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """All users, by number: those that can be read and those that cannot."""

    users: tuple[User, ...]
    bad: tuple[BadUser, ...]

    def barred(self) -> Mapping[int, str]:
        """Enabled users who may not be served, since somebody else of no family of theirs has their address."""
        enabled = [user for user in self.everybody if user.enabled]
        return conflicts(AddressClaim(user.id, user.name, user.addresses, user.family) for user in enabled)

    @property
    def everybody(self) -> "tuple[User | BadUser, ...]":
        """The readable ones first."""
        return (*self.users, *self.bad)


def read_user(row: RowMapping) -> User | BadUser:
    """The row as a User, or why it cannot be one."""
    try:
        return User(**{**row, "broker": BrokerName(row["broker"]), "exit_rule": _rule(row["exit_rule"])})
    except ValueError as error:
        why = f"The row of user {row['name']} ({row['id']}) cannot be read: {error}. Correct it by SQL."
        addresses = tuple(address for address in (row["egress_ip"], row["egress_ip_2"]) if address)
        return BadUser(row["id"], row["name"], why, row["enabled"], row["revision"], addresses, row["family"])


def require_user(row: RowMapping | None, asked: str) -> User:
    """The row as a User. Raises BadInput when there is none, or it cannot be read; `asked`: who was asked for."""
    if row is None:
        raise BadInput(f"There is no user {asked[:80]!r}.")
    user = read_user(row)
    if isinstance(user, BadUser):
        raise BadInput(user.why)
    return user


def _rule(written: str) -> Mapping[str, object]:
    rule = json.loads(written)
    if not isinstance(rule, dict):
        raise ValueError("exit_rule is not a JSON object")
    return rule
