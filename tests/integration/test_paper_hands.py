"""What the owner of a paper account does by his own hand: the service meets it as it meets a real owner's."""

from decimal import Decimal

import psycopg
import pytest

from domain.orders import Side
from domain.paper import Deed
from repositories.paper_desk import PaperDesk
from tests.integration.paper_script import Scripted, scripted
from tests.integration.test_paper_kills import sell, send
from tests.world import BELL, PaperTenant

__all__ = ["scripted"]
QUIET = "09:00,IFBIND-EQ,800,"


def by_hand(paper: PaperTenant, deed: Deed, quantity: int, price: str, symbol: str = "IFBIND-EQ") -> int:
    """An order of the owner's, as the command line has it."""
    return PaperDesk(paper.world.database, "test").trade_by_hand(paper.user_id, deed, symbol, quantity, Decimal(price))


def hands(paper: PaperTenant) -> list[dict[str, object]]:
    """What became of the wishes."""
    return paper.world.rows("SELECT deed, number, done_at, words FROM paper_hands ORDER BY id")


def test_an_order_by_hand_is_not_ours_and_is_never_touched(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    paper.holds("IFBIND-EQ", 10, own=5)
    paper.at_the_bell()
    by_hand(paper, Deed.SELL, 5, "860")
    paper.cycle(20)
    ours, his = paper.live_at_broker()
    assert [(row["quantity"], row["price"]) for row in (ours, his)] == [(10, 848), (5, 860)]
    assert his["source"] == "ADMINCPPAPI_MOB"
    rows = paper.service.ports.broker.order_book().rows
    assert [(row.tag.startswith("NTEST"), row.source) for row in rows] == [
        (True, "ADMINCPPAPI_NEOTRADEAPI"),
        (False, "ADMINCPPAPI_MOB"),
    ]
    assert [(row["deed"], row["number"], row["words"]) for row in hands(paper)] == [("SELL", his["number"], "")]
    assert len(paper.orders()) == 1


def test_a_sale_by_hand_takes_his_own_shares_first_and_then_shrinks_the_position(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    number = paper.holds("IFBIND-EQ", 10, own=5)
    paper.at_the_bell()
    by_hand(paper, Deed.SELL, 5, "790")
    paper.cycle(20)
    assert [(row["quantity"], row["price"]) for row in paper.trades()] == [(5, 800)]
    assert (paper.position(number)["quantity"], len(paper.at_broker())) == (10, 2)
    (ours,) = paper.live_at_broker()
    PaperDesk(paper.world.database, "test").cancel_by_hand(paper.user_id, ours["number"])
    paper.cycle(3)
    by_hand(paper, Deed.SELL, 6, "790")
    paper.cycle(40)
    assert sum(int(row["quantity"]) for row in paper.trades()) == 11
    assert (paper.position(number)["quantity"], paper.position(number)["reason"]) == (4, "CANCELLED_BY_USER")


def test_a_cancel_by_hand_is_respected_for_the_day(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    number = paper.holds("IFBIND-EQ", 10)
    paper.at_the_bell()
    (ours,) = paper.live_at_broker()
    PaperDesk(paper.world.database, "test").cancel_by_hand(paper.user_id, ours["number"])
    paper.cycle(30)
    assert paper.live_at_broker() == []
    assert [(order["status"], order["reason"]) for order in paper.orders()] == [("CANCELLED", "CANCELLED_BY_USER")]
    assert paper.position(number)["reason"] == "CANCELLED_BY_USER"


def test_a_resting_order_by_hand_leaves_ours_what_is_free(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    number = paper.holds("IFBIND-EQ", 10)
    by_hand(paper, Deed.SELL, 4, "870")
    paper.world.clock.advance_to(BELL)
    paper.service.ports.broker.login()
    paper.service.ports.broker.order_book()
    paper.at_the_bell()
    paper.cycle(20)
    assert sorted((row["quantity"], row["price"]) for row in paper.live_at_broker()) == [(4, 870), (6, 848)]
    assert paper.position(number)["reason"] == "NOT_FREE"


def test_shares_bought_by_hand_are_never_sold(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    paper.holds("IFBIND-EQ", 10)
    paper.at_the_bell()
    by_hand(paper, Deed.BUY, 20, "805")
    paper.cycle(20)
    assert [(row["quantity"], row["price"]) for row in paper.trades()] == [(20, 800)]
    assert [row["quantity"] for row in paper.live_at_broker()] == [10]
    assert paper.cash() == 1_000_000 - 16_000


def test_what_cannot_be_done_is_told_and_kept(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    paper.owns("IFBIND-EQ", 10)
    paper.at_the_bell()
    by_hand(paper, Deed.SELL, 4, "870", "NOSUCH-EQ")
    PaperDesk(paper.world.database, "test").cancel_by_hand(paper.user_id, "7")
    by_hand(paper, Deed.SELL, 11, "870")
    paper.cycle(2)
    assert [row["words"] for row in hands(paper)] == [
        "there is no instrument NOSUCH-EQ",
        "there is no live order 7",
        "",
    ]
    assert [row["state"] for row in paper.at_broker()] == ["rejected"]
    assert all(row["done_at"] for row in hands(paper))


def test_a_wish_is_carried_out_once_whoever_looks(scripted: Scripted) -> None:
    """Catches: a kill between the order and the note that it was placed; both are one transaction."""
    paper = scripted(QUIET)
    paper.owns("IFBIND-EQ", 10)
    paper.at_the_bell()
    by_hand(paper, Deed.SELL, 4, "870")
    by_hand(paper, Deed.SELL, 4, "870")
    for _ in range(3):
        paper.restart()
        paper.cycle(1)
    assert [row["quantity"] for row in paper.live_at_broker()] == [4, 4]


def test_a_call_and_a_wish_on_the_same_page_come_one_after_the_other(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    paper.owns("IFBIND-EQ", 10)
    paper.world.clock.advance_to(BELL)
    paper.service.ports.broker.login()
    by_hand(paper, Deed.SELL, 10, "870")
    send(paper, sell("A1", 10))
    paper.world.clock.advance(1)
    rows = paper.service.ports.broker.order_book().rows
    assert [(row.side, row.state) for row in rows] == [(Side.SELL, "open"), (Side.SELL, "rejected")]


def test_wishes_are_the_accounts_own_and_in_the_journal(scripted: Scripted, psql: psycopg.Connection) -> None:
    paper = scripted(QUIET)
    by_hand(paper, Deed.SELL, 4, "870")
    event = paper.world.row("SELECT actor, event, detail FROM journal WHERE event = 'PAPER_BY_HAND'")
    assert (event["actor"], event["detail"]["quantity"]) == ("operator:test", 4)
    for user, seen in ((101, 1), (102, 0)):
        with psql.transaction():
            psql.execute("SELECT set_config('ninefifteen.user_id', %s, true)", (str(user),))
            assert psql.execute("SELECT count(*) FROM paper_hands").fetchone() == (seen,)


@pytest.mark.parametrize(
    "row", ["'SELL', 'X-EQ', 0, 5, NULL", "'SELL', NULL, 1, 5, NULL", "'CANCEL', NULL, 1, 5, NULL"]
)
def test_a_wish_that_says_too_little_is_refused(scripted: Scripted, psql: psycopg.Connection, row: str) -> None:
    scripted(QUIET)
    with pytest.raises(psycopg.errors.CheckViolation):
        psql.execute(f"INSERT INTO paper_hands (user_id, deed, symbol, quantity, price, number) VALUES (101, {row})")  # type: ignore[arg-type]
