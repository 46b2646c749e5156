"""How many bytes a feed may send: a bucket that fills steadily, so that a flood costs its own account alone."""

from domain.clock import Clock


class Allowance:
    """Holds at most `burst` bytes and gains `rate` of them a second. One thread's alone."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._left = self._burst
        self._filled_at = clock.monotonic()

    def take(self, wanted: int) -> int:
        """Take up to `wanted`; how many there were."""
        now = self._clock.monotonic()
        self._left = min(self._burst, self._left + (now - self._filled_at) * self._rate)
        self._filled_at = now
        given = max(0, min(wanted, int(self._left)))
        self._left -= given
        return given
