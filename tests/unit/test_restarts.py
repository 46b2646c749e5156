"""The restart policy, for any history of falls and outages."""

from hypothesis import given
from hypothesis import strategies as st

from tenants.restarts import Past, RestartPolicy

POLICY = RestartPolicy()
LIVES = st.lists(st.floats(min_value=0, max_value=900), max_size=40)


def test_delays_double_up_to_the_longest() -> None:
    past, delays = Past(), []
    for _ in range(9):
        verdict = POLICY.outage(past, lived=0)
        past = verdict.past
        delays.append(verdict.delay)
    assert delays == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_the_sixth_fall_in_ten_minutes_is_the_last() -> None:
    """Catches: a limit off by one either way."""
    past = Past()
    for moment in (0, 100, 200, 300, 400):
        verdict = POLICY.fall(past, moment, lived=0)
        assert verdict.delay is not None
        past = verdict.past
    assert POLICY.fall(past, 599.9, lived=0).delay is None
    assert POLICY.fall(past, 600, lived=0).delay is not None


def test_a_long_run_breaks_the_row_but_is_still_counted() -> None:
    past = Past()
    for moment in (90, 180, 270, 360, 450):
        verdict = POLICY.fall(past, moment, lived=90)
        assert verdict.delay == 1
        past = verdict.past
    assert POLICY.fall(past, 540, lived=90).delay is None


@given(LIVES)
def test_it_ends_exactly_when_more_than_the_limit_fell_within_the_window(lives: list[float]) -> None:
    """Catches: a window that forgets too early or too late. The reference counts the plain list of moments."""
    past, moment, moments = Past(), 0.0, []
    for lived in lives:
        moment += lived
        moments.append(moment)
        verdict = POLICY.fall(past, moment, lived)
        recent = [m for m in moments if moment - m < POLICY.window]
        assert (verdict.delay is None) == (len(recent) > POLICY.limit)
        past = verdict.past


@given(LIVES)
def test_an_outage_never_ends_it_and_counts_for_nothing(lives: list[float]) -> None:
    past = Past()
    for lived in lives:
        verdict = POLICY.outage(past, lived)
        assert verdict.delay is not None
        assert POLICY.first <= verdict.delay <= POLICY.longest
        past = verdict.past
    assert past.falls == ()


@given(LIVES, st.lists(st.booleans(), max_size=40))
def test_a_delay_is_always_between_the_first_and_the_longest(lives: list[float], outages: list[bool]) -> None:
    past, moment = Past(), 0.0
    for lived, outage in zip(lives, outages, strict=False):
        moment += lived
        verdict = POLICY.outage(past, lived) if outage else POLICY.fall(past, moment, lived)
        assert verdict.delay is None or POLICY.first <= verdict.delay <= POLICY.longest
        past = verdict.past


@given(LIVES)
def test_the_past_does_not_grow_without_end(lives: list[float]) -> None:
    past, moment = Past(), 0.0
    for lived in lives:
        moment += lived
        past = POLICY.fall(past, moment, lived).past
        assert all(moment - fall < POLICY.window for fall in past.falls)
