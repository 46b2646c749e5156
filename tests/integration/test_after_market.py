"""The owner's order of the evening is in the book when the service comes in the morning, and is the owner's alone.

The mutation to try: forget what the owner's live sells take (`OwnShares.free`).
"""

from datetime import timedelta
from typing import Any

import pytest

from tests.world import BELL, CLOSE, Tenant, World

SYMBOL = "IFBIND-EQ"
MORNING = BELL + timedelta(days=2)


def the_evening(tenant: Tenant) -> None:
    """The day of the position is over, its sell has lapsed with the close."""
    tenant.at_the_bell()
    tenant.world.clock.advance_to(CLOSE + timedelta(seconds=5))
    tenant.cycle(3)
    tenant.world.clock.advance_to(CLOSE + timedelta(hours=3))
    tenant.cycle()


def after_market(tenant: Tenant, shares: int, price: str = "900") -> str:
    return tenant.world.broker.manual_order(tenant.account.ucc, "SELL", SYMBOL, shares, price, am="YES")


def the_next_morning(tenant: Tenant) -> None:
    """A service that is up before the bell, as it is every day; the 24th is a holiday."""
    world = tenant.world
    world.broker.trade_within(MORNING, CLOSE + timedelta(days=2))
    world.clock.advance_to(MORNING - timedelta(minutes=20))
    tenant.cycle(4, seconds=60)
    world.clock.advance_to(MORNING)
    tenant.service.cycle()
    tenant.cycle(3)


def at_rest(tenant: Tenant) -> dict[str, list[int]]:
    """Shares of the live sells by source; of the other orders of ours today there are none."""
    live = tenant.live_at_broker()
    ours = [row for row in live if not by_owner(row)]
    assert [row["nOrdNo"] for row in tenant.at_broker() if not by_owner(row)] == [row["nOrdNo"] for row in ours]
    return {"owner": [row["unFldSz"] for row in live if by_owner(row)], "ours": [row["unFldSz"] for row in ours]}


def by_owner(row: dict[str, Any]) -> bool:
    return bool(row["ordSrc"] == "ADMINCPPAPI_MOB")


def untouched(tenant: Tenant, number: str) -> bool:
    """Whether the owner's order went its own way: nothing but its own states, under its own tag."""
    (row,) = (row for row in tenant.at_broker() if row["nOrdNo"] == number)
    return str(row["GuiOrdId"]).startswith("NEOAPP-") and row["ordSt"] == "open" and row["rejRsn"] == "--"


def test_an_evening_sell_of_some_of_our_shares_leaves_us_the_rest(world: World) -> None:
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10)
    the_evening(tenant)
    number = after_market(tenant, 4)
    the_next_morning(tenant)
    assert at_rest(tenant) == {"owner": [4], "ours": [6]}
    assert untouched(tenant, number)
    assert world.broker.ledger()["totals"]["oversold"] == 0


def test_an_evening_sell_of_own_shares_takes_nothing_from_us(world: World) -> None:
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10, own=20)
    the_evening(tenant)
    number = after_market(tenant, 20)
    the_next_morning(tenant)
    assert at_rest(tenant) == {"owner": [20], "ours": [10]}
    assert untouched(tenant, number)


def test_an_evening_sell_of_all_of_our_shares_is_left_alone_with_a_reason(world: World) -> None:
    tenant = world.tenant()
    position = tenant.holds(SYMBOL, 10)
    the_evening(tenant)
    number = after_market(tenant, 10)
    the_next_morning(tenant)
    assert at_rest(tenant) == {"owner": [10], "ours": []}
    assert untouched(tenant, number)
    assert tenant.position(position)["closed_at"] is None


def test_what_the_owner_takes_back_in_the_evening_is_ours_again_in_the_morning(world: World) -> None:
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10)
    the_evening(tenant)
    number = after_market(tenant, 4)
    world.broker.manual_cancel(tenant.account.ucc, number)
    the_next_morning(tenant)
    assert at_rest(tenant) == {"owner": [], "ours": [10]}


def test_an_evening_sell_that_fills_at_the_opening_shrinks_the_position_by_what_it_sold(world: World) -> None:
    tenant = world.tenant()
    position = tenant.holds(SYMBOL, 10)
    the_evening(tenant)
    after_market(tenant, 4, price=str(world.broker.last_price(SYMBOL) - 1))
    the_next_morning(tenant)
    tenant.cycle(60, seconds=5)
    assert tenant.position(position)["quantity"] == 6
    assert at_rest(tenant) == {"owner": [], "ours": [6]}
    assert tenant.line(SYMBOL)["oversold"] == 0


def test_a_service_that_was_away_all_night_finds_it_as_well(world: World) -> None:
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10)
    the_evening(tenant)
    number = after_market(tenant, 4)
    tenant.restart()
    the_next_morning(tenant)
    assert at_rest(tenant) == {"owner": [4], "ours": [6]}
    assert untouched(tenant, number)


@pytest.mark.parametrize(("looks", "before"), [(1, 1200), (1, 3), (2, 5)])
def test_a_service_that_comes_shortly_before_the_bell_never_offers_what_fills_at_the_opening(
    world: World, looks: int, before: int
) -> None:
    """The broker would take both: it looks at no holdings."""
    tenant = world.tenant()
    position = tenant.holds(SYMBOL, 10)
    world.broker.configure(rms_holdings=False)
    the_evening(tenant)
    after_market(tenant, 4, price=str(world.broker.last_price(SYMBOL) - 1))
    world.broker.trade_within(MORNING, CLOSE + timedelta(days=2))
    world.clock.advance_to(MORNING - timedelta(seconds=before))
    tenant.cycle(looks, seconds=1)
    world.clock.advance_to(MORNING)
    tenant.service.cycle()
    tenant.cycle(10, seconds=1)
    tenant.cycle(60, seconds=5)
    assert tenant.line(SYMBOL)["oversold"] == 0
    assert (tenant.position(position)["quantity"], at_rest(tenant)) == (6, {"owner": [], "ours": [6]})
