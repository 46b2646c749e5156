"""What may be tried again, and how often: reads that failed in passing, changes of which nothing left the machine.

An unknown outcome is in neither group. Pauses go through the injected clock and end with the tenure.
"""

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, retry_if_result, wait_exponential, wait_random

from domain.clock import Clock
from domain.errors import BrokerUnavailable
from domain.tenure import Tenure

READ_ATTEMPTS = 3
Result = TypeVar("Result")


class Passing(BrokerUnavailable):
    """A read failed in a way that another attempt a moment later may mend; `pause` is the broker's wish in seconds."""

    def __init__(self, text: str, pause: float = 0.0) -> None:
        super().__init__(text)
        self.pause = pause


class Retries:
    """Repeats for one tenure on one clock."""

    def __init__(self, clock: Clock, tenure: Tenure) -> None:
        self._clock = clock
        self._tenure = tenure
        self._backoff = wait_exponential(multiplier=0.2, max=2.0) + wait_random(0.0, 0.2)

    def read(self, attempt: Callable[[], Result], until: float) -> Result:
        """Try up to three times; no attempt starts after `until` (monotonic seconds). Raises the last failure."""

        def over(state: RetryCallState) -> bool:
            return state.attempt_number >= READ_ATTEMPTS or self._too_late(state, until)

        return Retrying(
            retry=retry_if_exception_type(Passing), stop=over, wait=self._pause, sleep=self._sleep, reraise=True
        )(attempt)

    def change(
        self,
        attempt: Callable[[], Result],
        again: Callable[[Result], bool],
        until: float,
        pause: Callable[[], float],
    ) -> Result:
        """Repeat while `again` says so and the next attempt would begin before `until`; the last result.

        `pause` is the least number of seconds in between (the account's rate).
        """

        def over(state: RetryCallState) -> bool:
            return self._too_late(state, until)

        def wait(state: RetryCallState) -> float:
            return max(self._backoff(state), pause())

        return Retrying(
            retry=retry_if_result(again), stop=over, wait=wait, sleep=self._sleep, retry_error_callback=_last
        )(attempt)

    def _too_late(self, state: RetryCallState, until: float) -> bool:
        return self._tenure.stopping or self._clock.monotonic() + state.upcoming_sleep >= until

    def _pause(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome else None
        return max(self._backoff(state), failure.pause if isinstance(failure, Passing) else 0.0)

    def _sleep(self, seconds: float) -> None:
        self._clock.wait(self._tenure.stopped, seconds)


def _last(state: RetryCallState) -> Result:  # type: ignore[type-var]
    assert state.outcome is not None
    result: Result = state.outcome.result()
    return result
