"""An account as its admin wants it, and what its login needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.orders import OwnerPolicy


class BrokerName(StrEnum):
    """The brokers we speak to."""

    KOTAK_NEO = "kotak_neo"
    PAPER = "paper"
    """No broker: the simulator's exchange in process, with money that is none."""


@dataclass(frozen=True, slots=True)
class User:
    """What is wanted for one account: the admin's row."""

    id: int
    name: str
    broker: str
    enabled: bool
    live: bool
    revision: int
    exit_rule: Mapping[str, object]
    owner_policy: str = OwnerPolicy.RESPECT
    egress_ip: str | None = None
    egress_ip_2: str | None = None
    family: str | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The IPv4 addresses that the broker has whitelisted for the account, the preferred one first."""
        return tuple(address for address in (self.egress_ip, self.egress_ip_2) if address)

    @property
    def paper(self) -> bool:
        """Whether it trades on paper: nothing of it may be counted with money."""
        return self.broker == BrokerName.PAPER


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a Kotak Neo login needs; never printed, never logged."""

    consumer_key: str
    mobile: str
    ucc: str
    mpin: str
    totp_secret: str
    proxy_url: str | None = None
    """Where the account's calls leave through, with user and password if it wants some."""

    def __repr__(self) -> str:
        return "Credentials(hidden)"

    __str__ = __repr__
