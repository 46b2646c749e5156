"""The ratio of a corporate action: new shares for old ones, and what it makes of a position. Shares and rupees."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from domain.errors import BadInput
from domain.exits import TargetPrice, parse_exit_rule

WRITTEN = re.compile(r"([1-9][0-9]{0,5}):([1-9][0-9]{0,5})")
MOST_SHARES = 2**31 - 1
FINEST = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What a ratio changes of a position."""

    quantity: int
    avg_price: Decimal
    exit_rule: object | None


@dataclass(frozen=True, slots=True)
class Ratio:
    """So many new shares for so many old ones: 2:1 is a split in two, or a bonus of one for one."""

    new: int
    old: int

    @classmethod
    def parse(cls, written: str) -> "Ratio":
        """Read NEW:OLD. Raises BadInput."""
        found = WRITTEN.fullmatch(written.strip())
        if found is None:
            raise BadInput(
                f"The ratio {written[:80]!r} must be NEW:OLD, such as 2:1 for two shares where one was held, or 1:1"
                " where nothing changed. Nothing was written."
            )
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.new}:{self.old}"

    def applied(self, position_id: int, held: Adjusted) -> Adjusted:
        """The position afterwards; a rule that names a price follows it. Raises BadInput where shares are not whole."""
        shares, rest = divmod(held.quantity * self.new, self.old)
        price = self._price(held.avg_price)
        if rest or not 0 < shares <= MOST_SHARES:
            raise BadInput(self._no_number(position_id, held.quantity, shares, price))
        return Adjusted(shares, price, self._rule(held.exit_rule))

    def _price(self, before: Decimal) -> Decimal:
        if self.new == self.old:
            return before
        return (before * self.old / self.new).quantize(FINEST, ROUND_HALF_UP).normalize() + Decimal(0)

    def _rule(self, rule: object | None) -> object | None:
        """A rule that cannot be read stays as it is: BAD_RULE tells of it."""
        if not isinstance(rule, Mapping) or self.new == self.old:
            return rule
        try:
            parsed = parse_exit_rule(rule)
        except BadInput:
            return rule
        return {"target_price": float(self._price(parsed.price))} if isinstance(parsed, TargetPrice) else rule

    def _no_number(self, position_id: int, quantity: int, shares: int, price: Decimal) -> str:
        return (
            f"{quantity} shares at {self} make {quantity * self.new}/{self.old}, which is no number of shares."
            " Nothing was written. Enter what the broker shows by SQL, such as: UPDATE positions SET"
            f" quantity = {max(1, min(shares, MOST_SHARES))}, avg_price = {price:f}, reason = NULL, reason_text = NULL,"
            f" reason_at = NULL, isin = NULL WHERE id = {position_id};"
        )
