"""What a read of the holdings tells of a day, where the broker's way of counting is not known.

Kotak documents neither whether holdings shrink with today's sales, nor whether what was bought yesterday shows before
it is settled, nor whether the sellable quantity is already less what rests. So a figure is kept with every story that
explains it; a second read, taken after something was traded or offered, tells other stories, and the true one is among
both.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from domain.account import MOST, Taken
from domain.account_days import AccountDay, PreviousDay, Sellable
from domain.reading import Outside


@dataclass(frozen=True, slots=True)
class Story:
    """One way of counting: shares in the account before the day began; of yesterday's purchases, how many the holdings
    do not show yet."""

    total: int
    unshown: int = 0


def stories(shown: int, sold: int, bought_before: int, sold_before: int) -> tuple[Story, ...]:
    """Every way in which so many shares shown, after so many sold today, and so many bought and sold the day before,
    follow from what was there in the morning; first those in which holdings do not shrink with the day's sales."""
    ways = [(left, late, stay) for left in (0, sold) for late in (0, bought_before) for stay in (0, sold_before)]
    return tuple(dict.fromkeys(Story(shown + left + late - stay, late) for left, late, stay in ways))


@dataclass(frozen=True, slots=True)
class Yesterday:
    """The session just before: shares bought and sold by anybody, and those that must be there this morning; None
    unless the day was seen to its end."""

    bought: int = 0
    sold: int = 0
    expected: int | None = None


def yesterday(previous: PreviousDay | None, day_before: date | None, others: Outside) -> Yesterday:
    """What is known of the session before: by the figure of that day, else by what others (`others`) traded then."""
    if previous is None or previous.day != day_before:
        return Yesterday(others.bought, others.sold)
    return Yesterday(previous.bought, previous.sold, previous.expected if previous.confirmed else None)


@dataclass(frozen=True, slots=True)
class Look:
    """One symbol in one read of the holdings: shares shown and sellable, what was traded today by the owner and by us,
    how many of ours must have been there overnight, what is known of the day before, and what the shares had cost
    (rupees, as the broker counts)."""

    symbol: str
    shown: int
    sellable: int
    outside: Outside
    ours: Taken
    overnight: int
    before: Yesterday
    average: Decimal | None = None

    @property
    def sold(self) -> int:
        """Shares sold today, by anybody."""
        return self.outside.sold + self.ours.sold

    @property
    def bought(self) -> int:
        """Shares bought today, by anybody."""
        return self.outside.bought + self.ours.bought

    @property
    def told(self) -> tuple[Story, ...]:
        """All stories that explain what is shown."""
        return stories(self.shown, self.sold, self.before.bought, self.before.sold)

    def possible(self) -> tuple[Story, ...]:
        """The stories that agree with the day before; without it, those in which our shares and all that was sold can
        have been there."""
        proven = tuple(story for story in self.told if story.total == self.before.expected)
        least = max(0, max(self.overnight, self.sold - self.ours.bought) - self.outside.bought)
        return proven or tuple(story for story in self.told if story.total >= least)


def figure(look: Look) -> AccountDay | None:
    """What to note for the day; None while the holdings contradict the rows."""
    totals = sorted({min(MOST, max(0, story.total + look.outside.bought)) for story in look.possible()})
    if not totals:
        return None
    seen = (look.outside.sold, look.outside.sold_value, look.outside.bought)
    return AccountDay(look.symbol, totals[0], look.outside.bought, 0, *seen, tuple(totals[1:]), look.average)


def narrowed(day: AccountDay, now: AccountDay) -> AccountDay | None:
    """The day's figure with the stories that a later read tells as well; None where that is all of them, or none."""
    told = {total - now.outside_bought + day.outside_bought for total in now.totals}
    standing = [total for total in day.totals if total in told]
    if not standing or len(standing) == len(day.totals):
        return None
    return replace(day, total=standing[0], others=tuple(standing[1:]))


def sellable(look: Look, resting: int, least: int, nets: bool, before: Sellable | None, t2t: bool) -> Sellable:
    """Shares that could be sold when the day began: the broker's quantity, with what was sold beyond what was bought,
    and yesterday's purchases where the holdings do not show them yet (not in trade for trade).

    `resting`: shares in live sells of anybody, which a broker may have taken off already; `nets`: whether to believe
    that while nothing has shown it; then the figure is never below `least`, what of ours is sold or seen resting, so
    that we do not take back and place the same order for ever. What an earlier read tells as well is the true figure,
    and so is what makes all that the account holds sellable.
    """
    unshown = 0 if t2t else min((story.unshown for story in look.possible()), default=0)
    plain = min(MOST, max(0, look.sellable) + max(0, look.sold - look.bought) + unshown)
    netted = min(MOST, plain + resting)
    nothing_left = look.sellable <= 0 < resting  # how far below nothing the broker's count is, it does not say
    if before is not None and (nothing_left or (before.plain, before.netted) == (plain, netted)):
        return before
    most = max(story.total for story in look.told)
    if nothing_left:
        return Sellable(max(0, min(netted, most)), plain, netted)
    for known in ((before.plain, before.netted) if before else (), [story.total for story in look.possible()]):
        standing = {shares for shares in (plain, netted) if shares in known}
        if len(standing) == 1:
            return Sellable(standing.pop(), plain, netted)
    if netted > most + look.bought:
        return Sellable(plain, plain, netted)
    return Sellable(max(netted if nets else plain, least, 0), plain, netted)
