"""Who takes part: three users, what they hold at the bell, and what one of them will buy. Shares and rupees."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

BY_SQL = 2
"""The number of the user that is entered by plain SQL alone."""
LONE = "IFBIND-EQ"
"""Present only in the database: the position that the change note was about."""
TARGET_HIT, IN_PARTS, OUT_OF_BAND = "ITC-EQ", "SBIN-EQ", "ONGC-EQ"
RULE_CHANGED, SOLD_MEANWHILE, LATE_SALE = "HDFCBANK-EQ", "INFY-EQ", "MARUTI-EQ"
BY_HAND = "TITAN-EQ"
BOUGHT = "WIPRO-EQ"
BUY_SHARES, BUY_PRICE = 50, Decimal("365.00")
FIRST_PART = 20


@dataclass(frozen=True, slots=True)
class Held:
    """A position; `own` shares of the same symbol belong to the account's owner and are none of ours."""

    symbol: str
    quantity: int
    avg_price: Decimal
    own: int = 0
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Player:
    """A user with what they hold; `percent` is the user's exit rule."""

    id: int
    name: str
    percent: int
    holds: tuple[Held, ...]

    @property
    def rule(self) -> dict[str, object]:
        """The exit rule as it stands in the row."""
        return {"target_percent": self.percent}


BALA = Player(
    1,
    "bala",
    5,
    (
        Held("RELIANCE-EQ", 12, Decimal(2320), own=40),
        Held(TARGET_HIT, 100, Decimal(380)),
        Held(IN_PARTS, 30, Decimal(520), own=15),
        Held("TCS-EQ", 6, Decimal(3100)),
        Held(OUT_OF_BAND, 150, Decimal(160), rule='{"target_price": 200}'),
    ),
)
ASHA = Player(
    BY_SQL,
    "asha",
    6,
    (
        Held(LONE, 10, Decimal(800), own=25),
        Held("HDFCBANK-EQ", 15, Decimal(1640), own=5),
        Held(SOLD_MEANWHILE, 20, Decimal(1340)),
    ),
)
CHITRA = Player(
    3,
    "chitra",
    4,
    (
        Held("SUNPHARMA-EQ", 14, Decimal(980), own=30),
        Held("LT-EQ", 5, Decimal(2200), own=10),
        Held(LATE_SALE, 3, Decimal(8400), own=3),
        Held(BY_HAND, 8, Decimal(2520)),
    ),
)
CAST = (BALA, ASHA, CHITRA)


def everything() -> Iterator[tuple[Player, Held]]:
    """Every position at the bell with its user."""
    return ((player, held) for player in CAST for held in player.holds)


def placeable() -> frozenset[str]:
    """The symbols whose sells can be placed at the bell."""
    return frozenset(held.symbol for _, held in everything()) - {OUT_OF_BAND}
