"""At what price a position is to be sold: the one place where exit rules are known.

A rule is a JSON object with one key. A new rule is a new class with `price` and a line in RULES.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Protocol

from domain.errors import BadInput
from domain.market import round_up_to_tick


class ExitRule(Protocol):
    """What every exit rule can do."""

    def target(self, avg_price: Decimal) -> Decimal:
        """The wanted price in rupees for shares bought at the average price, not yet on a tick."""


@dataclass(frozen=True, slots=True)
class TargetPercent:
    """So many percent above the average price."""

    percent: Decimal

    def target(self, avg_price: Decimal) -> Decimal:
        """Average price plus the percentage."""
        return avg_price * (1 + self.percent / 100)


@dataclass(frozen=True, slots=True)
class TargetPrice:
    """A price in rupees."""

    price: Decimal

    def target(self, avg_price: Decimal) -> Decimal:
        """The price itself, whatever was paid."""
        del avg_price
        return self.price


RULES: Mapping[str, Callable[[Decimal], ExitRule]] = {
    "target_percent": TargetPercent,
    "target_price": TargetPrice,
}
LARGEST: Mapping[str, Decimal] = {"target_percent": Decimal(1000), "target_price": Decimal(10_000_000)}
EXAMPLES = '{"target_percent": 6} or {"target_price": 815.5}'


def parse_exit_rule(rule: object) -> ExitRule:
    """Read a rule as it stands in the row. Raises BadInput with what is wrong and how it is written."""
    if not isinstance(rule, Mapping) or len(rule) != 1:
        raise BadInput(f"An exit rule is a JSON object with one key, such as {EXAMPLES}; this is {_short(rule)}.")
    ((name, value),) = rule.items()
    if name not in RULES:
        raise BadInput(f"The exit rule {name!r} is not known; write {EXAMPLES}.")
    return RULES[name](_number(name, value))


def exit_price(rule: ExitRule, avg_price: Decimal, tick: Decimal) -> Decimal:
    """The limit price in rupees: the rule's target, rounded up to the instrument's tick of today."""
    return round_up_to_tick(rule.target(avg_price), tick)


def _number(name: str, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise BadInput(f"The exit rule's {name} must be a number, such as {EXAMPLES}; this is {_short(value)}.")
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise BadInput(f"The exit rule's {name} must be a number; this is {_short(value)}.") from error
    if not number.is_finite() or not 0 < number <= LARGEST[name]:
        raise BadInput(f"The exit rule's {name} must be above 0 and at most {LARGEST[name]}; this is {_short(value)}.")
    return number


def _short(value: object) -> str:
    """As it was written: JSON, no Python."""
    return json.dumps(value, default=str, ensure_ascii=False)[:80]
