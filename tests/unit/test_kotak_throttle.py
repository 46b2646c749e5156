"""The token bucket; the mutation to try: forget the burst limit in `_fill`."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.throttle import TokenBucket
from domain.clock import VirtualClock
from domain.errors import BrokerUnavailable, TenureLost
from domain.tenure import Tenure

START = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)


def test_a_full_bucket_gives_its_burst_and_no_more() -> None:
    bucket = TokenBucket(5.0, 5, VirtualClock(START))
    assert [bucket.take(3), bucket.take(3), bucket.take(3)] == [3, 2, 0]


def test_waiting_exactly_the_seconds_that_it_names_gives_exactly_one_token() -> None:
    clock = VirtualClock(START)
    bucket = TokenBucket(3.0, 5, clock)
    bucket.take(5)
    for _ in range(1000):
        clock.advance(bucket.seconds_to_token())
        assert bucket.take(2) == 1


def test_a_long_rest_fills_no_more_than_the_burst() -> None:
    clock = VirtualClock(START)
    bucket = TokenBucket(5.0, 5, clock)
    bucket.take(5)
    clock.advance(3600)
    assert bucket.take(100) == 5


def test_no_rate_is_no_limit() -> None:
    bucket = TokenBucket(0.0, 0, VirtualClock(START))
    assert bucket.take(1000) == 1000
    assert bucket.seconds_to_token() == 0.0


def test_an_empty_bucket_says_when_the_next_token_comes() -> None:
    bucket = TokenBucket(5.0, 5, VirtualClock(START))
    assert bucket.seconds_to_token() == 0.0
    bucket.take(5)
    assert bucket.seconds_to_token() == pytest.approx(0.2)


def test_waiting_for_a_token_lets_just_the_time_pass() -> None:
    clock = VirtualClock(START)
    bucket = TokenBucket(5.0, 5, clock)
    for _ in range(15):
        bucket.wait(Tenure(1, 1))
    assert clock.monotonic() == pytest.approx(2.0)


def test_a_tenant_that_is_to_end_does_not_wait_for_a_token() -> None:
    bucket = TokenBucket(5.0, 1, VirtualClock(START))
    bucket.take(1)
    stopping, revoked = Tenure(1, 1), Tenure(1, 2)
    stopping.stop()
    revoked.revoke()
    with pytest.raises(BrokerUnavailable):
        bucket.wait(stopping)
    with pytest.raises(TenureLost):
        bucket.wait(revoked)


@given(steps=st.lists(st.tuples(st.floats(0, 3), st.integers(0, 9)), max_size=50))
def test_over_any_time_it_gives_no_more_than_burst_and_rate_allow(steps: list[tuple[float, int]]) -> None:
    clock = VirtualClock(START)
    bucket = TokenBucket(5.0, 5, clock)
    given_out = 0
    for seconds, wanted in steps:
        clock.advance(seconds)
        given_out += bucket.take(wanted)
        assert given_out <= 5 + 5 * Fraction(clock.monotonic()) + Fraction(1, 10**6)
