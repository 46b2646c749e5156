"""A broker that turns orders away and says for how long: the tenant waits for that, and goes on looking meanwhile.

Mutations to try: wait for tokens however long they take; forget the wish with the order.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from relay import Relay

from domain.clock import VirtualClock
from repositories.database import Database
from tests.world import BELL, World

PRICES = {"IFBIND-EQ": "800", "IDEA-EQ": "5.9", "RELIANCE-EQ": "2400"}


@pytest.fixture
def line(database: Database, clock: VirtualClock) -> Iterator[tuple[World, Relay]]:
    world = World(database, clock)
    with Relay(world.broker.url) as relay:
        world.kotak = replace(world.kotak, login_url=relay.url, orders_per_second=1.0)
        yield world, relay
    world.close()


def test_a_tenant_whose_orders_are_to_wait_looks_meanwhile_and_places_them_then(line: tuple[World, Relay]) -> None:
    world, relay = line
    tenant = world.tenant()
    for symbol, price in PRICES.items():
        tenant.holds(symbol, 10, price)
    tenant.service.look()
    relay.instead["ms/place"] = [(429, {"Retry-After": "20"})]
    world.clock.advance_to(BELL)
    longest = 0.0
    for _ in range(40):
        began = world.clock.monotonic()
        tenant.service.look()
        longest = max(longest, world.clock.monotonic() - began)
        world.clock.advance(1)
    assert longest <= 11.5
    assert len(tenant.live_at_broker()) == 3
    places = [path for path in relay.asked if path.endswith("ms/place")]
    assert len(places) == 4
    assert {send["outcome"] for send in world.rows("SELECT outcome FROM sends")} <= {"accepted", "found", "not_sent"}
