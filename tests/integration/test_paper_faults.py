"""What can go wrong at a broker can be rehearsed on paper: faults as rows, latency, deadlines."""

from decimal import Decimal

import pytest

from domain.book import NewOrder, PriceChange
from domain.errors import BrokerUnavailable
from domain.orders import Side
from domain.outcomes import Accepted, NotSent, Outcome, Refused, Unknown
from tests.integration.paper_script import Scripted, scripted
from tests.world import BELL, PaperTenant

__all__ = ["scripted"]


@pytest.fixture
def paper(scripted: Scripted) -> PaperTenant:
    """An account with a hundred shares, after the bell."""
    made = scripted("09:00,IFBIND-EQ,800,")
    made.owns("IFBIND-EQ", 100)
    made.world.clock.advance_to(BELL)
    made.service.ports.broker.login()
    return made


def place(paper: PaperTenant, tag: str = "A1") -> Outcome:
    """Place a sell now."""
    order = NewOrder(tag, "IFBIND-EQ", Side.SELL, 10, Decimal(848))
    return paper.service.ports.broker.place(order, paper.world.clock.monotonic() + 5)


@pytest.mark.parametrize(
    ("kind", "ends", "there"),
    [
        ("lost_reply", Unknown, 1),
        ("hang_after", Unknown, 1),
        ("502_after", Unknown, 1),
        ("503_after", Unknown, 1),
        ("garbage_after", Unknown, 1),
        ("ok_without_number", Unknown, 1),
        ("late_reply", Accepted, 1),
        ("reject", Accepted, 1),
        ("late_row", Accepted, 1),
        ("drop_before", Unknown, 0),
        ("hang", Unknown, 0),
        ("502_html", Unknown, 0),
        ("session_death", NotSent, 0),
        ("ip_changed", NotSent, 0),
        ("ip_refused", Refused, 0),
        ("sync_reject", Refused, 0),
    ],
)
def test_a_fault_of_a_place_is_what_a_client_of_the_real_broker_meets(
    paper: PaperTenant, kind: str, ends: type[Outcome], there: int
) -> None:
    paper.fault("place", kind)
    assert isinstance(place(paper), ends)
    assert len(paper.at_broker()) == there
    assert paper.world.row("SELECT times, struck FROM paper_faults") == {"times": 0, "struck": 1}
    assert isinstance(place(paper, "A2"), Accepted)


def test_what_the_gateway_turned_away_goes_out_once_more(paper: PaperTenant) -> None:
    paper.fault("place", "429", times=2)
    assert isinstance(place(paper), Accepted)
    assert len(paper.at_broker()) == 1
    paper.fault("place", "429", times=None)
    assert isinstance(place(paper, "A2"), NotSent)


def test_a_lost_reply_is_found_by_its_tag(scripted: Scripted) -> None:
    paper = scripted("09:00,IFBIND-EQ,800,")
    paper.holds("IFBIND-EQ", 10, own=50)
    paper.fault("place", "lost_reply")
    paper.at_the_bell()
    paper.cycle(5)
    (row,) = paper.at_broker()
    (order,) = paper.orders()
    assert (order["status"], order["broker_order_id"]) == ("OPEN", row["number"])


def test_a_place_that_never_arrived_is_sent_again_under_the_same_tag(scripted: Scripted) -> None:
    paper = scripted("09:00,IFBIND-EQ,800,")
    paper.holds("IFBIND-EQ", 10, own=50)
    paper.fault("place", "drop_before")
    paper.at_the_bell()
    (order,) = paper.orders()
    paper.cycle(20)
    assert paper.at_broker() == []
    paper.cycle(60)
    (row,) = paper.at_broker()
    assert row["tag"] == order["tag"]
    sends = paper.world.rows("SELECT outcome, attempt FROM sends ORDER BY id")
    assert [(s["outcome"], s["attempt"]) for s in sends] == [("absent", 1), ("accepted", 2)]


def test_a_rejection_on_command_is_kept_with_its_words(scripted: Scripted) -> None:
    paper = scripted("09:00,IFBIND-EQ,800,")
    number = paper.holds("IFBIND-EQ", 10)
    paper.fault("place", "reject", text="RMS: try later")
    paper.at_the_bell()
    assert paper.position(number)["reason"] == "RETRYING"
    assert paper.orders()[0]["reason_text"] == "RMS: try later"


