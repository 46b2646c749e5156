"""A trading day on paper: the same rows, the same service, the same broker protocol; prices from a script."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from domain.book import NewOrder
from domain.orders import Side
from domain.outcomes import Accepted
from tests.integration.paper_script import Scripted, scripted
from tests.world import BELL, CLOSE, World

__all__ = ["scripted"]


def test_a_bought_share_is_sold_at_its_target(scripted: Scripted) -> None:
    paper = scripted("09:00,ITC-EQ,400,", "+60,ITC-EQ,399,", "+300,ITC-EQ,423,")
    paper.at_the_bell()
    number = paper.requests_buy("ITC-EQ", 50, "399")
    paper.cycle(2)
    assert [order["status"] for order in paper.orders("BUY")] == ["OPEN"]
    paper.cycle(1, seconds=60)
    assert [(o["id"], o["status"], o["filled"]) for o in paper.orders("BUY")] == [(number, "ONGOING", 50)]
    paper.cycle(2)
    assert [(row["quantity"], row["price"]) for row in paper.live_at_broker()] == [(50, Decimal("422.95"))]
    assert paper.cash() == 1_000_000 - 50 * 399
    paper.cycle(2, seconds=150)
    (position,) = paper.world.rows("SELECT * FROM positions")
    assert (position["close_reason"], position["exit_price"]) == ("SOLD", Decimal("422.95"))
    assert [order["status"] for order in paper.orders("BUY")] == ["CLOSED"]
    assert paper.cash() == 1_000_000 - 50 * 399 + 50 * Decimal("422.95")


def test_a_held_position_gets_exactly_one_sell_at_the_bell(scripted: Scripted) -> None:
    paper = scripted("09:00,IFBIND-EQ,800,")
    paper.holds("IFBIND-EQ", 10)
    paper.at_the_bell()
    paper.cycle(10)
    (row,) = paper.at_broker()
    assert (row["quantity"], row["price"], row["state"]) == (10, Decimal(848), "open")
    assert [order["status"] for order in paper.orders()] == ["OPEN"]
    assert paper.world.row("SELECT text FROM heartbeats")["text"].endswith("; paper, price script prices101.csv")


def test_the_walk_of_a_seed_trades_too(world: World) -> None:
    paper = world.paper_tenant("walk:7:0.5")
    paper.holds("IFBIND-EQ", 10, "780")
    paper.at_the_bell()
    paper.cycle(40, seconds=120)
    assert [order["status"] for order in paper.orders()] == ["EXECUTED"]
    assert world.row("SELECT close_reason FROM positions")["close_reason"] == "SOLD"


def test_what_is_on_offer_at_a_moment_fills_in_parts(scripted: Scripted) -> None:
    paper = scripted("09:00,IFBIND-EQ,800,", "+60,IFBIND-EQ,850,4", "+120,IFBIND-EQ,849,", "+180,IFBIND-EQ,850,100")
    number = paper.holds("IFBIND-EQ", 10)
    paper.at_the_bell()
    paper.cycle(1, seconds=59)
    assert (paper.position(number)["quantity"], paper.orders()[0]["filled"]) == (6, 4)
    assert [(row["filled"], row["quantity"]) for row in paper.trades()] == [(4, 4)]
    paper.cycle(3)
    assert paper.position(number)["quantity"] == 6
    paper.cycle(1, seconds=120)
    assert paper.position(number)["close_reason"] == "SOLD"
    assert [(row["filled"], row["quantity"]) for row in paper.trades()] == [(4, 4), (10, 6)]


def test_a_rule_changed_by_sql_moves_the_resting_order(scripted: Scripted) -> None:
    paper = scripted("09:00,IFBIND-EQ,800,")
    number = paper.holds("IFBIND-EQ", 10)
    paper.at_the_bell()
    rule = """UPDATE positions SET exit_rule = '{"target_price"\\:900}' WHERE id = :id"""
    paper.world.execute(rule, id=number)
    paper.cycle(3)
    assert [row["price"] for row in paper.live_at_broker()] == [Decimal(900)]
    (row,) = paper.at_broker()
    assert row["tag"] != row["shown_tag"]


def test_more_than_is_held_is_refused_in_the_brokers_words(scripted: Scripted) -> None:
    paper = scripted("09:00,IFBIND-EQ,800,")
    paper.holds("IFBIND-EQ", 10)
    paper.world.execute("UPDATE paper_holdings SET quantity = 4")
    broker = paper.service.ports.broker
    paper.world.clock.advance_to(BELL)
    broker.login()
    sent = broker.place(NewOrder("A1", "IFBIND-EQ", Side.SELL, 10, Decimal(848)), paper.world.clock.monotonic() + 5)
    assert isinstance(sent, Accepted)
    paper.world.clock.advance(1)
    (row,) = broker.order_book().rows
    assert (row.state, row.text[:39]) == ("rejected", "RMS:Rule: Check T1 holdings including T")
    assert row.evidence["paper"] is True


def test_a_buy_beyond_the_cash_is_refused(scripted: Scripted) -> None:
    paper = scripted("09:00,ITC-EQ,400,")
    paper.world.execute("UPDATE paper_accounts SET cash = 5000")
    paper.at_the_bell()
    paper.requests_buy("ITC-EQ", 10, "399")
    paper.cycle(2)
    paper.requests_buy("ITC-EQ", 10, "398")
    paper.cycle(3)
    assert [order["status"] for order in paper.orders("BUY")] == ["OPEN", "REJECTED"]
    text = paper.orders("BUY")[1]["reason_text"]
    assert text.startswith("RMS:Margin Exceeds,Cash Available:1010.00,Additional margin required:2970.00")


def test_what_is_left_at_the_close_has_lapsed(scripted: Scripted) -> None:
    paper = scripted("09:00,IFBIND-EQ,800,")
    number = paper.holds("IFBIND-EQ", 10)
    paper.at_the_bell()
    paper.world.clock.advance_to(CLOSE + timedelta(seconds=1))
    paper.cycle(2)
    assert [row["state"] for row in paper.at_broker()] == ["cancelled"]
    assert [order["status"] for order in paper.orders()] == ["LAPSED"]
    assert paper.position(number)["reason"] == "MARKET_CLOSED"


def test_shares_bought_today_are_delivered_at_night(scripted: Scripted) -> None:
    paper = scripted("09:00,ITC-EQ,400,", "+60,ITC-EQ,399,")
    paper.owns("ITC-EQ", 50, "300")
    paper.at_the_bell()
    paper.requests_buy("ITC-EQ", 50, "399.5")
    paper.cycle(2)
    paper.cycle(1, seconds=60)
    broker = paper.service.ports.broker
    assert [(h.quantity, h.sellable) for h in broker.holdings()] == [(50, 50)]
    paper.world.clock.advance_to(CLOSE + timedelta(seconds=1))
    paper.cycle(2)
    paper.world.the_day_after()
    (held,) = broker.holdings()
    assert (held.quantity, held.average_price) == (100, Decimal("349.75"))
    assert paper.world.row("SELECT quantity, average_price FROM paper_holdings") == {
        "quantity": 100,
        "average_price": Decimal("349.75"),
    }
    paper.cycle(3)
    assert [(row["day"], row["quantity"]) for row in paper.live_at_broker()] == [(BELL.date() + timedelta(days=2), 50)]


def test_orders_out_of_hours_are_refused_as_the_broker_does(scripted: Scripted) -> None:
    paper = scripted("09:00,IFBIND-EQ,800,")
    paper.owns("IFBIND-EQ", 10)
    broker, clock = paper.service.ports.broker, paper.world.clock

    def told(tag: str) -> str:
        assert isinstance(broker.place(_sell(tag), clock.monotonic() + 5), Accepted)
        clock.advance(1)
        return next(row.text for row in broker.order_book().rows if row.tag == tag)

    broker.login()
    assert told("A1") == "RMS:Rule: Market is not open yet for segment nse_cm"
    clock.advance_to(CLOSE + timedelta(minutes=1))
    assert told("A2") == "RMS:Rule: Market is closed for segment nse_cm"
    clock.advance_to(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))
    broker.login()
    assert told("A3") == "RMS:Rule: Market is closed for segment nse_cm"


def test_the_closing_auction_trades_what_rests_at_its_end(scripted: Scripted) -> None:
    """Through a restart in the middle of it; the reference is the price with which continuous trading ended."""
    paper = scripted(
        "09:00,RELIANCE-EQ,2300,",
        "15:14:00,RELIANCE-EQ,2310,",
        "15:20:00,RELIANCE-EQ,2330,",
        "15:34:00,RELIANCE-EQ,2325,",
    )
    number = paper.holds("RELIANCE-EQ", 10, "2190")
    paper.world.execute("""UPDATE positions SET exit_rule = '{"target_price"\\:2320}'""")
    paper.at_the_bell()
    paper.world.clock.advance_to(CLOSE - timedelta(minutes=8))
    paper.restart()
    paper.cycle(2)
    assert [row["state"] for row in paper.at_broker()] == ["open"]
    paper.restart()
    paper.world.clock.advance_to(CLOSE + timedelta(minutes=6))
    paper.cycle(2)
    assert [(row["price"], row["at"]) for row in paper.trades()] == [(Decimal(2325), CLOSE + timedelta(minutes=5))]
    assert paper.position(number)["close_reason"] == "SOLD"


def _sell(tag: str) -> NewOrder:
    return NewOrder(tag, "IFBIND-EQ", Side.SELL, 10, Decimal(848))
