"""So many calls a second and account, refused beyond: a bucket that holds one second's worth."""

from dataclasses import dataclass


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Throttle:
    """One bucket per account."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def admits(self, ucc: str, rate: int, moment: float) -> bool:
        """Take a token at the moment (monotonic seconds); False when there is none. A rate of 0 admits everything."""
        if rate <= 0:
            return True
        bucket = self._buckets.setdefault(ucc, _Bucket(rate, moment))
        bucket.tokens = min(rate, bucket.tokens + (moment - bucket.filled_at) * rate)
        bucket.filled_at = moment
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True
