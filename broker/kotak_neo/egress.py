"""Where an account's calls leave this machine from: a first address, a second in reserve, or a proxy.

The broker takes orders from whitelisted IPv4 addresses alone, and only in a session that was begun from the same one.
Nothing here falls back to the machine's default route: an address that cannot be bound is a reason to wait.
"""

import contextlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field


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


def _named(address: str, source: str) -> str:
    return address if source == address else f"{source}, which stands for {address},"
