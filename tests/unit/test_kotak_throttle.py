"""The token bucket; mutations to try: give a token back when its call begins; count reserved tokens for nothing."""

import threading
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.breaker import Breaker
from broker.throttle import SECOND, Rates, TokenBucket
from domain.clock import VirtualClock
from domain.tenure import Tenure

START = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
LATER = 1e9


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


def calls(bucket: TokenBucket, clock: VirtualClock, count: int, takes: float = 0.0) -> list[float]:
    """When so many calls of so many seconds began."""
    began = []
    for _ in range(count):
        with bucket.call(Tenure(1, 1), LATER) as admitted:
            assert admitted
            began.append(clock.monotonic())
            clock.advance(takes)
    return began


def test_a_full_bucket_gives_its_tokens_and_no_more(clock: VirtualClock) -> None:
    bucket = TokenBucket(5.0, clock)
    assert [bucket.take(3), bucket.take(3), bucket.take(3)] == [3, 2, 0]


def test_reserved_tokens_that_nobody_used_are_free_after_a_second(clock: VirtualClock) -> None:
    bucket = TokenBucket(5.0, clock)
    bucket.take(5)
    clock.advance(bucket.seconds_to_token())
    assert clock.monotonic() == pytest.approx(SECOND)
    assert bucket.take(9) == 5


def test_a_token_comes_back_a_second_after_the_answer_not_after_the_question(clock: VirtualClock) -> None:
    """The broker may have counted the call as late as that."""
    assert calls(TokenBucket(1.0, clock), clock, 3, takes=0.3) == pytest.approx([0.0, 1.3, 2.6])


def test_five_a_second_are_five_a_second_however_they_are_gathered(clock: VirtualClock) -> None:
    """Catches: waiting for three tokens while two lie idle."""
    bucket, began = TokenBucket(5.0, clock), []
    while len(began) < 100:
        given_out = bucket.take(20)
        began += calls(bucket, clock, given_out, takes=0.02)
        clock.advance(0.005 if given_out else bucket.seconds_to_token(3))
    assert began[99] < 19 * 1.06


def test_waiting_exactly_the_seconds_that_it_names_gives_a_token(clock: VirtualClock) -> None:
    bucket = TokenBucket(3.0, clock)
    for _ in range(300):
        clock.advance(bucket.seconds_to_token())
        taken = bucket.take(2)
        assert taken >= 1
        calls(bucket, clock, taken, takes=0.01)


def test_a_long_rest_fills_no_more_than_the_bucket(clock: VirtualClock) -> None:
    bucket = TokenBucket(5.0, clock)
    bucket.take(5)
    clock.advance(3600)
    assert bucket.take(100) == 5


def test_no_rate_is_no_limit(clock: VirtualClock) -> None:
    bucket = TokenBucket(0.0, clock)
    assert bucket.take(1000) == 1000
    assert bucket.seconds_to_token() == 0.0
    assert calls(bucket, clock, 1000)[-1] == 0.0


def test_a_rate_below_one_is_one_call_in_so_many_seconds(clock: VirtualClock) -> None:
    assert calls(TokenBucket(0.5, clock), clock, 3) == pytest.approx([0.0, 2.0, 4.0])


def test_a_call_whose_turn_would_come_too_late_is_not_made(clock: VirtualClock) -> None:
    bucket = TokenBucket(1.0, clock)
    calls(bucket, clock, 1)
    with bucket.call(Tenure(1, 1), until=0.9) as admitted:
        assert not admitted
    assert clock.monotonic() == 0.0


def test_a_tenant_that_is_to_end_does_not_wait_for_its_turn(clock: VirtualClock) -> None:
    bucket, tenure = TokenBucket(1.0, clock), Tenure(1, 1)
    calls(bucket, clock, 1)
    tenure.stop()
    with bucket.call(tenure, LATER) as admitted:
        assert not admitted


