"""How long the broker wants us to wait, as its `Retry-After` says: seconds, or the moment itself (RFC 9110)."""

from email.utils import parsedate_to_datetime

from broker.kotak_neo.wire import Answer

_DIGITS = 5


def wish(answer: Answer) -> float:
    """Seconds from the answer on; 0 where it does not say."""
    said = (answer.retry_after or "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:_DIGITS]) if len(said) <= _DIGITS else 0.0
    try:
        moment, now = parsedate_to_datetime(said), parsedate_to_datetime(answer.date or "")
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one with and one without a zone
        return 0.0
