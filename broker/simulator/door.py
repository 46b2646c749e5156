"""The control door: what a test does to the broker behind the client's back, from any thread.

Prices are rupees (Decimal, int or text), quantities shares. ValueError says what cannot be done and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from broker.simulator.accounts import Account
from broker.simulator.faults import ANY_CALL, REFUSAL_CODE, REFUSAL_TEXT, Fault
from broker.simulator.kinds import FEED_CALLS, Kind, fits
from broker.simulator.ledger_report import Report, report
from broker.simulator.market_door import MarketDoor
from broker.simulator.order_rows import order_row
from broker.simulator.owner_door import OwnerDoor
from broker.simulator.price_door import PriceDoor
from broker.simulator.routes import CALLS
from broker.simulator.settings import seconds
from broker.simulator.wire import Row


class ControlDoor(MarketDoor, PriceDoor, OwnerDoor):
    """Market, owner, faults, settings, and the truth about what happened."""

    @property
    def accounts(self) -> list[Account]:
        """Every account with its credentials."""
        return [book.account for book in self._broker.books.values()]

    def fault(
        self,
        call: str,
        kind: Kind | str,
        *,
        ucc: str | None = None,
        times: int | None = 1,
        seconds: float = 0.0,
        text: str = REFUSAL_TEXT,
        code: int = REFUSAL_CODE,
        rows: int = 1,
        probability: float = 1.0,
        after: float = 0.0,
        lasting: float | None = None,
    ) -> None:
        """Have the next calls of that name go wrong ("any" for every call, no `ucc` for every account).

        At most `times` calls (None: until cleared), each with the probability. The dice are the seed's: one for each
        fault in its order, account and call, so that other accounts and calls do not change what befalls this one.
        On schedule: not before `after` seconds from now, and for no more than `lasting` seconds then.
        """
        known = CALLS | FEED_CALLS
        if call not in known | {ANY_CALL}:
            raise ValueError(f"unknown call {call}; known: {', '.join(sorted(known))}, {ANY_CALL}")
        if not fits(Kind(kind), call):
            raise ValueError(f"{kind} cannot befall {call}")
        if after < 0 or (lasting is not None and lasting <= 0):
            raise ValueError(f"a fault cannot come after {after} s and last {lasting} s")
        if not 0 < probability <= 1 or (times is not None and times < 1):
            raise ValueError(f"a fault cannot strike {times} times with probability {probability}")
        with self._now() as now:
            fault = Fault(call, Kind(kind), ucc, times, seconds, text, rows, code, probability)
            self._schedule(fault, now, after, lasting)

    def _schedule(self, fault: Fault, now: datetime, after: float, lasting: float | None) -> None:
        broker, begins = self._broker, now + seconds(after)
        broker.faults.plan(fault)
        if after:
            broker.at(begins, lambda _: broker.faults.begin(fault))
        else:
            broker.faults.begin(fault)
        if lasting is not None:
            broker.at(begins + seconds(lasting), lambda _: broker.faults.end(fault))

    def clear_faults(self) -> None:
        """Nothing goes wrong any more; what struck so far stays counted."""
        with self._now():
            self._broker.faults.clear()

    def faults(self) -> Report:
        """How often each kind struck, in all and by call, and what still waits."""
        with self._now():
            return self._broker.faults.report()

    def feeds(self) -> Report:
        """By account: how many order feeds are open, how often one was greeted, how many frames were sent."""
        with self._now():
            return self._broker.feeds.report()

    def drop_feeds(self, ucc: str | None = None) -> None:
        """Drop the order feeds of the account, or of all."""
        with self._now():
            self._broker.feeds.drop(ucc)

    def end_sessions(self, ucc: str) -> None:
        """Every token of the account dies."""
        with self._now():
            self._broker.sessions.end(self._broker.book(ucc).account)

    def whitelist(self, ucc: str, addresses: Sequence[str]) -> None:
        """Let the account change orders from these IPv4 addresses alone, two at most; from none of them: from anywhere.

        A change from elsewhere is refused with 100008, one by a session that was begun elsewhere or under another list
        with 1037.
        """
        with self._now() as now:
            self._broker.addresses.whitelist(self._broker.book(ucc).account, addresses, now)

    def translate(self, seen: Mapping[str, str]) -> None:
        """See connections from each of these addresses as from another one, as behind a NAT; instead of what was."""
        with self._now():
            self._broker.addresses.translate(seen)

    def configure(self, **settings: object) -> None:
        """Change settings (see Settings); ValueError names what is not known."""
        with self._now():
            self._broker.settings.change(**settings)

    def orders(self, ucc: str) -> list[Row]:
        """Today's orders as the broker has them, also those that do not show in the order book yet."""
        with self._now():
            return [order_row(order) for order in self._broker.book(ucc).orders.values()]

    def ledger(self) -> Report:
        """What really happened."""
        with self._now():
            return report(self._broker.ledger)

    def settings(self) -> dict[str, object]:
        """The settings as they are."""
        with self._now():
            return asdict(self._broker.settings)
