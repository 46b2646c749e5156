"""Cases in which a promise is easily broken: two stories of one figure, a restart at the wrong moment, wrong words."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import ConstraintBroken
from tests.integration.test_overnight import (
    MORNING,
    at_the_next_bell,
    held_for_a_day,
    next_morning,
    over_the_night,
    settle,
    unseen_end,
)
from tests.integration.test_owner import at_the_bell, resting
from tests.world import BELL, CLOSE, Tenant, World

SYMBOL = "IFBIND-EQ"


def of_the_api(tenant: Tenant) -> list[dict[str, Any]]:
    return [row for row in tenant.at_broker() if "MOB" not in row["ordSrc"]]


def last(world: World, symbol: str = SYMBOL) -> str:
    return str(world.broker.last_price(symbol))


def by_hand(tenant: Tenant, side: str, shares: int, price: str | None = None, symbol: str = SYMBOL) -> str:
    return tenant.world.broker.manual_order(
        tenant.account.ucc, side, symbol, shares, price or last(tenant.world, symbol)
    )


def before_the_next_bell(world: World, tenant: Tenant) -> None:
    over_the_night(world, tenant)
    world.clock.advance_to(MORNING - timedelta(minutes=10))
    world.broker.trade_within(MORNING, CLOSE + timedelta(days=2))
    tenant.restart()


def of_another_series(tenant: Tenant) -> int:
    """A position of the same share under the name of another series, found by its ISIN."""
    tenant.world.execute(
        "INSERT INTO positions (user_id, symbol, quantity, avg_price, isin)"
        " VALUES (:user, 'IFBIND-BE', 10, 800, 'INE559A01017')",
        user=tenant.user_id,
    )
    return int(tenant.world.row("SELECT max(id) AS id FROM positions")["id"])


# A book that shows less than it should.


@pytest.mark.parametrize("fault", ["no_data", "missing_rows"])
def test_one_book_that_does_not_show_an_orphan_has_no_second_sell_placed_beside_it(world: World, fault: str):
    tenant, number = at_the_bell(world, own=20)
    world.execute("DELETE FROM sends")
    world.execute("DELETE FROM orders")
    tenant.restart()
    tenant.cycle(3)
    assert tenant.position(number)["reason"] == "ORPHAN_ORDER"
    world.broker.fault("orders", fault)
    tenant.cycle(8)
    assert tenant.line(SYMBOL)["max_live_api_sells"] == 1


@pytest.mark.parametrize("fault", ["no_data", "missing_rows"])
def test_a_restart_does_not_forget_an_orphan_that_the_next_book_lacks(world: World, fault: str):
    tenant, number = at_the_bell(world, own=20)
    world.execute("DELETE FROM sends")
    world.execute("DELETE FROM orders")
    tenant.restart()
    tenant.cycle(3)
    tenant.restart()
    world.broker.fault("orders", fault, times=3)
    tenant.cycle(3)
    assert tenant.position(number)["reason"] == "ORPHAN_ORDER"
    assert tenant.line(SYMBOL)["max_live_api_sells"] == 1


@pytest.mark.parametrize("fault", ["no_data", "owner's row missing"])
def test_one_book_that_does_not_show_the_owners_order_has_ours_not_taken_back(world: World, fault: str):
    tenant, _ = at_the_bell(world, own=5)
    world.broker.configure(rms_holdings=False)
    mine = by_hand(tenant, "SELL", 8, "900")
    tenant.cycle(8)
    assert resting(tenant) == [(7, "848.00")]
    before = len(of_the_api(tenant))
    broker = tenant.service.ports.broker
    read = broker.order_book

    def partial() -> Any:
        book = read()
        return replace(book, rows=tuple(row for row in book.rows if row.broker_order_id != mine))

    if fault == "no_data":
        world.broker.fault("orders", "no_data")
    else:
        broker.order_book = partial
    tenant.cycle(1)
    broker.order_book = read
    tenant.cycle(8)
    assert len(of_the_api(tenant)) == before


# Shares that are free.


def test_two_positions_of_one_share_do_not_offer_the_same_shares_twice_nor_for_ever_anew(world: World):
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10)
    of_another_series(tenant)
    world.broker.set_holding(tenant.account.ucc, SYMBOL, 15, "800")
    world.broker.configure(rms_holdings=False)
    tenant.cycle(3)
    tenant.at_the_bell()
    tenant.cycle(20, seconds=5)
    sent = len(of_the_api(tenant))
    tenant.cycle(20, seconds=5)
    assert tenant.line(SYMBOL)["oversold"] == 0
    assert len(of_the_api(tenant)) == sent


def test_a_broker_that_nets_orders_beside_the_owners_has_us_not_place_for_ever_anew(world: World):
    world.broker.configure(rms_holdings=False, sellable_nets_orders=True)
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10, own=5)
    world.clock.advance_to(BELL)
    by_hand(tenant, "SELL", 2)
    by_hand(tenant, "SELL", 3, "900")
    tenant.cycle(30, seconds=5)
    sent = len(of_the_api(tenant))
    assert sent <= 4
    tenant.cycle(60, seconds=5)
    assert len(of_the_api(tenant)) == sent
    assert [shares for shares, _ in resting(tenant)] == [10]


def test_shares_bought_yesterday_are_free_also_where_the_holdings_do_not_show_them_yet(world: World):
    tenant = world.tenant()
    tenant.at_the_bell()
    tenant.requests_buy(SYMBOL, 10, last(world))
    tenant.cycle(8)
    before_the_next_bell(world, tenant)
    tenant.service.ports.broker.holdings = lambda: ()
    tenant.cycle(4)
    at_the_next_bell(world, tenant)
    tenant.cycle(10)
    assert [shares for shares, _ in resting(tenant)] == [10]


# Whose shares they are.


def test_a_first_figure_after_a_fill_of_ours_does_not_take_the_owners_shares_for_ours(world: World):
    world.broker.configure(holdings_shrink=True)
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=10)
    world.clock.advance_to(BELL)
    world.broker.fault("holdings", "502_html", times=300)
    for _ in range(4):
        world.clock.advance(1)
        tenant.service.look()
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 4)
    tenant.cycle(2)
    world.broker.clear_faults()
    tenant.cycle(4)
    by_hand(tenant, "SELL", 10)
    tenant.cycle(8)
    assert tenant.position(number)["quantity"] == 6


def test_shares_that_the_owner_bought_while_we_were_away_are_not_taken_for_ours(world: World):
    tenant, _ = unseen_end(world)
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 10)
    by_hand(tenant, "BUY", 10)
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert tenant.live_at_broker() == []


def test_shares_sold_yesterday_that_still_show_are_not_taken_for_the_owners(world: World):
    world.broker.configure(rms_holdings=False)
    tenant, number = held_for_a_day(world)
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 4)
    tenant.cycle(5)
    before_the_next_bell(world, tenant)
    read = tenant.service.ports.broker.holdings
    tenant.service.ports.broker.holdings = lambda: tuple(
        replace(row, quantity=row.quantity + 4, sellable=row.sellable + 4) for row in read()
    )
    tenant.cycle(4)
    at_the_next_bell(world, tenant)
    by_hand(tenant, "SELL", 4)
    tenant.cycle(10)
    assert tenant.position(number)["quantity"] == 2


@pytest.mark.parametrize(("sold", "left"), [(3, 10), (10, 5)])
def test_what_the_owner_sold_before_a_late_start_is_told_apart_by_yesterdays_figure(world: World, sold: int, left: int):
    world.broker.configure(holdings_shrink=True)
    tenant, number = held_for_a_day(world, own=5)
    before_the_next_bell(world, tenant)
    world.clock.advance_to(MORNING)
    by_hand(tenant, "SELL", sold)
    world.clock.advance_to(MORNING + timedelta(minutes=105))
    tenant.cycle(40, seconds=5)
    assert tenant.position(number)["quantity"] == left
    assert [shares for shares, _ in resting(tenant)] == [left]


def test_a_sale_that_allows_two_stories_is_understood_once_the_holdings_have_moved(world: World):
    world.broker.configure(holdings_shrink=True)
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=20)
    world.clock.advance_to(BELL)
    by_hand(tenant, "SELL", 15)
    tenant.cycle(6)
    assert tenant.position(number)["reason"] == "MANUAL_SALE"
    by_hand(tenant, "SELL", 5)
    tenant.cycle(40, seconds=5)
    assert tenant.position(number)["quantity"] == 10
    assert [shares for shares, _ in resting(tenant)] == [10]


# Frozen for nothing.


def test_what_the_owner_bought_while_the_service_was_down_is_no_corporate_action(world: World):
    tenant, number = held_for_a_day(world, own=20)
    by_hand(tenant, "BUY", 7)
    world.execute("UPDATE orders SET status = 'LAPSED' WHERE true")
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert tenant.position(number)["reason"] is None


def test_holdings_that_are_empty_for_two_seconds_in_the_morning_are_no_corporate_action(world: World):
    tenant, number = held_for_a_day(world)
    before_the_next_bell(world, tenant)
    world.broker.fault("holdings", "no_data", times=2)
    tenant.cycle(12)
    at_the_next_bell(world, tenant)
    tenant.cycle(30)
    assert tenant.position(number)["reason"] is None
    assert [shares for shares, _ in resting(tenant)] == [10]


def test_a_split_is_noticed_also_where_an_order_of_yesterday_had_to_be_settled_first(world: World):
    tenant, number = unseen_end(world, own=5)
    order = tenant.orders()[0]
    world.clock.advance_to(CLOSE + timedelta(minutes=1))
    world.broker.trade_within(MORNING, CLOSE + timedelta(days=2))
    world.execute("UPDATE account_days SET confirmed = true")
    world.broker.corporate_action(SYMBOL, 2, 1)
    next_morning(world, tenant)
    settle(world, order["id"], "placed", broker_order_id=order["broker_order_id"], filled=0)
    tenant.cycle(20)
    at_the_next_bell(world, tenant)
    assert tenant.position(number)["reason"] == "CORPORATE_ACTION"
    assert tenant.live_at_broker() == []


# What people write.


def settled_with(world: World, number: str, fault: str) -> tuple[Tenant, int]:
    """A doubt that somebody settles with a number of his own while the book does not show the order."""
    tenant, position = unseen_end(world, own=50, fault=fault)
    settle(world, tenant.orders()[0]["id"], "placed", broker_order_id=number)
    world.broker.fault("orders", "no_data", times=2)
    tenant.cycle(2)
    return tenant, position


def test_a_settlement_with_a_wrong_number_loses_no_fill(world: World):
    tenant, number = settled_with(world, "999", "lost_reply")
    tenant.cycle(3)
    world.broker.fill(tenant.at_broker()[0]["nOrdNo"], 10)
    tenant.cycle(10)
    assert tenant.position(number)["quantity"] == 0


def test_a_settlement_with_a_wrong_number_does_not_blind_the_account_and_can_be_put_right(world: World):
    tenant, _ = unseen_end(world, own=50, fault="drop_before")
    other = tenant.holds("ITC-EQ", 10, "380")
    tenant.cycle(6)
    (order,) = [order for order in tenant.orders() if order["symbol"] == SYMBOL]
    settle(world, order["id"], "placed", broker_order_id="999")
    tenant.cycle(3)
    for row in tenant.live_at_broker():
        world.broker.manual_cancel(tenant.account.ucc, row["nOrdNo"])
    by_hand(tenant, "SELL", 10, symbol="ITC-EQ")
    tenant.cycle(60)
    assert tenant.position(other)["quantity"] == 0


def test_a_settlement_with_the_number_of_the_owners_order_does_not_make_it_ours(world: World):
    tenant, _ = unseen_end(world, own=50, fault="drop_before")
    mine = by_hand(tenant, "SELL", 10, "900")
    settle(world, tenant.orders()[0]["id"], "placed", broker_order_id=mine)
    tenant.cycle(40)
    world.execute("UPDATE users SET owner_policy = 're-protect'")
    tenant.cycle(10)
    (his,) = [row for row in tenant.at_broker() if row["nOrdNo"] == mine]
    assert (his["ordSt"], his["prc"]) == ("open", "900.00")


def test_an_exit_is_not_sent_at_the_price_of_another_day(world: World):
    tenant, number = held_for_a_day(world, own=20)
    over_the_night(world, tenant)
    world.execute(
        "INSERT INTO exits (position_id, at_most_percent_below_last, price, last_price, priced_on)"
        " VALUES (:position, 0, 790, 790, '2026-11-23')",
        position=number,
    )
    next_morning(world, tenant)
    world.broker.fault("quotes", "502_html", times=500)
    at_the_next_bell(world, tenant)
    assert all(order["price"] != Decimal(790) for order in tenant.orders())


def test_an_exit_lifts_the_owners_cancel_by_what_came_first_and_not_by_a_clock(world: World):
    tenant, number = at_the_bell(world)
    world.broker.fault("quotes", "502_html", times=500)
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(3)
    assert resting(tenant) == []
    slow = "INSERT INTO exits (position_id, created_at) VALUES (:position, :at)"
    world.execute(slow, position=number, at=BELL - timedelta(days=1))
    tenant.cycle(3)
    assert [shares for shares, _ in resting(tenant)] == [10]
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(6)
    assert resting(tenant) == []


def test_more_shares_than_an_integer_holds_blind_nobody(world: World):
    tenant, _ = at_the_bell(world, own=3_000_000_000)
    tenant.cycle(3)
    assert len(resting(tenant)) == 1


def test_an_exit_of_no_time_cannot_be_entered(world: World):
    _, number = at_the_bell(world)
    with pytest.raises(ConstraintBroken, match="exits_time_is_finite"):
        world.execute("INSERT INTO exits (position_id, created_at) VALUES (:position, 'infinity')", position=number)


# Small print.


def test_the_owners_cancel_is_not_taken_for_a_slid_band_after_a_restart(world: World):
    tenant, number = at_the_bell(world)
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(15)
    world.broker.set_band(SYMBOL, "660.35", "840")
    tenant.restart()
    tenant.cycle(5)
    assert tenant.position(number)["reason"] == "CANCELLED_BY_USER"


def test_a_quote_from_before_the_slide_does_not_make_a_lapse_the_owners_cancel(world: World):
    tenant, number = at_the_bell(world)
    broker = tenant.service.ports.broker
    read, told = broker.quotes, broker.quotes
    stale = read([str(token["tok"]) for token in tenant.at_broker()])
    broker.quotes = lambda tokens: stale
    world.broker.set_band(SYMBOL, "660.35", "840", slide=True)
    tenant.cycle(5)
    broker.quotes = told
    tenant.cycle(12)
    assert [order["reason"] for order in tenant.orders()] == ["BAND_SLID"]
    assert tenant.position(number)["reason"] == "PRICE_ABOVE_BAND"


def test_an_order_that_the_owner_only_offers_is_not_called_sold(world: World):
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=5)
    world.broker.fault("holdings", "502_html", times=300)
    world.clock.advance_to(BELL)
    by_hand(tenant, "SELL", 5, "900")
    for _ in range(5):
        world.clock.advance(1)
        tenant.service.look()
    assert "was sold outside" not in (tenant.position(number)["reason_text"] or "")
