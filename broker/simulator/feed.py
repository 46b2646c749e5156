"""The order feed: who listens to which account, and what every change of an order has them told.

Everything here is called under the broker's lock, from whatever thread moves the order.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

from broker.simulator.accounts import Account
from broker.simulator.faults import Fault, Faults
from broker.simulator.feed_frames import GARBAGE, huge_frame, order_frame, position_frame
from broker.simulator.kinds import Kind
from broker.simulator.orders import Fill, Order
from broker.simulator.portfolio import Portfolio
from broker.simulator.sessions import Session

DROP = None
"""Said instead of a frame: drop the connection."""
Say = Callable[[str | None], None]


class Listener:
    """One connection that was greeted. `say` takes a frame for it, or DROP, from any thread."""

    def __init__(self, session: Session, say: Say) -> None:
        self.session = session
        self.say = say
        self.deaf = False

    @property
    def ucc(self) -> str:
        """Whose orders it hears of."""
        return self.session.account.ucc


class Feeds:
    """Who listens. An account without a listener costs one look-up for each change of its orders.

    `knows` tells whether a session lives at a moment: one that has ended hears of nothing any more.
    """

    def __init__(self, faults: Faults, knows: Callable[[Session, datetime], bool] = lambda *_: True) -> None:
        self._faults = faults
        self._knows = knows
        self._listeners: dict[str, list[Listener]] = {}
        self._hellos: Counter[str] = Counter()
        self._frames: Counter[str] = Counter()

    def admit(self, listener: Listener) -> None:
        """Tell it of its account's orders from now on."""
        self._listeners.setdefault(listener.ucc, []).append(listener)

    def leave(self, listener: Listener) -> None:
        """Tell it nothing more; harmless when it was never admitted."""
        present = self._listeners.get(listener.ucc, [])
        if listener in present:
            present.remove(listener)
        if not present:
            self._listeners.pop(listener.ucc, None)

    def greeted(self, account: Account) -> Fault | None:
        """Count a greeting; the fault that befalls it."""
        self._hellos[account.ucc] += 1
        return self._faults.take(account.ucc, "feed_hello")

    def tell_order(self, order: Order) -> None:
        """One frame for each change of state."""
        ucc = order.account.ucc
        if ucc in self._listeners:
            self._tell(ucc, order_frame(order), order.changed)

    def tell_position(self, fill: Fill, portfolio: Portfolio) -> None:
        """One frame for each fill."""
        ucc = fill.order.account.ucc
        if ucc in self._listeners:
            self._tell(ucc, position_frame(fill, portfolio), fill.moment)

    def open_ones(self) -> list[Listener]:
        """Every listener."""
        return [listener for present in self._listeners.values() for listener in present]

    def drop(self, ucc: str | None) -> None:
        """Drop the connections of the account, or of all."""
        for listener in self.open_ones():
            if ucc in (None, listener.ucc):
                listener.say(DROP)

    def report(self) -> dict[str, Any]:
        """`open`, `hellos` and `frames` by account."""
        present = {ucc: len(listeners) for ucc, listeners in sorted(self._listeners.items())}
        return {"open": present, "hellos": dict(self._hellos), "frames": dict(self._frames)}

    def _tell(self, ucc: str, frame: str, moment: datetime) -> None:
        fault = self._faults.take(ucc, "feed")
        for listener in list(self._listeners[ucc]):
            if not self._knows(listener.session, moment):
                listener.say(DROP)
                continue
            if fault is not None and fault.kind is Kind.DEAF:
                listener.deaf = True
            for said in [] if listener.deaf else _under(fault, frame):
                self._frames[ucc] += 1
                listener.say(said)


def _under(fault: Fault | None, frame: str) -> list[str | None]:
    """What is said instead of a frame."""
    if fault is None:
        return [frame]
    instead: dict[Kind, list[str | None]] = {
        Kind.SILENCE: [],
        Kind.DROP_BEFORE: [DROP],
        Kind.LOST_REPLY: [frame, DROP],
        Kind.GARBAGE_FRAME: [GARBAGE],
        Kind.DUPLICATE_FRAME: [frame] * (1 + fault.rows),
    }
    return [huge_frame(fault.rows)] if fault.kind is Kind.HUGE_FRAME else instead[fault.kind]
