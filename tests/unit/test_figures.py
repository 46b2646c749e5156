"""What holdings tell, whichever way the broker counts: never a wrong story, at worst none."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.account import Taken, sold_of_ours
from domain.account_days import AccountDay, PreviousDay, Sellable
from domain.figures import Look, Yesterday, figure, narrowed, sellable, stories, yesterday
from domain.reading import Outside

SYMBOL = "IFBIND-EQ"
MONDAY, TODAY = date(2026, 11, 23), date(2026, 11, 25)
few = st.integers(0, 12)


def at(shown: int, sold: int, bought: int, ours: int, overnight: int, before: Yesterday) -> Look:
    outside = Outside(bought, sold, Decimal(sold * 800))
    return Look(SYMBOL, shown, shown, outside, Taken(0, ours), overnight, before)


class Account:
    """One day of an account at a broker who counts in one of the ways that nobody has documented."""

    def __init__(self, ours: int, own: int, yesterday: PreviousDay, *, shrinks: bool, late: bool, stays: bool) -> None:
        self.overnight, self.total = ours, ours + own
        self.sold = self.bought = self.ours = 0
        self._shrinks = shrinks
        self._hidden = (yesterday.bought if late else 0) - (yesterday.sold if stays else 0)

    def trade(self, sold: int, bought: int, ours: int) -> None:
        """What fits of it into what the account has."""
        self.bought += bought
        self.ours += min(ours, self.overnight - self.ours)
        self.sold += min(sold, self.total + self.bought - self.sold - self.ours)

    def look(self, before: Yesterday) -> Look:
        shown = self.total - self._hidden - (self.sold + self.ours if self._shrinks else 0)
        assume(shown >= 0)
        return at(shown, self.sold, self.bought, self.ours, self.overnight, before)

    @property
    def truth(self) -> int:
        """Shares of ours that the owner sold: his own first."""
        return max(0, self.sold - (self.total + self.bought - self.overnight))


@given(
    few, few, few, few, st.booleans(), st.booleans(), st.booleans(), st.booleans(),
    st.lists(st.tuples(few, few, few), min_size=2, max_size=4),
)  # fmt: skip
def test_whichever_way_the_broker_counts_no_wrong_story_is_believed(
    ours, own, bought, sold, shrinks, late, stays, confirmed, trades
):
    expected = ours + own
    assume(expected - bought + sold >= 0)
    previous = PreviousDay(SYMBOL, MONDAY, expected - bought + sold, 0, 0, bought, sold, 0, 0, None, confirmed)
    assert previous.expected == expected
    before = yesterday(previous, MONDAY, Outside())
    account = Account(ours, own, previous, shrinks=shrinks, late=late, stays=stays)
    account.trade(*trades[0])
    day = figure(account.look(before))
    for trade in trades[1:]:
        account.trade(*trade)
        outside = Outside(account.bought, account.sold, Decimal(account.sold))
        if day is not None:
            assert sold_of_ours(day, outside, account.overnight) in (None, account.truth)
            later = figure(account.look(before))
            day = (later and narrowed(day, later)) or day
            assert sold_of_ours(day, outside, account.overnight) in (None, account.truth)


def test_the_day_before_tells_the_stories_apart_only_where_it_was_seen_to_its_end():
    previous = PreviousDay(SYMBOL, MONDAY, 15, 0, 0, 0, 0, 0, 0, None, confirmed=True)
    assert figure(at(12, 3, 0, 0, 10, yesterday(previous, MONDAY, Outside()))).totals == (15,)
    assert figure(at(12, 3, 0, 0, 10, yesterday(replace(previous, confirmed=False), MONDAY, Outside()))).totals == (
        12,
        15,
    )
    assert figure(at(12, 3, 0, 0, 10, yesterday(previous, TODAY, Outside()))).totals == (12, 15)


def test_a_later_read_leaves_one_story_standing():
    day = AccountDay(SYMBOL, 16, 0, others=(20,))
    assert narrowed(day, AccountDay(SYMBOL, 6, 0, others=(20,))).totals == (20,)
    assert narrowed(day, AccountDay(SYMBOL, 16, 0, others=(30,))).totals == (16,)
    assert narrowed(day, AccountDay(SYMBOL, 18, 2, others=(33,))).totals == (16,)
    assert narrowed(day, day) is None
    assert narrowed(day, AccountDay(SYMBOL, 3, 0, others=(9,))) is None


@pytest.mark.parametrize(
    ("now", "resting", "nets", "before", "believed"),
    [
        (10, 0, False, None, 10),
        (0, 10, False, None, 10),
        (0, 10, True, None, 10),
        (0, 10, False, Sellable(10, 10, 10), 10),
        (10, 10, True, Sellable(10, 10, 10), 10),
        (5, 10, False, Sellable(0, 0, 15), 15),
        (6, 10, False, Sellable(10, 10, 20), 6),
        (3, 10, False, Sellable(13, 3, 13), 13),
    ],
)
def test_two_reads_show_whether_the_broker_nets_what_rests(now, resting, nets, before, believed):
    look = Look(SYMBOL, 15, now, Outside(), Taken(), 10, Yesterday())
    assert sellable(look, resting, 0, nets, before, t2t=False).believed == believed


def test_yesterdays_purchases_can_be_sold_though_they_do_not_show_yet():
    previous = PreviousDay(SYMBOL, MONDAY, 0, 0, 0, 10, 0, 10, 0, None, confirmed=True)
    look = Look(SYMBOL, 0, 0, Outside(), Taken(), 10, yesterday(previous, MONDAY, Outside()))
    assert sellable(look, 0, 0, False, None, t2t=False).believed == 10
    assert sellable(look, 0, 0, False, None, t2t=True).believed == 0
    assert sellable(replace(look, shown=10, sellable=4), 0, 0, False, None, t2t=False).believed == 4


@given(few, few, few, few)
def test_every_way_of_counting_is_among_the_stories(total, sold, bought_before, sold_before):
    for left in (0, sold):
        for late in (0, bought_before):
            for stays in (0, sold_before):
                told = stories(total - left - late + stays, sold, bought_before, sold_before)
                assert total in {story.total for story in told}
