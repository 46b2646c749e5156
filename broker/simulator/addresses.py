"""Who may change orders from where: whitelisted addresses, sessions bound to theirs, and a network in between.

Checked on place, modify and cancel alone, as the real broker does; every other call is free.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import IPv4Address

from broker.simulator.accounts import Account
from broker.simulator.answers import ADDRESS_REFUSED, OTHER_ADDRESS, Refusal
from broker.simulator.sessions import Session

MOST = 2
"""The broker whitelists a first and a second address."""


class Addresses:
    """`seen` translates an address as a NAT in front of the broker would."""

    def __init__(self) -> None:
        self._listed: dict[str, frozenset[str]] = {}
        self._changed: dict[str, datetime] = {}
        self._seen: dict[str, str] = {}

    def whitelist(self, account: Account, addresses: Iterable[str], now: datetime) -> None:
        """Let the account change orders from these alone; from none of them: from anywhere. Raises ValueError.

        A list that becomes another one needs a new session.
        """
        listed = frozenset(map(_address, addresses))
        if len(listed) > MOST:
            raise ValueError(f"at most {MOST} addresses of an account are whitelisted, not {len(listed)}")
        before = self._listed.pop(account.ucc, None)
        if before not in (None, listed):
            self._changed[account.ucc] = now
        if listed:
            self._listed[account.ucc] = listed

    def translate(self, seen: Mapping[str, str]) -> None:
        """See connections from each address as from another one. Raises ValueError."""
        self._seen = {_address(real): _address(shown) for real, shown in seen.items()}

    def see(self, remote: str) -> str:
        """The address under which the broker sees a connection."""
        return self._seen.get(remote, remote)

    def admit(self, session: Session, remote: str, everybody: bool) -> None:
        """Let a change pass, or raise Refusal: 100008 unlisted, 1037 the session was begun from elsewhere.

        `everybody`: accounts without a list are checked, too, and have no address to change orders from.
        """
        listed = self._listed.get(session.account.ucc)
        if listed is None and not everybody:
            return
        if remote not in (listed or ()):
            raise Refusal(ADDRESS_REFUSED)
        changed = self._changed.get(session.account.ucc)
        if session.remote != remote or (changed is not None and session.began < changed):
            raise Refusal(OTHER_ADDRESS)


def _address(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except ValueError:
        raise ValueError(f"{text!r} is no IPv4 address, such as 203.0.113.7") from None
