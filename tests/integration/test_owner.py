"""The account is its owner's, too: cancels, changes and orders by hand, answered by a policy and never fought over."""

import pytest

from tests.world import BELL, Tenant, World

SYMBOL = "IFBIND-EQ"


def at_the_bell(world: World, policy: str = "respect", own: int = 20) -> tuple[Tenant, int]:
    tenant = world.tenant()
    world.execute("UPDATE users SET owner_policy = :policy", policy=policy)
    number = tenant.holds(SYMBOL, 10, own=own)
    tenant.at_the_bell()
    tenant.cycle(3)
    return tenant, number


def cancel_in_the_app(tenant: Tenant) -> None:
    tenant.world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])


def change_in_the_app(tenant: Tenant, **change: object) -> None:
    tenant.world.broker.manual_modify(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"], **change)


def resting(tenant: Tenant) -> list[tuple[int, str]]:
    api = [row for row in tenant.live_at_broker() if "MOB" not in row["ordSrc"]]
    return [(row["unFldSz"], row["prc"]) for row in api]


def test_a_cancel_in_the_app_is_answered_with_a_new_order_where_the_policy_says_so_and_is_not_fought_over(world: World):
    tenant, number = at_the_bell(world, "re-protect")
    for _ in range(2):
        cancel_in_the_app(tenant)
        tenant.cycle(4)
        assert resting(tenant) == [(10, "848.00")]
    cancel_in_the_app(tenant)
    tenant.cycle(10)
    assert resting(tenant) == []
    assert tenant.position(number)["reason"] == "CANCELLED_BY_USER"
    assert "3 times today" in tenant.position(number)["reason_text"]
    assert tenant.line(SYMBOL)["max_live_api_sells"] == 1


def test_a_price_that_the_owner_set_is_respected_and_told(world: World):
    tenant, number = at_the_bell(world)
    change_in_the_app(tenant, price="830")
    tenant.cycle(5)
    assert resting(tenant) == [(10, "830.00")]
    assert tenant.position(number)["reason"] == "CHANGED_BY_USER"
    assert tenant.orders()[0]["price"] == 830
    world.execute("""UPDATE users SET exit_rule = '{"target_percent"\\:7}'""")
    tenant.cycle(5)
    assert resting(tenant) == [(10, "830.00")]
    world.execute("UPDATE users SET owner_policy = 're-protect'")
    tenant.cycle(5)
    assert resting(tenant) == [(10, "856.00")]
    assert tenant.position(number)["reason"] is None


def test_a_quantity_that_the_owner_made_smaller_is_respected_and_told(world: World):
    tenant, number = at_the_bell(world)
    change_in_the_app(tenant, quantity=4)
    tenant.cycle(5)
    assert resting(tenant) == [(4, "848.00")]
    assert tenant.position(number)["reason"] == "CHANGED_BY_USER"
    world.execute("UPDATE users SET owner_policy = 're-protect'")
    tenant.cycle(6)
    assert resting(tenant) == [(10, "848.00")]
    assert tenant.line(SYMBOL)["max_live_api_sells"] == 1


def test_an_order_that_rests_for_less_shares_than_are_ours_is_never_left_for_more(world: World):
    tenant, number = at_the_bell(world)
    change_in_the_app(tenant, price="830")
    tenant.cycle(3)
    world.execute("UPDATE positions SET quantity = 6")
    tenant.cycle(6)
    assert [shares for shares, _ in resting(tenant)] == [6]
    assert tenant.position(number)["quantity"] == 6


def test_a_price_of_our_own_modify_is_not_taken_for_the_owners(world: World):
    tenant, number = at_the_bell(world)
    for fault in ("lost_reply", "503_after", "drop_before"):
        world.broker.fault("modify", fault)
        world.broker.fault("cancel", "reject")
        world.execute("UPDATE positions SET exit_rule = jsonb_build_object('target_price', 860)")
        tenant.cycle(70)
        world.execute("UPDATE positions SET exit_rule = NULL")
        tenant.cycle(70)
    assert resting(tenant) == [(10, "848.00")]
    assert tenant.position(number)["reason"] is None


def test_what_the_owner_offers_himself_is_not_ours_to_offer_as_well(world: World):
    tenant, number = at_the_bell(world, own=5)
    world.broker.configure(rms_holdings=False)
    by_hand = world.broker.manual_order(tenant.account.ucc, "SELL", SYMBOL, 8, "900")
    tenant.cycle(6)
    assert resting(tenant) == [(7, "848.00")]
    assert tenant.position(number)["reason"] == "NOT_FREE"
    assert "free to sell=7 of 10" in tenant.position(number)["reason_text"]
    assert [row["nOrdNo"] for row in tenant.live_at_broker() if "MOB" in row["ordSrc"]] == [by_hand]
    world.broker.manual_cancel(tenant.account.ucc, by_hand)
    tenant.cycle(6)
    assert resting(tenant) == [(10, "848.00")]
    assert tenant.position(number)["reason"] is None


def test_an_order_of_ours_never_rests_beside_one_of_the_owner_that_takes_all(world: World):
    tenant, number = at_the_bell(world, own=0)
    world.broker.configure(rms_holdings=False)
    world.broker.manual_order(tenant.account.ucc, "SELL", SYMBOL, 10, "900")
    tenant.cycle(6)
    assert resting(tenant) == []
    assert tenant.position(number)["reason"] == "NOT_FREE"


def test_shares_bought_today_count_as_free_though_the_holdings_do_not_show_them(world: World):
    tenant = world.tenant()
    world.broker.set_holding(tenant.account.ucc, "SBIN-EQ", 1, "500")
    tenant.at_the_bell()
    tenant.requests_buy("ITC-EQ", 50, "380")
    tenant.cycle(3)
    world.broker.fill(tenant.orders("BUY")[0]["broker_order_id"], 50)
    tenant.cycle(8)
    assert resting(tenant) == [(50, tenant.live_at_broker()[0]["prc"])]
    assert world.row("SELECT sellable FROM free_shares WHERE symbol = 'ITC-EQ'")["sellable"] == 0
    assert world.row("SELECT quantity, reason FROM positions") == {"quantity": 50, "reason": None}


def test_a_position_of_more_shares_than_the_account_can_sell_covers_what_it_can(world: World):
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10)
    world.broker.set_holding(tenant.account.ucc, SYMBOL, 6, "800")
    world.broker.configure(rms_holdings=False)
    for _ in range(3):
        tenant.cycle()
    tenant.at_the_bell()
    assert resting(tenant) == [(6, "848.00")]
    assert tenant.position(number)["reason"] == "NOT_FREE"


