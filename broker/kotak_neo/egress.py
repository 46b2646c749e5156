"""Where an account's calls leave this machine from: a first address, a second in reserve, or a proxy.

The broker takes orders from whitelisted IPv4 addresses alone, and only in a session that was begun from the same one.
Nothing here falls back to the machine's default route: an address that cannot be bound is a reason to wait.
"""

import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from broker.kotak_neo.hosts import is_loopback
from domain.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class Egress:
    """`addresses` are what the broker is to see, the first one preferred; none: wherever the machine sends from.

    `nat` tells for an address that is not this machine's own which one to bind to come out of it. With a `proxy`
    (http://[user:password@]host:port) nothing is bound, and the broker is to see the first address.
    """

    addresses: tuple[str, ...] = ()
    nat: Mapping[str, str] = field(default_factory=dict)
    proxy: str | None = field(default=None, repr=False)

    @property
    def bound(self) -> bool:
        """Whether sockets are bound to an address."""
        return bool(self.addresses) and self.proxy is None

    def source(self, address: str) -> str | None:
        """The machine's own address to bind; None for none."""
        return self.nat.get(address, address) if address and self.bound else None

    def usable(self, address: str) -> str | None:
        """None if sockets can be bound to it at this moment, else why not."""
        source = self.source(address)
        if source is None:
            return None
        try:
            with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
                probe.bind((source, 0))
        except OSError as error:
            return f"{_named(address, source)} cannot be bound ({error.strerror or error})"
        return None

    def require_allowed(self, loopback_only: bool) -> None:
        """Raise NotAllowed for a proxy beyond loopback where only that may be spoken to; its secrets are not told."""
        host = urlsplit(self.proxy or "").hostname or ""
        if self.proxy and loopback_only and not is_loopback(host):
            raise NotAllowed(f"Only this machine may be spoken to, and the proxy {host or '(no host)'} is not it.")


def _named(address: str, source: str) -> str:
    return address if source == address else f"{source}, which stands for {address},"
