"""The script of a seed, drawn from its number alone: the same number gives the same stakes, deeds and deaths."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from cli.proof.deeds import Act, Deed, Stake
from cli.proof.pace import FACTOR
from service.settings import TradingSettings
from service.waypoints import Waypoint

PRICES: Mapping[str, int] = MappingProxyType(
    {"IFBIND-EQ": 820, "RELIANCE-EQ": 2350, "ITC-EQ": 400, "SBIN-EQ": 545, "INFY-EQ": 1400, "TITAN-EQ": 2600}
)
"""Last prices in rupees, inside the bands of the packaged instrument file."""
STRANGE = 20
"""Shares of the owner's in symbols of which the service holds none at the bell."""
POINTS = tuple(Waypoint)
TIMES = TradingSettings().paced(FACTOR)
FAULTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "place": (
            *("lost_reply", "lost_reply", "drop_before", "502_html", "503_after", "garbage_after", "429"),
            *("ok_without_number", "hang", "hang_after", "late_reply", "reject"),
        ),
        "modify": ("lost_reply", "drop_before", "503_after", "garbage_after", "429", "hang_after", "reject"),
        "cancel": ("lost_reply", "drop_before", "503_after", "garbage_after", "429", "hang_after", "reject"),
        "orders": (
            *("502_html", "no_data", "missing_rows", "malformed_row", "drop_before", "429"),
            *("garbage_after", "hang", "late_reply"),
        ),
        "holdings": ("502_html", "drop_before", "no_data"),
    }
)
"""No fault of the login: a code of the second factor lives 30 s whatever the pace, and is never used twice."""
FEED, HELLO = "feed", "feed_hello"
"""The simulator's names for a frame of the order feed, and for the answer to a greeting."""
FEED_FAULTS = ("silence", "deaf", "garbage_frame", "duplicate_frame", "drop_before", "lost_reply")
"""Of a frame of the order feed."""
HELLO_FAULTS = ("refuse_hello", "silence", "deaf", "garbage_frame", "drop_before", "lost_reply")
"""Of the answer to a greeting, which comes once the connection was dropped."""
DAY = 3.6
"""Seconds of deeds."""


@dataclass(frozen=True, slots=True)
class Script:
    """`deaths` are the points at which one life of the service after another ends itself, each with its arrival.

    `told` are the faults of the order feed, for when a service lives long enough to listen; whose, is seen then.
    """

    seed: int
    users: int
    stakes: tuple[Stake, ...]
    deeds: tuple[Deed, ...]
    deaths: tuple[str, ...]
    freeze_at: str | None = None
    told: tuple[Deed, ...] = ()

    @property
    def spare(self) -> bool:
        """Whether a second service waits on the same database."""
        return self.freeze_at is not None

    @property
    def points(self) -> tuple[Waypoint, ...]:
        """The labels of `deaths`."""
        return tuple(Waypoint(death.rpartition(":")[0]) for death in self.deaths)


def script(seed: int) -> Script:
    """Draw it. Twelve seeds in a row die at every point; each fifth has an outage, each fifth a frozen owner."""
    dice = random.Random(seed)
    users = dice.choice((1, 2, 2))
    stakes = tuple(_stakes(dice, users))
    deaths = (f"{POINTS[seed % len(POINTS)]}:{dice.choice((1, 1, 2))}", f"{dice.choice(POINTS)}:1")
    deeds = _sensible([*_provoked(dice, stakes), *_day(dice, stakes, users), *_violent(dice, seed)])
    freeze_at = f"{_freezing(seed // 5)}:1" if seed % 5 == 3 else None
    return Script(seed, users, stakes, deeds, deaths[:1] if freeze_at else deaths, freeze_at, _told(seed))


def _freezing(turn: int) -> Waypoint:
    """Twelve owners in a row freeze at every point, those before a send first."""
    order = [*POINTS[2::2], POINTS[0], *POINTS[1::2]]
    return order[turn % len(order)]


def encore(turn: int, user: int, symbol: str) -> tuple[Deed, ...]:
    """What makes a service pass by every point: a changed rule in one turn; in the next one, more shares, whose new
    order gets no reply."""
    if turn % 2:
        lost = Deed(0.0, Act.FAULT, user, call="place", kind="lost_reply", amount=1)
        return lost, Deed(0.0, Act.ENLARGE, user, symbol, amount=1)
    return (Deed(0.0, Act.RULE, user, symbol, amount=3 + turn % 4),)


def telling(fault: Deed, turn: int, user: int, symbol: str) -> tuple[Deed, ...]:
    """A fault of the user's order feed, and what it then has to tell of; a greeting comes after a drop."""
    dropped = (Deed(0.0, Act.DROP_FEED, user),) if fault.call == HELLO else ()
    return replace(fault, user=user), *dropped, Deed(0.0, Act.RULE, user, symbol, amount=3 + turn % 4)


def _sensible(deeds: list[Deed]) -> tuple[Deed, ...]:
    """In order of time; what an operator books away does not fill as well, else it would be sold short by him."""
    shrunk = {(deed.user, deed.symbol) for deed in deeds if deed.act is Act.SHRINK}
    kept = [deed for deed in deeds if deed.act is not Act.FILL or (deed.user, deed.symbol) not in shrunk]
    return tuple(sorted(kept, key=lambda deed: deed.at))


