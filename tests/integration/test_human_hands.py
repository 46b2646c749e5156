"""The account is shared with its owner, and rows with whoever has SQL: what they do never costs a share."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from domain.book import ReportedState
from domain.errors import ConstraintBroken
from tests.world import BELL, CLOSE, Tenant, World


def look(tenant: Tenant, times: int = 1) -> None:
    for _ in range(times):
        tenant.world.clock.advance(1)
        tenant.service.look()


def the_day_after(world: World) -> None:
    """Wednesday, 25 November; the 24th is a holiday."""
    world.clock.advance_to(BELL + timedelta(days=2))
    world.broker.trade_within(BELL + timedelta(days=2), CLOSE + timedelta(days=2))


def sells_by_hand(tenant: Tenant, shares: int, price: str) -> None:
    tenant.world.broker.manual_order(tenant.account.ucc, "SELL", "IFBIND-EQ", shares, price)
    tenant.world.broker.set_price("IFBIND-EQ", price)


def test_a_buy_that_fills_in_the_read_that_closes_the_position_opens_a_new_one(world: World):
    tenant = world.tenant()
    tenant.holds("ITC-EQ", 10, "400")
    tenant.at_the_bell()
    buy = tenant.requests_buy("ITC-EQ", 50, "380")
    tenant.cycle(3)
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 10)
    world.broker.fill(tenant.orders("BUY")[0]["broker_order_id"], 50)
    tenant.cycle(4)
    rows = world.rows("SELECT id, quantity, close_reason FROM positions ORDER BY id")
    assert [(row["quantity"], row["close_reason"]) for row in rows] == [(0, "SOLD"), (50, None)]
    assert [row["qty"] for row in tenant.live_at_broker()] == [50]
    done = world.row("SELECT status, position_id FROM orders WHERE id = :id", id=buy)
    assert (done["status"], done["position_id"]) == ("ONGOING", rows[1]["id"])


@pytest.mark.parametrize("cancel_delay", [0.0, 3.0])
def test_a_position_entered_anew_waits_for_the_order_of_the_closed_one(world: World, cancel_delay: float):
    world.broker.configure(cancel_delay=cancel_delay)
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, own=100)
    tenant.at_the_bell()
    world.execute("UPDATE positions SET closed_at = now(), close_reason = 'OPERATOR'")
    world.execute("INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (1, 'IFBIND-EQ', 10, 800)")
    tenant.cycle(10)
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]
    assert tenant.line("IFBIND-EQ")["max_live_api_sells"] == 1


def test_fills_of_an_order_that_the_owner_enlarged_are_counted_and_loud(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=100)
    tenant.at_the_bell()
    broker = tenant.service.ports.broker
    read = broker.order_book

    def enlarged() -> object:
        book = read()
        rows = tuple(replace(row, quantity=15, filled=12, average_price=row.price) for row in book.rows)
        return replace(book, rows=rows)

    broker.order_book = enlarged
    look(tenant)
    assert tenant.orders()[0]["filled"] == 12
    assert tenant.position(number)["quantity"] == 0
    assert world.row("SELECT count(*) AS n FROM halts")["n"] >= 1


def test_a_row_that_is_not_our_order_never_counts_as_having_seen_it(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    seen = tenant.orders()[0]["seen_at"]
    broker = tenant.service.ports.broker
    read = broker.order_book
    broker.order_book = lambda: replace(read(), rows=tuple(replace(row, symbol="ITC-EQ") for row in read().rows))
    look(tenant, 3)
    world.execute("UPDATE positions SET reason = NULL, reason_text = NULL")
    world.execute("UPDATE halts SET ended_at = now()")
    look(tenant, 3)
    assert tenant.position(number)["reason"] == "BREACHED"
    assert tenant.orders()[0]["seen_at"] == seen
    assert [row["ended"] for row in world.rows("SELECT ended_at IS NOT NULL AS ended FROM halts ORDER BY id")] == [
        True,
        False,
    ]


def test_an_order_that_ended_here_and_lives_at_the_broker_is_adopted_again(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, own=100)
    tenant.at_the_bell()
    world.execute("UPDATE orders SET status = 'REJECTED', reason = 'REJECTED', reason_text = 'said no'")
    tenant.cycle(3)
    assert [order["status"] for order in tenant.orders()] == ["OPEN"]
    assert len(tenant.at_broker()) == 1


def test_two_sells_at_the_broker_are_told_and_halt_the_user(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=100)
    tenant.at_the_bell()
    first = tenant.live_at_broker()[0]["nOrdNo"]
    world.execute("UPDATE orders SET status = 'REJECTED', trading_day = '2026-11-20'")
    world.execute("UPDATE installation SET tag_prefix = 'OTHER'")
    tenant.restart()
    tenant.cycle(2)
    world.execute("UPDATE orders SET trading_day = '2026-11-23'")
    tenant.cycle(2)
    assert tenant.position(number)["reason"] == "BREACHED"
    assert "TWO_SELLS" in world.row("SELECT because FROM halts")["because"]
    world.broker.fill(first, 4)
    tenant.cycle(2)
    assert [order["filled"] for order in tenant.orders()] == [4, 0]


def test_an_orphan_that_filled_blocks_its_position_also_tomorrow(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=100)
    tenant.at_the_bell()
    world.execute("DELETE FROM sends")
    world.execute("DELETE FROM orders")
    tenant.cycle(2)
    assert tenant.position(number)["reason"] == "ORPHAN_ORDER"
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 10)
    tenant.cycle(2)
    the_day_after(world)
    tenant.cycle(5)
    assert tenant.position(number)["reason"] == "BREACHED"
    assert tenant.live_at_broker() == []


def test_a_buy_by_hand_changes_nothing_of_ours(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    tenant.cycle(2)
    world.broker.manual_order(tenant.account.ucc, "BUY", "IFBIND-EQ", 1, str(world.broker.last_price("IFBIND-EQ")))
    tenant.cycle(5)
    tenant.restart()
    tenant.cycle(3)
    assert tenant.position(number)["quantity"] == 10
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]


@pytest.mark.parametrize("fault", ["malformed_row", "missing_rows"])
def test_an_incomplete_book_takes_no_share(world: World, fault: str):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    tenant.cycle(2)
    last = str(world.broker.last_price("IFBIND-EQ"))
    world.broker.configure(rms_holdings=False)
    world.broker.manual_order(tenant.account.ucc, "SELL", "IFBIND-EQ", 10, last)
    world.broker.manual_order(tenant.account.ucc, "BUY", "IFBIND-EQ", 10, last)
    world.broker.fault("orders", fault)
    tenant.cycle(4)
    assert tenant.position(number)["quantity"] == 10
    world.broker.fault("orders", fault, times=3)
    tenant.cycle(6)
    assert tenant.position(number)["quantity"] == 10
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]


def test_a_refusal_of_the_second_send_frees_no_tag_that_may_still_arrive(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=100)
    world.broker.fault("place", "drop_before")
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    look(tenant, 30)
    world.broker.fault("place", "sync_reject")
    look(tenant, 120)
    assert [order["status"] for order in tenant.orders()] == ["SUBMITTING"]
    assert tenant.position(number)["reason"] == "UNKNOWN_SEND"
    assert tenant.at_broker() == []


def test_shares_bought_by_hand_and_entered_by_sql_are_ours_from_then_on(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    tenant.cycle(2)
    last = str(world.broker.last_price("IFBIND-EQ"))
    world.broker.manual_order(tenant.account.ucc, "BUY", "IFBIND-EQ", 10, last)
    tenant.cycle(2)
    world.execute("UPDATE positions SET quantity = 20")
    tenant.cycle(4)
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(2)
    world.broker.manual_order(tenant.account.ucc, "SELL", "IFBIND-EQ", 10, last)
    tenant.cycle(4)
    assert tenant.position(number)["quantity"] == 10


def test_one_wrong_holdings_read_closes_nothing(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=25)
    world.broker.fault("holdings", "no_data")
    tenant.at_the_bell()
    sells_by_hand(tenant, 25, "820")
    tenant.cycle(5)
    assert tenant.position(number)["quantity"] == 10
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]


def test_a_holdings_read_that_the_next_one_contradicts_is_not_believed(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=25)
    broker = tenant.service.ports.broker
    read = broker.holdings
    answers = iter([10, 35, 35])
    broker.holdings = lambda: tuple(replace(holding, quantity=next(answers, 35)) for holding in read())
    tenant.at_the_bell()
    sells_by_hand(tenant, 25, "820")
    tenant.cycle(5)
    assert tenant.position(number)["quantity"] == 10
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]


def test_a_first_holdings_read_that_is_wrong_decides_nothing_when_a_sale_follows_it_at_once(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=25)
    broker = tenant.service.ports.broker
    read = broker.holdings
    answers = iter([10, 35, 35])
    broker.holdings = lambda: tuple(replace(holding, quantity=next(answers, 35)) for holding in read())
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    sells_by_hand(tenant, 25, "820")
    tenant.cycle(8)
    assert tenant.position(number)["quantity"] == 10


def test_own_shares_sold_before_the_first_look_are_understood(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=25)
    world.clock.advance_to(BELL)
    sells_by_hand(tenant, 25, "820")
    tenant.cycle(5)
    assert tenant.position(number)["quantity"] == 10
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]


def test_a_sale_that_allows_two_stories_is_held_until_the_position_is_corrected(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    world.clock.advance_to(BELL)
    sells_by_hand(tenant, 4, "820")
    tenant.cycle(4)
    assert tenant.position(number)["reason"] == "MANUAL_SALE"
    assert tenant.live_at_broker() == []
    world.execute("UPDATE positions SET quantity = 6")
    tenant.cycle(4)
    assert [row["qty"] for row in tenant.live_at_broker()] == [6]


@pytest.mark.parametrize(("changed", "own", "by_hand", "left"), [(4, 0, 6, 4), (40, 50, 50, 10)])
def test_a_quantity_corrected_by_sql_changes_whose_shares_are_sold(world: World, changed, own, by_hand, left):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=own)
    tenant.at_the_bell()
    world.execute("UPDATE positions SET quantity = :quantity", quantity=changed)
    tenant.cycle(3)
    for row in tenant.live_at_broker():
        world.broker.manual_cancel(tenant.account.ucc, row["nOrdNo"])
    tenant.cycle(2)
    sells_by_hand(tenant, by_hand, "820")
    tenant.cycle(3)
    assert tenant.position(number)["quantity"] == left


def test_two_positions_of_one_traded_symbol_share_what_the_account_holds(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    world.execute("INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (1, 'IFBIND', 10, 800)")
    world.execute(
        "INSERT INTO orders (user_id, side, symbol, quantity, price, placed_symbol, status)"
        " VALUES (1, 'BUY', 'IFBIND', 10, 800, 'IFBIND-EQ', 'ONGOING')"
    )
    world.broker.set_holding(tenant.account.ucc, "IFBIND-EQ", 20, "800")
    tenant.at_the_bell()
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(2)
    sells_by_hand(tenant, 10, "820")
    tenant.cycle(3)
    assert world.row("SELECT sum(quantity) AS held FROM positions WHERE closed_at IS NULL")["held"] == 10


def test_each_sale_by_hand_counts_at_its_own_price(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=10)
    tenant.at_the_bell()
    sells_by_hand(tenant, 10, "820")
    tenant.cycle(2)
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(2)
    sells_by_hand(tenant, 10, "840")
    tenant.cycle(2)
    closed = tenant.position(number)
    assert (closed["close_reason"], closed["exit_price"]) == ("MANUAL", Decimal(840))


@pytest.mark.parametrize("twist", ["intraday", "twice"])
def test_rows_that_are_no_delivery_sale_take_nothing(world: World, twist: str):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=25)
    tenant.at_the_bell()
    broker = tenant.service.ports.broker
    read = broker.order_book

    def twisted() -> object:
        book = read()
        if twist == "twice":
            return replace(book, rows=book.rows + book.rows)
        return replace(book, rows=tuple(replace(row, product="MIS") for row in book.rows))

    broker.order_book = twisted
    sells_by_hand(tenant, 25, "820")
    tenant.cycle(3)
    assert tenant.position(number)["quantity"] == 10


def test_a_sell_for_the_position_of_another_user_cannot_be_entered(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    world.tenant(1)
    with pytest.raises(ConstraintBroken, match="orders_position_is_of_the_same_user"):
        world.execute(
            "INSERT INTO orders (user_id, position_id, side, symbol, status, tag, quantity, price)"
            " VALUES (2, :id, 'SELL', 'IFBIND-EQ', 'SUBMITTING', 'X1', 10, 848)",
            id=number,
        )


@pytest.mark.parametrize("price", ["'NaN'", "'Infinity'", "1e30", "0", "-5"])
def test_what_is_no_price_cannot_be_entered(world: World, price: str):
    world.tenant()
    with pytest.raises(ConstraintBroken, match="is_a_price"):
        world.execute(f"INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (1, 'X-EQ', 1, {price})")


@pytest.mark.parametrize("rule", ['{"target_percent": 1%s}' % ("0" * 5000), "[" * 800 + "]" * 800, '"six"'])
def test_a_rule_that_nobody_can_read_holds_its_position_alone(world: World, rule: str):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.holds("ITC-EQ", 10, "400")
    world.execute("ALTER TABLE positions DROP CONSTRAINT positions_exit_rule_is_an_object")
    world.execute("UPDATE positions SET exit_rule = CAST(:rule AS jsonb) WHERE id = :id", rule=rule, id=number)
    tenant.at_the_bell()
    assert world.row("SELECT reason FROM positions WHERE id = :id", id=number)["reason"] == "BAD_RULE"
    assert [row["trdSym"] for row in tenant.live_at_broker()] == ["ITC-EQ"]


def test_what_an_admin_fills_into_a_request_does_not_decide_what_is_sent(world: World):
    tenant = world.tenant()
    world.execute(
        "INSERT INTO orders (user_id, side, symbol, status, quantity, price, tag, trading_day, placed_symbol)"
        " VALUES (1, 'BUY', 'ITC-EQ', 'REQUESTED', 5, 380, 'MYTAG1', '2026-11-20', 'ITC')"
    )
    tenant.at_the_bell()
    (row,) = tenant.at_broker()
    (buy,) = tenant.orders("BUY")
    assert (row["trdSym"], row["GuiOrdId"]) == ("ITC-EQ", buy["tag"])
    assert buy["tag"] != "MYTAG1"
    assert buy["status"] == "OPEN"


def test_an_order_that_was_never_sent_does_not_block_the_next_day(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    world.broker.fault("place", "429", times=50)
    tenant.service.look()
    assert [send["outcome"] for send in world.rows("SELECT outcome FROM sends")] == ["not_sent"]
    world.broker.clear_faults()
    the_day_after(world)
    tenant.cycle(4)
    assert [order["status"] for order in tenant.orders()] == ["CANCELLED", "OPEN"]


def test_a_buy_that_ends_after_its_position_is_closed_with_it(world: World):
    tenant = world.tenant()
    tenant.at_the_bell()
    tenant.requests_buy("ITC-EQ", 50, "380")
    tenant.cycle(3)
    buy = tenant.orders("BUY")[0]["broker_order_id"]
    world.broker.fill(buy, 20)
    tenant.cycle(3)
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 20)
    tenant.cycle(2)
    world.broker.manual_cancel(tenant.account.ucc, buy)
    tenant.cycle(2)
    assert tenant.orders("BUY")[0]["status"] == "CLOSED"


def test_a_buy_of_yesterday_without_an_end_says_so(world: World):
    tenant = world.tenant()
    tenant.at_the_bell()
    tenant.requests_buy("ITC-EQ", 50, "380")
    tenant.cycle(3)
    the_day_after(world)
    tenant.cycle(2)
    assert tenant.orders("BUY")[0]["reason"] == "UNSETTLED_YESTERDAY"


@pytest.mark.parametrize("filled", [4, 10])
def test_what_fills_between_the_cancel_and_its_confirmation_is_counted(world: World, filled: int):
    world.broker.configure(cancel_delay=3.0)
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=50)
    tenant.at_the_bell()
    world.execute("UPDATE positions SET quantity = 15 WHERE id = :id", id=number)
    tenant.cycle()
    world.broker.fill(tenant.at_broker()[0]["nOrdNo"], filled)
    tenant.cycle(6)
    assert tenant.position(number)["quantity"] == 15 - filled
    assert [row["unFldSz"] for row in tenant.live_at_broker()] == [15 - filled]
    assert tenant.line("IFBIND-EQ")["max_api_sell_shares"] <= 15


def test_our_fill_and_a_sale_by_hand_in_one_read_are_both_counted(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=5)
    tenant.at_the_bell()
    world.broker.configure(rms_holdings=False)
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 4)
    sells_by_hand(tenant, 7, "820")
    tenant.cycle(4)
    assert tenant.position(number)["quantity"] == 10 - 4 - 2
    assert [row["unFldSz"] for row in tenant.live_at_broker()] == [4]


def test_a_step_that_no_order_takes_is_a_breach_and_never_an_exception_that_repeats(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=20)
    tenant.at_the_bell()
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 4)
    world.execute("UPDATE orders SET status = 'EXECUTED'")
    broker = tenant.service.ports.broker
    read = broker.order_book
    broker.order_book = lambda: replace(
        read(), rows=tuple(replace(row, state=ReportedState.REJECTED) for row in read().rows)
    )
    look(tenant, 3)
    assert tenant.position(number)["reason"] == "BREACHED"
    assert tenant.orders()[0]["filled"] == 4
    assert "NO_STEP" in world.row("SELECT because FROM halts")["because"]
    assert world.row("SELECT state FROM heartbeats")["state"] == "HELD"


def test_a_row_that_a_person_brought_back_to_life_ends_again_on_the_same_evidence(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, own=20)
    tenant.at_the_bell()
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(3)
    world.execute("UPDATE orders SET status = 'OPEN'")
    look(tenant, 2)
    assert [order["status"] for order in tenant.orders()] == ["CANCELLED"]
