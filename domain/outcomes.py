"""The four ways in which a request to change something at the broker can end."""

from dataclasses import dataclass, field
from typing import Any

Evidence = dict[str, Any]
"""What the broker said, as parsed from the wire, secrets removed; stored as jsonb."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker has it, under this number."""

    broker_order_id: str
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """Parsed and definitive: the broker does not have it, and why."""

    code: str
    text: str
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing of it left this machine, or the gateway turned it away before the order system (429)."""

    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Everything else. Never retried blindly; the order book tells."""

    text: str
    evidence: Evidence = field(default_factory=dict)


Outcome = Accepted | Refused | NotSent | Unknown
