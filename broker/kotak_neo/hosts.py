"""Which hosts may be spoken to, decided from the very address that the connection will use."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from domain.errors import NotAllowed


def require_allowed(url: str, loopback_only: bool) -> None:
    """Raise NotAllowed for a host beyond loopback, or for plain http to one; the path is never quoted."""
    scheme, host = _parts(url)
    if is_loopback(host):
        return
    if loopback_only:
        raise NotAllowed(f"Only this machine may be spoken to, and {host or 'no host'} is not it; nothing was sent.")
    if scheme != "https":
        raise NotAllowed(f"{host or 'No host'} was asked over {scheme or 'no scheme'}; only https is allowed there.")


def is_loopback(host: str) -> bool:
    """Whether the name or address is this machine: localhost, 127.0.0.0/8, ::1."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _parts(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower()
    except ValueError:
        return "", ""
