"""From one day to the next: orders that nobody saw end, holdings that changed, shares that carry another name."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.world import BELL, CLOSE, Tenant, World

SYMBOL = "IFBIND-EQ"
MORNING = BELL + timedelta(days=2)


def unseen_end(world: World, own: int = 0, fault: str | None = None) -> tuple[Tenant, int]:
    """A position whose order was live when the service went away for the rest of the day."""
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=own)
    if fault:
        world.broker.fault("place", fault)
    for _ in range(3):
        tenant.cycle()
    world.clock.advance_to(BELL)
    tenant.service.look()
    if not fault:
        tenant.cycle(3)
    return tenant, number


def look(tenant: Tenant, times: int) -> None:
    for _ in range(times):
        tenant.world.clock.advance(1)
        tenant.service.look()


def next_morning(world: World, tenant: Tenant, *, restart: bool = True) -> None:
    world.clock.advance_to(CLOSE + timedelta(minutes=1))
    world.clock.advance_to(MORNING - timedelta(minutes=10))
    world.broker.trade_within(MORNING, CLOSE + timedelta(days=2))
    if restart:
        tenant.restart()
    tenant.cycle(4)


def at_the_next_bell(world: World, tenant: Tenant) -> None:
    world.clock.advance_to(MORNING)
    tenant.cycle(4)


def settle(world: World, order: int, verdict: str, **more: Any) -> None:
    fields = {"order_id": order, "verdict": verdict, "because": "seen in the app", **more}
    values = ", ".join(f":{name}" for name in fields)
    world.execute(f"INSERT INTO settlements ({', '.join(fields)}) VALUES ({values})", **fields)


def answers(world: World) -> list[str]:
    return [row["answer"] for row in world.rows("SELECT answer FROM settlements ORDER BY id")]


def test_an_unseen_end_is_settled_by_the_holdings_where_the_account_has_no_own_shares(world: World):
    tenant, number = unseen_end(world)
    next_morning(world, tenant)
    assert [(o["status"], o["reason"], o["filled"]) for o in tenant.orders()] == [("LAPSED", "SETTLED", 0)]
    assert "0 of 10 shares were sold" in tenant.orders()[0]["reason_text"]
    at_the_next_bell(world, tenant)
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]
    assert tenant.position(number)["reason"] is None


@pytest.mark.parametrize("sold", [4, 10])
def test_shares_that_are_gone_overnight_were_sold_by_the_order_that_nobody_saw_end(world: World, sold: int):
    tenant, number = unseen_end(world)
    world.broker.set_holding(tenant.account.ucc, "ITC-EQ", 1, "400")
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], sold)
    next_morning(world, tenant)
    tenant.cycle(25, seconds=15)
    assert tenant.orders()[0]["reason"] == "UNSETTLED_YESTERDAY"
    world.clock.advance_to(MORNING)
    tenant.cycle(3, seconds=15)
    order = tenant.orders()[0]
    assert (order["filled"], order["reason"], order["execution_price"]) == (sold, "SETTLED", Decimal("848.00"))
    assert tenant.position(number)["quantity"] == 10 - sold
    assert order["status"] == ("EXECUTED" if sold == 10 else "LAPSED")
    assert [row["qty"] for row in tenant.live_at_broker()] == ([10 - sold] if sold < 10 else [])


def test_shares_that_are_missing_for_a_moment_in_the_morning_are_not_sold(world: World):
    tenant, number = unseen_end(world)
    world.broker.set_holding(tenant.account.ucc, "ITC-EQ", 1, "400")
    broker = tenant.service.ports.broker
    read = broker.holdings
    world.clock.advance_to(CLOSE + timedelta(minutes=1))
    world.clock.advance_to(MORNING - timedelta(minutes=10))
    world.broker.trade_within(MORNING, CLOSE + timedelta(days=2))
    broker.holdings = lambda: tuple(holding for holding in read() if holding.symbol == "ITC")
    tenant.cycle(10, seconds=15)
    broker.holdings = read
    tenant.cycle(10, seconds=15)
    assert [(o["reason"], o["filled"]) for o in tenant.orders()] == [("SETTLED", 0)]
    at_the_next_bell(world, tenant)
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]
    assert tenant.position(number)["quantity"] == 10


@pytest.mark.parametrize("fault", ["lost_reply", "drop_before"])
def test_a_doubt_that_lasts_over_the_night_is_settled_by_the_holdings(world: World, fault: str):
    tenant, number = unseen_end(world, fault=fault)
    next_morning(world, tenant)
    assert [(o["status"], o["reason"]) for o in tenant.orders()] == [("CANCELLED", "SETTLED")]
    at_the_next_bell(world, tenant)
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]
    assert tenant.position(number)["reason"] is None


@pytest.mark.parametrize("twist", ["own shares", "own shares hide a sale", "holdings fail", "pledged"])
def test_where_the_holdings_allow_two_stories_the_position_waits(world: World, twist: str):
    tenant, number = unseen_end(world, own=5 if twist.startswith("own shares") else 0)
    if twist == "own shares hide a sale":
        world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 5)
    world.clock.advance_to(CLOSE + timedelta(minutes=1))
    world.clock.advance_to(MORNING - timedelta(minutes=10))
    world.broker.trade_within(MORNING, CLOSE + timedelta(days=2))
    tenant.restart()
    if twist == "holdings fail":
        world.broker.fault("holdings", "502_html", times=500)
    if twist == "pledged":
        broker = tenant.service.ports.broker
        read = broker.holdings
        broker.holdings = lambda: tuple(replace(holding, sellable=holding.quantity - 4) for holding in read())
    look(tenant, 4)
    world.clock.advance_to(MORNING)
    look(tenant, 6)
    assert tenant.position(number)["reason"] == "UNSETTLED_YESTERDAY"
    assert tenant.live_at_broker() == []


def test_an_operator_settles_yesterdays_order_with_what_it_sold(world: World):
    tenant, number = unseen_end(world, own=5)
    (order,) = tenant.orders()
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert tenant.live_at_broker() == []
    settle(world, order["id"], "placed", broker_order_id="1")
    tenant.cycle(2)
    settle(world, order["id"], "placed", broker_order_id=order["broker_order_id"])
    tenant.cycle(2)
    settle(world, order["id"], "placed", broker_order_id=order["broker_order_id"], filled=11)
    tenant.cycle(2)
    settle(world, order["id"], "placed", broker_order_id=order["broker_order_id"], filled=3, price=Decimal("850"))
    tenant.cycle(4)
    told = answers(world)
    assert [word.split()[0] for word in told] == ["refused:", "refused:", "refused:", "LAPSED,"]
    assert tenant.position(number)["quantity"] == 7
    assert tenant.position(number)["sold_value"] == Decimal(2550)
    assert [row["qty"] for row in tenant.live_at_broker()] == [7]
    assert world.rows("SELECT 1 AS one FROM journal WHERE event = 'SETTLED' AND order_id = :id", id=order["id"])


def test_an_operator_may_not_call_an_order_not_placed_while_it_may_still_arrive(world: World):
    tenant, number = unseen_end(world, own=50, fault="drop_before")
    (order,) = tenant.orders()
    settle(world, order["id"], "not-placed")
    tenant.cycle(2)
    assert answers(world)[0].startswith("refused: its last send may still arrive")
    assert tenant.orders()[0]["status"] == "SUBMITTING"
    assert tenant.position(number)["quantity"] == 10


def test_an_operators_word_frees_a_position_from_a_doubt(world: World):
    tenant, number = unseen_end(world, own=50, fault="drop_before")
    (order,) = tenant.orders()
    world.clock.advance(world.settings.send_window + world.settings.absent_after - 5)
    tenant.service.look()
    world.clock.advance(10)
    settle(world, order["id"], "not-placed")
    tenant.cycle(6)
    assert answers(world) == ["not placed; a new order may follow"]
    assert [(o["status"], o["reason"]) for o in tenant.orders()] == [("CANCELLED", "SETTLED"), ("OPEN", None)]
    assert tenant.orders()[0]["tag"] != tenant.orders()[1]["tag"]
    assert tenant.line(SYMBOL)["max_live_api_sells"] == 1
    assert tenant.position(number)["reason"] is None


def test_an_operator_gives_an_order_in_doubt_its_number(world: World):
    tenant, number = unseen_end(world, own=50, fault="lost_reply")
    (order,) = tenant.orders()
    settle(world, order["id"], "placed", broker_order_id=tenant.at_broker()[0]["nOrdNo"])
    with_doubt = tenant.service.ports.broker
    read = with_doubt.order_book
    with_doubt.order_book = lambda: replace(read(), rows=())
    tenant.cycle(2)
    with_doubt.order_book = read
    assert tenant.orders()[0]["status"] == "ACCEPTED"
    tenant.cycle(2)
    assert tenant.orders()[0]["status"] == "OPEN"
    assert len(tenant.at_broker()) == 1
    assert tenant.position(number)["reason"] is None


def over_the_night(world: World, tenant: Tenant) -> None:
    """The day ends as it should, with an evening look; then the next morning."""
    world.clock.advance_to(CLOSE + timedelta(seconds=5))
    tenant.cycle(3)
    world.clock.advance_to(CLOSE + timedelta(seconds=world.settings.evening + 1))
    tenant.cycle(3)


def held_for_a_day(world: World, own: int = 0, **position: Any) -> tuple[Tenant, int]:
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=own, **position)
    for _ in range(3):
        tenant.cycle()
    tenant.at_the_bell()
    return tenant, number


@pytest.mark.parametrize("own", [0, 20])
def test_a_split_overnight_freezes_the_position_until_a_person_confirms_it(world: World, own: int):
    tenant, number = held_for_a_day(world, own)
    over_the_night(world, tenant)
    world.broker.corporate_action(SYMBOL, 2, 1)
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert tenant.live_at_broker() == []
    frozen = tenant.position(number)
    assert frozen["reason"] == "CORPORATE_ACTION"
    assert f"holdings={2 * (10 + own)}, expected={10 + own}" in frozen["reason_text"]
    tenant.restart()
    tenant.cycle(3)
    assert tenant.position(number)["reason"] == "CORPORATE_ACTION"
    world.execute("UPDATE positions SET quantity = 20, avg_price = avg_price / 2, reason = NULL, reason_text = NULL")
    tenant.cycle(4)
    assert [(row["qty"], row["prc"]) for row in tenant.live_at_broker()] == [(20, "424.00")]


@pytest.mark.parametrize("shown", [0, 1])
def test_holdings_that_are_half_there_in_the_morning_freeze_nothing_for_good(world: World, shown: int):
    tenant, number = held_for_a_day(world)
    other = tenant.holds("ITC-EQ", 10, "400")
    tenant.cycle(5)
    over_the_night(world, tenant)
    world.clock.advance_to(MORNING - timedelta(minutes=10))
    world.broker.trade_within(MORNING, CLOSE + timedelta(days=2))
    tenant.restart()
    broker = tenant.service.ports.broker
    read = broker.holdings
    broker.holdings = lambda: tuple(h for h in read() if h.symbol == "ITC")[:shown]
    tenant.cycle(6)
    assert tenant.position(number)["reason"] == ("CORPORATE_ACTION" if shown else "MARKET_CLOSED")
    broker.holdings = read
    tenant.cycle(30)
    at_the_next_bell(world, tenant)
    assert [tenant.position(n)["reason"] for n in (number, other)] == [None, None]
    assert sorted(row["qty"] for row in tenant.live_at_broker()) == [10, 10]


def test_a_consolidation_that_takes_shares_away_freezes_as_well(world: World):
    tenant, number = held_for_a_day(world)
    over_the_night(world, tenant)
    world.broker.corporate_action(SYMBOL, 1, 2)
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert tenant.live_at_broker() == []
    assert tenant.position(number)["reason"] == "CORPORATE_ACTION"


def test_another_isin_behind_the_same_symbol_freezes_the_position(world: World):
    tenant, number = held_for_a_day(world)
    over_the_night(world, tenant)
    world.broker.corporate_action(SYMBOL, 1, 1, isin="INE559A01025")
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert tenant.live_at_broker() == []
    assert tenant.position(number)["reason"] == "CORPORATE_ACTION"
    assert "INE559A01017 to INE559A01025" in tenant.position(number)["reason_text"]


def test_a_series_that_changed_overnight_is_found_by_its_isin(world: World):
    tenant, number = held_for_a_day(world)
    over_the_night(world, tenant)
    world.broker.change_series(SYMBOL, "BE")
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    assert [(row["trdSym"], row["qty"]) for row in tenant.live_at_broker()] == [("IFBIND-BE", 10)]
    assert tenant.position(number)["reason"] is None


@pytest.mark.parametrize("deed", ["nothing", "bought", "sold", "bought late", "our fill", "our buy"])
def test_what_was_traded_explains_the_next_mornings_holdings(world: World, deed: str):
    tenant, number = held_for_a_day(world, own=20)
    last = str(world.broker.last_price(SYMBOL))
    if deed == "bought":
        world.broker.manual_order(tenant.account.ucc, "BUY", SYMBOL, 7, last)
    if deed == "sold":
        world.broker.manual_order(tenant.account.ucc, "SELL", SYMBOL, 20, last)
    if deed == "our fill":
        world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 4)
    if deed == "our buy":
        tenant.requests_buy(SYMBOL, 6, last)
    tenant.cycle(6)
    if deed == "bought late":
        world.clock.advance_to(CLOSE - timedelta(seconds=2))
        world.broker.manual_order(tenant.account.ucc, "BUY", SYMBOL, 7, last)
    over_the_night(world, tenant)
    next_morning(world, tenant)
    at_the_next_bell(world, tenant)
    expected = {"our fill": 6, "our buy": 16}.get(deed, 10)
    assert tenant.position(number)["reason"] is None
    assert [row["qty"] for row in tenant.live_at_broker()] == [expected]


def test_the_owners_trades_of_days_without_a_figure_freeze_nothing_that_is_still_there(world: World):
    tenant, number = held_for_a_day(world, own=20)
    world.clock.advance_to(BELL + timedelta(days=3))
    world.broker.set_holding(tenant.account.ucc, SYMBOL, 50, "800")
    world.broker.trade_within(BELL + timedelta(days=3), CLOSE + timedelta(days=3))
    world.execute("UPDATE orders SET status = 'LAPSED' WHERE true")
    tenant.restart()
    tenant.cycle(6)
    assert tenant.position(number)["reason"] is None
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]


def test_an_evening_look_sees_what_the_owner_traded_after_the_close(world: World):
    tenant, _ = held_for_a_day(world)
    world.clock.advance_to(CLOSE + timedelta(seconds=1))
    looks = []
    service = tenant.service
    cycle = service.cycle

    def counted() -> None:
        looks.append(world.clock.now())
        cycle()

    service.cycle = counted
    end = CLOSE + timedelta(seconds=world.settings.evening + 600)
    while world.clock.now() < end:
        pause, _ = service._rhythm.pause(world.settings.cycle)
        world.clock.advance(pause)
        if service._rhythm.awake(service._rhythm.session()):
            service.look()
    evening: datetime = CLOSE + timedelta(seconds=world.settings.evening)
    assert sum(look >= evening for look in looks) >= 2
    assert sum(look >= evening for look in looks) <= 6


def test_a_number_that_was_told_wrongly_is_corrected_by_the_tag_or_by_another_word(world: World):
    tenant, number = unseen_end(world, own=50, fault="lost_reply")
    (order,) = tenant.orders()
    broker = tenant.service.ports.broker
    read = broker.order_book
    broker.order_book = lambda: replace(read(), rows=())
    for wrong in ("26112500000001", "26112500000002"):
        settle(world, order["id"], "placed", broker_order_id=wrong)
        look(tenant, 2)
        assert tenant.orders()[0]["broker_order_id"] == wrong
    broker.order_book = read
    look(tenant, 2)
    assert tenant.orders()[0]["broker_order_id"] == tenant.at_broker()[0]["nOrdNo"]
    assert [o["status"] for o in tenant.orders()] == ["OPEN"]
    assert len(tenant.at_broker()) == 1
    assert tenant.position(number)["reason"] is None


def test_a_number_of_an_order_that_never_arrived_can_be_taken_back(world: World):
    tenant, _ = unseen_end(world, own=50, fault="drop_before")
    (order,) = tenant.orders()
    settle(world, order["id"], "placed", broker_order_id="26112500000001")
    look(tenant, 2)
    world.clock.advance(world.settings.send_window + world.settings.absent_after)
    settle(world, order["id"], "not-placed")
    look(tenant, 4)
    first = tenant.orders()[0]
    assert (first["status"], first["broker_order_id"]) == ("CANCELLED", None)
    assert [row["qty"] for row in tenant.live_at_broker()] == [10]
