"""Mornings, evenings and holdings that mislead: whose shares they are, how many are free, what it costs to ask."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.book import Book
from service.settings import TradingSettings
from tests.integration.test_hard_cases import by_hand, last, of_another_series, of_the_api
from tests.integration.test_overnight import (
    MORNING,
    at_the_next_bell,
    held_for_a_day,
    next_morning,
    over_the_night,
    unseen_end,
)
from tests.integration.test_owner import at_the_bell, resting
from tests.world import BELL, CLOSE, Tenant, World

SYMBOL = "IFBIND-EQ"
DAY = timedelta(days=1)


def end_of_the_second_day(world: World, tenant: Tenant) -> None:
    world.clock.advance_to(CLOSE + 2 * DAY + timedelta(seconds=5))
    tenant.cycle(3)
    world.clock.advance_to(CLOSE + 2 * DAY + timedelta(seconds=world.settings.evening + 1))
    tenant.cycle(3)


def the_third_day(world: World, tenant: Tenant) -> None:
    """Before the bell of Thursday, 26 November."""
    world.clock.advance_to(MORNING + DAY - timedelta(minutes=10))
    world.broker.trade_within(MORNING + DAY, CLOSE + 3 * DAY)
    tenant.restart()
    tenant.cycle(4)


def closed_without_an_evening(world: World, tenant: Tenant) -> None:
    """The end of the day is seen, the evening is not."""
    world.clock.advance_to(CLOSE + timedelta(seconds=world.settings.book_lag + 5))
    tenant.cycle(3)


def morning_without_a_look(world: World, tenant: Tenant) -> None:
    world.clock.advance_to(MORNING - timedelta(minutes=10))
    world.broker.trade_within(MORNING, CLOSE + 2 * DAY)
    tenant.restart()


def counted_reads(tenant: Tenant) -> list[int]:
    broker = tenant.service.ports.broker
    read, reads = broker.holdings, []

    def counted() -> Any:
        reads.append(1)
        return read()

    broker.holdings = counted
    return reads


# Frozen, and let go by itself.


def test_a_frozen_position_is_not_let_go_the_day_after_though_nobody_has_confirmed_the_ratio(world: World):
    tenant, number = held_for_a_day(world, own=20)
    over_the_night(world, tenant)
    world.broker.corporate_action(SYMBOL, 9, 10)
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert tenant.position(number)["reason"] == "CORPORATE_ACTION"
    end_of_the_second_day(world, tenant)
    the_third_day(world, tenant)
    world.clock.advance_to(MORNING + DAY)
    tenant.cycle(6)
    assert of_the_api(tenant) == []
    assert tenant.position(number)["reason"] == "CORPORATE_ACTION"


def test_half_of_the_holdings_in_the_morning_do_not_stay_the_days_figure(world: World):
    tenant, number = held_for_a_day(world, own=20)
    over_the_night(world, tenant)
    morning_without_a_look(world, tenant)
    broker = tenant.service.ports.broker
    read = broker.holdings
    broker.holdings = lambda: tuple(replace(h, quantity=15, sellable=15) for h in read())
    tenant.cycle(4)
    broker.holdings = read
    tenant.cycle(40)
    assert tenant.position(number)["reason"] != "CORPORATE_ACTION"
    at_the_next_bell(world, tenant)
    by_hand(tenant, "SELL", 10)
    tenant.cycle(20)
    assert tenant.position(number)["quantity"] == 10


def test_a_sale_while_half_of_the_holdings_are_there_takes_nothing_of_ours(world: World):
    tenant, number = held_for_a_day(world, own=20)
    over_the_night(world, tenant)
    morning_without_a_look(world, tenant)
    broker = tenant.service.ports.broker
    read = broker.holdings
    broker.holdings = lambda: tuple(replace(h, quantity=15, sellable=15) for h in read())
    tenant.cycle(4)
    at_the_next_bell(world, tenant)
    by_hand(tenant, "SELL", 10)
    tenant.cycle(6)
    broker.holdings = read
    tenant.cycle(40, seconds=5)
    assert tenant.position(number)["quantity"] == 10


# More offered than there is.


def test_yesterdays_purchases_that_the_holdings_show_already_are_not_free_twice(world: World):
    world.broker.configure(rms_holdings=False)
    tenant, _ = held_for_a_day(world, own=10)
    by_hand(tenant, "BUY", 5)
    tenant.cycle(4)
    closed_without_an_evening(world, tenant)
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    by_hand(tenant, "SELL", 20, "900")
    tenant.cycle(40)
    assert sum(row["unFldSz"] for row in tenant.live_at_broker()) <= 25


def test_an_order_that_rests_for_shares_that_the_account_does_not_have_is_taken_back(world: World):
    world.broker.configure(rms_holdings=False)
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10)
    world.broker.set_holding(tenant.account.ucc, SYMBOL, 4, "800")
    world.broker.fault("holdings", "502_html", times=500)
    world.clock.advance_to(BELL)
    for _ in range(4):
        world.clock.advance(1)
        tenant.service.look()
    assert [shares for shares, _ in resting(tenant)] == [10]
    world.broker.clear_faults()
    tenant.cycle(60)
    assert [shares for shares, _ in resting(tenant)] == [4]
    assert tenant.position(number)["reason"] == "NOT_FREE"


def test_a_late_start_does_not_count_shown_purchases_of_yesterday_as_free_once_more(world: World):
    world.broker.configure(rms_holdings=False, holdings_shrink=True)
    tenant, _ = held_for_a_day(world, own=5)
    by_hand(tenant, "BUY", 5)
    tenant.cycle(4)
    over_the_night(world, tenant)
    morning_without_a_look(world, tenant)
    world.clock.advance_to(MORNING)
    by_hand(tenant, "SELL", 5)
    world.clock.advance(60)
    by_hand(tenant, "SELL", 8, "900")
    world.clock.advance(60)
    tenant.cycle(40)
    assert sum(row["unFldSz"] for row in tenant.live_at_broker()) <= 15


@pytest.mark.parametrize("told", [True, False])
def test_a_broker_that_nets_orders_and_shows_no_less_than_nothing_is_understood(world: World, told: bool):
    world.broker.configure(rms_holdings=False, sellable_nets_orders=True)
    world.settings = TradingSettings(sellable_nets_orders=told)
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10)
    tenant.cycle(3)
    tenant.at_the_bell()
    by_hand(tenant, "BUY", 5)
    tenant.cycle(3)
    by_hand(tenant, "SELL", 8, "900")
    tenant.cycle(80, seconds=5)
    assert [shares for shares, _ in resting(tenant)] == [7]


# Whose shares they are.


def test_holdings_that_come_half_a_minute_after_the_book_do_not_strike_the_true_story(world: World):
    world.broker.configure(holdings_shrink=True, rms_holdings=False)
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=50)
    world.clock.advance_to(BELL)
    by_hand(tenant, "SELL", 28)
    tenant.cycle(6)
    assert tenant.position(number)["reason"] == "MANUAL_SALE"
    broker = tenant.service.ports.broker
    read, late = broker.holdings, broker.holdings()
    broker.holdings = lambda: late
    by_hand(tenant, "SELL", 2)
    tenant.cycle(35)
    broker.holdings = read
    tenant.cycle(40)
    assert tenant.position(number)["quantity"] == 10


def test_what_the_owner_bought_yesterday_before_we_knew_the_symbol_is_his_to_sell(world: World):
    world.broker.configure(rms_holdings=False)
    tenant = world.tenant()
    tenant.holds("ITC-EQ", 10, "380")
    tenant.at_the_bell()
    by_hand(tenant, "BUY", 5)
    tenant.cycle(3)
    over_the_night(world, tenant)
    morning_without_a_look(world, tenant)
    broker = tenant.service.ports.broker
    read = broker.holdings
    broker.holdings = lambda: tuple(h for h in read() if h.symbol != "IFBIND")
    tenant.cycle(4)
    world.clock.advance_to(MORNING)
    tenant.cycle(3)
    tenant.requests_buy(SYMBOL, 10, last(world))
    tenant.cycle(8)
    number = int(world.row("SELECT max(id) AS id FROM positions")["id"])
    by_hand(tenant, "SELL", 5)
    tenant.cycle(20)
    assert tenant.position(number)["quantity"] == 10


# Without an order for longer than it should.


def test_a_story_of_yesterdays_sale_is_struck_once_something_more_was_traded(world: World):
    world.broker.configure(holdings_shrink=True)
    tenant, number = held_for_a_day(world, own=50)
    by_hand(tenant, "SELL", 15)
    tenant.cycle(6)
    closed_without_an_evening(world, tenant)
    morning_without_a_look(world, tenant)
    tenant.cycle(4)
    world.clock.advance_to(MORNING)
    by_hand(tenant, "SELL", 22)
    world.clock.advance(5)
    tenant.cycle(20)
    by_hand(tenant, "SELL", 3)
    tenant.cycle(60, seconds=5)
    by_hand(tenant, "SELL", 3)
    tenant.cycle(60, seconds=5)
    assert tenant.position(number)["reason"] is None
    assert [shares for shares, _ in resting(tenant)] == [10]


def test_in_an_account_without_holdings_the_owners_trades_do_not_cost_us_the_day(world: World):
    tenant = world.tenant()
    tenant.at_the_bell()
    by_hand(tenant, "BUY", 5)
    tenant.cycle(2)
    by_hand(tenant, "SELL", 5)
    tenant.cycle(2)
    tenant.requests_buy(SYMBOL, 10, last(world))
    tenant.cycle(120, seconds=5)
    assert [shares for shares, _ in resting(tenant)] == [10]


def test_in_an_account_without_holdings_an_offer_of_the_owners_does_not_cost_us_the_day(world: World):
    tenant = world.tenant()
    tenant.at_the_bell()
    by_hand(tenant, "BUY", 5)
    tenant.cycle(2)
    by_hand(tenant, "SELL", 5, "900")
    tenant.cycle(2)
    tenant.requests_buy(SYMBOL, 10, last(world))
    tenant.cycle(120, seconds=5)
    assert [shares for shares, _ in resting(tenant)] == [10]


def test_shares_that_become_free_reach_also_the_first_of_two_positions(world: World):
    world.broker.configure(rms_holdings=False)
    tenant = world.tenant()
    first = tenant.holds(SYMBOL, 2)
    of_another_series(tenant)
    world.broker.set_holding(tenant.account.ucc, SYMBOL, 12, "800")
    tenant.cycle(3)
    tenant.at_the_bell()
    tenant.cycle(4)
    assert sorted(shares for shares, _ in resting(tenant)) == [2, 10]
    world.execute("UPDATE positions SET quantity = 5 WHERE id = :id", id=first)
    tenant.cycle(6)
    assert tenant.position(first)["reason"] == "NOT_FREE"
    world.broker.set_holding(tenant.account.ucc, SYMBOL, 15, "800")
    tenant.cycle(60, seconds=5)
    assert sorted(shares for shares, _ in resting(tenant)) == [5, 10]


def test_a_position_that_may_not_sell_today_keeps_no_shares_from_another_one(world: World):
    world.broker.configure(rms_holdings=False)
    tenant = world.tenant()
    first = tenant.holds(SYMBOL, 10)
    second = of_another_series(tenant)
    world.broker.set_holding(tenant.account.ucc, SYMBOL, 15, "800")
    tenant.cycle(3)
    tenant.at_the_bell()
    tenant.cycle(6)
    (mine,) = [order for order in tenant.orders() if order["position_id"] == first]
    world.broker.manual_cancel(tenant.account.ucc, mine["broker_order_id"])
    tenant.cycle(40)
    assert tenant.position(first)["reason"] == "CANCELLED_BY_USER"
    assert [shares for shares, _ in resting(tenant)] == [10]
    assert tenant.position(second)["reason"] is None


def test_yesterdays_rows_in_the_first_book_of_the_morning_are_no_orphans_of_today(world: World):
    tenant, number = held_for_a_day(world, own=20)
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 4)
    tenant.cycle(3)
    broker = tenant.service.ports.broker
    over_the_night(world, tenant)
    old = broker.order_book()
    morning_without_a_look(world, tenant)
    broker = tenant.service.ports.broker
    read = broker.order_book

    def stale() -> Book:
        return replace(read(), rows=old.rows)

    broker.order_book = stale
    tenant.cycle(1)
    broker.order_book = read
    tenant.cycle(4)
    at_the_next_bell(world, tenant)
    assert tenant.position(number)["reason"] is None
    assert [shares for shares, _ in resting(tenant)] == [6]


def test_yesterdays_rows_of_the_owner_in_the_morning_book_are_no_sales_of_today(world: World):
    tenant, number = held_for_a_day(world, own=20)
    by_hand(tenant, "SELL", 15)
    tenant.cycle(3)
    broker = tenant.service.ports.broker
    over_the_night(world, tenant)
    old = broker.order_book()
    morning_without_a_look(world, tenant)
    broker = tenant.service.ports.broker
    read = broker.order_book
    theirs = tuple(row for row in old.rows if "MOB" in row.source)
    broker.order_book = lambda: replace(read(), rows=theirs)
    tenant.cycle(1)
    broker.order_book = read
    tenant.cycle(6)
    at_the_next_bell(world, tenant)
    tenant.cycle(6)
    assert tenant.position(number)["quantity"] == 10
    assert [shares for shares, _ in resting(tenant)] == [10]


def test_an_exit_asked_for_after_the_cancel_but_before_we_saw_it_is_carried_out(world: World):
    tenant, number = at_the_bell(world)
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    world.clock.advance(2)
    world.execute("INSERT INTO exits (position_id) VALUES (:position)", position=number)
    tenant.cycle(20)
    assert tenant.position(number)["quantity"] == 0


def test_holdings_that_lack_a_share_for_ten_minutes_in_the_morning_close_no_position(world: World):
    tenant, number = unseen_end(world)
    world.broker.set_holding(tenant.account.ucc, "ITC-EQ", 1, "400")
    world.clock.advance_to(CLOSE + timedelta(minutes=1))
    world.clock.advance_to(MORNING - timedelta(minutes=29))
    world.broker.trade_within(MORNING, CLOSE + 2 * DAY)
    tenant.restart()
    broker = tenant.service.ports.broker
    read = broker.holdings
    broker.holdings = lambda: tuple(h for h in read() if h.symbol == "ITC")
    tenant.cycle(40, seconds=15)
    broker.holdings = read
    tenant.cycle(40, seconds=15)
    at_the_next_bell(world, tenant)
    assert tenant.position(number)["quantity"] == 10


# What it costs.


@pytest.mark.parametrize(
    "case", ["nothing held", "less held than ours", "no such symbol", "sold out yesterday", "holdings fail"]
)
def test_holdings_that_tell_nothing_are_not_read_in_every_cycle_for_ever(world: World, case: str):
    world.broker.configure(rms_holdings=False)
    if case == "sold out yesterday":
        tenant, _ = unseen_end(world)
        world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 10)
        next_morning(world, tenant)
        at_the_next_bell(world, tenant)
    else:
        tenant = world.tenant()
    if case == "nothing held":
        tenant.at_the_bell()
        tenant.requests_buy(SYMBOL, 10, last(world))
    elif case == "holdings fail":
        tenant.holds(SYMBOL, 10)
        world.broker.fault("holdings", "502_html", times=None)
        tenant.at_the_bell()
    elif case == "less held than ours":
        tenant.holds(SYMBOL, 10)
        world.broker.set_holding(tenant.account.ucc, SYMBOL, 4, "800")
        tenant.at_the_bell()
    elif case == "no such symbol":
        tenant.holds("ITC-EQ", 10, "380")
        world.execute(
            "INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (:user, 'NOSUCH-EQ', 10, 800)",
            user=tenant.user_id,
        )
        tenant.at_the_bell()
    tenant.cycle(20, seconds=5)
    reads = counted_reads(tenant)
    tenant.cycle(60, seconds=5)
    assert len(reads) <= 300 / world.settings.holdings_refresh + 1


# What kills.


def test_a_negative_sellable_quantity_of_one_share_raises_nothing_in_every_cycle(world: World):
    tenant = world.tenant(rule={"target_percent": 60})
    tenant.at_the_bell()
    tenant.requests_buy(SYMBOL, 10, last(world))
    world.broker.set_holding(tenant.account.ucc, SYMBOL, 5, "800")
    broker = tenant.service.ports.broker
    read = broker.holdings
    broker.holdings = lambda: tuple(replace(h, sellable=-5) for h in read())
    tenant.cycle(20)


# Settled, confirmed.


def test_a_buy_of_today_does_not_make_an_account_with_own_shares_look_like_one_without(world: World):
    tenant, number = unseen_end(world, own=10)
    by_hand(tenant, "SELL", 10)
    world.clock.advance_to(CLOSE + timedelta(minutes=1))
    morning_without_a_look(world, tenant)
    world.clock.advance_to(MORNING)
    tenant.requests_buy(SYMBOL, 10, last(world))
    tenant.cycle(100, seconds=5)
    assert tenant.position(number)["quantity"] == 20
    assert tenant.orders()[0]["reason"] == "UNSETTLED_YESTERDAY"


def test_an_outage_of_twenty_seconds_in_the_evening_does_not_leave_the_day_unconfirmed(world: World):
    tenant, _ = held_for_a_day(world, own=20)
    world.clock.advance_to(CLOSE + timedelta(seconds=5))
    tenant.cycle(3)
    evening = CLOSE + timedelta(seconds=world.settings.evening)
    service = tenant.service
    world.broker.fault("orders", "502_html", times=None)
    over = False
    while world.clock.now() < evening + timedelta(hours=2):
        pause, _ = service._rhythm.pause(world.settings.cycle)
        world.clock.advance(pause)
        if world.clock.now() > evening + timedelta(seconds=20) and not over:
            world.broker.clear_faults()
            over = True
        if service._rhythm.awake(service._rhythm.session()):
            service.look()
    assert world.row("SELECT confirmed FROM account_days")["confirmed"]


def test_holdings_that_hang_do_not_slow_every_cycle_of_the_day(world: World):
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10)
    world.broker.fault("holdings", "hang", times=None, seconds=60)
    tenant.at_the_bell()
    began = world.clock.now()
    tenant.cycle(60, seconds=5)
    assert (world.clock.now() - began).total_seconds() <= 2 * 300


def test_holdings_that_hang_before_the_bell_delay_no_order_at_the_bell(world: World):
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10)
    world.broker.fault("holdings", "hang", times=None, seconds=60)
    world.clock.advance_to(BELL - timedelta(seconds=5))
    tenant.service.look()
    world.clock.advance_to(max(world.clock.now(), BELL))
    tenant.service.look()
    (order,) = tenant.orders()
    (sent,) = world.rows("SELECT send_by FROM sends")
    latest = BELL + timedelta(seconds=world.settings.cycle + world.settings.send_window)
    assert sent["send_by"] <= latest, (order["status"], sent["send_by"])


# What else the books show.


def test_an_order_that_rests_is_taken_back_when_its_position_is_frozen(world: World):
    tenant, number = held_for_a_day(world, own=20)
    over_the_night(world, tenant)
    world.broker.corporate_action(SYMBOL, 9, 10)
    morning_without_a_look(world, tenant)
    world.broker.fault("holdings", "502_html", times=500)
    tenant.cycle(4)
    world.broker.set_price(SYMBOL, "800")
    world.clock.advance_to(MORNING)
    tenant.cycle(4)
    assert [shares for shares, _ in resting(tenant)] == [10]
    world.broker.clear_faults()
    tenant.cycle(20, seconds=10)
    assert tenant.position(number)["reason"] == "CORPORATE_ACTION"
    assert resting(tenant) == []


def test_a_row_of_another_that_a_book_showed_once_does_not_blind_the_account_for_the_day(world: World):
    tenant, number = at_the_bell(world, own=0)
    world.broker.configure(rms_holdings=False)
    broker = tenant.service.ports.broker
    read = broker.order_book
    by_hand(tenant, "BUY", 1, "700", symbol="ITC-EQ")
    tenant.cycle(2)
    broker.order_book = lambda: replace(read(), rows=tuple(r for r in read().rows if r.symbol != "ITC-EQ"))
    by_hand(tenant, "SELL", 10)
    tenant.cycle(120, seconds=5)
    assert resting(tenant) == []
    assert tenant.position(number)["quantity"] == 0
