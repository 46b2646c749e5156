"""The client of Kotak Neo (NSE, India): one broker protocol over its REST interface, nothing ever sent twice.

The order feeds stand apart, in `broker.kotak_neo.feed.feeds`: they load a websocket library, which most verbs do not
need.
"""

from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.client import KotakNeo
from broker.kotak_neo.egress import Egress
from broker.kotak_neo.feed.settings import FeedSettings, Greeting, Way
from broker.kotak_neo.hosts import HERE, Reach, host_of, is_loopback
from broker.kotak_neo.lookups import Lookups
from broker.kotak_neo.session import Session
from broker.kotak_neo.settings import KotakSettings

__all__ = [
    "HERE",
    "Egress",
    "FeedSettings",
    "Greeting",
    "KotakAccount",
    "KotakNeo",
    "KotakSettings",
    "Lookups",
    "Reach",
    "Session",
    "Way",
    "host_of",
    "is_loopback",
]
