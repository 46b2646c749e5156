"""Where a paper account's book is kept: one page for each account, open to one caller at a time."""

from contextlib import AbstractContextManager
from typing import Protocol

from domain.paper import PaperBook, PaperFault, PaperNews


class Page(Protocol):
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
