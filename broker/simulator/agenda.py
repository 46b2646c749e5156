"""What is due happens at exactly its own moment, in order, however late somebody looks.

There is no timer: whoever touches the simulator first settles what is due by then. So order lives work the same in
real and in virtual time.
"""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime

Action = Callable[[datetime], None]


class Agenda:
    """Events to come, earliest first; equal moments in the order in which they were entered."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Action]] = []
        self._count = itertools.count()

    def at(self, moment: datetime, action: Action) -> None:
        """Have the action called with the moment once it is past."""
        heapq.heappush(self._due, (moment, next(self._count), action))

    def settle(self, now: datetime) -> None:
        """Call everything due by now, including what these calls enter."""
        while self._due and self._due[0][0] <= now:
            moment, _, action = heapq.heappop(self._due)
            action(moment)
