"""What an account held of a symbol when a day began, as its holdings have shown. Rupees, shares."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class AccountDay:
    """What the account held of a symbol overnight, ours and the owner's, as two equal reads of the holdings said.

    `outside_bought`: shares bought outside this service by then, included in `total`. `removed`: shares taken off our
    positions since, because more was sold outside than the owner had. `sold_seen`, `value_seen` and `bought_seen`: what
    was sold (shares, rupees) and bought outside as far as it has been accounted for; a book with less is incomplete.
    `others`: larger totals, where the broker's way of counting leaves several stories (see figures). `average`: what
    the broker said the shares had cost. `confirmed`: the account's book was seen whole after the close, `final`: in
    the evening.
    """

    symbol: str
    total: int
    outside_bought: int
    removed: int = 0
    sold_seen: int = 0
    value_seen: Decimal = Decimal(0)
    bought_seen: int = 0
    others: tuple[int, ...] = ()
    average: Decimal | None = None
    confirmed: bool = False
    final: bool = False

    @property
    def totals(self) -> tuple[int, ...]:
        """The total by every story, the smallest first."""
        return self.total, *self.others


@dataclass(frozen=True, slots=True)
class Sellable:
    """Shares that could be sold when the day began, as believed, and by the two ways of counting: as the broker says
    (`plain`), and with what rested (`netted`)."""

    believed: int
    plain: int
    netted: int


@dataclass(frozen=True, slots=True)
class PreviousDay:
    """What an account held of a symbol before its latest earlier day with a figure, and what that day changed.

    `confirmed`: the book of that day was seen whole after the close, `final`: in its evening, and the figure has one
    story; else the owner may have traded what nobody saw.
    """

    symbol: str
    day: date
    total: int
    outside_bought: int
    removed: int
    bought: int
    sold: int
    bought_by_us: int
    sold_by_us: int
    average: Decimal | None = None
    confirmed: bool = False
    final: bool = False

    @property
    def expected(self) -> int:
        """The shares that should be there the next morning."""
        return self.total - self.outside_bought + self.bought - self.sold
