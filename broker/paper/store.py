"""Where a paper account's book is kept: one page for each account, open to one caller at a time."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

from domain.paper import PaperBook, PaperFault, PaperNews, PaperOrder, PaperTrade


class Records(Protocol):
    """What only a report asks for, so that no other call pays for it: a day may have thousands of orders."""

    def burnt(self, tag: str, day: date) -> bool:
        """Whether an order of the day was placed under the tag."""

    def ended(self, day: date) -> Sequence[PaperOrder]:
        """The orders of the day that are not live, by number, of their history the last state alone."""

    def order(self, number: str, day: date) -> PaperOrder | None:
        """An order of the day with its whole history."""

    def trades(self, day: date) -> Sequence[PaperTrade]:
        """The fills of the day's orders, oldest first."""


class Page(Records, Protocol):
    """One account's rows, locked until the transaction ends: whoever calls, one change comes after the other."""

    def read(self) -> PaperBook:
        """Everything that the account's exchange needs."""

    def write(self, news: PaperNews) -> None:
        """Keep what has changed."""

    def take_fault(self, call: str) -> PaperFault | None:
        """The fault that befalls this call, counted down by one."""


class Store(Protocol):
    """`page` is one transaction: what was written is durable once it has ended, and not at all when it raised.

    Raises DatabaseUnavailable (what became of the transaction is not known) and TenureLost (nothing was done).
    """

    def page(self) -> AbstractContextManager[Page]:
        """Open the page."""
