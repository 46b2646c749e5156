"""Which hosts may be spoken to, decided from the very address that the connection will use."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from domain.errors import NotAllowed

KOTAK = "kotaksecurities.com"
"""All hosts of the broker are in this domain (its SDK and its answers; the login's `baseUrl` too)."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one account's connections may go: to this machine; or, if there are any, over https to these domains and
    all below them, and not to this machine. So whatever host an answer names to go on with, tokens go to the broker or
    nowhere, and a simulator's session is not taken for the broker's.
    """

    domains: tuple[str, ...] = ()

    @classmethod
    def of(cls, login_url: str) -> "Reach":
        """Where a login there may lead: nowhere else from this machine, else to that host and the broker's domain."""
        host = host_of(login_url)
        return HERE if is_loopback(host) else cls((host, KOTAK))

    def require(self, url: str) -> None:
        """Raise NotAllowed for another host, or for plain http to the broker; the path is never quoted."""
        scheme, host = _parts(url)
        if not self.domains:
            if not is_loopback(host):
                raise NotAllowed(
                    f"Only this machine may be spoken to, and {host or 'no host'} is not it; nothing was sent."
                )
            return
        if not any(host == domain or host.endswith(f".{domain}") for domain in self.domains if domain):
            raise NotAllowed(f"{host or 'No host'} is none of the broker's ({KOTAK}); nothing was sent there.")
        if scheme not in ("https", "wss"):
            raise NotAllowed(f"{host} was asked over {scheme or 'no scheme'}; only https is allowed there.")

    def allows(self, url: str) -> bool:
        """Whether the host may be spoken to."""
        try:
            self.require(url)
        except NotAllowed:
            return False
        return True

    def require_proxy(self, proxy: str | None) -> None:
        """Raise NotAllowed for a proxy beyond loopback where only that may be spoken to; its secrets are not told."""
        host = host_of(proxy or "")
        if proxy and not self.domains and not is_loopback(host):
            raise NotAllowed(f"Only this machine may be spoken to, and the proxy {host or '(no host)'} is not it.")


HERE = Reach()
"""This machine alone."""


def is_loopback(host: str) -> bool:
    """Whether the name or address is this machine: localhost, 127.0.0.0/8, ::1."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    """The host of a URL in lower case; empty where there is none."""
    return _parts(url)[1]


def _parts(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower()
    except ValueError:
        return "", ""
