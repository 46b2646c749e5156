"""How far our clock is from the broker's, as far as an answer's `Date` header can tell."""

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from broker.kotak_neo.wire import Answer

_RESOLUTION = timedelta(seconds=1)


def skew(answer: Answer) -> float | None:
    """Seconds by which the broker is ahead (negative: behind) at the very least; None where it does not say.

    `Date` has whole seconds and was written somewhere between request and answer: what either explains is no skew. An
    answer out of a cache has the date of the day when it was put there, and an `Age` (RFC 9111).
    """
    if answer.date is None or answer.began_at is None or answer.ended_at is None or "age" in answer.headers:
        return None
    try:
        date = parsedate_to_datetime(answer.date)
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    least = (date - answer.ended_at).total_seconds()
    most = (date + _RESOLUTION - answer.began_at).total_seconds()
    return max(least, 0.0) if most >= 0 else most
