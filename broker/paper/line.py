"""The line from one paper account's client to its broker: the account's rate, and how long things take.

It belongs to the process, as a real account's does, so that a restart of the tenant cannot double the rate.
"""

import math

from broker.throttle import TokenBucket
from domain.clock import Clock
from domain.tenure import Tenure


class PaperLine:
    """Two buckets: changes of orders, and reads. `call_deadline` in seconds is the whole of one call."""

    def __init__(
        self,
        clock: Clock,
        orders_per_second: float = 5.0,
        reads_per_second: float = 5.0,
        call_deadline: float = 10.0,
        busy_is_unsent: bool = True,
    ) -> None:
        self.call_deadline = call_deadline
        self.busy_is_unsent = busy_is_unsent
        self._orders = TokenBucket(orders_per_second, math.ceil(orders_per_second), clock)
        self._reads = TokenBucket(reads_per_second, math.ceil(reads_per_second), clock)

    def take(self, wanted: int) -> int:
        """Reserve up to so many changes; how many were given, without waiting."""
        return self._orders.take(wanted)

    def seconds_to(self, wanted: int) -> float:
        """Seconds until so many changes are allowed, or the largest burst."""
        return self._orders.seconds_to_token(wanted)

    def wait_to_read(self, tenure: Tenure) -> None:
        """Wait for the turn of a read. Raises TenureLost or BrokerUnavailable when the tenant is to end."""
        self._reads.wait(tenure)
