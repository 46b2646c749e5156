"""The control door: what a test does to the broker behind the client's back, from any thread.

Prices are rupees (Decimal, int or text), quantities shares. ValueError says what cannot be done and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from broker.simulator.accounts import Account
from broker.simulator.fault_door import FaultDoor
from broker.simulator.ledger_report import Report, report
from broker.simulator.market_door import MarketDoor
from broker.simulator.order_rows import order_row
from broker.simulator.owner_door import OwnerDoor
from broker.simulator.price_door import PriceDoor
from broker.simulator.wire import Row


class ControlDoor(MarketDoor, PriceDoor, OwnerDoor, FaultDoor):
    """Market, prices, owner, faults, settings, and the truth about what happened."""

    @property
    def accounts(self) -> list[Account]:
        """Every account with its credentials."""
        return [book.account for book in self._broker.books.values()]

    def feeds(self) -> Report:
        """By account: how many order feeds are open, how often one was greeted, how many frames were sent."""
        with self._now():
            return self._broker.feeds.report()

    def drop_feeds(self, ucc: str | None = None) -> None:
        """Drop the order feeds of the account, or of all."""
        with self._now():
            self._broker.feeds.drop(None if ucc is None else self._broker.book(ucc).account.ucc)

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
