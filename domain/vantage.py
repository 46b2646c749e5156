"""What coverage is judged by: how fast a tenant looks, who serves it, and when it is looked. Seconds, UTC."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.clock import IST
from domain.market import Phase, Session, TradingDay

SLACK = 2.0
"""Seconds on top of three cycles: the database, the broker's answer, and the clocks of two machines."""


@dataclass(frozen=True, slots=True)
class Tempo:
    """Seconds: how often a tenant looks, how late an accepted order may show, how long an answer may take."""

    cycle: float = 5.0
    book_lag: float = 20.0
    call_deadline: float = 10.0

    @property
    def fresh(self) -> float:
        """How long a sighting is believed: three cycles."""
        return 3 * self.cycle + SLACK

    @property
    def settling(self) -> float:
        """How long an accepted order, or a first look, may take to show."""
        return 3 * self.cycle + self.book_lag

    @property
    def patience(self) -> float:
        """How long after its `send_by` an unanswered send is still simply under way."""
        return self.cycle + self.call_deadline


@dataclass(frozen=True, slots=True)
class Service:
    """Who looks after the user: `alive` by the database's clock, the rest as the tenant last said."""

    user: str
    enabled: bool
    alive: bool
    state: str | None = None
    text: str = ""
    beat_at: datetime | None = None
    book_at: datetime | None = None

    @property
    def serving(self) -> bool:
        """Whether somebody is to look, and can."""
        return self.enabled and self.alive

    @property
    def described(self) -> str:
        """The tenant's state and words."""
        return f"{self.state or 'nothing said yet'}{': ' if self.text else ''}{self.text}"


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is looked, in which session of the market, and when it opens next (for people)."""

    now: datetime
    session: Session
    opens: str = ""
    tempo: Tempo = field(default_factory=Tempo)

    @property
    def open(self) -> bool:
        """Whether orders can rest now."""
        return self.session.phase(self.now) is Phase.OPEN

    def within(self, since: datetime | None, seconds: float) -> bool:
        """Whether something happened, and at most so many seconds ago."""
        return since is not None and self.now - since <= timedelta(seconds=seconds)

    @property
    def begun(self) -> datetime | None:
        """The session's bell."""
        return self.session.bell if isinstance(self.session, TradingDay) else None


def clock_time(moment: datetime) -> str:
    """A time as people in India read it."""
    return f"{moment.astimezone(IST):%d %b %H:%M:%S} IST"


def nobody(service: Service) -> str:
    """Why nobody serves the user."""
    if not service.enabled:
        return f"the user {service.user} is disabled"
    return f"no running service holds the user {service.user}"


def last_book(service: Service) -> str:
    """When the user's order book was read."""
    return f"last book {clock_time(service.book_at)}" if service.book_at else "the order book was not read yet"
