"""A tenant's day against the simulator over HTTP and a real PostgreSQL, in virtual time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.world import BELL, CLOSE, World


def test_every_open_position_gets_exactly_one_sell_at_the_bell(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, "800")
    tenant.holds("ITC-EQ", 100, "400", rule='{"target_price": 421.33}')
    tenant.service.cycle()
    assert tenant.at_broker() == []
    tenant.at_the_bell()
    resting = {row["trdSym"]: (row["qty"], row["prc"], row["prod"], row["vldt"]) for row in tenant.live_at_broker()}
    assert resting == {"IFBIND-EQ": (10, "848.00", "CNC", "DAY"), "ITC-EQ": (100, "421.35", "CNC", "DAY")}
    assert [order["status"] for order in tenant.orders()] == ["OPEN", "OPEN"]
    tenant.cycle(5)
    assert len(tenant.at_broker()) == 2


def test_a_fill_in_parts_shrinks_the_position_and_the_last_one_closes_it(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, "800")
    tenant.at_the_bell()
    (resting,) = tenant.live_at_broker()
    world.broker.fill(resting["nOrdNo"], 4)
    tenant.cycle(3)
    assert tenant.position(number)["quantity"] == 6
    assert tenant.orders()[0]["filled"] == 4
    world.broker.fill(resting["nOrdNo"], 6)
    tenant.cycle(3)
    closed = tenant.position(number)
    assert (closed["quantity"], closed["exit_price"], closed["close_reason"]) == (0, Decimal(848), "SOLD")
    assert tenant.orders()[0]["status"] == "EXECUTED"
    assert tenant.line("IFBIND-EQ")["max_live_api_sells"] == 1


def test_a_requested_buy_is_placed_and_each_part_of_it_gets_its_sell(world: World):
    tenant = world.tenant()
    tenant.at_the_bell()
    tenant.requests_buy("ITC-EQ", 50, "380")
    tenant.cycle(3)
    (buy,) = tenant.orders("BUY")
    assert buy["status"] == "OPEN"
    world.broker.fill(buy["broker_order_id"], 20)
    tenant.cycle(3)
    position = world.row("SELECT * FROM positions")
    assert (position["quantity"], position["avg_price"]) == (20, Decimal(380))
    assert [row["qty"] for row in tenant.live_at_broker()] == [20]
    world.broker.fill(buy["broker_order_id"], 30)
    tenant.cycle(5)
    assert world.row("SELECT * FROM positions")["quantity"] == 50
    assert [row["qty"] for row in tenant.live_at_broker()] == [50]
    (buy,) = tenant.orders("BUY")
    assert (buy["status"], buy["execution_qty"], buy["position_id"]) == ("ONGOING", 50, position["id"])
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 50)
    tenant.cycle(2)
    assert tenant.orders("BUY")[0]["status"] == "CLOSED"
    assert tenant.line("ITC-EQ")["oversold"] == 0


def test_a_reply_that_is_lost_after_acceptance_is_found_by_its_tag(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, "800", own=50)
    world.broker.fault("place", "lost_reply")
    tenant.at_the_bell()
    tenant.cycle(5)
    (row,) = tenant.at_broker()
    (order,) = tenant.orders()
    assert (order["status"], order["broker_order_id"]) == ("OPEN", row["nOrdNo"])


def test_a_place_that_never_arrived_is_sent_again_under_the_same_tag_once_it_is_proven_absent(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, "800", own=50)
    world.broker.fault("place", "drop_before")
    tenant.at_the_bell()
    (order,) = tenant.orders()
    tenant.cycle(20)
    assert tenant.at_broker() == []
    tenant.cycle(60)
    (row,) = tenant.at_broker()
    assert row["GuiOrdId"] == order["tag"]
    assert [o["status"] for o in tenant.orders()] == ["OPEN"]
    sends = world.rows("SELECT outcome, attempt FROM sends ORDER BY id")
    assert [(s["outcome"], s["attempt"]) for s in sends] == [("absent", 1), ("accepted", 2)]


def test_a_kill_after_the_send_leaves_one_order_which_the_next_generation_adopts(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, "800", own=50)
    tenant.at_the_bell()
    world.execute("UPDATE sends SET outcome = NULL, evidence = NULL")
    world.execute("UPDATE orders SET status = 'SUBMITTING', broker_order_id = NULL, seen_at = NULL")
    tenant.restart()
    tenant.cycle(60)
    assert len(tenant.at_broker()) == 1
    assert [o["status"] for o in tenant.orders()] == ["OPEN"]
    assert tenant.position(number)["reason"] is None


def test_a_rule_changed_by_sql_moves_the_resting_order(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, "800")
    tenant.at_the_bell()
    world.execute("""UPDATE positions SET exit_rule = '{"target_price"\\:900}' WHERE id = :id""", id=number)
    tenant.cycle(3)
    assert [row["prc"] for row in tenant.live_at_broker()] == ["900.00"]
    assert len(tenant.at_broker()) == 1


def test_an_order_cancelled_in_the_app_is_respected_for_the_day(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, "800")
    tenant.at_the_bell()
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(5)
    assert tenant.position(number)["reason"] == "CANCELLED_BY_USER"
    assert tenant.live_at_broker() == []


def test_a_sale_by_hand_closes_the_position_at_the_real_price(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, "800")
    tenant.at_the_bell()
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(2)
    world.broker.set_price("IFBIND-EQ", "830")
    world.broker.manual_order(tenant.account.ucc, "SELL", "IFBIND-EQ", 10, "830")
    tenant.cycle(3)
    closed = tenant.position(number)
    assert (closed["close_reason"], closed["exit_price"]) == ("MANUAL", Decimal(830))


def test_the_owners_own_shares_are_sold_by_hand_before_ours(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, "800", own=25)
    tenant.at_the_bell()
    world.broker.manual_order(tenant.account.ucc, "SELL", "IFBIND-EQ", 25, "820")
    world.broker.set_price("IFBIND-EQ", "830")
    tenant.cycle(3)
    assert tenant.position(number)["quantity"] == 10
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]


def test_what_is_left_at_the_close_has_lapsed_and_the_service_sleeps(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, "800")
    tenant.at_the_bell()
    world.clock.advance_to(CLOSE + timedelta(seconds=1))
    tenant.cycle(2)
    assert [o["status"] for o in tenant.orders()] == ["LAPSED"]
    assert tenant.position(number)["reason"] == "MARKET_CLOSED"
    tenant.cycle()
    assert world.row("SELECT state FROM heartbeats")["state"] == "WAITING"


def test_a_rejection_is_kept_with_the_brokers_words_and_tried_again_later(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, "800")
    world.broker.fault("place", "reject", text="RMS: try later")
    tenant.at_the_bell()
    assert tenant.position(number)["reason"] == "RETRYING"
    assert tenant.orders()[0]["reason_text"] == "RMS: try later"
    tenant.cycle(40)
    assert [o["status"] for o in tenant.orders()] == ["REJECTED", "OPEN"]
    assert tenant.position(number)["reason"] is None


def test_a_start_after_the_close_only_reconciles(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    world.clock.advance_to(CLOSE + timedelta(hours=3))
    tenant.restart()
    tenant.service.resume()
    assert [o["status"] for o in tenant.orders()] == ["LAPSED"]
    assert len(tenant.at_broker()) == 1


def test_a_start_at_eleven_catches_up(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    world.clock.advance_to(CLOSE - timedelta(hours=4))
    tenant.service.resume()
    tenant.cycle()
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]


def test_nothing_is_placed_on_a_day_whose_list_is_not_loaded(world: World, caplog):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    world.clock.advance_to(datetime(2027, 1, 4, 5, 0, tzinfo=UTC))
    world.broker.trade_within(world.clock.now(), world.clock.now() + timedelta(hours=5))
    tenant.cycle(3)
    assert tenant.at_broker() == []
    assert world.row("SELECT state FROM heartbeats")["state"] == "HELD"
    assert "No orders: The holidays of 2027 are not loaded" in caplog.text


def test_a_clock_that_differs_from_the_brokers_stops_orders(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    tenant.service.ports.broker.clock_skew = lambda: 5.0
    tenant.service.look()
    assert tenant.at_broker() == []
    assert "differs from ours by +5.0 s" in world.row("SELECT text FROM heartbeats")["text"]


def test_row_numbers_that_a_person_chose_do_not_get_in_the_way(world: World):
    tenant = world.tenant()
    world.broker.set_holding(tenant.account.ucc, "IFBIND-EQ", 10, "800")
    world.execute(
        "INSERT INTO positions (id, user_id, symbol, quantity, avg_price) VALUES (1, 1, 'IFBIND-EQ', 10, 800)"
    )
    world.execute(
        "INSERT INTO orders (id, user_id, side, symbol, status, quantity, price)"
        " VALUES (1, 1, 'BUY', 'ITC-EQ', 'REQUESTED', 5, 380)"
    )
    tenant.at_the_bell()
    buy = tenant.orders("BUY")[0]
    world.broker.fill(buy["broker_order_id"], 5)
    tenant.cycle(3)
    assert [row["qty"] for row in tenant.live_at_broker()] == [10, 5]