def test_latency_passes_before_a_call_is_carried_out(paper: PaperTenant) -> None:
    paper.world.execute("UPDATE paper_accounts SET latency_seconds = 0.4")
    broker, clock = paper.service.ports.broker, paper.world.clock
    broker.order_book()
    began = clock.monotonic()
    assert isinstance(place(paper), Accepted)
    assert clock.monotonic() - began == pytest.approx(0.4)
    assert paper.at_broker()[0]["entered_at"] == clock.now()
    paper.world.execute("UPDATE paper_accounts SET latency_seconds = 15")
    broker.order_book()
    began = clock.monotonic()
    assert isinstance(place(paper, "A2"), Accepted | Unknown)
    assert clock.monotonic() - began <= 10.001


def test_a_late_reply_beyond_the_deadline_is_no_reply(paper: PaperTenant) -> None:
    paper.fault("place", "late_reply", seconds=30)
    began = paper.world.clock.monotonic()
    assert isinstance(place(paper), Unknown)
    assert paper.world.clock.monotonic() - began == pytest.approx(10)
    assert len(paper.at_broker()) == 1


def test_an_order_may_show_late_in_the_book(paper: PaperTenant) -> None:
    paper.fault("place", "late_row", seconds=4)
    place(paper)
    broker = paper.service.ports.broker
    paper.world.clock.advance(3)
    assert broker.order_book().rows == ()
    paper.world.clock.advance(2)
    assert [row.state for row in broker.order_book().rows] == ["open"]


def test_reports_fail_on_command_and_reads_are_tried_again(paper: PaperTenant) -> None:
    broker = paper.service.ports.broker
    place(paper)
    place(paper, "A2")
    paper.fault("orders", "malformed_row")
    book = broker.order_book()
    assert (len(book.rows), book.malformed) == (1, 1)
    paper.fault("orders", "missing_rows", rows=2)
    assert broker.order_book().rows == ()
    paper.fault("holdings", "no_data")
    assert broker.holdings() == ()
    paper.fault("orders", "502_html", times=2)
    assert len(broker.order_book().rows) == 2
    paper.fault("orders", "502_html", times=3)
    with pytest.raises(BrokerUnavailable, match="502_html, a fault on command"):
        broker.order_book()


def test_a_refused_modify_and_cancel_leave_the_order_where_it_is(paper: PaperTenant) -> None:
    broker, clock = paper.service.ports.broker, paper.world.clock
    placed = place(paper)
    assert isinstance(placed, Accepted)
    clock.advance(1)
    change = PriceChange(placed.broker_order_id, "IFBIND-EQ", Side.SELL, 10, Decimal(900))
    paper.fault("modify", "reject")
    paper.fault("cancel", "reject")
    assert isinstance(broker.modify(change, clock.monotonic() + 5), Accepted)
    clock.advance(1)
    assert isinstance(broker.cancel(placed.broker_order_id, clock.monotonic() + 5), Accepted)
    clock.advance(1)
    (row,) = broker.order_book().rows
    assert (row.state, row.price) == ("open", Decimal(848))
    assert "A1" in broker.tags_of(placed.broker_order_id)
    assert isinstance(broker.cancel(placed.broker_order_id, clock.monotonic() + 5), Accepted)
    clock.advance(1)
    assert [row.state for row in broker.order_book().rows] == ["cancelled"]
    ended = broker.cancel(placed.broker_order_id, clock.monotonic() + 5)
    assert isinstance(ended, Refused)
    assert ended.code == "1021"


def test_what_is_no_order_never_leaves(paper: PaperTenant) -> None:
    broker, clock = paper.service.ports.broker, paper.world.clock
    odd = NewOrder("A1", "IFBIND-EQ", Side.SELL, 10, Decimal("848.001"))
    assert isinstance(broker.place(odd, clock.monotonic() + 5), NotSent)
    unknown = NewOrder("A1", "NOSUCH-EQ", Side.SELL, 10, Decimal(848))
    refused = broker.place(unknown, clock.monotonic() + 5)
    assert isinstance(refused, Refused)
    assert refused.code == "1007"
    assert paper.at_broker() == []
