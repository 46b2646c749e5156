"""Exactly once: every fault on the way of a place, a fence that holds, and decisions that are taken again."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.errors import ConstraintBroken, TenureLost, TransactionHeld
from domain.orders import SendOutcome
from domain.outcomes import Refused
from tests.world import BELL, World

NOT_ACCEPTED = ("drop_before", "502_html", "hang", "429")
ACCEPTED = ("lost_reply", "hang_after", "503_after", "garbage_after", "ok_without_number")


@pytest.mark.parametrize("fault", [*ACCEPTED, *NOT_ACCEPTED])
@pytest.mark.parametrize("restarted", [False, True])
def test_one_order_rests_whatever_happens_to_the_place(world: World, fault: str, restarted: bool):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, own=100)
    tenant.holds("ITC-EQ", 10, "400", own=100)
    world.broker.fault("place", fault, seconds=30)
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    tenant.service.look()
    if restarted:
        tenant.restart()
    for _ in range(90):
        world.clock.advance(1)
        tenant.service.look()
    assert sorted(row["trdSym"] for row in tenant.live_at_broker()) == ["IFBIND-EQ", "ITC-EQ"]
    assert len(tenant.at_broker()) == 2
    assert {order["status"] for order in tenant.orders()} == {"OPEN"}
    assert world.broker.ledger()["totals"]["max_live_api_sells"] == 1


def test_a_book_that_fails_or_lies_decides_nothing(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, own=100)
    tenant.holds("ITC-EQ", 10, "400", own=100)
    tenant.at_the_bell()
    for fault in ("no_data", "missing_rows", "malformed_row", "502_html"):
        world.broker.fault("orders", fault, times=30)
        for _ in range(60):
            world.clock.advance(1)
            tenant.service.look()
        world.broker.clear_faults()
    assert len(tenant.at_broker()) == 2
    assert {order["status"] for order in tenant.orders()} == {"OPEN"}


def test_an_incomplete_book_does_not_prove_absence(world: World):
    tenant = world.tenant()
    tenant.holds("ITC-EQ", 10, "400", own=100)
    tenant.at_the_bell()
    tenant.holds("IFBIND-EQ", 10, own=100)
    world.broker.fault("place", "lost_reply")
    world.broker.fault("orders", "missing_rows", times=400, rows=2)
    tenant.cycle(100)
    assert [send["outcome"] for send in world.rows("SELECT outcome FROM sends ORDER BY id")] == ["accepted", "unknown"]
    world.broker.clear_faults()
    tenant.cycle(2)
    assert len(tenant.at_broker()) == 2
    assert {order["status"] for order in tenant.orders()} == {"OPEN"}


def test_one_read_alone_proves_nothing_and_the_second_comes_a_book_lag_later(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, own=100)
    world.broker.fault("place", "drop_before")
    tenant.at_the_bell()
    world.clock.advance(world.settings.send_window + world.settings.absent_after)
    tenant.cycle(2)
    assert tenant.orders()[0]["absent_since"] is not None
    tenant.cycle(int(world.settings.book_lag) - 3)
    assert [send["outcome"] for send in world.rows("SELECT outcome FROM sends")] == ["unknown"]
    assert tenant.at_broker() == []
    tenant.cycle(5)
    assert len(tenant.live_at_broker()) == 1


def test_an_order_that_shows_late_in_the_book_is_waited_for(world: World):
    world.broker.configure(book_delay=4.0)
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, own=100)
    world.broker.fault("place", "lost_reply")
    tenant.at_the_bell()
    tenant.cycle(60)
    assert len(tenant.at_broker()) == 1
    assert [order["status"] for order in tenant.orders()] == ["OPEN"]


def test_a_generation_that_was_replaced_commits_nothing_and_sends_nothing(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    old = tenant.service
    tenant.restart()
    with pytest.raises(TenureLost):
        old.cycle()
    assert old.ports.tenure.revoked
    assert tenant.at_broker() == []
    assert tenant.orders() == []
    tenant.at_the_bell()
    assert len(tenant.at_broker()) == 1


def test_the_reply_to_a_replaced_generation_is_kept_as_evidence_and_not_applied(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    broker = tenant.service.ports.broker
    place = broker.place

    def overtaken(order: object, send_by: float) -> object:
        outcome = place(order, send_by)
        world.execute("UPDATE tenants SET generation = generation + 1")
        return outcome

    broker.place = overtaken
    tenant.service.look()
    assert world.row("SELECT outcome FROM sends")["outcome"] == SendOutcome.ACCEPTED
    assert [order["status"] for order in tenant.orders()] == ["SUBMITTING"]


def test_a_refusal_that_a_replaced_generation_kept_is_applied_by_the_next(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    broker = tenant.service.ports.broker
    broker.place = lambda order, send_by: overtaking(world)
    tenant.service.look()
    tenant.restart()
    tenant.cycle(2)
    assert [(o["status"], o["reason_text"]) for o in tenant.orders()] == [("REJECTED", "1009: wrong lot")]
    assert tenant.position(number)["reason"] == "RETRYING"


def overtaking(world: World) -> Refused:
    world.execute("UPDATE tenants SET generation = generation + 1")
    return Refused("1009", "wrong lot")


MOVES = {
    "quantity": "UPDATE positions SET quantity = 3",
    "halt": "INSERT INTO halts (user_id, because) VALUES (1, 'audit')",
    "rule": """UPDATE users SET exit_rule = '{"target_percent"\\:7}'""",
    "own rule": """UPDATE positions SET exit_rule = '{"target_price"\\:900}'""",
    "closed": "UPDATE positions SET closed_at = now()",
}


@pytest.mark.parametrize("moved", MOVES)
def test_what_moved_between_the_decision_and_the_commit_is_not_sent(world: World, moved: str):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    broker = tenant.service.ports.broker
    tokens = broker.take_tokens

    def meanwhile(wanted: int) -> int:
        world.execute(MOVES[moved])
        return tokens(wanted)

    broker.take_tokens = meanwhile
    tenant.service.cycle()
    assert tenant.at_broker() == []
    broker.take_tokens = tokens
    tenant.cycle(2)
    rests = {
        "quantity": [(3, "848.00")],
        "rule": [(10, "856.00")],
        "own rule": [(10, "900.00")],
    }
    assert [(row["qty"], row["prc"]) for row in tenant.live_at_broker()] == rests.get(moved, [])


def test_a_halt_row_stops_new_orders_from_the_next_statement_on(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    world.execute("INSERT INTO halts (user_id, because) VALUES (1, 'audit')")
    tenant.at_the_bell()
    assert tenant.at_broker() == []
    assert tenant.position(number)["reason"] == "HALTED"
    world.execute("UPDATE halts SET ended_at = now()")
    tenant.cycle(2)
    assert len(tenant.live_at_broker()) == 1


def test_the_database_itself_forbids_a_second_live_sell(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    with pytest.raises(ConstraintBroken, match="one_live_sell"):
        world.execute(
            "INSERT INTO orders (user_id, position_id, side, symbol, status, tag, quantity, price)"
            " VALUES (1, :id, 'SELL', 'IFBIND-EQ', 'SUBMITTING', 'X1', 10, 848)",
            id=number,
        )


def test_a_broker_call_inside_a_transaction_is_refused(world: World):
    tenant = world.tenant()
    tenant.service.cycle()
    with world.database.unit_of_work(tenant.tenure), pytest.raises(TransactionHeld):
        tenant.service.ports.broker.order_book()


def test_an_order_of_ours_without_a_row_blocks_its_symbol(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    world.execute("DELETE FROM sends")
    world.execute("DELETE FROM orders")
    tenant.cycle(3)
    assert len(tenant.at_broker()) == 1
    assert tenant.position(number)["reason"] == "ORPHAN_ORDER"


def test_more_sold_than_held_is_stored_and_halts_the_user(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    (resting,) = tenant.live_at_broker()
    world.execute("UPDATE positions SET quantity = 4 WHERE id = :id", id=number)
    world.broker.fill(resting["nOrdNo"], 10)
    tenant.cycle(3)
    assert tenant.orders()[0]["filled"] == 10
    assert tenant.position(number)["quantity"] == 0
    assert "sold=10, held=4" in world.row("SELECT because FROM halts")["because"]
    assert world.row("SELECT state FROM heartbeats")["state"] == "HELD"


def test_an_order_live_when_the_day_ended_unseen_blocks_the_next_day(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=5)
    tenant.at_the_bell()
    world.clock.advance_to(BELL + timedelta(days=2))
    world.broker.trade_within(BELL + timedelta(days=2), BELL + timedelta(days=2, hours=6))
    tenant.cycle(5)
    assert tenant.position(number)["reason"] == "UNSETTLED_YESTERDAY"
    assert [order["trading_day"].day for order in tenant.orders()] == [23]


def test_a_position_closed_by_an_operator_loses_its_order(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    world.execute("UPDATE positions SET closed_at = now(), close_reason = 'OPERATOR' WHERE id = :id", id=number)
    tenant.cycle(3)
    assert tenant.live_at_broker() == []
    assert tenant.orders()[0]["reason"] == "CANCELLED_BY_US"


def test_a_lost_reply_to_a_cancel_is_resolved_by_looking(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=50)
    tenant.at_the_bell()
    world.broker.fault("cancel", "drop_before")
    world.execute("UPDATE positions SET quantity = 15 WHERE id = :id", id=number)
    tenant.cycle(90)
    assert [row["qty"] for row in tenant.live_at_broker()] == [15]
    assert tenant.line("IFBIND-EQ")["max_live_api_sells"] == 1


@pytest.mark.parametrize("fault", ["drop_before", "lost_reply", "503_after"])
def test_a_lost_reply_to_a_modify_ends_at_the_wanted_price_with_one_order(world: World, fault: str):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10, own=50)
    tenant.at_the_bell()
    world.broker.fault("modify", fault)
    world.execute("""UPDATE positions SET exit_rule = '{"target_price"\\:900}' WHERE id = :id""", id=number)
    tenant.cycle(90)
    assert [(row["qty"], row["prc"]) for row in tenant.live_at_broker()] == [(10, "900.00")]
    assert tenant.line("IFBIND-EQ")["max_live_api_sells"] == 1
    assert tenant.orders()[-1]["price"] == Decimal(900)


def test_a_session_that_dies_in_the_day_is_followed_by_one_login(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    world.broker.end_sessions(tenant.account.ucc)
    tenant.cycle(5)
    tenant.holds("ITC-EQ", 10, "400")
    world.broker.fault("place", "session_death")
    for _ in range(5):
        world.clock.advance(1)
        tenant.service.look()
    assert len(tenant.live_at_broker()) == 2
