"""What ends, refuses or moves a resting order during the day: auctions, bands, risk checks, exits and halts."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.world import BELL, CLOSE, Tenant, World

SYMBOL = "IFBIND-EQ"
RULE = '{"target_percent": 2}'
NO_HOLDINGS = "RMS:Rule: Check T1 holdings including TT/BE/Z/T/TS ,No Holdings Present for entity account-AB123"


def at_the_bell(world: World, symbol: str = SYMBOL, price: str = "800", own: int = 20) -> tuple[Tenant, int]:
    tenant = world.tenant()
    number = tenant.holds(symbol, 10, price, own=own)
    for _ in range(3):
        tenant.cycle()
    tenant.at_the_bell()
    return tenant, number


def resting(tenant: Tenant) -> list[tuple[int, str]]:
    return [(row["unFldSz"], row["prc"]) for row in tenant.live_at_broker()]


def exit_asked(world: World, position: int, percent: str = "1") -> None:
    world.execute(
        "INSERT INTO exits (position_id, at_most_percent_below_last) VALUES (:id, :percent)",
        id=position,
        percent=Decimal(percent),
    )


def test_a_band_that_slides_away_is_a_lapse_and_the_order_comes_back_with_the_band(world: World):
    tenant, number = at_the_bell(world)
    world.broker.set_band(SYMBOL, "660.35", "840", slide=True)
    tenant.cycle(4)
    assert [(o["status"], o["reason"]) for o in tenant.orders()] == [("LAPSED", "BAND_SLID")]
    assert tenant.position(number)["reason"] == "PRICE_ABOVE_BAND"
    assert "placeable up to 840" in tenant.position(number)["reason_text"]
    assert tenant.live_at_broker() == []
    world.broker.set_band(SYMBOL, "660.35", "990.45")
    tenant.cycle(int(world.settings.band_refresh) + 4)
    assert resting(tenant) == [(10, "848.00")]
    assert tenant.position(number)["reason"] is None


@pytest.mark.parametrize("restarted", [False, True])
def test_a_band_that_slid_is_remembered_after_a_partial_fill_and_a_restart(world: World, restarted: bool):
    tenant, number = at_the_bell(world)
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 4)
    world.broker.set_band(SYMBOL, "660.35", "840", slide=True)
    tenant.cycle(6)
    if restarted:
        tenant.restart()
        tenant.cycle(6)
    assert len(tenant.at_broker()) == 1
    assert tenant.position(number)["reason"] == "PRICE_ABOVE_BAND"
    world.broker.set_band(SYMBOL, "660.35", "990")
    tenant.cycle(40)
    assert resting(tenant) == [(6, "848.00")]


def test_a_refusal_for_the_price_range_is_tried_again_when_a_quote_shows_a_band_that_allows_it(world: World):
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=5)
    world.broker.set_band(SYMBOL, "660.35", "840")
    tenant.at_the_bell()
    tenant.cycle(60)
    assert len(tenant.at_broker()) == 1
    assert tenant.position(number)["reason"] == "PRICE_ABOVE_BAND"
    world.broker.set_band(SYMBOL, "660.35", "990")
    tenant.cycle(40)
    assert resting(tenant) == [(10, "848.00")]


def test_a_price_above_the_band_is_not_sent_and_follows_when_the_band_moves(world: World):
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, "800", rule='{"target_percent": 40}')
    tenant.at_the_bell()
    assert tenant.at_broker() == []
    assert tenant.position(number)["reason"] == "PRICE_ABOVE_BAND"
    world.broker.set_band(SYMBOL, "700", "1200")
    tenant.cycle(int(world.settings.band_refresh) + 4)
    assert resting(tenant) == [(10, "1120.00")]


def test_a_cancel_within_the_band_is_still_the_owners(world: World):
    tenant, number = at_the_bell(world)
    world.broker.set_band(SYMBOL, "660.35", "850")
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(6)
    assert [(o["status"], o["reason"]) for o in tenant.orders()] == [("CANCELLED", "CANCELLED_BY_USER")]
    assert tenant.position(number)["reason"] == "CANCELLED_BY_USER"


def test_the_closing_auction_ends_far_orders_as_a_lapse_and_nothing_is_sent_into_it(world: World):
    tenant = world.tenant()
    far = tenant.holds("SBIN-EQ", 10, str(world.broker.last_price("SBIN-EQ")))
    other = tenant.holds(SYMBOL, 10, "800")
    freeze = CLOSE - timedelta(minutes=15)
    world.broker.trade_within(BELL, CLOSE, (freeze, freeze + timedelta(minutes=5), CLOSE + timedelta(minutes=5)))
    tenant.at_the_bell()
    assert len(tenant.live_at_broker()) == 2
    world.clock.advance_to(freeze + timedelta(seconds=1))
    tenant.cycle(4)
    by_position = {o["position_id"]: (o["status"], o["reason"]) for o in tenant.orders()}
    assert by_position == {far: ("LAPSED", "CLOSING_AUCTION"), other: ("OPEN", None)}
    assert tenant.position(far)["reason"] == "CLOSING_AUCTION"
    new = tenant.holds("INFY-EQ", 5, str(world.broker.last_price("INFY-EQ")))
    world.execute("UPDATE positions SET quantity = 4 WHERE id = :id", id=far)
    tenant.cycle(6)
    assert tenant.position(new)["reason"] == "CLOSING_AUCTION"
    assert len(tenant.at_broker()) == 2
    assert [row["trdSym"] for row in tenant.live_at_broker()] == [SYMBOL]


@pytest.mark.parametrize(
    ("text", "reason", "tries"),
    [
        ("OMS: Trading session is in Transition to CAS session", "REJECTED_TODAY", 1),
        ("RMS:Margin Exceeds,Cash Available:1.61", "REJECTED", 1),
        ("16283 : Order price is not a multiple of tick size", "REJECTED", 1),
        ("Some words that nobody has seen before", "REJECTED", 3),
        (NO_HOLDINGS, "REJECTED", 3),
    ],
)
def test_a_rejection_is_tried_again_as_its_words_allow_and_never_closes_a_position(
    world: World, text: str, reason: str, tries: int
):
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=5)
    world.broker.fault("place", "reject", times=50, text=text)
    tenant.at_the_bell()
    tenant.cycle(120, seconds=5)
    assert len(tenant.at_broker()) == tries
    position = tenant.position(number)
    assert (position["quantity"], position["closed_at"], position["reason"]) == (10, None, reason)
    assert text in position["reason_text"]


def test_an_exit_makes_the_resting_order_a_marketable_limit_and_stays_one_order(world: World):
    tenant, number = at_the_bell(world)
    last = world.broker.last_price(SYMBOL)
    exit_asked(world, number)
    tenant.cycle(1)
    (wish,) = world.rows("SELECT * FROM exits")
    assert wish["last_price"] == last
    assert last * Decimal("0.99") <= wish["price"] < last
    tenant.cycle(3)
    closed = tenant.position(number)
    assert (closed["quantity"], closed["close_reason"]) == (0, "SOLD")
    assert [o["status"] for o in tenant.orders()] == ["EXECUTED"]
    assert world.row("SELECT ended_at IS NOT NULL AS ended FROM exits")["ended"]
    assert tenant.line(SYMBOL)["max_live_api_sells"] == 1
    assert tenant.line(SYMBOL)["max_api_sell_shares"] == 10


def test_an_exit_of_a_part_filled_order_is_cancel_confirm_place(world: World):
    tenant, number = at_the_bell(world)
    world.broker.fill(tenant.live_at_broker()[0]["nOrdNo"], 4)
    tenant.cycle(2)
    exit_asked(world, number)
    tenant.cycle(6)
    assert tenant.position(number)["quantity"] == 0
    assert [(o["status"], o["filled"]) for o in tenant.orders()] == [("CANCELLED", 4), ("EXECUTED", 6)]
    assert tenant.line(SYMBOL)["max_live_api_sells"] == 1


def test_an_exit_lifts_the_respect_for_an_earlier_cancel_and_not_a_halt(world: World):
    tenant, number = at_the_bell(world)
    world.broker.manual_cancel(tenant.account.ucc, tenant.live_at_broker()[0]["nOrdNo"])
    tenant.cycle(3)
    world.execute("INSERT INTO halts (user_id, because) VALUES (1, 'audit')")
    exit_asked(world, number)
    tenant.cycle(5)
    assert tenant.position(number)["reason"] == "HALTED"
    world.execute("UPDATE halts SET ended_at = now()")
    tenant.cycle(5)
    assert tenant.position(number)["quantity"] == 0


def test_an_exit_waits_for_a_last_price_and_the_rule_covers_meanwhile(world: World):
    tenant, number = at_the_bell(world)
    world.broker.fault("quotes", "502_html", times=100)
    exit_asked(world, number)
    for _ in range(5):
        world.clock.advance(1)
        tenant.service.look()
    assert resting(tenant) == [(10, "848.00")]
    world.broker.clear_faults()
    tenant.cycle(5)
    assert tenant.position(number)["quantity"] == 0


def test_quotes_and_holdings_that_hang_keep_no_position_from_its_order(world: World):
    tenant, number = at_the_bell(world)
    world.broker.fault("quotes", "hang", times=500, seconds=60)
    world.broker.fault("holdings", "hang", times=500, seconds=60)
    exit_asked(world, number)
    new = tenant.holds("ITC-EQ", 5, "400", own=5)
    for _ in range(6):
        world.clock.advance(1)
        tenant.service.look()
    assert sorted(row["trdSym"] for row in tenant.live_at_broker()) == [SYMBOL, "ITC-EQ"]
    assert tenant.position(new)["reason"] is None


def test_an_exit_whose_price_ran_away_rests_where_it_was_and_an_ended_one_gives_the_rule_back(world: World):
    tenant, number = at_the_bell(world)
    world.broker.set_price(SYMBOL, world.broker.last_price(SYMBOL), liquidity=0)
    exit_asked(world, number, "0")
    last = world.broker.last_price(SYMBOL)
    tenant.cycle(1)
    world.broker.set_price(SYMBOL, last - 20)
    tenant.cycle(6)
    assert resting(tenant) == [(10, str(last))]
    assert tenant.position(number)["reason"] == "EXITING"
    world.execute("UPDATE exits SET ended_at = now()")
    tenant.cycle(4)
    assert resting(tenant) == [(10, "848.00")]


def test_a_halt_that_cancels_takes_back_what_rests_and_the_end_of_it_covers_again(world: World):
    tenant, number = at_the_bell(world)
    world.execute("INSERT INTO halts (user_id, because, cancel_orders) VALUES (NULL, 'audit', true)")
    tenant.cycle(4)
    assert resting(tenant) == []
    assert tenant.position(number)["reason"] == "HALTED"
    assert tenant.orders()[0]["reason"] == "CANCELLED_BY_US"
    world.execute("UPDATE halts SET ended_at = now()")
    tenant.cycle(4)
    assert resting(tenant) == [(10, "848.00")]


def test_a_halt_leaves_what_rests(world: World):
    tenant, _ = at_the_bell(world)
    world.execute("INSERT INTO halts (because) VALUES ('audit')")
    tenant.cycle(4)
    assert resting(tenant) == [(10, "848.00")]


def test_a_cancel_that_the_broker_refuses_again_and_again_is_asked_ever_more_slowly_and_told(world: World):
    tenant, number = at_the_bell(world)
    world.broker.fault("cancel", "reject", times=1000, text="not allowed")
    world.execute("UPDATE positions SET quantity = 4")
    tenant.cycle(400, seconds=5)
    cancels = world.row("SELECT count(*) AS n FROM sends WHERE kind = 'cancel'")["n"]
    assert 3 <= cancels <= 14
    assert tenant.position(number)["reason"] == "CANCEL_REFUSED"
    world.broker.clear_faults()
    tenant.cycle(100, seconds=5)
    assert resting(tenant) == [(4, "848.00")]


def test_the_tag_that_is_there_already_is_looked_for_and_adopted(world: World):
    world.broker.configure(book_delay=120.0)
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=100)
    tenant.service.cycle()
    world.broker.fault("place", "lost_reply")
    world.clock.advance_to(BELL)
    tenant.service.look()
    tenant.cycle(200)
    assert len(world.broker.ledger()["tags_refused"]) >= 1
    assert len(tenant.at_broker()) == 1
    assert [o["status"] for o in tenant.orders()] == ["OPEN"]
    assert tenant.position(number)["reason"] is None


@pytest.mark.parametrize("symbol", ["M&M-EQ", "BAJAJ-AUTO-EQ", "GRPLTD-BE"])
def test_a_symbol_with_signs_and_a_series_of_its_own_is_sold_as_the_file_writes_it(world: World, symbol: str):
    tenant = world.tenant()
    number = tenant.holds(symbol, 10, str(world.broker.last_price(symbol)), own=3, rule=RULE)
    tenant.at_the_bell()
    tenant.cycle(3)
    assert [(row["trdSym"], row["qty"]) for row in tenant.live_at_broker()] == [(symbol, 10)]
    assert tenant.position(number)["reason"] is None


def test_shares_of_an_sme_are_sold_in_whole_lots(world: World):
    tenant = world.tenant()
    last = str(world.broker.last_price("NIDAN-SM"))
    whole = tenant.holds("NIDAN-SM", 2000, last)
    tenant.at_the_bell()
    assert [row["qty"] for row in tenant.live_at_broker()] == [2000]
    world.execute("UPDATE positions SET quantity = 1500 WHERE id = :id", id=whole)
    tenant.cycle(4)
    assert tenant.live_at_broker() == []
    assert tenant.position(whole)["reason"] == "ODD_LOT"


def test_above_the_freeze_quantity_one_piece_rests_and_the_next_follows_its_fill(world: World):
    tenant = world.tenant()
    number = tenant.holds("NESTLEIND-EQ", 12_000, str(world.broker.last_price("NESTLEIND-EQ")), own=500)
    tenant.at_the_bell()
    for left in (12_000, 6_890):
        (row,) = tenant.live_at_broker()
        assert row["qty"] == 5110
        assert f"5110 of {left} resting" in tenant.position(number)["reason_text"]
        world.broker.fill(row["nOrdNo"], 5110)
        tenant.cycle(4)
    assert [row["qty"] for row in tenant.live_at_broker()] == [1780]
    assert tenant.position(number)["reason"] is None
    assert tenant.line("NESTLEIND-EQ")["max_live_api_sells"] == 1


def test_a_broker_that_hangs_or_turns_away_one_account_leaves_the_other_alone(world: World):
    slow, other = world.tenant(0), world.tenant(1)
    for tenant in (slow, other):
        for symbol in (SYMBOL, "ITC-EQ"):
            tenant.holds(symbol, 10, str(world.broker.last_price(symbol)), own=20)
        tenant.service.cycle()
    for call, kind in (("place", "429"), ("place", "hang"), ("orders", "429"), ("orders", "hang")):
        world.broker.fault(call, kind, ucc=slow.account.ucc, times=3, seconds=60)
    world.clock.advance_to(BELL)
    other.service.look()
    assert len(other.at_broker()) == 2
    for _ in range(120):
        world.clock.advance(1)
        slow.service.look()
    assert sorted(row["trdSym"] for row in slow.live_at_broker()) == [SYMBOL, "ITC-EQ"]
    assert len(slow.at_broker()) == 2
    assert world.broker.ledger()["totals"]["max_live_api_sells"] == 1


def test_a_rule_that_the_database_forbids_stops_the_service_and_not_a_person(world: World):
    tenant, _ = at_the_bell(world)
    (order,) = tenant.orders()
    with pytest.raises(Exception, match="orders_end_on_evidence"), world.database.as_service("bug") as session:
        session.connection().exec_driver_sql(f"UPDATE orders SET status = 'LAPSED' WHERE id = {order['id']}")
    with pytest.raises(Exception, match="orders_take_known_steps"), world.database.as_service("bug") as session:
        session.connection().exec_driver_sql(f"UPDATE orders SET status = 'SUBMITTING' WHERE id = {order['id']}")
    world.execute("UPDATE orders SET status = 'LAPSED' WHERE id = :id", id=order["id"])
