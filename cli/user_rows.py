"""An account as a row of a table, or an object of JSON."""

from collections.abc import Sequence
from datetime import datetime

from domain.tenancy import TenantStatus
from domain.users import User
from repositories.halts import concerning
from repositories.standing import CredentialState, Halt
from repositories.user_rows import BadUser

ACCOUNT = ("ID", "NAME", "BROKER", "ENABLED", "LIVE", "EXIT RULE", "OWNER")
HEADINGS = (*ACCOUNT, "EGRESS", "FAMILY", "REVISION", "STATE", "TEXT", "HALTED")


def addresses_of(*addresses: str | None) -> str | None:
    """The addresses in words; None where there are none."""
    return ", ".join(address for address in addresses if address) or None


def words(name: str) -> str:
    """A field's name for people."""
    return f"{name.replace('_', ' ')}{' (IST)' if name.endswith('_at') else ''}"


def credentials_of(user: User, found: CredentialState) -> tuple[str, datetime | None]:
    """Whether they are there, never what they are."""
    if user.paper:
        return "none needed on paper", None
    if found.waiting:
        return "waiting to be sealed by the service", found.sealed_at
    return "sealed" if found.sealed else "missing", found.sealed_at


def row_of(user: User, tenant: TenantStatus | None, halts: Sequence[Halt]) -> dict[str, object]:
    """An account, how its tenant is, and who halted it."""
    served = tenant is not None and tenant.alive
    return {
        "id": user.id,
        "name": user.name,
        "broker": user.broker,
        "enabled": user.enabled,
        "live": user.live,
        "exit_rule": user.exit_rule,
        "owner_policy": user.owner_policy,
        "egress": addresses_of(user.egress_ip, user.egress_ip_2),
        "family": user.family,
        "revision": user.revision,
        "state": tenant.state if tenant and served else "NOT SERVED",
        "text": tenant.text if tenant and served else None,
        "halted": _halted(user.id, halts),
    }


def unreadable(user: BadUser, halts: Sequence[Halt]) -> dict[str, object]:
    """An account whose row cannot be read."""
    row: dict[str, object] = {"id": user.id, "name": user.name, "broker": None, "enabled": user.enabled, "live": None}
    row |= {"exit_rule": None, "owner_policy": None, "egress": addresses_of(*user.addresses), "family": user.family}
    row |= {"revision": user.revision, "state": "UNREADABLE"}
    return row | {"text": user.why, "halted": _halted(user.id, halts)}


def _halted(user_id: int, halts: Sequence[Halt]) -> str | None:
    return "; ".join(halt.because for halt in concerning(halts, user_id)) or None
