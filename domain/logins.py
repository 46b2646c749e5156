"""What is remembered of logins, so that no restart repeats a code or tries refused credentials for ever."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

REFUSALS_ALLOWED = 2
"""How often the broker may refuse the same credentials before it is asked no more."""


class LoginOutcome(StrEnum):
    """How an attempt ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """A definite no to the credentials."""
    FAILED = "failed"
    """Anything else, which says nothing about them."""


class LoginBook(Protocol):
    """One account's attempts, whoever made them. May raise DatabaseUnavailable and TenureLost."""

    def claim(self, period: int) -> bool:
        """Note that the code of a period (of 30 s since 1970) is about to be sent; False when it may have been."""

    def ended(self, period: int, outcome: LoginOutcome, text: str, session: Mapping[str, str] | None = None) -> None:
        """Note how the attempt with that code ended; a session is kept for whoever comes next, and kept secret."""

    def kept(self) -> Mapping[str, str] | None:
        """The last session that was kept under the same credentials, of whatever day."""

    def refusals(self) -> Sequence[str]:
        """The broker's words of refusal since the last login that worked, under the same credentials and revision."""


class MemoryBook:
    """A book that ends with the process; for accounts without rows."""

    def __init__(self) -> None:
        self._claimed: set[int] = set()
        self._refusals: list[str] = []

    def claim(self, period: int) -> bool:
        """Note the period; False when it was noted before."""
        known = period in self._claimed
        self._claimed.add(period)
        return not known

    def ended(self, period: int, outcome: LoginOutcome, text: str, session: Mapping[str, str] | None = None) -> None:
        """Note the end; the session stays with whoever began it."""
        if outcome is LoginOutcome.ACCEPTED:
            self._refusals.clear()
        if outcome is LoginOutcome.REFUSED:
            self._refusals.append(text)

    def kept(self) -> Mapping[str, str] | None:
        """None: nobody comes next."""
        return None

    def refusals(self) -> Sequence[str]:
        """What is noted."""
        return tuple(self._refusals)
