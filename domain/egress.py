"""One address, one client or one family: who may use which egress address, decided from the rows alone.

Source: SEBI and the exchanges on algorithms of retail clients: a static address is mapped to one client at a time and
shared inside a declared family only (self, spouse, dependent children, dependent parents).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Egress:
    """An account's egress addresses (IPv4) and the family that may share them; nothing set: nothing is bound."""

    first: str | None = None
    second: str | None = None
    family: str | None = None


NOWHERE = Egress()


@dataclass(frozen=True, slots=True)
class AddressClaim:
    """What one user's row says of its addresses (IPv4) and its family."""

    user_id: int
    name: str
    addresses: tuple[str, ...] = ()
    family: str | None = None


def conflicts(claims: Iterable[AddressClaim]) -> Mapping[int, str]:
    """Who may not be served, and why. The lower number keeps an address; who is refused takes none from others."""
    holders: dict[str, list[AddressClaim]] = {}
    refused: dict[int, str] = {}
    for claim in sorted(claims, key=lambda one: one.user_id):
        told = next((text for text in (_conflict(claim, a, holders.get(a, ())) for a in claim.addresses) if text), None)
        if told is not None:
            refused[claim.user_id] = told
            continue
        for address in claim.addresses:
            holders.setdefault(address, []).append(claim)
    return refused


def _conflict(claim: AddressClaim, address: str, holders: Iterable[AddressClaim]) -> str | None:
    other = next((one for one in holders if one.family is None or one.family != claim.family), None)
    if other is None:
        return None
    mine, theirs = _family(claim), _family(other)
    family = other.family or "NAME"
    declared = [_declaration(one, family) for one in (claim, other) if one.family is None or one.family != family]
    return (
        f"{claim.name} may not use the egress address {address}: {other.name} (user {other.user_id}, {theirs}) uses it,"
        f" and {claim.name} is {mine}. An address belongs to one client or one declared family: give it another"
        f" address, or declare one family, where they are one: {' and '.join(declared)}."
    )


def _declaration(claim: AddressClaim, family: str) -> str:
    """The whole command: what it leaves out would be empty afterwards."""
    second = "".join(f" --second {address}" for address in claim.addresses[1:])
    return f"run.py user set-egress {claim.name} {claim.addresses[0]}{second} --family {family}"


def _family(claim: AddressClaim) -> str:
    return f"of the family {claim.family}" if claim.family else "of no declared family"
