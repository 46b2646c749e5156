"""What is tried again; the mutation to try: drop the `_too_late` of a read."""

from datetime import UTC, datetime

import pytest

from broker.retrying import Passing, Retries
from domain.clock import VirtualClock
from domain.errors import BrokerUnavailable
from domain.tenure import Tenure

START = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)


class Attempts:
    """Fails with the given errors in turn, then answers; remembers when it was asked."""

    def __init__(self, clock: VirtualClock, *failures: Exception) -> None:
        self.clock = clock
        self.failures = list(failures)
        self.at: list[float] = []

    def __call__(self) -> str:
        self.at.append(self.clock.monotonic())
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


def test_a_read_that_failed_in_passing_is_tried_again() -> None:
    clock = VirtualClock(START)
    attempts = Attempts(clock, Passing("first"), Passing("second"))
    assert Retries(clock, Tenure(1, 1)).read(attempts, until=10.0) == "answer"
    assert len(attempts.at) == 3
    assert attempts.at[2] > attempts.at[1] > attempts.at[0]


def test_a_read_is_given_up_after_three_attempts() -> None:
    clock = VirtualClock(START)
    attempts = Attempts(clock, *(Passing(str(number)) for number in range(9)))
    with pytest.raises(Passing, match="2"):
        Retries(clock, Tenure(1, 1)).read(attempts, until=100.0)
    assert len(attempts.at) == 3


def test_a_definite_failure_is_not_tried_again() -> None:
    clock = VirtualClock(START)
    attempts = Attempts(clock, BrokerUnavailable("no"))
    with pytest.raises(BrokerUnavailable):
        Retries(clock, Tenure(1, 1)).read(attempts, until=10.0)
    assert len(attempts.at) == 1


def test_no_attempt_begins_after_the_deadline_of_the_read() -> None:
    clock = VirtualClock(START)
    attempts = Attempts(clock, Passing("busy", pause=7.0), Passing("busy", pause=7.0))
    with pytest.raises(Passing):
        Retries(clock, Tenure(1, 1)).read(attempts, until=10.0)
    assert attempts.at == [0.0, 7.0]


def test_a_tenant_that_is_to_end_tries_nothing_again() -> None:
    clock, tenure = VirtualClock(START), Tenure(1, 1)
    tenure.stop()
    attempts = Attempts(clock, Passing("busy"))
    with pytest.raises(Passing):
        Retries(clock, tenure).read(attempts, until=10.0)
    assert len(attempts.at) == 1


def test_a_change_is_repeated_until_its_last_moment_and_then_answers_the_last_result() -> None:
    clock = VirtualClock(START)
    at: list[float] = []

    def attempt() -> str:
        at.append(clock.monotonic())
        return f"refused connection {len(at)}"

    result = Retries(clock, Tenure(1, 1)).change(attempt, lambda _: True, until=5.0, pause=lambda: 0.0)
    assert result == f"refused connection {len(at)}"
    assert len(at) > 2
    assert at[-1] < 5.0


def test_a_change_that_may_not_go_out_again_is_made_once() -> None:
    clock = VirtualClock(START)
    at: list[float] = []
    Retries(clock, Tenure(1, 1)).change(lambda: at.append(0.0), lambda _: False, until=5.0, pause=lambda: 0.0)
    assert len(at) == 1


def test_repeats_of_a_change_keep_to_the_rate() -> None:
    clock = VirtualClock(START)
    at: list[float] = []
    Retries(clock, Tenure(1, 1)).change(
        lambda: at.append(clock.monotonic()), lambda _: True, until=10.0, pause=lambda: 4.0
    )
    assert at == [0.0, 4.0, 8.0]
