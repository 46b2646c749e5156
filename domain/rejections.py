"""What the broker's words of refusal mean for the day: the one table. What nobody has seen before is tried again.

Sources: the texts of Kotak's risk checks as seen on the wire and in its documents; compared in small letters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What helps against a refusal."""

    RETRYABLE = "RETRYABLE"
    """Trying again a little later may help."""
    NOT_TODAY = "NOT_TODAY"
    """Nothing helps before the next session."""
    HUMAN = "HUMAN"
    """Somebody has to change something first."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A refusal is of this kind when its words hold all of these; `band`: a newer band may allow the price."""

    words: tuple[str, ...]
    kind: Kind
    means: str
    band: bool = False


RULES: Sequence[Rule] = (
    Rule(("transition to cas",), Kind.NOT_TODAY, "the closing auction has begun"),
    Rule(("market is closed",), Kind.NOT_TODAY, "the session is over"),
    Rule(("price range",), Kind.NOT_TODAY, "the price is outside the day's band", band=True),
    Rule(("trade execution range",), Kind.NOT_TODAY, "the price is outside the execution range", band=True),
    Rule(("lpp",), Kind.NOT_TODAY, "the price is outside the limit price protection"),
    Rule(("not multiple of tick",), Kind.HUMAN, "the price is not on the tick: the instrument file is not today's"),
    Rule(("not a multiple of",), Kind.HUMAN, "price or quantity does not fit tick or lot"),
    Rule(("freeze quantity",), Kind.HUMAN, "the quantity is above what one order may carry"),
    Rule(
        ("no holdings present",), Kind.RETRYABLE, "the shares are not held, not settled, pledged, or in another order"
    ),
    Rule(("algo id",), Kind.HUMAN, "an order type that the exchange forbids to programs"),
    Rule(("algo order not allowed",), Kind.HUMAN, "the account may not trade over the API"),
    Rule(("margin exceeds",), Kind.HUMAN, "there is not enough money"),
    Rule(("insufficient balance",), Kind.HUMAN, "there is not enough money"),
    Rule(("not authorised",), Kind.HUMAN, "the depository needs the owner's authorisation (DDPI, TPIN)"),
    Rule(("edis",), Kind.HUMAN, "the depository needs the owner's authorisation (eDIS)"),
    Rule(("tpin",), Kind.HUMAN, "the depository needs the owner's authorisation (TPIN)"),
    Rule(("100008",), Kind.HUMAN, "this machine's address is not registered for the account"),
    Rule(("1037",), Kind.RETRYABLE, "the session was begun from another address"),
    Rule(("invalid symbol",), Kind.HUMAN, "the broker does not know the symbol"),
    Rule(("self trade",), Kind.RETRYABLE, "the account's own buy stands in the way"),
    Rule(("adapter is down",), Kind.RETRYABLE, "the broker is cut off from the exchange"),
)
"""The first rule that fits decides."""

NO_HOLDINGS = "no holdings present"
"""The ambiguous one: it never closes a position and never blacklists a symbol."""


def kind_of(text: str | None) -> Kind:
    """What helps against a refusal with these words."""
    rule = rule_of(text)
    return rule.kind if rule else Kind.RETRYABLE


def rule_of(text: str | None) -> Rule | None:
    """The rule that knows these words."""
    said = " ".join((text or "").lower().split())
    return next((rule for rule in RULES if all(words in said for words in rule.words)), None)