def _stakes(dice: random.Random, users: int) -> Iterator[Stake]:
    for user in range(1, users + 1):
        for symbol in dice.sample(sorted(PRICES), dice.choice((2, 3))):
            quantity = dice.randint(8, 30)
            own = dice.choice((0, 2 * quantity, 3 * quantity, 3 * quantity))
            yield Stake(user, symbol, quantity, own, dice.choice((3, 4, 5)))


def _provoked(dice: random.Random, stakes: tuple[Stake, ...]) -> Iterator[Deed]:
    """What makes every point be reached in most seeds: doubt, a modify, a cancel with a new order."""
    lost = dice.choice(("lost_reply", "hang_after", "503_after", "garbage_after"))
    yield _fault(dice, 0.0, "place", lost, dice.choice(stakes).user)
    for moment in (0.9, 1.9, 2.9):
        one = dice.choice(stakes)
        yield Deed(moment, Act.RULE, one.user, one.symbol, amount=dice.choice((2, 6, 7)))
        two = dice.choice(stakes)
        yield Deed(moment + 0.3, Act.ENLARGE, two.user, two.symbol, amount=dice.randint(1, 3))


def _day(dice: random.Random, stakes: tuple[Stake, ...], users: int) -> Iterator[Deed]:
    own = {(one.user, one.symbol): one.own for one in stakes}
    for _ in range(dice.randint(3, 6)):
        call = dice.choice(sorted(FAULTS))
        yield _fault(dice, _when(dice), call, dice.choice(FAULTS[call]), dice.randint(1, users))
    for _ in range(dice.randint(2, 4)):
        one = dice.choice(stakes)
        yield Deed(_when(dice), Act.FILL, one.user, one.symbol, amount=dice.choice((20, 40, 60, 100)))
    for _ in range(dice.randint(0, 2)):
        one = dice.choice(stakes)
        spare = own[one.user, one.symbol] // 3
        if spare:
            yield Deed(_when(dice), Act.SELL_OWN, one.user, one.symbol, amount=dice.randint(1, spare))
            own[one.user, one.symbol] = 0
    yield from _rare(dice, stakes, users)


def _rare(dice: random.Random, stakes: tuple[Stake, ...], users: int) -> Iterator[Deed]:
    one = dice.choice(stakes)
    if dice.random() < 0.25:
        yield Deed(_when(dice), Act.CANCEL, one.user, one.symbol)
    if dice.random() < 0.35:
        yield Deed(_when(dice), Act.LATE_BOOK, seconds=dice.uniform(0.1, 0.6) * TIMES.book_lag)
    if dice.random() < 0.3:
        yield Deed(_when(dice), Act.SHRINK, one.user, one.symbol, amount=dice.randint(1, 2))
    if dice.random() < 0.5:
        buyer = dice.randint(1, users)
        free = sorted(PRICES.keys() - {stake.symbol for stake in stakes if stake.user == buyer})
        yield Deed(_when(dice), Act.BUY, buyer, dice.choice(free), amount=dice.randint(2, 12))


def _violent(dice: random.Random, seed: int) -> Iterator[Deed]:
    for _ in range(dice.choice((0, 0, 1, 1))):
        yield Deed(_when(dice), Act.KILL)
    if dice.random() < 0.2:  # the next login needs a code that this life has not used: a new life has
        moment = _when(dice)
        yield Deed(moment, Act.END_SESSIONS, 1)
        yield Deed(moment + 0.3, Act.KILL)
    if seed % 5 == 1:
        yield Deed(_when(dice), Act.OUTAGE, kind=dice.choice(("SIGKILL", "SIGKILL", "SIGQUIT", "SIGINT")))
    if seed % 5 == 3:
        yield Deed(1.6, Act.FREEZE, seconds=dice.choice((0.2, 1.0, 3.0)))


def _told(seed: int) -> tuple[Deed, ...]:
    """Every kind of the order feed's faults in three seeds in a row."""
    kinds = [*((FEED, kind) for kind in FEED_FAULTS), *((HELLO, kind) for kind in HELLO_FAULTS)]
    dice = random.Random(f"feed {seed}")  # of its own: the rest of the seed stays what it was
    chosen = [*kinds[seed % 3 :: 3], dice.choice(kinds)]
    return tuple(Deed(0.0, Act.FAULT, call=call, kind=kind, amount=dice.choice((1, 1, 2))) for call, kind in chosen)


def _fault(dice: random.Random, at: float, call: str, kind: str, user: int) -> Deed:
    slow = {"late_reply": 0.5, "hang": 1.3, "hang_after": 1.3}.get(kind, 0.0) * TIMES.call_deadline
    times = 1 if kind in ("reject", *("hang", "hang_after")) else dice.choice((1, 1, 2))
    return replace(Deed(at, Act.FAULT, user, call=call, kind=kind, amount=times), seconds=slow)


def _when(dice: random.Random) -> float:
    return round(dice.uniform(0.2, DAY), 2)
