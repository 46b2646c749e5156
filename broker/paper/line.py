"""The line from one paper account's client to its broker: the account's rate, and how long a call may take.

It belongs to the process, as a real account's does, so that a restart of the tenant cannot double the rate.
"""

from contextlib import AbstractContextManager

from broker.throttle import Rates
from domain.clock import Clock
from domain.tenure import Tenure


class PaperLine:
    """The rates are calls a second: changes of orders, reads, and both together; `call_deadline` in seconds."""

    def __init__(
        self,
        clock: Clock,
        orders_per_second: float = 5.0,
        reads_per_second: float = 5.0,
        calls_per_second: float = 0.0,
        call_deadline: float = 10.0,
        busy_is_unsent: bool = True,
    ) -> None:
        self.call_deadline = call_deadline
        self.busy_is_unsent = busy_is_unsent
        self._rates = Rates(orders_per_second, reads_per_second, calls_per_second, clock)

    def take(self, wanted: int) -> int:
        """Reserve up to so many changes; how many were given, without waiting."""
        return self._rates.orders.take(wanted)

    def seconds_to(self, wanted: int) -> float:
        """Seconds until some changes are allowed, up to so many; 0 when they are now."""
        return self._rates.orders.seconds_to_token(wanted)

    def change(self, tenure: Tenure, until: float) -> AbstractContextManager[bool]:
        """Around each change: waits for its turn; False when that comes after `until` (monotonic seconds)."""
        return self._rates.orders.call(tenure, until)

    def read(self, tenure: Tenure, until: float) -> AbstractContextManager[bool]:
        """Around each read, likewise; it waits for every change that waits."""
        return self._rates.read(tenure, until)
