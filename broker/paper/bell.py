"""Rings for a tenant when an order of its paper account is about to trade, where the price path is known beforehand.

A hint, as an order feed's is: it may be wrong or missing, and the cycle finds by itself what it did not tell. One
thread rings for all accounts of the process.
"""

import threading
from datetime import datetime, timedelta
from decimal import Decimal

from broker.paper.market import Market
from broker.paper.pit import Pit
from broker.simulator.orders import Order, Side
from domain.clock import Clock
from domain.tenure import Tenure

AHEAD = timedelta(minutes=1)
"""How far prices are looked ahead: more than the time between two cycles."""
LONGEST = 60.0


class Bell:
    """`close` ends its thread, which begins with the first expectation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._due: dict[Tenure, datetime] = {}
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False

    def expect(self, tenure: Tenure, moment: datetime | None) -> None:
        """Wake the tenure at the moment, instead of what was expected for it before; None: nothing is."""
        with self._lock:
            if moment is None or self._closed:
                self._due.pop(tenure, None)
                return
            self._due[tenure] = moment
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="paper-bell", daemon=True)
                self._thread.start()
        self._changed.set()

    def ring(self) -> float:
        """Wake whoever is due now; seconds until somebody is next."""
        now = self._clock.now()
        with self._lock:
            for tenure in [one for one, moment in self._due.items() if moment <= now]:
                del self._due[tenure]
                tenure.wake.set()
            until = min(self._due.values(), default=now + timedelta(seconds=LONGEST))
        return max(0.0, (until - now).total_seconds())

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            self._closed, thread = True, self._thread
        self._changed.set()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._closed:
            pause = self.ring()
            self._clock.wait(self._changed, min(pause, LONGEST))
            self._changed.clear()


def next_fill(pit: Pit, market: Market) -> datetime | None:
    """When the known prices first meet a live order; None where they do not within the next minute."""
    moments = (_meeting(order, pit, market) for order in pit.book.live.values())
    return min((moment for moment in moments if moment is not None), default=None)


def _meeting(order: Order, pit: Pit, market: Market) -> datetime | None:
    line = pit.line(order.symbol)
    if line is None:
        return None
    ready = max([pit.moment, *(errand.due for errand in order.errands)])
    path = market.path(line, ready, pit.moment + AHEAD)
    standing = [path.start] if path.start is not None and not order.resting else []
    met = (tick for tick in (*standing, *path.moves) if tick.shares != 0 and _meets(order, tick.price))
    first = next(met, None)
    return max(ready, first.at) if first is not None else None


def _meets(order: Order, price: Decimal) -> bool:
    return price >= order.price if order.ticket.side is Side.SELL else price <= order.price
