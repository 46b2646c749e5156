"""The paper book is a broker's: no kill, no frozen owner and no second caller loses or doubles anything in it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg.errors import CheckViolation, UniqueViolation

from broker.paper import Conversation, PaperBroker, PaperLine
from broker.paper.store import Page
from domain.book import NewOrder
from domain.errors import DatabaseUnavailable, TenureLost
from domain.market import DrillCalendar
from domain.orders import Side
from domain.outcomes import Accepted, NotSent, Outcome, Unknown
from repositories.paper import PaperRepository
from tests.integration.paper_script import Scripted, scripted
from tests.world import BELL, CLOSE, PaperTenant

__all__ = ["scripted"]
QUIET = "09:00,IFBIND-EQ,800,"


class Dying:
    """A store whose process dies at the end of a page: before the commit, or after it and before the answer."""

    def __init__(self, store: PaperRepository, *, after: bool) -> None:
        self._store, self._after = store, after

    @contextmanager
    def page(self) -> Iterator[Page]:
        """One page, and then nothing more."""
        with self._store.page() as page:
            yield page
            if not self._after:
                raise DatabaseUnavailable("killed")
        raise DatabaseUnavailable("killed")


def broker_of(paper: PaperTenant, store: object) -> PaperBroker:
    """Another client of the same account, with a store of its own."""
    world = paper.world
    market, line = paper.service.ports.broker._market, PaperLine(world.clock, 0, 0)  # type: ignore[attr-defined]
    guard = world.database.require_idle
    talk = Conversation(paper.tenure, world.clock, world.calendar, store, market, line, guard)  # type: ignore[arg-type]
    return PaperBroker(talk, market, line, world.clock)


def sell(tag: str, quantity: int = 1, price: str = "848") -> NewOrder:
    """A sell of the symbol that these tests trade in."""
    return NewOrder(tag, "IFBIND-EQ", Side.SELL, quantity, Decimal(price))


def send(paper: PaperTenant, order: NewOrder, broker: object = None) -> Outcome:
    """Place an order now."""
    return (broker or paper.service.ports.broker).place(order, paper.world.clock.monotonic() + 5)  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def paper(scripted: Scripted) -> PaperTenant:
    """An account with a hundred shares, after the bell."""
    made = scripted(QUIET, "+3600,IFBIND-EQ,850,")
    made.owns("IFBIND-EQ", 100)
    made.world.clock.advance_to(BELL)
    made.service.ports.broker.login()
    return made


def test_what_was_accepted_outlives_the_process_and_fills_at_its_own_moment(scripted: Scripted) -> None:
    paper = scripted(QUIET, "+3600,IFBIND-EQ,850,", "+7200,IFBIND-EQ,790,")
    number = paper.holds("IFBIND-EQ", 10)
    paper.at_the_bell()
    paper.restart()
    assert len(paper.live_at_broker()) == 1
    paper.world.clock.advance_to(BELL + timedelta(hours=4))
    paper.restart()
    paper.cycle(2)
    (trade,) = paper.trades()
    assert (trade["at"], trade["price"]) == (BELL + timedelta(hours=1), Decimal(848))
    assert paper.position(number)["close_reason"] == "SOLD"
    assert paper.cash() == 1_000_000 + 10 * 848


def test_a_kill_in_the_middle_of_an_order_on_its_way_leaves_it_on_its_way(paper: PaperTenant) -> None:
    """Catches: steps that are due and known to the process alone."""
    paper.world.execute("UPDATE paper_accounts SET open_delay_seconds = 30")
    assert isinstance(send(paper, sell("A1")), Accepted)
    paper.world.clock.advance(15)
    paper.restart()
    assert [row.state for row in paper.service.ports.broker.order_book().rows] == ["pending"]
    paper.world.clock.advance(16)
    paper.restart()
    assert [row.state for row in paper.service.ports.broker.order_book().rows] == ["open"]


def test_an_order_on_its_way_is_not_judged_anew_by_another_calendar(paper: PaperTenant) -> None:
    """As when a drill is started once more, or a row of market_days is corrected."""
    clock = paper.world.clock
    assert isinstance(send(paper, sell("A1")), Accepted)
    paper.world.calendar = DrillCalendar(clock.now() + timedelta(seconds=10), clock.now() + timedelta(hours=1))
    paper.restart()
    clock.advance(1)
    assert isinstance(send(paper, sell("A2")), Accepted)
    clock.advance(1)
    rows = paper.service.ports.broker.order_book().rows
    assert [(row.state, row.text) for row in rows] == [
        ("open", ""),
        ("rejected", "RMS:Rule: Market is not open yet for segment nse_cm"),
    ]


@pytest.mark.parametrize(("after", "there"), [(False, 0), (True, 1)])
def test_a_place_whose_answer_died_is_unknown_whether_it_happened_or_not(
    paper: PaperTenant, after: bool, there: int
) -> None:
    store = PaperRepository(paper.world.database, paper.tenure)
    assert isinstance(send(paper, sell("A1"), broker_of(paper, Dying(store, after=after))), Unknown)
    paper.restart()
    assert len(paper.service.ports.broker.order_book().rows) == there
    again = send(paper, sell("A1"))
    assert isinstance(again, Unknown if there else Accepted)
    assert len(paper.at_broker()) == 1


def test_the_service_finds_an_order_whose_answer_died(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    paper.holds("IFBIND-EQ", 10, own=50)
    paper.at_the_bell()
    paper.world.execute("UPDATE sends SET outcome = NULL, evidence = NULL")
    paper.world.execute("UPDATE orders SET status = 'SUBMITTING', broker_order_id = NULL, seen_at = NULL")
    paper.restart()
    paper.cycle(60)
    assert len(paper.at_broker()) == 1
    assert [order["status"] for order in paper.orders()] == ["OPEN"]


def test_a_tag_is_burnt_for_its_day_alone(paper: PaperTenant, psql: psycopg.Connection) -> None:
    assert isinstance(send(paper, sell("A1")), Accepted)
    paper.restart()
    again = send(paper, sell("A1"))
    assert isinstance(again, Unknown)
    assert "already exists" in again.text
    with pytest.raises(UniqueViolation, match="paper_orders_tag_is_burnt_for_the_day"):
        psql.execute(
            "INSERT INTO paper_orders SELECT user_id, number || '0', day, tag, shown_tag, source, side, symbol,"
            " quantity, price, state, filled, cancelled, value, reason, entered_at, visible_from, confirmed_at,"
            " admitted, resting, history, errands FROM paper_orders"
        )
    paper.world.clock.advance_to(BELL + timedelta(days=2))
    assert isinstance(send(paper, sell("A1")), Accepted)
    assert [row["state"] for row in paper.at_broker()] == ["complete", "put order req received"]


def test_a_frozen_owner_that_wakes_writes_nothing_beside_its_successor(paper: PaperTenant) -> None:
    frozen = paper.service.ports.broker
    paper.restart()
    told = send(paper, sell("A1"), frozen)
    assert isinstance(told, NotSent)
    assert paper.at_broker() == []
    with pytest.raises(TenureLost):
        frozen.order_book()
    assert isinstance(send(paper, sell("A1")), Accepted)


def test_a_send_that_is_too_late_is_withheld(paper: PaperTenant) -> None:
    broker, clock = paper.service.ports.broker, paper.world.clock
    assert isinstance(broker.place(sell("A1"), clock.monotonic()), NotSent)
    assert paper.at_broker() == []


def test_many_callers_at_once_come_one_after_the_other(paper: PaperTenant) -> None:
    """Catches: a book that is read without its lock, so that one caller's orders overwrite another's."""
    store = PaperRepository(paper.world.database, paper.tenure)
    brokers = [broker_of(paper, store) for _ in range(4)]
    together, told = threading.Barrier(len(brokers)), []

    def trade(broker: PaperBroker, name: str) -> None:
        together.wait()
        for number in range(6):
            told.append(send(paper, sell(f"{name}{number}", 5), broker))
        paper.world.database.leave_thread()

    threads = [threading.Thread(target=trade, args=(b, n)) for b, n in zip(brokers, "ABCD", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(outcome) for outcome in told] == [Accepted] * 24
    paper.world.clock.advance(1)
    states = sorted(str(row.state) for row in paper.service.ports.broker.order_book().rows)
    assert (states.count("open"), states.count("rejected")) == (20, 4)
    assert len({row["number"] for row in paper.at_broker()}) == 24


def test_whoever_settles_the_fill_it_happens_once(paper: PaperTenant, psql: psycopg.Connection) -> None:
    store = PaperRepository(paper.world.database, paper.tenure)
    assert isinstance(send(paper, sell("A1", 10)), Accepted)
    paper.world.clock.advance_to(BELL + timedelta(hours=1))
    books = [broker_of(paper, store).order_book() for _ in range(3)]
    assert [book.rows[0].filled for book in books] == [10, 10, 10]
    (trade,) = paper.trades()
    assert (trade["quantity"], paper.cash()) == (10, 1_000_000 + 10 * 848)
    with pytest.raises(UniqueViolation):
        psql.execute("INSERT INTO paper_trades SELECT * FROM paper_trades")
    with pytest.raises(CheckViolation, match="filled may only grow"):
        psql.execute("UPDATE paper_orders SET filled = 0")


def test_a_night_that_nobody_saw_is_settled_once(paper: PaperTenant) -> None:
    assert isinstance(send(paper, sell("A1", 10)), Accepted)
    assert isinstance(send(paper, sell("A2", 10, "900")), Accepted)
    paper.world.clock.advance_to(BELL + timedelta(days=2))
    for _ in range(3):
        paper.restart()
        assert paper.service.ports.broker.order_book().rows == ()
        (held,) = paper.service.ports.broker.holdings()
        assert held.quantity == 90
    ended = [(row["tag"], row["state"], row["filled"]) for row in paper.at_broker()]
    assert ended == [("A1", "complete", 10), ("A2", "cancelled", 0)]
    last = paper.at_broker()[1]["history"][-1]
    assert datetime.fromisoformat(last["at"]) == CLOSE


def test_a_tenant_sees_its_own_paper_rows_alone(paper: PaperTenant, psql: psycopg.Connection) -> None:
    send(paper, sell("A1", 10))
    paper.world.clock.advance_to(BELL + timedelta(hours=1))
    paper.service.ports.broker.order_book()
    psql.execute("INSERT INTO paper_faults (user_id, call, kind) VALUES (101, 'any', 'hang')")
    for user, seen in ((101, 1), (102, 0)):
        for table in ("paper_accounts", "paper_holdings", "paper_orders", "paper_trades", "paper_faults"):
            with psql.transaction():
                psql.execute("SELECT set_config('ninefifteen.user_id', %s, true)", (str(user),))
                assert psql.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (seen,), (user, table)


def test_a_clock_that_is_behind_turns_no_time_back(paper: PaperTenant) -> None:
    """Two machines' clocks differ: the book goes by the later one."""
    assert isinstance(send(paper, sell("A1", 10)), Accepted)
    settled = timedelta(seconds=30)
    paper.world.execute("UPDATE paper_accounts SET settled_at = settled_at + CAST(:ahead AS interval)", ahead=settled)
    assert isinstance(send(paper, sell("A2", 10)), Accepted)
    numbers = [row["entered_at"] for row in paper.at_broker()]
    assert numbers[1] == BELL + settled
