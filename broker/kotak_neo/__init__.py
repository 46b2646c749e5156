"""The client of Kotak Neo (NSE, India): one broker protocol over its REST interface, nothing ever sent twice."""

from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.client import KotakNeo
from broker.kotak_neo.egress import Egress
from broker.kotak_neo.hosts import require_allowed
from broker.kotak_neo.settings import KotakSettings

__all__ = ["Egress", "KotakAccount", "KotakNeo", "KotakSettings", "require_allowed"]
