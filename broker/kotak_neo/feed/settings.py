"""How to listen to Kotak's order feed: how it is greeted, and what one account's feed may cost the others."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from broker.kotak_neo.hosts import HERE, Reach


class Greeting(StrEnum):
    """The first frame's form; `auto` tries the other one when the broker does not welcome the first."""

    AUTO = "auto"
    RAW = "raw"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """Times in seconds, sizes in bytes.

    `wakes_a_second`: no more hints than that reach a tenant. `open_within`: from the first packet to the welcome.
    `heartbeat`: between two pings; half of it is the time for the answer. `first_pause`, `longest_pause`: between two
    attempts, doubled each time, each with its own chance between half and one and a half of it; a connection that
    stood for `steady_after` begins anew. `look`: between two looks at which feeds are wanted. `longest_frame`: a longer
    one ends the connection. `bytes_a_second`, `burst`: what a feed may send, each frame counting `frame_cost` more than
    its length; one that sends more is a flood, which ends the connection.
    """

    greeting: Greeting = Greeting.AUTO
    wakes_a_second: float = 2.0
    open_within: float = 10.0
    heartbeat: float = 20.0
    first_pause: float = 1.0
    longest_pause: float = 60.0
    steady_after: float = 30.0
    look: float = 1.0
    longest_frame: int = 64 * 1024
    frame_cost: int = 1024
    bytes_a_second: int = 400_000
    burst: int = 4_000_000

    def paced(self, pace: float) -> "FeedSettings":
        """The same settings with every time multiplied, for a drill; what comes so often comes as much more often."""
        times = ("open_within", "heartbeat", "first_pause", "longest_pause", "steady_after", "look")
        paced = {name: getattr(self, name) * pace for name in times}
        return replace(self, wakes_a_second=self.wakes_a_second / pace, **paced)


@dataclass(frozen=True, slots=True)
class Way:
    """How a feed leaves this machine: from a local address, through a proxy (a URL), or, with neither, by default; and
    how far."""

    local_address: str | None = None
    proxy: str | None = field(default=None, repr=False)
    reach: Reach = HERE
