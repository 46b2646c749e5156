"""A TCP connection within a call's time: every address of a name gets its share, from the source that is to be used."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from broker.kotak_neo.call import Call
from broker.kotak_neo.lookups import Lookups, Place

_LEAST = 0.25
"""Seconds that an address gets, however many there are."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """How to connect: `patience` in seconds for one address, `source` None for wherever the machine sends from."""

    lookups: Lookups
    patience: float
    source: tuple[str, int] | None
    options: Sequence[tuple[int, int, int]]

    def connect(self, host: str, port: int, call: Call) -> socket.socket:
        """A connected socket, which the call may shut. Raises OSError with the last address's trouble."""
        family = socket.AF_INET if self.source is not None else socket.AF_UNSPEC
        places = self.lookups.places(host, port, family, call.seconds_to_connect)
        failure: OSError = OSError(None, f"the name {host} has no address")
        for left, place in zip(range(len(places), 0, -1), places, strict=True):
            try:
                return self._try(place, max(_LEAST, call.seconds_to_connect / left), call)
            except OSError as error:
                failure = error
        raise failure

    def _try(self, place: Place, share: float, call: Call) -> socket.socket:
        family, address = place
        plug = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in self.options:
                plug.setsockopt(*option)
            if self.source is not None:
                plug.bind(self.source)
            call.connecting(plug)
            plug.settimeout(min(self.patience, share))
            plug.connect(address)
            plug.settimeout(max(_LEAST, min(self.patience, call.seconds_to_connect)))
        except BaseException:
            plug.close()
            raise
        return plug
