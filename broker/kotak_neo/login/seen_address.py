"""Under which address the broker sees us, as its `get-client-ip` tells. Source: Kotak's SDK; 1000 means success.

An IPv4 address may come in the dress of IPv6 (::ffff:203.0.113.7), from a gateway that listens on both.
"""

from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Any

from broker.kotak_neo.reports import object_of
from broker.kotak_neo.wire import Answer
from domain.errors import BrokerUnavailable

PATH = "login/1.0/get-client-ip"


def seen_address(answer: Answer) -> IPv4Address | IPv6Address:
    """The address in the answer. Raises BrokerUnavailable, SessionEnded."""
    body = object_of(answer)
    try:
        address = ip_address(_address(body))
        inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return inner or address
    except (AddressValueError, ValueError):
        raise BrokerUnavailable("the broker did not say which address it sees") from None


def _address(body: Any) -> str:
    data = body.get("data") if isinstance(body, dict) else None
    first = data[0] if isinstance(data, list) and data else data
    told = first.get("ip") if isinstance(first, dict) else None
    return told.strip() if isinstance(told, str) else ""