def test_a_call_that_raises_is_counted_all_the_same(clock: VirtualClock) -> None:
    bucket = TokenBucket(1.0, clock)
    with suppress(OSError), bucket.call(Tenure(1, 1), LATER):
        raise OSError
    assert bucket.take(1) == 0


@given(
    rate=st.sampled_from([1.0, 2.0, 5.0, 5.5, 9.0]),
    steps=st.lists(st.tuples(st.floats(0, 1.5), st.integers(0, 9), st.floats(0, 1.5), st.floats(0, 1)), max_size=25),
)
def test_no_second_of_the_brokers_clock_ever_holds_more_calls_than_the_rate(
    rate: float, steps: list[tuple[float, int, float, float]]
) -> None:
    """Whenever between question and answer the broker counts a call, and however late reserved tokens are used."""
    clock, counted = VirtualClock(START), []
    bucket = TokenBucket(rate, clock)
    for pause, wanted, takes, part in steps:
        taken = bucket.take(wanted)
        clock.advance(pause)
        for _ in range(taken):
            with bucket.call(Tenure(1, 1), LATER):
                counted.append(clock.monotonic() + part * takes)
                clock.advance(takes)
    most = int(rate)
    for first, one_too_many in zip(counted, counted[most:], strict=False):
        assert one_too_many - first >= SECOND - 1e-6


def test_reads_wait_for_orders_and_never_orders_for_reads(clock: VirtualClock) -> None:
    rates = Rates(5.0, 5.0, 6.0, clock)
    calls(rates.reads, clock, 4)
    calls(rates.orders, clock, 5)
    assert clock.monotonic() == 0.0
    with rates.read(Tenure(1, 1), LATER) as admitted:
        assert admitted
        assert clock.monotonic() >= SECOND


class Halting(VirtualClock):
    """Time stands still for whoever waits first, until somebody else waits as well."""

    def __init__(self) -> None:
        super().__init__(START)
        self.first, self.second = threading.Event(), threading.Event()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Let the seconds pass, once there are two who wait."""
        if not self.first.is_set():
            self.first.set()
            self.second.wait(5)
        self.second.set()
        return super().wait(event, seconds)


def test_a_read_lets_an_order_go_first_that_waits_for_its_turn() -> None:
    clock, tenure = Halting(), Tenure(1, 1)
    rates = Rates(1.0, 5.0, 10.0, clock)
    calls(rates.orders, clock, 1)

    def place() -> None:
        with rates.orders.call(tenure, LATER) as admitted:
            assert admitted

    thread = threading.Thread(target=place)
    thread.start()
    assert clock.first.wait(5)
    with rates.read(tenure, LATER):
        assert clock.monotonic() >= SECOND
        assert not rates.orders.busy
    thread.join(5)


def test_a_breaker_opens_longer_each_time_and_closes_by_itself(clock: VirtualClock) -> None:
    breaker, pauses = Breaker(clock), []
    for _ in range(7):
        breaker.trip("HTTP 429")
        pauses.append(breaker.remaining)
        clock.advance(breaker.remaining)
        assert breaker.remaining == 0.0
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    breaker.answered()
    breaker.trip("HTTP 429")
    assert breaker.remaining == 1.0


def test_a_breaker_follows_the_brokers_wish_within_reason_and_says_until_when(clock: VirtualClock) -> None:
    breaker = Breaker(clock)
    assert breaker.words() == ""
    breaker.trip("HTTP 429: too many", wish=7200)
    assert breaker.remaining == 60.0
    assert breaker.words() == "reads pause until 09:16:00 IST, orders go on: HTTP 429: too many"


def test_what_fails_while_it_is_open_does_not_open_it_for_longer_and_longer(clock: VirtualClock) -> None:
    """A burst of orders that are turned away is one trouble."""
    breaker = Breaker(clock)
    for _ in range(10):
        breaker.trip("HTTP 429")
    assert breaker.remaining == 1.0
