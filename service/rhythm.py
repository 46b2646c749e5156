"""When to look: the schedule's turns, the moments of the day that do not wait for it, and when to sleep."""

import random
from datetime import datetime, timedelta

from domain.clock import Clock
from domain.market import Calendar, Phase, Session, TradingDay
from domain.models import Snapshot
from domain.orders import LIVE, OrderStatus
from service.settings import TradingSettings

EVENING_LOOKS = 3
"""What is sold by hand counts when two books say it alike; one look more than that."""
LAST_LOOKS = 3
"""After the close, when the book lags no more: two books alike confirm the day."""
MOVING = (OrderStatus.SUBMITTING, OrderStatus.ACCEPTED, OrderStatus.CANCELLING)
"""States that the next look should soon find changed."""


class Rhythm:
    """One tenant's times. Forgets nothing that matters: a new one looks at once and knows again."""

    def __init__(self, calendar: Calendar, clock: Clock, settings: TradingSettings) -> None:
        self._calendar = calendar
        self._clock = clock
        self._settings = settings
        self._under_way = False
        self._settled: Session | None = None
        self._jitter = random.uniform(0.9, 1.1)  # spreads the tenants, hides nothing

    @property
    def cycle(self) -> float:
        """Seconds between two looks, a little different for each tenant, so that they do not all look at once."""
        return self._settings.cycle * self._jitter

    def session(self) -> Session:
        """The session of this moment."""
        return self._calendar.session(self._clock.now())

    def awake(self, session: TradingDay) -> bool:
        """From the login before the bell until every order of the day has ended, or the tail after the close has; and
        once more for a few looks in the evening, when the owner's trades after the close are in the book.

        Who starts later than that looks once.
        """
        lead = timedelta(seconds=self._settings.login_lead)
        awake = session != self._settled or self._evening(session)
        return session.bell - lead <= self._clock.now() and awake

    def note(self, snapshot: Snapshot, sent: bool, session: TradingDay) -> None:
        """Look again soon while something is under way; sleep once the day is over and nothing is live."""
        live = [order for order in snapshot.orders if order.status in LIVE and order.trading_day == session.day]
        self._under_way = sent or any(order.status in MOVING for order in snapshot.orders)
        now = self._clock.now()
        tail_is_over = now >= session.close + timedelta(seconds=self._settings.settle_tail)
        lag = timedelta(seconds=self._settings.book_lag + LAST_LOOKS * self._settings.cycle)
        quiet = not live and now >= session.close + lag
        over = session.phase(now) is Phase.AFTER and (tail_is_over or quiet)
        self._settled = session if over and not self._evening(session) else None

    def note_rest(self) -> None:
        """Nothing is under way."""
        self._under_way = False

    def pause(self, scheduled: float | None) -> tuple[float, bool]:
        """Seconds to wait, and whether what comes then is a moment that does not wait for the schedule."""
        session = self.session()
        regular = max(0.0, scheduled or 0.0)
        if not isinstance(session, TradingDay) or not self.awake(session):
            regular = self._settings.idle * self._jitter
        moments = [(regular, False)] + [(seconds, True) for seconds in self._moments(session)]
        if self._under_way:
            moments.append((self._settings.follow_up, True))
        return min(moments)

    def _evening(self, session: TradingDay) -> bool:
        since = (self._clock.now() - self._evening_of(session)).total_seconds()
        return 0 <= since < EVENING_LOOKS * self._settings.cycle

    def _evening_of(self, session: TradingDay) -> datetime:
        return session.close + timedelta(seconds=self._settings.evening)

    def _moments(self, session: Session) -> list[float]:
        if not isinstance(session, TradingDay):
            return []
        lead = timedelta(seconds=self._settings.login_lead)
        now = self._clock.now()
        times = (session.bell - lead, session.bell, session.close, self._evening_of(session))
        return [(time - now).total_seconds() for time in times if time > now]
