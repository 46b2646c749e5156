"""Whole days with seeded faults, in virtual time, judged by the broker's own ledger and by the rows."""

import random

import pytest

from domain.clock import VirtualClock
from repositories.database import Database
from tests.chaos.deeds import Deeds
from tests.world import BELL, World

SYMBOLS = ("IFBIND-EQ", "ITC-EQ", "SBIN-EQ", "INFY-EQ")
STEPS = 150


class Day(Deeds):
    """Random deeds on two accounts; the same seed does the same."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, random.Random(seed))
        for tenant in [world.tenant(number) for number in range(2)]:
            self.admit(tenant, SYMBOLS)

    def play(self) -> None:
        """Live through the day, then let it settle without faults."""
        for tenant in self.tenants:
            self.look(tenant)
        self.world.clock.advance_to(BELL)
        for _ in range(STEPS):
            self.dice.choice(self.all())(self.dice.choice(self.tenants))
            self.turn()
        self.world.broker.clear_faults()
        for _ in range(120):
            self.turn()

    def turn(self) -> None:
        """Some time, then everybody looks."""
        self.world.clock.advance(self.dice.choice((0.5, 1.0, 5.0)))
        for tenant in self.tenants:
            self.look(tenant)


@pytest.mark.parametrize("seed", range(6))
def test_a_day_of_faults_ends_with_one_sell_for_each_position(database: Database, clock: VirtualClock, seed: int):
    world = World(database, clock, accounts=2)
    try:
        day = Day(world, seed)
        day.play()
        assert list(day.judge()) == []
    finally:
        world.close()


def test_the_judgement_sees_a_second_sell(world: World):
    day = Day(world, 0)
    world.clock.advance_to(BELL)
    for _ in range(4):
        day.turn()
    tenant = day.tenants[0]
    order = tenant.orders()[0]
    world.execute("DELETE FROM sends WHERE order_id = :id", id=order["id"])
    world.execute("DELETE FROM orders WHERE id = :id", id=order["id"])
    world.execute("UPDATE installation SET tag_prefix = 'OTHER'")
    tenant.restart()
    for _ in range(4):
        day.turn()
    assert any("two live sells" in sentence for sentence in day.judge())
