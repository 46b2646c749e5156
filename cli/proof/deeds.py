"""What happens to a service in a seed, as values: who does what, when, to which shares."""

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """The kinds of deeds."""

    FAULT = "fault"
    LATE_BOOK = "late book"
    """New orders show in the order book only after a while."""
    DROP_FEED = "order feed dropped"
    END_SESSIONS = "sessions ended"
    FILL = "fill"
    """A part of what rests trades; percent of the remainder."""
    SELL_OWN = "owner sells own shares"
    CANCEL = "owner cancels our order"
    RULE = "rule changed"
    ENLARGE = "quantity raised"
    SHRINK = "quantity lowered"
    BUY = "buy requested"
    KILL = "kill"
    FREEZE = "freeze"
    OUTAGE = "PostgreSQL killed"


@dataclass(frozen=True, slots=True)
class Deed:
    """One deed, not before `at` seconds after the service was there.

    `amount` is shares, percent or a number of times, as the act says; `seconds` belong to slow replies and late books.
    """

    at: float
    act: Act
    user: int = 1
    symbol: str = ""
    amount: int = 0
    call: str = ""
    kind: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        words = (f"{self.at:4.2f} s", str(self.act), f"user {self.user}", self.symbol, self.call, self.kind)
        amounts = (str(self.amount or ""), f"{self.seconds:.2f} s" if self.seconds else "")
        return " ".join(word for word in (*words, *amounts) if word)


@dataclass(frozen=True, slots=True)
class Stake:
    """A position at the bell; `own` shares of the symbol belong to the account's owner. `percent`: its exit rule."""

    user: int
    symbol: str
    quantity: int
    own: int
    percent: int
