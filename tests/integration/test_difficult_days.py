"""Ordinary days that the holdings make difficult: first mornings, late starts, all bought today, long outages."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.settings import TradingSettings
from tests.integration.test_hard_cases import by_hand, last
from tests.integration.test_misleading_holdings import (
    closed_without_an_evening,
    counted_reads,
    the_third_day,
)
from tests.integration.test_overnight import (
    MORNING,
    at_the_next_bell,
    held_for_a_day,
    next_morning,
    over_the_night,
)
from tests.integration.test_owner import resting
from tests.world import BELL, CLOSE, Tenant, World

SYMBOL = "IFBIND-EQ"
DAY = timedelta(days=1)


def half_loaded_on_the_first_morning(world: World) -> tuple[Tenant, int]:
    """The first morning of an account: 30 shares, of which the holdings show 15 until some minutes have passed."""
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=20)
    broker = tenant.service.ports.broker
    read = broker.holdings
    broker.holdings = lambda: tuple(replace(h, quantity=15, sellable=15) for h in read())
    world.settings = TradingSettings()
    tenant.cycle(3)
    broker.holdings = read
    world.clock.advance_to(BELL)
    tenant.cycle(40, seconds=15)
    return tenant, number


# The first morning of an account.


def test_the_first_figure_of_a_new_account_is_corrected_when_the_holdings_are_whole(world: World):
    tenant, number = half_loaded_on_the_first_morning(world)
    assert world.row("SELECT total FROM account_days")["total"] == 30
    by_hand(tenant, "SELL", 10)
    tenant.cycle(6)
    assert tenant.position(number)["quantity"] == 10
    assert [shares for shares, _ in resting(tenant)] == [10]


def test_half_of_the_holdings_on_the_first_morning_freeze_nothing_on_the_second(world: World):
    tenant, number = half_loaded_on_the_first_morning(world)
    over_the_night(world, tenant)
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert tenant.position(number)["reason"] is None
    assert [shares for shares, _ in resting(tenant)] == [10]


def test_holdings_that_were_corrected_are_not_read_all_day(world: World):
    tenant, _ = half_loaded_on_the_first_morning(world)
    reads = counted_reads(tenant)
    tenant.cycle(120, seconds=5)
    assert len(reads) <= 3


# A late start.


@pytest.mark.parametrize("start", [timedelta(seconds=-30), timedelta(minutes=105)])
def test_a_start_shortly_before_or_after_the_bell_does_not_sell_a_share_that_the_exchange_has_changed(
    world: World, start: timedelta
):
    tenant, number = held_for_a_day(world, own=20)
    over_the_night(world, tenant)
    world.broker.corporate_action(SYMBOL, 9, 10)
    world.broker.trade_within(MORNING, CLOSE + 2 * DAY)
    world.clock.advance_to(MORNING + start)
    tenant.restart()
    tenant.cycle(2)
    if world.clock.now() < MORNING:
        world.clock.advance_to(MORNING)
    tenant.cycle(8)
    assert sum(order["filled"] for order in tenant.orders()) == 0
    assert tenant.position(number)["reason"] == "CORPORATE_ACTION"


# Let go, or not.


@pytest.mark.parametrize("shrink", [True, False])
def test_a_frozen_position_is_not_let_go_because_the_owner_sold_what_was_missing(world: World, shrink: bool):
    world.broker.configure(holdings_shrink=shrink)
    tenant, number = held_for_a_day(world, own=20)
    over_the_night(world, tenant)
    world.broker.corporate_action(SYMBOL, 9, 10)
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert tenant.position(number)["reason"] == "CORPORATE_ACTION"
    by_hand(tenant, "SELL", 3)
    tenant.cycle(30, seconds=5)
    assert tenant.position(number)["reason"] == "CORPORATE_ACTION"
    assert sum(order["filled"] for order in tenant.orders()) == 0


# What it costs.


def test_after_a_restart_at_eleven_and_a_fill_the_holdings_are_not_read_every_fifteen_seconds(world: World):
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10, own=20)
    tenant.cycle(3)
    tenant.at_the_bell()
    tenant.cycle(80, seconds=5)
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 4)
    tenant.cycle(5)
    world.clock.advance_to(BELL + timedelta(minutes=105))
    tenant.restart()
    tenant.cycle(130, seconds=5)
    reads = counted_reads(tenant)
    tenant.cycle(120, seconds=5)
    assert len(reads) <= 3


def test_a_sale_in_the_first_five_minutes_does_not_have_the_holdings_read_every_fifteen_seconds(world: World):
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10, own=20)
    tenant.cycle(3)
    tenant.at_the_bell()
    by_hand(tenant, "SELL", 5)
    tenant.cycle(130, seconds=5)
    reads = counted_reads(tenant)
    tenant.cycle(120, seconds=5)
    assert len(reads) <= 3


# All bought today.


def added_by_sql(world: World, tenant: Tenant, symbol: str = SYMBOL, quantity: int = 10) -> int:
    world.execute(
        "INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (:user, :symbol, :quantity, 800)",
        user=tenant.user_id,
        symbol=symbol,
        quantity=quantity,
    )
    return int(world.row("SELECT max(id) AS id FROM positions")["id"])


@pytest.mark.parametrize("offered", [False, True])
def test_a_position_added_for_what_the_owner_bought_today_gets_its_order_in_an_account_without_holdings(
    world: World, offered: bool
):
    tenant = world.tenant()
    tenant.at_the_bell()
    by_hand(tenant, "BUY", 15)
    tenant.cycle(2)
    by_hand(tenant, "SELL", 5, "900" if offered else None)
    tenant.cycle(2)
    number = added_by_sql(world, tenant)
    tenant.cycle(240, seconds=5)
    assert tenant.position(number)["reason"] is None
    assert [shares for shares, _ in resting(tenant)] == [10]


def test_a_new_symbol_every_four_minutes_does_not_keep_the_first_one_unknown(world: World):
    tenant = world.tenant()
    tenant.at_the_bell()
    by_hand(tenant, "BUY", 5)
    tenant.cycle(2)
    by_hand(tenant, "SELL", 5)
    tenant.cycle(2)
    tenant.requests_buy(SYMBOL, 10, last(world))
    others = [s for s in world.broker._broker.exchange.markets if s.endswith("-EQ") and s != SYMBOL]
    for other in others[:5]:
        tenant.cycle(48, seconds=5)
        tenant.requests_buy(other, 1, last(world, other))
    tenant.cycle(4)
    assert 10 in [shares for shares, _ in resting(tenant)]


# After the close.


@pytest.mark.parametrize("evening", ["stopped at a quarter to four", "the broker is down"])
def test_what_the_owner_trades_in_the_post_close_session_freezes_nothing_where_no_evening_look_saw_it(
    world: World, evening: str
):
    tenant, number = held_for_a_day(world, own=20)
    closed_without_an_evening(world, tenant)
    world.broker.trade_within(CLOSE + timedelta(minutes=20), CLOSE + timedelta(minutes=30))
    world.clock.advance_to(CLOSE + timedelta(minutes=25))
    by_hand(tenant, "BUY", 7)
    if evening == "the broker is down":
        world.broker.fault("orders", "502_html", times=20)
        world.clock.advance_to(CLOSE + timedelta(seconds=world.settings.evening + 1))
        for _ in range(3):
            world.clock.advance(5)
            tenant.service.look()
        world.broker.clear_faults()
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert tenant.position(number)["reason"] is None
    assert [shares for shares, _ in resting(tenant)] == [10]


@pytest.mark.parametrize("failures", [1, 6])
def test_a_symbol_that_the_owner_sold_waits_not_long_once_the_holdings_can_be_read_again(world: World, failures: int):
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10, own=20)
    world.broker.fault("holdings", "502_html", times=500)
    world.clock.advance_to(BELL)
    by_hand(tenant, "SELL", 5)
    for _ in range(failures * 20):
        world.clock.advance(5)
        tenant.service.look()
    world.broker.clear_faults()
    waited = 0
    while not resting(tenant) and waited < 900:
        tenant.cycle(1, seconds=5)
        waited += 5
    assert waited <= 75, waited


def test_position_added_days_later_for_what_was_bought_today_is_no_corporate_action(world: World):
    tenant, _ = held_for_a_day(world, own=20)
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 10)
    tenant.cycle(5)
    tenant.holds("ITC-EQ", 10, "380")
    tenant.cycle(5)
    over_the_night(world, tenant)
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    by_hand(tenant, "SELL", 20)
    tenant.cycle(5)
    world.clock.advance_to(CLOSE + 2 * DAY + timedelta(seconds=60))
    tenant.cycle(3)
    the_third_day(world, tenant)
    world.clock.advance_to(MORNING + DAY)
    tenant.cycle(3)
    by_hand(tenant, "BUY", 10)
    tenant.cycle(3)
    second = added_by_sql(world, tenant)
    tenant.cycle(20, seconds=5)
    assert tenant.position(second)["reason"] is None
    assert len(resting(tenant)) == 2


@pytest.mark.parametrize("told", [True, False])
def test_bought_today_beside_own_shares_stays_covered_while_the_owner_offers_what_is_his(world: World, told: bool):
    world.broker.configure(rms_holdings=False, sellable_nets_orders=True)
    world.settings = TradingSettings(sellable_nets_orders=told)
    tenant = world.tenant()
    tenant.at_the_bell()
    world.broker.set_holding(tenant.account.ucc, SYMBOL, 5, "800")
    tenant.requests_buy(SYMBOL, 10, last(world))
    tenant.cycle(20, seconds=5)
    assert [shares for shares, _ in resting(tenant)] == [10]
    by_hand(tenant, "SELL", 3, "900")
    tenant.cycle(60, seconds=5)
    assert [shares for shares, _ in resting(tenant)] == [10]


def test_a_position_added_in_the_day_stays_covered_while_the_owner_offers_what_is_his(world: World):
    world.broker.configure(rms_holdings=False, sellable_nets_orders=True)
    tenant = world.tenant()
    tenant.at_the_bell()
    world.broker.set_holding(tenant.account.ucc, SYMBOL, 15, "800")
    added_by_sql(world, tenant)
    tenant.cycle(20, seconds=5)
    by_hand(tenant, "SELL", 3, "900")
    tenant.cycle(60, seconds=5)
    assert [shares for shares, _ in resting(tenant)] == [10]
