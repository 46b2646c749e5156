"""What else a paper account can be asked, by the same protocol as a real one."""

from datetime import timedelta
from decimal import Decimal
from ipaddress import ip_address

import pytest

from broker.api import Broker, Inquiries
from broker.paper import PaperBroker
from domain.book import NewOrder, PriceChange
from domain.candles import Interval
from domain.errors import BrokerUnavailable
from domain.orders import Side
from domain.outcomes import Accepted
from domain.portfolio import Prospect
from tests.integration.paper_script import Scripted, scripted
from tests.integration.test_paper_kills import sell, send
from tests.world import BELL, CLOSE, PaperTenant, World

__all__ = ["scripted"]
LINES = ("09:00,IFBIND-EQ,800,", "+60,IFBIND-EQ,850,", "+90,IFBIND-EQ,846,7", "+400,IFBIND-EQ,790,")


@pytest.fixture
def paper(scripted: Scripted) -> PaperTenant:
    """An account with a hundred shares, after the bell."""
    made = scripted(*LINES)
    made.owns("IFBIND-EQ", 100)
    made.world.clock.advance_to(BELL)
    made.service.ports.broker.login()
    return made


@pytest.fixture
def broker(paper: PaperTenant) -> PaperBroker:
    """Its broker."""
    found = paper.service.ports.broker
    assert isinstance(found, PaperBroker)
    return found


def token(broker: PaperBroker) -> str:
    return next(line.token for line in broker.instruments() if line.symbol == "IFBIND-EQ")


def test_the_paper_broker_answers_the_inquiries_of_the_protocol(broker: PaperBroker) -> None:
    one: Broker = broker
    other: Inquiries = broker
    assert one is other
    assert broker.client_address().ip == ip_address("127.0.0.1")


def test_one_order_and_its_history_through_its_end(paper: PaperTenant, broker: PaperBroker) -> None:
    clock = paper.world.clock
    placed = send(paper, sell("A1", 10))
    assert isinstance(placed, Accepted)
    number = placed.broker_order_id
    clock.advance(1)
    broker.modify(PriceChange(number, "IFBIND-EQ", Side.SELL, 10, Decimal(846)), clock.monotonic() + 5)
    clock.advance(1)
    told = broker.order(number)
    assert told is not None
    assert (told.state, told.price, told.entered_at) == ("open", 846, BELL)
    clock.advance(100)
    (before, after) = (broker.order_history(number), broker.order(number))
    assert after is not None
    assert (after.state, after.filled, after.average_price) == ("complete", 10, 846)
    assert [step.status for step in before][:2] == ["complete", "open"]
    assert (before[-1].status, before[-1].tag) == ("put order req received", "A1")
    clock.advance(1)
    assert broker.order_history(number) == before
    assert (broker.order("7"), broker.order_history("7")) == (None, ())


def test_positions_and_funds_follow_what_was_traded_and_ordered(paper: PaperTenant, broker: PaperBroker) -> None:
    clock = paper.world.clock
    assert (broker.positions(), broker.funds().net, broker.funds().margin_used) == ((), 1_000_000, 0)
    send(paper, sell("A1", 10))
    send(paper, NewOrder("A2", "IFBIND-EQ", Side.BUY, 20, Decimal(780)))
    clock.advance(61)
    (net,) = broker.positions()
    assert (net.quantity, net.sell_average, net.bought, net.segment) == (-10, 848, 0, "nse_cm")
    funds = broker.funds()
    assert (funds.net, funds.margin_used) == (1_000_000 + 8480 - 15_600, 15_600)
    assert paper.cash() == funds.net + 15_600


def test_the_margin_of_an_order_is_what_decides_about_it(paper: PaperTenant, broker: PaperBroker) -> None:
    paper.world.execute("UPDATE paper_accounts SET cash = 10000")
    enough = broker.margin(Prospect(token(broker), Side.BUY, 12, Decimal(800)))
    assert (enough.enough, enough.order, enough.short) == (True, 9600, 0)
    short = broker.margin(Prospect(token(broker), Side.BUY, 13, None))
    assert (short.enough, short.order, short.short) == (False, 10_400, 400)
    assert broker.margin(Prospect(token(broker), Side.SELL, 1000, None)).enough
    with pytest.raises(BrokerUnavailable, match="Nobody knows a price"):
        broker.margin(Prospect("0", Side.BUY, 1, None))


def test_candles_are_the_prices_that_orders_traded_at(paper: PaperTenant, broker: PaperBroker) -> None:
    paper.world.clock.advance_to(BELL + timedelta(minutes=5))
    day = BELL.date()
    made = broker.candles(token(broker), Interval.MINUTE, day, day)
    assert [(one.at - BELL, one.open, one.high, one.low, one.close, one.volume) for one in made] == [
        (timedelta(minutes=1), 850, 850, 846, 846, 7)
    ]
    paper.world.clock.advance_to(CLOSE)
    (whole,) = broker.candles(token(broker), Interval.DAY, day, day)
    assert (whole.at, whole.high, whole.low, whole.close) == (BELL, 850, 790, 790)
    with pytest.raises(BrokerUnavailable, match="no instrument with the token 0"):
        broker.candles("0", Interval.DAY, day, day)


def test_a_walk_has_candles_of_every_trading_day_and_none_of_what_is_to_come(world: World) -> None:
    """Tuesday, the 24th, is a holiday."""
    broker = world.paper_tenant("walk:3").service.ports.broker
    assert isinstance(broker, PaperBroker)
    world.clock.advance_to(BELL + timedelta(days=2, minutes=12))
    days = (BELL.date() - timedelta(days=3), BELL.date() + timedelta(days=4))
    made = broker.candles(token(broker), Interval.DAY, *days)
    assert [one.at.date().isoformat() for one in made] == ["2026-11-20", "2026-11-23", "2026-11-25"]
    assert all(one.low <= one.open <= one.high and one.low <= one.close <= one.high for one in made)
    weeks = broker.candles(token(broker), Interval.WEEK, *days)
    assert [(one.open, one.close) for one in weeks] == [
        (made[0].open, made[0].close),
        (made[1].open, made[2].close),
    ]
    today = broker.candles(token(broker), Interval.FIVE_MINUTES, BELL.date() + timedelta(days=2), days[1])
    assert len(today) == 3
    assert len(broker.candles(token(broker), Interval.QUARTER_HOUR, BELL.date(), BELL.date())) == 25
