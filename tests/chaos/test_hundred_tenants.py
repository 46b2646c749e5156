"""A hundred tenants through two trading days in virtual time: faults, fills, owners, the close, the night, the bell."""

import random
from collections.abc import Iterable
from datetime import timedelta

from domain.clock import VirtualClock
from repositories.database import Database
from tests.chaos.deeds import Deeds
from tests.chaos.judgement import uncovered, wrong_sales
from tests.world import BELL, CLOSE, Tenant, World

TENANTS = 100
SYMBOLS = ("IFBIND-EQ", "ITC-EQ", "SBIN-EQ", "INFY-EQ", "TCS-EQ", "M&M-EQ", "BAJAJ-AUTO-EQ", "WIPRO-EQ")
TWO_DAYS = timedelta(days=2)
"""From Monday, 23 November, to Wednesday: the 24th is a holiday."""
BURSTS = 3
STRUCK = 40
RISING = "IFBIND-EQ"
SEED = 915
UNSETTLED = (
    "SELECT user_id FROM orders WHERE status IN ('SUBMITTING', 'ACCEPTED', 'CANCELLING')"
    " UNION SELECT p.user_id FROM positions p WHERE p.closed_at IS NULL"
    " AND coalesce(p.reason, '') NOT IN ('CANCELLED_BY_USER', 'REJECTED') AND NOT EXISTS (SELECT FROM orders o"
    " WHERE o.position_id = p.id AND o.side = 'SELL' AND o.status = 'OPEN' AND o.quantity - o.filled = p.quantity)"
)


class TwoDays(Deeds):
    """Everything that happens is drawn from one seed. Who has nothing to do is not looked after all the time."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, random.Random(seed))
        for number in range(TENANTS):
            self.admit(world.tenant(number), self.dice.sample(SYMBOLS, self.dice.randint(2, 3)))

    def morning(self, night: timedelta) -> None:
        """A minute before the bell for the login, at the bell, and until the orders rest."""
        self.world.clock.advance_to(BELL + night - timedelta(minutes=1))
        self.looks(self.tenants)
        self.world.clock.advance_to(BELL + night)
        self.looks(self.tenants)
        self.settle()

    def hours(self, night: timedelta) -> None:
        """Bursts of deeds, each on some of the tenants; then one symbol rises to where most of its sells rest."""
        for burst in range(1, BURSTS + 1):
            self.world.clock.advance_to(BELL + night + burst * (CLOSE - BELL) / (BURSTS + 1))
            struck = self.dice.sample(self.tenants, STRUCK)
            for tenant in struck:
                self.one(tenant)
            self.looks(struck)
            for tenant in struck:
                self.one(tenant)
            for seconds in (1.0, 30.0):
                self.world.clock.advance(seconds)
                self.looks(struck)
        self.world.broker.clear_faults()
        self.world.broker.set_price(RISING, self.world.broker.last_price(RISING) + 30)
        self.world.clock.advance(5)
        self.looks(self.tenants)
        self.settle()

    def settle(self) -> None:
        """Some minutes in which those look who have something under way."""
        for _ in range(12):
            self.world.clock.advance(15)
            busy = {row["user_id"] for row in self.world.rows(UNSETTLED)}
            self.looks(tenant for tenant in self.tenants if tenant.user_id in busy)

    def close(self, night: timedelta) -> None:
        """The exchange ends what rests; at night every second tenant is restarted."""
        self.world.clock.advance_to(CLOSE + night + timedelta(seconds=5))
        self.looks(self.tenants)
        for tenant in self.tenants[::2]:
            tenant.restart()

    def looks(self, tenants: Iterable[Tenant]) -> None:
        """Each of them looks once."""
        for tenant in tenants:
            self.look(tenant)

    def statuses(self) -> dict[str, int]:
        """How many orders stand how."""
        return {
            r["status"]: r["n"] for r in self.world.rows("SELECT status, count(*) AS n FROM orders GROUP BY status")
        }


def test_a_hundred_tenants_keep_one_sell_for_each_position_through_two_days(database: Database, clock: VirtualClock):
    world = World(database, clock, accounts=TENANTS)
    world.broker.trade_within(BELL + TWO_DAYS, CLOSE + TWO_DAYS)
    try:
        days = TwoDays(world, SEED)
        for night in (timedelta(0), TWO_DAYS):
            days.morning(night)
            assert [words for tenant in days.tenants for words in uncovered(tenant, stated=())] == []
            days.hours(night)
            assert list(days.judge()) == []
            days.close(night)
            assert set(days.statuses()) <= {"LAPSED", "EXECUTED", "CANCELLED", "REJECTED"}
        assert list(wrong_sales(world, days.held)) == []
        assert days.statuses()["LAPSED"] > 2 * TENANTS
        assert days.statuses()["EXECUTED"] > TENANTS / 4
    finally:
        world.close()
