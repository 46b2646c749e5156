"""A paper book after long absences and long days: caught up with in strides; what ended costs later calls nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest

from broker.kotak_neo import KotakAccount, KotakNeo
from broker.paper.store import Page
from cli.papers import Papers
from domain.book import NewOrder
from domain.errors import BrokerUnavailable, DatabaseUnavailable
from domain.orders import Side
from domain.outcomes import Accepted, NotSent
from domain.tenure import Tenure
from repositories.paper import PaperRepository
from settings import Settings
from tests.integration.paper_script import Scripted, scripted
from tests.integration.test_paper_kills import broker_of, sell, send
from tests.world import BELL, CLOSE, PaperTenant, World

__all__ = ["scripted"]
NAMES = ("IFBIND-EQ", "ITC-EQ")
QUIET = ("09:00,IFBIND-EQ,800,", "09:00,ITC-EQ,400,")


class Failing:
    """A store that answers so many times and then never again."""

    def __init__(self, store: PaperRepository, pages: int) -> None:
        self._store, self._left = store, pages

    @contextmanager
    def page(self) -> Iterator[Page]:
        """One page, while there are any."""
        self._left -= 1
        if self._left < 0:
            raise DatabaseUnavailable("killed")
        with self._store.page() as page:
            yield page


def resting(made: PaperTenant) -> PaperTenant:
    """After the bell, with a sell of each symbol at rest."""
    made.owns("IFBIND-EQ", 100)
    made.owns("ITC-EQ", 100, "400")
    made.world.clock.advance_to(BELL)
    made.service.ports.broker.login()
    for tag, symbol, price in (("A1", "IFBIND-EQ", "848"), ("A2", "ITC-EQ", "424")):
        assert isinstance(send(made, NewOrder(tag, symbol, Side.SELL, 10, Decimal(price))), Accepted)
    made.world.clock.advance(1)
    made.service.ports.broker.order_book()
    return made


@pytest.fixture
def paper(scripted: Scripted) -> PaperTenant:
    """Both prices go up and down again while nobody looks, one in the first two hours and one after five."""
    moves = ("+3600,IFBIND-EQ,850,", "+4000,IFBIND-EQ,800,", "+18000,ITC-EQ,430,", "+18100,ITC-EQ,400,")
    return resting(scripted(*QUIET, *moves))


def test_a_long_absence_is_caught_up_with_in_strides_of_which_none_is_lost(paper: PaperTenant) -> None:
    """Catches: six hours of forty symbols in one transaction, which PostgreSQL ends as idle each time anew, so that the
    account is lost for the day."""
    paper.world.clock.advance_to(BELL + timedelta(hours=5, minutes=30))
    store = PaperRepository(paper.world.database, paper.tenure)
    with pytest.raises(BrokerUnavailable):
        broker_of(paper, Failing(store, 1)).order_book()
    settled = paper.world.row("SELECT settled_at FROM paper_accounts")["settled_at"]
    assert settled - BELL == timedelta(hours=2, seconds=1)
    assert [(row["at"], row["number"]) for row in paper.trades()] == [(BELL + timedelta(hours=1), _number(paper, "A1"))]
    paper.restart()
    assert [row.state for row in paper.service.ports.broker.order_book().rows] == ["complete", "complete"]
    assert [(row["at"] - BELL, row["price"]) for row in paper.trades()] == [
        (timedelta(hours=1), 848),
        (timedelta(hours=5), 424),
    ]


def test_a_night_between_is_caught_up_with_from_stride_to_stride(paper: PaperTenant) -> None:
    paper.world.clock.advance_to(BELL + timedelta(days=2, hours=3))
    assert paper.service.ports.broker.order_book().rows == ()
    assert {holding.symbol: holding.quantity for holding in paper.service.ports.broker.holdings()} == {
        "IFBIND": 90,
        "ITC": 90,
    }
    assert paper.cash() == 1_000_000 + 8480 + 4240


def test_a_walk_meets_after_an_absence_what_it_met_for_one_who_looked(world: World) -> None:
    """The quiet hours are skipped over, not what an order waits for."""
    watching, absent = (resting(world.paper_tenant("walk:3:0.2", user)) for user in (101, 102))
    absent.service.ports.broker.order_book()
    while world.clock.now() < CLOSE + timedelta(minutes=10):
        world.clock.advance(400)
        watching.service.ports.broker.order_book()
    absent.service.ports.broker.order_book()
    seen = [[(o["tag"], o["state"], o["filled"], o["value"]) for o in one.at_broker()] for one in (watching, absent)]
    assert seen[0] == seen[1]
    assert [[(t["at"], t["price"]) for t in one.trades()] for one in (watching, absent)].count([]) == 0


def test_an_order_on_its_way_meets_the_price_of_its_arrival(scripted: Scripted) -> None:
    """It takes a minute to the exchange, the price is above its limit after half of it and below it when it arrives."""
    paper = scripted(*QUIET, "+10,IFBIND-EQ,830,", "+30,IFBIND-EQ,850,", "+50,IFBIND-EQ,810,", "+90,IFBIND-EQ,812,")
    paper.owns("IFBIND-EQ", 10)
    paper.world.execute("UPDATE paper_accounts SET open_delay_seconds = 60")
    paper.world.clock.advance_to(BELL)
    assert isinstance(send(paper, sell("A1", 10, "820")), Accepted)
    paper.world.clock.advance(120)
    paper.service.ports.broker.order_book()
    assert [(row["state"], row["filled"]) for row in paper.at_broker()] == [("open", 0)]


def test_orders_that_ended_are_not_built_anew_with_each_call(paper: PaperTenant) -> None:
    """Catches: a thousand orders on one day, and a tenth of a second of one core for each call."""
    broker, clock = paper.service.ports.broker, paper.world.clock
    for number in range(20):
        placed = send(paper, sell(f"B{number}"))
        assert isinstance(placed, Accepted)
        clock.advance(1)
        broker.cancel(placed.broker_order_id, clock.monotonic() + 5)
        clock.advance(1)
    broker.order_book()
    with PaperRepository(paper.world.database, paper.tenure).page() as page:
        assert [order.tag for order in page.read().orders] == ["A1", "A2"]
    rows = broker.order_book().rows
    assert [row.tag.partition("-")[0] for row in rows] == ["A1", "A2", *(f"B{number}" for number in range(20))]
    assert rows[-1].state == "cancelled"
    assert "B3" in broker.tags_of(rows[5].broker_order_id)
    assert paper.world.row("SELECT min(jsonb_array_length(history)) AS least FROM paper_orders")["least"] > 3


def test_what_ended_still_counts_in_shares_cash_and_trades(paper: PaperTenant) -> None:
    broker, clock = paper.service.ports.broker, paper.world.clock
    clock.advance_to(BELL + timedelta(minutes=61))
    broker.order_book()
    assert {held.symbol: (held.quantity, held.sellable) for held in broker.holdings()}["IFBIND"] == (100, 90)
    assert [(t.symbol, t.side, t.quantity, t.price) for t in broker.trades()] == [("IFBIND-EQ", "SELL", 10, 848)]
    placed = send(paper, sell("B1", 91))
    assert isinstance(placed, Accepted)
    clock.advance(1)
    assert [row.state for row in broker.order_book().rows][-1] == "rejected"


def test_a_number_is_given_out_once_also_when_the_clock_stands(paper: PaperTenant) -> None:
    """Catches: an ended order that the next one overwrites, since only live ones are looked at."""
    assert isinstance(send(paper, sell("B1")), Accepted)
    paper.world.execute("UPDATE paper_orders SET state = 'rejected', errands = '[]' WHERE tag = 'B1'")
    assert isinstance(send(paper, sell("B2")), Accepted)
    assert [row["tag"] for row in paper.at_broker()] == ["A1", "A2", "B1", "B2"]


def test_an_order_whose_page_could_not_be_opened_was_not_sent(paper: PaperTenant) -> None:
    """Catches: a bell with a hundred accounts, of whose orders some are in doubt for a minute since no connection was
    free; nothing had left yet."""
    store = PaperRepository(paper.world.database, paper.tenure)
    told = send(paper, sell("B1"), broker_of(paper, Failing(store, 0)))
    assert isinstance(told, NotSent)
    assert len(paper.at_broker()) == 2


def test_paper_pages_take_no_connection_of_accounts_with_money(world: World) -> None:
    settings = Settings(paper_prices="walk:1")
    papers = Papers(world.database, world.clock, world.calendar, settings, 10, world.instruments, _nobody)
    try:
        paper = world.paper_tenant("walk:1")
        broker = papers.broker(paper.tenure)
        broker.login()
        before = world.database.engine.pool.checkedin()  # type: ignore[attr-defined]
        world.database.engine.dispose()
        assert (before > 0, broker.order_book().rows) == (True, ())
        assert world.database.engine.pool.checkedin() == 0  # type: ignore[attr-defined]
    finally:
        papers.close()


def test_a_book_from_the_future_stands_still_and_says_so(paper: PaperTenant) -> None:
    """Catches: a clock that was a year ahead once, after which every paper order is of next year, in silence."""
    paper.world.execute("UPDATE paper_accounts SET settled_at = settled_at + interval '1 year'")
    with pytest.raises(BrokerUnavailable, match="has come to 2027-11-23 03:45:01 UTC, and this machine's clock says"):
        paper.service.ports.broker.order_book()
    told = send(paper, sell("B1"))
    assert isinstance(told, NotSent)
    assert "correct the clock" in told.text


def test_an_account_that_somebody_deleted_is_a_sentence(paper: PaperTenant) -> None:
    paper.world.execute("DELETE FROM paper_accounts")
    with pytest.raises(BrokerUnavailable, match=r"User 101 has no paper account: INSERT INTO paper_accounts"):
        paper.service.ports.broker.order_book()
    assert isinstance(send(paper, sell("B1")), NotSent)
    paper.service.look()
    heartbeat = paper.world.row("SELECT state, text FROM heartbeats WHERE user_id = 101")
    assert "has no paper account" in heartbeat["text"]


def test_a_symbol_that_left_the_file_offers_nothing(scripted: Scripted) -> None:
    """Catches: a sell on its way that trades at half a thousand million rupees."""
    paper = scripted(*QUIET)
    paper.owns("IFBIND-EQ", 10)
    paper.world.clock.advance_to(BELL)
    assert isinstance(send(paper, sell("A1")), Accepted)
    paper.world.execute("UPDATE paper_orders SET symbol = 'GONE-EQ'")
    paper.world.clock.advance(60)
    paper.service.ports.broker.order_book()
    assert paper.trades() == []


def test_what_the_auction_fills_does_not_depend_on_who_looked_when(scripted: Scripted) -> None:
    """Four shares are on offer in the last price before its end; a page in between had made any number of it."""
    lines = ("09:00,RELIANCE-EQ,2300,", "15:14:00,RELIANCE-EQ,2310,", "15:34:00,RELIANCE-EQ,2325,4")
    filled = []
    for user, looks in ((101, 0), (102, 3)):
        paper = scripted(*lines, user_id=user)
        paper.owns("RELIANCE-EQ", 10)
        if user == 101:
            paper.world.clock.advance_to(BELL)
        filled.append((paper, looks))
    order = NewOrder("A1", "RELIANCE-EQ", Side.SELL, 10, Decimal(2320))
    for paper, _ in filled:
        paper.service.ports.broker.login()
        assert isinstance(send(paper, order), Accepted)
    clock = filled[0][0].world.clock
    for moment in (CLOSE - timedelta(minutes=8), CLOSE + timedelta(minutes=4, seconds=30)):
        clock.advance_to(moment)
        for paper, looks in filled:
            if looks:
                paper.service.ports.broker.order_book()
    clock.advance_to(CLOSE + timedelta(minutes=6))
    for paper, _ in filled:
        paper.service.ports.broker.order_book()
        assert [(row["filled"], row["state"]) for row in paper.at_broker()] == [(4, "cancelled")]


def _number(paper: PaperTenant, tag: str) -> str:
    return next(str(row["number"]) for row in paper.at_broker() if row["tag"] == tag)


def _nobody(user_id: int, tenure: Tenure) -> tuple[KotakAccount, KotakNeo]:
    raise AssertionError(f"{tenure} asked for the real account {user_id}")