@pytest.mark.parametrize("fault", ["502_html", "no_data", "drop_before"])
def test_todays_last_good_figure_counts_while_the_holdings_cannot_be_read(world: World, fault: str):
    tenant, number = at_the_bell(world, own=0)
    world.broker.fault("holdings", fault, times=200)
    tenant.restart()
    for _ in range(40):
        world.clock.advance(1)
        tenant.service.look()
    assert resting(tenant) == [(10, "848.00")]
    assert tenant.position(number)["quantity"] == 10


def test_one_wrong_holdings_read_takes_no_order_back(world: World):
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10)
    tenant.at_the_bell()
    world.broker.fault("holdings", "no_data")
    tenant.cycle(1)
    tenant.cycle(5)
    assert resting(tenant) == [(10, "848.00")]
    assert tenant.position(number)["reason"] is None


def test_an_order_in_doubt_whose_tag_the_owner_rewrote_is_found_by_its_history(world: World):
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=100)
    tenant.service.look()
    world.broker.fault("place", "lost_reply")
    world.clock.advance_to(BELL)
    tenant.service.look()
    world.clock.advance(0.5)
    change_in_the_app(tenant, price="830")
    tenant.cycle(120)
    assert len(tenant.at_broker()) == 1
    (order,) = tenant.orders()
    assert (order["status"], order["changed_by_owner"]) == ("OPEN", True)
    assert tenant.position(number)["reason"] == "CHANGED_BY_USER"


@pytest.mark.parametrize("nets", [True, False])
def test_a_broker_that_nets_resting_orders_does_not_have_us_take_ours_back(world: World, nets: bool):
    world.broker.configure(sellable_nets_orders=nets)
    tenant, number = at_the_bell(world, own=0)
    world.execute("DELETE FROM free_shares")
    world.execute("DELETE FROM account_days")
    tenant.restart()
    tenant.cycle(12, seconds=5)
    assert resting(tenant) == [(10, "848.00")]
    assert len(tenant.at_broker()) == 1
    assert tenant.position(number)["reason"] is None
