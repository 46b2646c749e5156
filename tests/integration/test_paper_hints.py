"""A paper fill becomes rows at once: the tenant is woken when the known prices meet one of its orders."""

from datetime import datetime, timedelta

import pytest

from broker.paper import Bell, Conversation, PaperBroker, PaperLine
from domain.clock import SystemClock
from domain.outcomes import Accepted
from domain.tenure import Tenure
from repositories.paper import PaperRepository
from tests.integration.paper_script import Scripted, scripted
from tests.integration.test_paper_kills import sell, send
from tests.world import BELL, PaperTenant

__all__ = ["scripted"]


class Noted(Bell):
    """Notes what is expected, and rings for nobody."""

    moments: list[datetime | None]

    def expect(self, tenure: Tenure, moment: datetime | None) -> None:
        """Note it."""
        self.moments.append(moment)


def listening(paper: PaperTenant) -> tuple[PaperBroker, Noted]:
    """A client of the account, and what its bell is to ring for."""
    world, bell = paper.world, Noted(paper.world.clock)
    bell.moments = []
    market, line = paper.service.ports.broker._market, PaperLine(world.clock, 0, 0)  # type: ignore[attr-defined]
    store, guard = PaperRepository(world.database, paper.tenure), world.database.require_idle
    talk = Conversation(paper.tenure, world.clock, world.calendar, store, market, line, guard, bell)
    return PaperBroker(talk, market, line, world.clock), bell


@pytest.fixture
def paper(scripted: Scripted) -> PaperTenant:
    """An account with a hundred shares, after the bell."""
    made = scripted("09:00,IFBIND-EQ,800,", "+60,IFBIND-EQ,850,0", "+80,IFBIND-EQ,851,", "+200,IFBIND-EQ,900,")
    made.owns("IFBIND-EQ", 100)
    made.world.clock.advance_to(BELL)
    made.service.ports.broker.login()
    return made


def test_the_moment_at_which_a_resting_order_will_trade_is_known_beforehand(paper: PaperTenant) -> None:
    """Not earlier than a minute before; a price at which nothing is on offer is none."""
    broker, bell = listening(paper)
    assert isinstance(send(paper, sell("A1", 10), broker), Accepted)
    paper.world.clock.advance(25)
    broker.order_book()
    assert bell.moments == [None, BELL + timedelta(seconds=80)]
    paper.world.clock.advance(56)
    assert [row.filled for row in broker.order_book().rows] == [10]
    assert bell.moments[2:] == [None]


def test_an_order_that_can_trade_when_it_arrives_is_looked_at_then(paper: PaperTenant) -> None:
    broker, bell = listening(paper)
    assert isinstance(send(paper, sell("A1", 10, "790"), broker), Accepted)
    (moment,) = bell.moments
    assert moment is not None
    assert timedelta(0) < moment - BELL < timedelta(seconds=0.1)


def test_the_bell_wakes_whose_moment_has_come_and_nobody_else() -> None:
    clock = SystemClock()
    bell, soon, late, never = Bell(clock), *(Tenure(number, 1, f"user{number}") for number in (1, 2, 3))
    try:
        bell.expect(late, clock.now() + timedelta(hours=1))
        bell.expect(never, clock.now() + timedelta(seconds=0.05))
        bell.expect(never, None)
        bell.expect(soon, clock.now() + timedelta(seconds=0.1))
        assert clock.wait(soon.wake, 10)
        assert not late.wake.is_set()
        assert not never.wake.is_set()
        assert 3000 < bell.ring() <= 3600
    finally:
        bell.close()
