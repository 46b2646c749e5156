"""What changes between two days of a paper account: a split, a series, a user who goes or is switched off."""

from datetime import timedelta
from decimal import Decimal

import pytest

from domain.errors import TenureLost
from repositories.paper_desk import PaperDesk
from tests.integration.paper_script import Scripted, scripted
from tests.world import BELL, CLOSE, PaperTenant

__all__ = ["scripted"]
QUIET = "09:00,IFBIND-EQ,800,"


def the_day_ends(paper: PaperTenant) -> None:
    """As it should, with an evening look."""
    paper.world.clock.advance_to(CLOSE + timedelta(seconds=5))
    paper.cycle(3)
    paper.world.clock.advance_to(CLOSE + timedelta(seconds=paper.world.settings.evening + 1))
    paper.cycle(3)


def test_a_split_overnight_freezes_the_position_until_somebody_confirms_it(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    number = paper.holds("IFBIND-EQ", 10)
    paper.cycle(3)
    paper.at_the_bell()
    the_day_ends(paper)
    PaperDesk(paper.world.database, "test").hold(paper.user_id, "IFBIND-EQ", 50, Decimal(160))
    paper.world.clock.advance_to(BELL + timedelta(days=2, minutes=-10))
    paper.restart()
    paper.cycle(4)
    paper.world.the_day_after()
    paper.cycle(5)
    assert paper.position(number)["reason"] == "CORPORATE_ACTION"
    assert paper.live_at_broker() == []


def test_a_night_in_which_nothing_happened_changes_nothing(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    number = paper.holds("IFBIND-EQ", 10)
    paper.at_the_bell()
    the_day_ends(paper)
    paper.world.the_day_after()
    paper.cycle(5)
    assert [order["status"] for order in paper.orders()] == ["LAPSED", "OPEN"]
    assert paper.position(number)["reason"] is None


def test_an_account_that_is_deleted_leaves_no_paper_row(scripted: Scripted) -> None:
    paper = scripted(QUIET)
    paper.holds("IFBIND-EQ", 10)
    paper.at_the_bell()
    for table in ("sends", "orders", "positions", "heartbeats", "tenants", "strangers"):
        paper.world.execute(f"DELETE FROM {table} WHERE user_id = 101")
    paper.world.execute("DELETE FROM users WHERE id = 101")
    for table in ("paper_accounts", "paper_orders", "paper_trades", "paper_holdings", "paper_faults", "paper_hands"):
        assert paper.world.rows(f"SELECT 1 FROM {table}") == []
    with pytest.raises(TenureLost):
        paper.service.ports.broker.order_book()
