"""When the market opens next, as a sentence for people."""

from datetime import datetime, timedelta

from domain.clock import IST
from domain.market import Calendar, NoTrading, Phase, Session, TradingDay

DAYS_AHEAD = 14


def opening(calendar: Calendar, now: datetime) -> str:
    """Why the market is closed and when it opens; empty while it is open."""
    session = calendar.session(now)
    if session.phase(now) is Phase.OPEN:
        return ""
    if isinstance(session, NoTrading) and session.unknown:
        return f"not open: {session.because}"
    return f"{_closed(session, now)}; {_next(calendar, now)}"


def _closed(session: Session, now: datetime) -> str:
    if isinstance(session, NoTrading):
        return f"closed: {session.because}"
    return "not open yet" if now < session.bell else f"closed since {session.close.astimezone(IST):%H:%M:%S} IST"


def _next(calendar: Calendar, now: datetime) -> str:
    days = (calendar.session(now + timedelta(days=ahead)) for ahead in range(DAYS_AHEAD))
    bells = [day.bell for day in days if isinstance(day, TradingDay) and day.bell > now]
    if not bells:
        return "no later session is planned"
    return f"opens {bells[0].astimezone(IST):%a %d %b %Y %H:%M:%S} IST"
